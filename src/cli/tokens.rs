//! Driver of `touch` and `close`: reads tokens and reports an outcome for each.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::PathBuf;

use crate::app::{SessionService, TouchBatchResult, TouchOutcome, TouchResult};
use crate::domain::token::{Digest, Token};
use crate::storage::RunNote;
use crate::store::Access;
use anyhow::Context as _;

use super::context::{Context, read};
use super::exit::{Exit, Usage};
use super::interrupt::Interrupt;
use super::kept_rows::{Wording, print_kept};
use super::reporter::Reporter;
use super::run_note::print_unrecorded;
use super::session_records::SURVIVES;
use super::token_reader::TokenLines;
use crate::domain::profile::Profile;
use crate::output::record::{Column, Record, Schema, Value, concat};

/// Source of the tokens.
#[derive(clap::Args)]
pub struct TokenSource {
    /// Read the tokens from this file instead of standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Misplaced arguments, accepted so that no message repeats a secret
    #[arg(hide = true)]
    misplaced: Vec<String>,
}

pub struct TokenCommand {
    pub check: fn(&SessionService) -> crate::Result<()>,
    pub serve: fn(&mut SessionService, &[Digest], &Interrupt) -> TouchBatchResult,
    pub max_batch: usize,
    /// Processes a batch of tokens in a framework's table, which may store the tokens
    /// themselves.
    pub serve_tokens: fn(&mut SessionService, &[Token]) -> crate::Result<Vec<TouchResult>>,
}

/// Maximum number of complete tokens per batch.
const MAX_TOKENS: usize = 500;

const COLUMNS: [Column; 4] = [
    Column::row("handle", "handle"),
    Column::row("outcome", "outcome"),
    Column::row("reason", "reason"),
    Column::row("changed", "changed"),
];

static OUTCOMES: Schema = Schema::many("outcomes", &COLUMNS);

static ADOPTED_OUTCOMES: Schema = Schema::many("outcomes", &concat::<5>(&COLUMNS, &[SURVIVES]));

impl TokenSource {
    /// Serves the tokens; with a description, what ends is recorded as one run.
    pub fn serve(
        &self,
        context: &Context,
        command: &TokenCommand,
        note: Option<&RunNote>,
    ) -> anyhow::Result<Exit> {
        context.format().check(&OUTCOMES)?;
        if !self.misplaced.is_empty() {
            return Err(Usage::error(
                "tokens cannot be arguments, which other users can see: pass them on standard \
                 input or with --token-file",
            ));
        }
        let mut service = context.open(Access::Write)?;
        (command.check)(&service)?;
        note.map_or(Ok(()), |note| service.record_closes(note, context.now))?;
        let mut lines = TokenLines::new(self.input(context)?, self.place());
        let interrupt = Interrupt::listen()?;
        // If standard output is not a terminal, only failures are printed unless a format is given.
        let silent = !context.is_interactive() && context.requested_format().is_none();
        let is_own = service.profile().is_none();
        let schema = if is_own { &OUTCOMES } else { &ADOPTED_OUTCOMES };
        let reporter = if silent { Reporter::silent() } else { Reporter::new(context, schema) };
        let mut run =
            TokenRun { service, context, reporter, silent, exit: Exit::Done, has_ended: false };
        let served = if is_own {
            run.serve_all(&mut lines, &interrupt, command.max_batch, Digest::of, |run, digests| {
                run.serve(command, digests, &interrupt)
            })
        } else {
            let keep = |token: &str| Token::presented(token);
            run.serve_all(&mut lines, &interrupt, MAX_TOKENS, keep, |run, tokens| {
                run.serve_tokens(command, tokens)
            })
        };
        run.finish_record(&served, interrupt.signal().is_some())?;
        // Also what came before a failure is answered in full.
        run.reporter.finish()?;
        let missed = context.report_missed(&mut run.service);
        print_kept(&run.service.take_kept(), Wording::end(false), context);
        if run.has_ended && context.is_interactive() {
            context.print_survivors(run.service.profile());
        }
        served?;
        Ok(interrupt.signal().map_or(run.exit.max_severity(missed), Exit::Interrupted))
    }

    fn place(&self) -> String {
        let file = self.token_file.as_ref().map(|path| format!("\"{}\"", path.display()));
        file.unwrap_or_else(|| "standard input".to_owned())
    }

    fn input(&self, context: &Context) -> anyhow::Result<File> {
        if let Some(path) = &self.token_file {
            return read(path);
        }
        let input = io::stdin();
        if input.is_terminal() {
            context.print_notice("enter tokens, one per line, then Ctrl-D:");
        }
        let input = input.as_fd().try_clone_to_owned();
        Ok(input.context("could not read standard input")?.into())
    }
}

