//! `sessctl close`

use crate::app::SessionService;

use super::clock;
use super::context::Context;
use super::exit::Exit;
use super::tokens::{TokenCommand, TokenSource};

/// All in one transaction: a few milliseconds' work.
const CLOSE: TokenCommand = TokenCommand {
    check: SessionService::may_close,
    serve: |service, digests, _| service.close_all(digests, clock::now()),
    most: 500,
    serve_whole: |service, tokens| service.close(tokens, clock::now()),
};

/// End sessions as their users ask, at once
///
/// Tokens come on standard input or from a file, one a line and any number. Each
/// gets an outcome: ended with its reason, which is closed unless it was over
/// before, or unknown. Sessions that were over before and unknown ones make the
/// exit code 5. In a framework's table, its profile says how a token leads to its row,
/// which is deleted. Tokens are compared by their bytes there; if several live sessions
/// have the same token, all of them end, with one answer. A session whose row cannot be
/// deleted because rows of another table refer to it is kept, with exit code 3.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  echo \"$token\" | sessctl close")]
pub struct Args {
    #[command(flatten)]
    source: TokenSource,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        self.source.serve(context, &CLOSE)
    }
}
