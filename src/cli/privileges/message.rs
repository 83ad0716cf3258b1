//! Messages between a command and its helper: `NAME LENGTH`, a line feed and as many bytes.

use std::io::{self, BufRead, Read as _, Write};

use anyhow::Context as _;

/// Largest request or answer, in bytes. The figures of a thousand tasks take less than 2 MB.
const MAX_MESSAGE: usize = 64 << 20;

pub fn send(to: &mut impl Write, name: &str, body: &[u8]) -> io::Result<()> {
    writeln!(to, "{name} {}", body.len())?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a request or an answer; `None`: the other end is gone. One that breaks off in the
/// middle counts as none.
pub fn receive(from: &mut impl BufRead) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    from.take(128).read_line(&mut head)?;
    let Some(head) = head.strip_suffix('\n') else { return Ok(None) };
    let parsed = head.split_once(' ').and_then(|(name, length)| Some((name, length.parse().ok()?)));
    let (name, length): (&str, usize) =
        parsed.filter(|(_, length)| *length <= MAX_MESSAGE).context("unexpected request")?;
    let mut body = vec![0; length];
    match from.read_exact(&mut body) {
        Ok(()) => Ok(Some((name.to_owned(), body))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}
