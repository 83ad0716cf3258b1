//! What a command that changes things says of each change, as it goes on. That
//! nobody reads it any more does not stop the work.

use std::io::{self, Write};

use super::context::{Context, Opening, stdout, unwritten};
use crate::output::record::{Record, Schema};
use crate::output::{Format, FormatName};

/// Where the answers go.
pub struct Reporter {
    out: Out,
    /// What has kept an answer from being written; those after it are not tried.
    failure: Option<io::Error>,
}

enum Out {
    Nowhere,
    Sentences(Box<dyn Write>),
    /// A listing that begins with the first answer: where the command fails before, there is
    /// nothing to see.
    Unopened(Opening),
    Listing(Box<dyn Format>),
}

impl Reporter {
    /// Records in the format that was asked for; a sentence each for people.
    pub fn new(context: &Context, schema: &'static Schema) -> Self {
        let out = if context.global.quiet {
            Out::Nowhere
        } else if context.format() == FormatName::Table {
            Out::Sentences(Box::new(stdout()))
        } else {
            Out::Unopened(context.opening(schema))
        };
        Self { out, failure: None }
    }

    /// None.
    pub const fn silent() -> Self {
        Self { out: Out::Nowhere, failure: None }
    }

    /// Gives an answer, in the form that is wanted.
    pub fn report(&mut self, record: impl FnOnce() -> Record, sentence: impl FnOnce() -> String) {
        self.open();
        self.try_write(|out| match out {
            Out::Nowhere | Out::Unopened(_) => Ok(()),
            Out::Sentences(out) => writeln!(out, "{}", sentence()),
            Out::Listing(listing) => listing.record(&record()),
        });
    }

    fn open(&mut self) {
        if let Out::Unopened(opening) = self.out {
            self.try_write(|out| {
                *out = Out::Listing(opening.open()?);
                Ok(())
            });
        }
    }

    /// Hands on what was given, for a reader that waits for it.
    pub fn flush(&mut self) {
        self.try_write(|out| match out {
            Out::Nowhere | Out::Unopened(_) => Ok(()),
            Out::Sentences(out) => out.flush(),
            Out::Listing(listing) => listing.flush(),
        });
    }

    /// Ends them. Fails with what has kept one from being written, unless its
    /// reader had enough.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.open();
        self.finish_partial()
    }

    /// The same of a command that has failed: what it has begun is completed.
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