struct TokenRun<'a> {
    service: SessionService,
    context: &'a Context,
    reporter: Reporter,
    silent: bool,
    exit: Exit,
    has_ended: bool,
}

impl TokenRun<'_> {
    /// Processes batches until the input ends or a signal arrives. `keep` converts each token.
    fn serve_all<T>(
        &mut self,
        lines: &mut TokenLines,
        interrupt: &Interrupt,
        max_batch: usize,
        keep: fn(&str) -> T,
        serve: impl Fn(&mut Self, &[T]) -> crate::Result<()>,
    ) -> anyhow::Result<()> {
        while let Some(batch) = interrupt.wait_for(|| lines.batch(max_batch, keep)).transpose()? {
            if batch.is_empty() {
                break;
            }
            let served = serve(self, &batch);
            self.reporter.flush();
            served?;
        }
        Ok(())
    }

    fn serve(
        &mut self,
        command: &TokenCommand,
        digests: &[Digest],
        interrupt: &Interrupt,
    ) -> crate::Result<()> {
        let served = (command.serve)(&mut self.service, digests, interrupt);
        // A reader that counts the outcomes must not take one for that to another token,
        // so none is given beyond the first token that was not come to.
        for (digest, outcome) in digests.iter().zip(served.outcomes.iter().map_while(|it| *it)) {
            self.report(outcome, || TouchResult { handle: digest.handle(), outcome, others: 0 });
        }
        served.ended
    }

    fn serve_tokens(&mut self, command: &TokenCommand, tokens: &[Token]) -> crate::Result<()> {
        for answer in (command.serve_tokens)(&mut self.service, tokens)? {
            self.report(answer.outcome, || answer.clone());
        }
        Ok(())
    }

    /// Completes the record of what has ended, which is not undone if that fails.
    fn finish_record(
        &mut self,
        served: &anyhow::Result<()>,
        is_stopped: bool,
    ) -> anyhow::Result<()> {
        let reason = match served {
            Err(error) => Some(format!("{error:#}")),
            Ok(()) => is_stopped.then(|| "stopped by a signal".to_owned()),
        };
        match self.service.finish_closes(reason) {
            Ok(false) => {}
            Ok(true) => {
                let keep = self.context.config()?.keep_runs;
                // The next run drops them as well.
                let _ = self.service.drop_runs(keep, self.context.now);
            }
            Err(error) => print_unrecorded(&error.with_causes()),
        }
        Ok(())
    }

    fn report(&mut self, outcome: TouchOutcome, result: impl Fn() -> TouchResult) {
        self.exit = self.exit.max_severity(match outcome {
            TouchOutcome::Kept => Exit::StoppedEarly,
            outcome if outcome.is_live() => Exit::Done,
            _ => Exit::NoSession,
        });
        self.has_ended |= matches!(outcome, TouchOutcome::Closed);
        let profile = self.service.profile();
        self.reporter.report(|| record(&result(), profile), || sentence(&result()));
        if !outcome.is_live() {
            if self.context.global.quiet {
                self.context.print_failure(&sentence(&result()));
            } else if self.silent {
                self.context.print_notice(&sentence(&result()));
            }
        }
    }
}

fn sentence(answer: &TouchResult) -> String {
    let (outcome, reason) = words(answer.outcome);
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let others = match answer.others {
        0 => String::new(),
        1 => "; 1 other session with this token ended".to_owned(),
        others => format!("; {others} other sessions with this token ended"),
    };
    format!("{}: {outcome}{reason}{others}", answer.handle)
}

fn words(outcome: TouchOutcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        TouchOutcome::Renewed => ("renewed", None),
        TouchOutcome::Unchanged => ("unchanged", None),
        TouchOutcome::Closed => ("ended", Some("closed")),
        TouchOutcome::Ended(reason) => ("ended", Some(reason.as_str())),
        TouchOutcome::Kept => ("kept", None),
        TouchOutcome::Unknown => ("unknown", None),
    }
}

fn record(answer: &TouchResult, profile: Option<&Profile>) -> Record {
    let (outcome, reason) = words(answer.outcome);
    let mut values = vec![
        Value::word(answer.handle.clone()),
        Value::word(outcome),
        reason.map_or(Value::Absent, Value::word),
        Value::Flag(matches!(answer.outcome, TouchOutcome::Renewed | TouchOutcome::Closed)),
    ];
    let has_ended = answer.outcome == TouchOutcome::Closed;
    values.extend(profile.map(|it| Value::text(it.survivors().filter(|_| has_ended))));
    Record::new(["session", answer.handle.as_str()], values)
}
