//! `sessctl touch`

use crate::app::{MOST_AT_ONCE, SessionService};

use super::clock;
use super::context::Context;
use super::exit::Exit;
use super::tokens::{TokenCommand, TokenSource};

const TOUCH: TokenCommand = TokenCommand {
    check: SessionService::may_touch,
    serve: |service, digests, interrupt| {
        service.touch_all(digests, &mut clock::now, &mut || interrupt.go_on())
    },
    most: MOST_AT_ONCE,
    serve_whole: |service, tokens| service.touch(tokens, clock::now()),
};

/// Tell of sessions that they are in use
///
/// Tokens come on standard input or from a file, one a line and any number,
/// never as arguments, which other users of the machine can see. Each gets an
/// outcome: renewed, unchanged (it was used a moment ago), ended with its
/// reason, or unknown. Ended and unknown sessions make the exit code 5.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  echo \"$token\" | sessctl touch
  sessctl touch --token-file tokens.txt -o jsonl")]
pub struct Args {
    #[command(flatten)]
    source: TokenSource,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        self.source.serve(context, &TOUCH)
    }
}
