//! The end of an archive, which a crash or a full disk may have cut off.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::frames::{MAGIC, frame_end};
use super::line::SIGNATURE;
use crate::domain::archive_name::ArchiveFormat;

const CHUNK: u64 = 64 << 10;

/// Length of an archive up to its last complete line or frame. `known`: a length up to which it is
/// known to be complete.
///
/// # Errors
/// The file cannot be read, or is not an archive of this format, or is damaged before its end.
pub fn complete_length(
    file: &File,
    format: ArchiveFormat,
    length: u64,
    known: u64,
) -> io::Result<u64> {
    let known = if known <= length { known } else { 0 };
    if known == 0 {
        check_signature(file, format, length)?;
    }
    match format {
        ArchiveFormat::Plain => last_line_end(file, length, known),
        ArchiveFormat::Zstandard => last_frame_end(file, length, known),
    }
}

fn check_signature(file: &File, format: ArchiveFormat, length: u64) -> io::Result<()> {
    let signature = match format {
        ArchiveFormat::Plain => SIGNATURE,
        ArchiveFormat::Zstandard => &MAGIC,
    };
    // A shorter one may have been cut off.
    let count = signature.len().min(usize::try_from(length).unwrap_or(usize::MAX));
    let mut start = vec![0; count];
    file.read_exact_at(&mut start, 0)?;
    // A file system may have extended the file without its content.
    if signature.starts_with(&start) || start.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Err(io::Error::other("it exists and is not an archive of sessctl; use another file"))
}

fn last_line_end(file: &File, length: u64, known: u64) -> io::Result<u64> {
    let mut end = length;
    while end > known {
        let start = end.saturating_sub(CHUNK).max(known);
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(&mut bytes, start)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(known)
}

fn last_frame_end(file: &File, length: u64, known: u64) -> io::Result<u64> {
    let mut end = known;
    while let Some(next) = frame_end(file, end, length)? {
        end = next;
    }
    if follows_frame(file, end, length)? {
        return Err(io::Error::other(format!(
            "it is damaged at byte {end}; move it away, or use another file"
        )));
    }
    Ok(end)
}

/// Reports whether a complete frame follows behind an incomplete one: then it was not cut off.
fn follows_frame(file: &File, start: u64, length: u64) -> io::Result<bool> {
    let mut at = start + 1;
    while at + (MAGIC.len() as u64) < length {
        let count = (length - at).min(CHUNK);
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        file.read_exact_at(&mut bytes, at)?;
        for (index, _) in bytes.windows(MAGIC.len()).enumerate().filter(|(_, four)| **four == MAGIC)
        {
            if frame_end(file, at + index as u64, length)? == Some(length) {
                return Ok(true);
            }
        }
        at += count - (MAGIC.len() as u64 - 1);
    }
    Ok(false)
}
