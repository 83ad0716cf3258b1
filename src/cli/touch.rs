//! `sessctl touch`

use crate::app::{MAX_TOKENS, SessionService};

use super::clock;
use super::context::Context;
use super::exit::Exit;
use super::tokens::{TokenCommand, TokenSource};

const TOUCH: TokenCommand = TokenCommand {
    check: SessionService::ensure_can_touch,
    serve: |service, digests, interrupt| {
        service.touch_all(digests, &mut clock::now, &mut || interrupt.go_on())
    },
    max_batch: MAX_TOKENS,
    serve_tokens: |service, tokens| service.touch(tokens, clock::now()),
};

/// Mark sessions as in use
///
/// Tokens are read from standard input or from a file, one per line, any number of them.
/// Tokens are never passed as arguments, because other users of the machine could see them.
/// Each token gets an outcome: renewed, unchanged (used less than `touch_resolution` ago),
/// ended with its reason, or unknown. If any session has ended or is unknown, the exit code is
/// 5.
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
        self.source.serve(context, &TOUCH, None)
    }
}
