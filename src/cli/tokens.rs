//! What `touch` and `close` share: tokens in, an outcome for each out.

use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;

use anyhow::Context as _;
use sessctl::app::{Answer, Housekeeper, Outcome};
use sessctl::domain::time::UnixTime;
use sessctl::domain::token::Token;
use sessctl::store::Access;

use super::answers::Answers;
use super::clock;
use super::context::{Context, read};
use super::exit::{Exit, Usage};
use super::interrupt::Interrupt;
use crate::output::record::{Column, Record, Schema, Value};

/// Tokens that one transaction serves: a few milliseconds' work.
const BATCH: usize = 500;
/// A line beyond this length is no token; it is not read to its end.
const LONGEST: u64 = 4096;

/// Where the tokens are.
#[derive(clap::Args)]
pub struct Source {
    /// Read the tokens from this file instead of standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// What does not belong here, taken so that no message repeats a secret
    #[arg(hide = true)]
    misplaced: Vec<String>,
}

/// What is done with the tokens.
pub type Serve = fn(&mut Housekeeper, &[Token], UnixTime) -> sessctl::Result<Vec<Answer>>;

static ANSWERS: Schema = Schema::many(
    "outcomes",
    &[
        Column::row("handle", "handle"),
        Column::row("outcome", "outcome"),
        Column::row("reason", "reason"),
        Column::row("changed", "changed"),
    ],
);

impl Source {
    /// Serves all tokens, in batches as they come in.
    pub fn serve(&self, context: &Context, serve: Serve) -> anyhow::Result<Exit> {
        context.format().check(&ANSWERS)?;
        if !self.misplaced.is_empty() {
            return Err(Usage::error(
                "tokens are no arguments, which other users can see: give them on standard input or in --token-file",
            ));
        }
        let mut lines =
            Lines { input: self.input(context)?, number: 0, place: self.place(), fault: None };
        let keeper = context.open(Access::Write)?;
        let interrupt = Interrupt::listen()?;
        // Off a terminal, only what somebody should know of is said unasked.
        let silent = !context.is_interactive() && context.asked_format().is_none();
        let answers = if silent { Answers::none() } else { Answers::new(context, &ANSWERS)? };
        let mut desk = Desk { keeper, answers, silent, all_served: true };
        let served = desk.serve_all(context, &mut lines, &interrupt, serve);
        // Also what came before a failure is answered in full.
        desk.answers.end()?;
        let untold = context.untold(&mut desk.keeper);
        served?;
        let exit = if desk.all_served { Exit::Done } else { Exit::NoSession };
        Ok(interrupt.signal().map_or(exit.or_worse(untold), Exit::Interrupted))
    }

    fn place(&self) -> String {
        let file = self.token_file.as_ref().map(|path| path.display().to_string());
        file.unwrap_or_else(|| "standard input".to_owned())
    }

    fn input(&self, context: &Context) -> anyhow::Result<BufReader<Box<dyn Read>>> {
        let input: Box<dyn Read> = match &self.token_file {
            Some(path) => Box::new(read(path)?),
            None => {
                if io::stdin().is_terminal() {
                    context.say("tokens, one a line, then Ctrl-D:");
                }
                Box::new(io::stdin())
            }
        };
        Ok(BufReader::with_capacity(64 * 1024, input))
    }
}

/// Where tokens are served.
struct Desk {
    keeper: Housekeeper,
    answers: Answers,
    silent: bool,
    all_served: bool,
}

impl Desk {
    /// Serves batch after batch, until there are no more or a signal comes.
    fn serve_all(
        &mut self,
        context: &Context,
        lines: &mut Lines<impl Read>,
        interrupt: &Interrupt,
        serve: Serve,
    ) -> anyhow::Result<()> {
        while let Some(batch) = interrupt.wait_for(|| lines.batch()).transpose()? {
            if batch.is_empty() {
                break;
            }
            // A stream may last for hours, so each batch has its own moment.
            for answer in serve(&mut self.keeper, &batch, clock::now())? {
                self.answer(context, &answer);
            }
            self.answers.flush();
        }
        Ok(())
    }

    fn answer(&mut self, context: &Context, answer: &Answer) {
        let served = answer.outcome.is_served();
        self.all_served &= served;
        self.answers.give(|| record(answer), || sentence(answer));
        if self.silent && !served {
            context.say(&sentence(answer));
        }
    }
}

struct Lines<R> {
    input: BufReader<R>,
    number: u64,
    /// Where they come from, for messages.
    place: String,
    /// What is wrong with the line behind those of the last batch.
    fault: Option<anyhow::Error>,
}

impl<R: Read> Lines<R> {
    /// The next tokens: as many as have come in, so that a program that waits
    /// for the answer to one line gets it.
    fn batch(&mut self) -> anyhow::Result<Vec<Token>> {
        let mut tokens = Vec::new();
        while tokens.len() < BATCH && self.fault.is_none() {
            let complete = self.input.buffer().contains(&b'\n');
            if !tokens.is_empty() && !complete {
                break;
            }
            match self.line() {
                Ok(None) => break,
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => tokens.push(Token::presented(line)),
                Err(fault) => self.fault = Some(fault),
            }
        }
        match self.fault.take_if(|_| tokens.is_empty()) {
            Some(fault) => Err(fault),
            None => Ok(tokens),
        }
    }

    fn line(&mut self) -> anyhow::Result<Option<String>> {
        let mut line = Vec::new();
        self.number += 1;
        let length = self
            .input
            .by_ref()
            .take(LONGEST)
            .read_until(b'\n', &mut line)
            .with_context(|| format!("could not read {}", self.place))?;
        if length as u64 == LONGEST && !line.ends_with(b"\n") {
            let number = self.number;
            return Err(Usage::error(format!(
                "line {number} is longer than {LONGEST} bytes: no token"
            )));
        }
        Ok((length > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

fn sentence(answer: &Answer) -> String {
    let (outcome, reason) = words(answer.outcome);
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    format!("{}: {outcome}{reason}", answer.handle)
}

fn words(outcome: Outcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        Outcome::Renewed => ("renewed", None),
        Outcome::Unchanged => ("unchanged", None),
        Outcome::Closed => ("ended", Some("closed")),
        Outcome::Ended(reason) => ("ended", Some(reason.as_str())),
        Outcome::Unknown => ("unknown", None),
    }
}

fn record(answer: &Answer) -> Record {
    let (outcome, reason) = words(answer.outcome);
    let values = vec![
        Value::word(answer.handle.clone()),
        Value::word(outcome),
        reason.map_or(Value::Absent, Value::word),
        Value::Flag(matches!(answer.outcome, Outcome::Renewed | Outcome::Closed)),
    ];
    Record::new(["session", answer.handle.as_str()], values)
}
