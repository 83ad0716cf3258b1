//! Reading an archive.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::frames::{MAGIC, decompress, frame_end};
use super::line::Line;
use super::tail::complete_length;
use crate::domain::archive_name::ArchiveFormat;
use crate::domain::profile::SqlValue;
use crate::domain::time::UnixTime;
use crate::storage::{ArchivedRow, ArchivedSession};

/// A file that was opened to be read, as long as it was then.
#[derive(Debug)]
pub struct ArchiveFile {
    pub path: PathBuf,
    file: File,
    format: ArchiveFormat,
    /// Length up to the last complete line or frame.
    complete: u64,
    /// True if an incomplete line or frame follows.
    pub is_cut_off: bool,
}

/// A session with the run that archived it.
#[derive(Debug)]
pub struct ReadSession {
    pub at: Option<UnixTime>,
    pub database: String,
    pub profile: Option<String>,
    pub session: ArchivedSession,
}

/// Hash of what makes a row the same in several runs.
pub type Identity = [u8; 32];

impl ArchiveFile {
    /// Examines an open file; its format is that of its content.
    ///
    /// # Errors
    /// The file cannot be read, or is not an archive.
    pub fn new(path: &Path, file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut start = [0; MAGIC.len()];
        let is_compressed = length >= start.len() as u64
            && file.read_exact_at(&mut start, 0).is_ok()
            && start == MAGIC;
        let format = if is_compressed { ArchiveFormat::Zstandard } else { ArchiveFormat::Plain };
        let complete = complete_length(&file, format, length, 0)?;
        Ok(Self { path: path.to_owned(), file, format, complete, is_cut_off: complete < length })
    }

    /// Visits the sessions in the order of the file.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn sessions(&self) -> io::Result<Sessions<'_>> {
        (&self.file).seek(SeekFrom::Start(0))?;
        let lines: Box<dyn BufRead + '_> = match self.format {
            ArchiveFormat::Plain => Box::new(BufReader::new((&self.file).take(self.complete))),
            ArchiveFormat::Zstandard => Box::new(BufReader::new(Frames::of(self))),
        };
        Ok(Sessions { lines, number: 0, next: None })
    }
}

/// The content of all frames.
struct Frames<'a> {
    archive: &'a ArchiveFile,
    at: u64,
    content: io::Cursor<Vec<u8>>,
}

impl<'a> Frames<'a> {
    fn of(archive: &'a ArchiveFile) -> Self {
        Self { archive, at: 0, content: io::Cursor::default() }
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.content.read(buffer)?;
            if count > 0 || self.at >= self.archive.complete {
                return Ok(count);
            }
            let file = &self.archive.file;
            let end = frame_end(file, self.at, self.archive.complete)?
                .ok_or_else(|| io::Error::other("it was changed while it was being read"))?;
            let mut frame = vec![0; usize::try_from(end - self.at).map_err(io::Error::other)?];
            file.read_exact_at(&mut frame, self.at)?;
            self.content = io::Cursor::new(decompress(&frame)?);
            self.at = end;
        }
    }
}

/// Sessions of an archive, one by one.
pub struct Sessions<'a> {
    lines: Box<dyn BufRead + 'a>,
    number: u64,
    next: Option<Line>,
}

impl Sessions<'_> {
    fn line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        if self.lines.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        Line::parse(&bytes).map(Some).ok_or_else(|| {
            io::Error::other(format!("line {number} is not a row that sessctl has archived"))
        })
    }

    fn session(&mut self) -> io::Result<Option<ReadSession>> {
        // The lines of children without their session have been selected by another program.
        let first = loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if line.is_child => {}
                Some(line) => break line,
            }
        };
        let Line { at, database, profile, handle, user, row, .. } = first;
        let mut session = ArchivedSession { handle, user, reason: None, row, children: Vec::new() };
        while let Some(line) = self.line()? {
            if !line.is_child {
                self.next = Some(line);
                break;
            }
            session.children.push(line.row);
        }
        Ok(Some(ReadSession { at, database, profile, session }))
    }
}

impl Iterator for Sessions<'_> {
    type Item = io::Result<ReadSession>;

    fn next(&mut self) -> Option<Self::Item> {
        self.session().transpose()
    }
}

impl ReadSession {
    /// Identity of the session's row: its primary key, or else its row id and the session.
    pub fn identity(&self) -> Identity {
        let ArchivedRow { table, key, row_id, columns, .. } = &self.session.row;
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        add(self.database.as_bytes());
        add(table.as_bytes());
        if key.is_empty() {
            add(format!("{row_id:?}").as_bytes());
            add(self.session.handle.as_bytes());
        }
        for name in key {
            let value = columns.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            match value {
                Some(SqlValue::Text(bytes)) => add(bytes),
                value => add(format!("{value:?}").as_bytes()),
            }
        }
        hash.finalize().into()
    }
}
