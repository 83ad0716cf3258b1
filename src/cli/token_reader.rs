//! Reader of tokens from a file or a stream, one per line.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::exit::Usage;

/// Maximum length of a line.
const MAX_LINE: usize = 4096;
/// Bytes per read.
const CHUNK: usize = 64 * 1024;
/// Batch size from which the sender is assumed not to wait for each answer, and an empty pipe
/// to be filled again soon.
const BULK_BATCH: usize = 500;
/// Total time for which a bulk batch waits for more tokens: less than it takes to process
/// them.
const BATCH_WAIT: Duration = Duration::from_millis(5);

pub struct TokenLines {
    input: File,
    place: String,
    number: u64,
    /// Bytes read; the part from `start` is unused.
    buffer: Vec<u8>,
    start: usize,
    has_ended: bool,
    error: Option<anyhow::Error>,
}

impl TokenLines {
    pub fn new(input: File, place: String) -> Self {
        let buffer = Vec::with_capacity(CHUNK + MAX_LINE);
        Self { input, place, number: 0, buffer, start: 0, has_ended: false, error: None }
    }

    /// Returns the next tokens, converted by `keep`: those that have arrived, so that a
    /// program that waits for the answer to one line gets it, and at most `max`. Empty: end of
    /// input.
    pub fn batch<T>(&mut self, max: usize, keep: fn(&str) -> T) -> anyhow::Result<Vec<T>> {
        let mut kept = Vec::new();
        let mut remaining = BATCH_WAIT;
        while kept.len() < max && self.error.is_none() {
            match self.line() {
                Ok(Some(place)) => kept.extend(token(&self.buffer[place], keep)),
                Ok(None) if self.is_batch_full(kept.len(), &mut remaining) => break,
                Ok(None) => self.error = self.fill().err(),
                Err(error) => self.error = Some(error),
            }
        }
        match self.error.take_if(|_| kept.is_empty()) {
            Some(error) => Err(error),
            None => Ok(kept),
        }
    }

    fn line(&mut self) -> anyhow::Result<Option<Range<usize>>> {
        let rest = &self.buffer[self.start..];
        let seen = &rest[..rest.len().min(MAX_LINE)];
        let length = match seen.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if seen.len() == MAX_LINE => {
                let number = self.number + 1;
                return Err(Usage::error(format!(
                    "line {number} is not a token: it is longer than {MAX_LINE} bytes"
                )));
            }
            None if self.has_ended && !seen.is_empty() => seen.len(),
            None => return Ok(None),
        };
        self.number += 1;
        self.start += length;
        Ok(Some(self.start - length..self.start))
    }

    fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let kept = self.buffer.len();
        self.buffer.resize(kept + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[kept..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(kept + *read.as_ref().unwrap_or(&0));
        let read = read.with_context(|| format!("could not read {}", self.place))?;
        self.has_ended = read == 0;
        Ok(())
    }

    /// Reports whether the batch is full because reading on would block. The time that this
    /// takes is subtracted from `remaining`.
    fn is_batch_full(&self, tokens: usize, remaining: &mut Duration) -> bool {
        if self.has_ended || tokens == 0 {
            return self.has_ended;
        }
        let begun = Instant::now();
        let wait = if tokens < BULK_BATCH { Duration::ZERO } else { *remaining };
        let wait = Timespec::try_from(wait).unwrap_or_default();
        let mut input = [PollFd::new(&self.input, PollFlags::IN)];
        let ready = poll(&mut input, Some(&wait));
        *remaining = remaining.saturating_sub(begun.elapsed());
        ready.map_or(true, |ready| ready == 0)
    }
}

/// Converts the token in a line; an empty line has none.
fn token<T>(line: &[u8], keep: fn(&str) -> T) -> Option<T> {
    let line = String::from_utf8_lossy(line);
    Some(line.trim()).filter(|token| !token.is_empty()).map(keep)
}
