//! Zstandard frames: each append to a compressed archive is a frame of its own.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

pub const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Block whose content is one byte, repeated.
const RUN_LENGTH: u32 = 1;
const RESERVED: u32 = 3;

pub fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Decompresses one frame.
///
/// # Errors
/// A damaged frame.
pub fn decompress(frame: &[u8]) -> io::Result<Vec<u8>> {
    let mut decoder = StreamingDecoder::new(frame).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    decoder.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Finds the end of the frame at a position by the sizes of its blocks; `None`: it is incomplete,
/// or not a frame.
///
/// # Errors
/// The file cannot be read.
pub fn frame_end(file: &File, start: u64, length: u64) -> io::Result<Option<u64>> {
    let mut head = [0; MAGIC.len() + 1];
    if !read_at(file, &mut head, start, length)? || head[..MAGIC.len()] != MAGIC {
        return Ok(None);
    }
    let mut at = start + header_size(head[MAGIC.len()]);
    loop {
        let mut block = [0; 4];
        if !read_at(file, &mut block[..3], at, length)? {
            return Ok(None);
        }
        let block = u32::from_le_bytes(block);
        let (is_last, class, size) = (block & 1 == 1, (block >> 1) & 3, block >> 3);
        if class == RESERVED {
            return Ok(None);
        }
        at += 3 + if class == RUN_LENGTH { 1 } else { u64::from(size) };
        if is_last {
            at += checksum_size(head[MAGIC.len()]);
            return Ok(Some(at).filter(|end| *end <= length));
        }
    }
}

/// Size of what precedes the first block, by the descriptor of a frame.
fn header_size(descriptor: u8) -> u64 {
    let is_single_segment = descriptor & 0x20 != 0;
    let window = u64::from(!is_single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 0x03)];
    let content_size = match descriptor >> 6 {
        0 => u64::from(is_single_segment),
        power => 1 << power,
    };
    MAGIC.len() as u64 + 1 + window + dictionary + content_size
}

const fn checksum_size(descriptor: u8) -> u64 {
    if descriptor & 0x04 == 0 { 0 } else { 4 }
}

/// Reports whether the file has this number of bytes at a position.
fn read_at(file: &File, bytes: &mut [u8], at: u64, length: u64) -> io::Result<bool> {
    if at + bytes.len() as u64 > length {
        return Ok(false);
    }
    file.read_exact_at(bytes, at).map(|()| true)
}
