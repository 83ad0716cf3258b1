//! The texts of a configuration in an answer of the helper: a message in the form of the others
//! for each part.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::message::{receive, send};
use crate::config::{ConfigTexts, DropIn};

/// Writes the texts as bytes.
///
/// # Errors
/// None: it writes to memory.
pub fn encode(texts: &ConfigTexts) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let path = |path: &Path| path.as_os_str().as_bytes().to_vec();
    send(&mut bytes, "directory", &path(&texts.directory))?;
    if let Some((file, text)) = &texts.main {
        send(&mut bytes, "main", &path(file))?;
        send(&mut bytes, "text", text.as_bytes())?;
    }
    for DropIn { file, text } in &texts.drop_ins {
        send(&mut bytes, "file", &path(file))?;
        match text {
            Ok(text) => send(&mut bytes, "text", text.as_bytes())?,
            Err(error) => send(&mut bytes, "error", error.as_bytes())?,
        }
    }
    Ok(bytes)
}

/// Reads the texts.
///
/// # Errors
/// Other bytes.
pub fn decode(mut bytes: &[u8]) -> anyhow::Result<ConfigTexts> {
    let mut texts = ConfigTexts::default();
    let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
    while let Some((kind, body)) = receive(&mut bytes)? {
        if kind == "directory" {
            texts.directory = path(body);
            continue;
        }
        let (result, text) = receive(&mut bytes)?.context("incomplete configuration")?;
        let text = String::from_utf8(text)?;
        match (kind.as_str(), result.as_str()) {
            ("main", "text") => texts.main = Some((path(body), text)),
            ("file", "text") => texts.drop_ins.push(DropIn { file: path(body), text: Ok(text) }),
            ("file", "error") => texts.drop_ins.push(DropIn { file: path(body), text: Err(text) }),
            _ => bail!("unexpected {kind:?} in the configuration"),
        }
    }
    Ok(texts)
}
