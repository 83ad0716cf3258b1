//! `run --watch` over several databases: a pass over all at the start of each minute.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use super::call::Call;
use super::serve::serve;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, eprint_line};
use crate::cli::interrupt::{Interrupt, Sleeper};
use crate::cli::priority::Priority;
use crate::cli::report::message;
use crate::cli::{arguments, clock, reap_children};
use crate::output::sanitize::escape;

/// Interval at which the clock is read, which may have been set.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

const MINUTE: i64 = 60;

/// Makes passes until a signal arrives. The configuration is read again for each.
pub(super) fn watch(call: &Call, words: &[OsString], context: &Context) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen_as_service()?;
    if !call.is_for_all {
        return serve(call, words, &interrupt, context);
    }
    let mut sleeper = Sleeper::new()?;
    // A mistake that is there from the beginning ends the command.
    context.databases()?;
    serve(call, words, &interrupt, context)?;
    let mut last_pass = clock::now().0.div_euclid(MINUTE);
    let (mut current, mut last_error): (Option<Context>, Option<String>) = (None, None);
    while interrupt.signal().is_none() {
        sleeper.sleep(POLL_INTERVAL)?;
        reap_children::reap();
        let minute = clock::now().0.div_euclid(MINUTE);
        if minute == last_pass || interrupt.signal().is_some() {
            continue;
        }
        last_pass = minute;
        let before = current.as_ref().unwrap_or(context);
        match read_again(before).and_then(|new| {
            serve(call, words, &interrupt, &new)?;
            Ok(new)
        }) {
            Ok(new) => (current, last_error) = (Some(new), None),
            Err(error) => {
                let error = format!("{}; no job runs until it is corrected", message(&error));
                if last_error.as_ref() != Some(&error) {
                    eprint_line(Priority::Error, &escape(&format!("sessctl: {error}")));
                }
                last_error = Some(error);
            }
        }
    }
    Ok(interrupt.signal().map_or(Exit::Done, Exit::Interrupted))
}

/// The context with the configuration as it is now. Mistakes in files are reported when they
/// change.
fn read_again(before: &Context) -> anyhow::Result<Context> {
    let args: Vec<OsString> = env::args_os().collect();
    let cli = arguments::parse(&args)?;
    let context = Context::new(cli.into_global(), clock::now());
    context.continue_from(before)?;
    Ok(context)
}
