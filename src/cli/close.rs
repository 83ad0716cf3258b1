//! `sessctl close`

use crate::app::SessionService;

use super::clock;
use super::context::Context;
use super::exit::Exit;
use super::run_note::{Typed, Why};
use super::tokens::{TokenCommand, TokenSource};

/// Batches are closed in one transaction each, which takes a few milliseconds.
const CLOSE: TokenCommand = TokenCommand {
    check: SessionService::ensure_can_close,
    serve: |service, digests, _| service.close_all(digests, clock::now()),
    max_batch: 500,
    serve_tokens: |service, tokens| service.close(tokens, clock::now()),
};

/// End sessions immediately, at the request of their users
///
/// Tokens are read from standard input or from a file, one per line, any number of them. Each
/// token gets an outcome: ended with its reason (closed, unless the session had already
/// ended), or unknown. If any session had already ended or is unknown, the exit code is 5. For
/// a framework's table, the profile defines how to find the row of a token; that row is
/// deleted. Tokens are compared byte by byte; if several live sessions have the same token,
/// all of them end, with one outcome. A session whose row cannot be deleted because rows of
/// another table refer to it is kept, and the exit code is 3.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  echo \"$token\" | sessctl close")]
pub struct Args {
    #[command(flatten)]
    source: TokenSource,
    #[command(flatten)]
    why: Why,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        self.source.serve(context, &CLOSE, Some(&self.why.note(Typed::default())))
    }
}
