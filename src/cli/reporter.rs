//! Output of commands that report each change while they run. A closed pipe does not stop the
//! command.

use std::io::{self, Write};

use super::context::{Context, PendingListing, stdout, unwritten};
use crate::output::record::{Record, Schema};
use crate::output::{Format, FormatName};

pub struct Reporter {
    out: Out,
    /// First failure to write; later reports are dropped.
    failure: Option<io::Error>,
}

enum Out {
    Nowhere,
    Sentences(Box<dyn Write>),
    /// A listing that begins with the first answer: where the command fails before, there is
    /// nothing to see.
    Unopened(PendingListing),
    Listing(Box<dyn Format>),
}

impl Reporter {
    /// Creates a reporter that writes records in the requested format, or sentences if none
    /// was given.
    pub fn new(context: &Context, schema: &'static Schema) -> Self {
        let out = if context.global.quiet {
            Out::Nowhere
        } else if context.format() == FormatName::Table {
            Out::Sentences(Box::new(stdout()))
        } else {
            Out::Unopened(context.pending_listing(schema))
        };
        Self { out, failure: None }
    }

    pub const fn silent() -> Self {
        Self { out: Out::Nowhere, failure: None }
    }

    pub fn report(&mut self, record: impl FnOnce() -> Record, sentence: impl FnOnce() -> String) {
        self.open();
        self.try_write(|out| match out {
            Out::Nowhere | Out::Unopened(_) => Ok(()),
            Out::Sentences(out) => writeln!(out, "{}", sentence()),
            Out::Listing(listing) => listing.record(&record()),
        });
    }

    fn open(&mut self) {
        if let Out::Unopened(listing) = &self.out {
            let opened = listing.open();
            self.try_write(|out| {
                *out = Out::Listing(opened?);
                Ok(())
            });
        }
    }

    /// Flushes the reports for a reader that waits for them.
    pub fn flush(&mut self) {
        self.try_write(|out| match out {
            Out::Nowhere | Out::Unopened(_) => Ok(()),
            Out::Sentences(out) => out.flush(),
            Out::Listing(listing) => listing.flush(),
        });
    }

    /// Completes the output. Fails if a report could not be written, unless the reader closed
    /// the pipe.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.open();
        self.finish_partial()
    }

    /// Completes the output of a failed command, if it has begun.
    pub fn finish_partial(self) -> anyhow::Result<()> {
        let ended = match (self.failure, self.out) {
            (Some(failure), _) => Err(failure),
            (None, Out::Nowhere | Out::Unopened(_)) => Ok(()),
            (None, Out::Sentences(mut out)) => out.flush(),
            (None, Out::Listing(listing)) => listing.end(),
        };
        match ended {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(e).into()),
            _ => Ok(()),
        }
    }

    fn try_write(&mut self, write: impl FnOnce(&mut Out) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.out).err();
        }
    }
}
