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
        let mut lines =
            Lines { input: self.input(context)?, number: 0, place: self.place(), fault: None };
        let mut keeper = context.open(Access::Write)?;
        let interrupt = Interrupt::listen()?;
        // Off a terminal, only what somebody should know of is said unasked.
        let silent = !context.is_interactive() && context.asked_format().is_none();
        let mut answers = if silent { Answers::none() } else { Answers::new(context, &ANSWERS)? };
        let mut all_served = true;
        loop {
            let batch = interrupt.wait_for(|| lines.batch())?;
            if batch.is_empty() {
                break;
            }
            // A stream may last for hours, so each batch has its own moment.
            for answer in serve(&mut keeper, &batch, clock::now())? {
                all_served &= answer.outcome.is_served();
                answers.give(|| record(&answer), || sentence(&answer));
                if silent && !answer.outcome.is_served() {
                    context.say(&sentence(&answer));
                }
            }
            answers.flush();
            if let Some(signal) = interrupt.signal() {
                answers.end()?;
                return Ok(Exit::Interrupted(signal));
            }
        }
        answers.end()?;
        Ok(if all_served { Exit::Done } else { Exit::NoSession })
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

struct Lines<R> {
    input: BufReader<R>,
    number: u64,
    /// Where they come from, for messages.
    place: String,
    /// What is wrong with a line that nobody has been told of yet.
    fault: Option<anyhow::Error>,
}

impl<R: Read> Lines<R> {
    /// The next tokens: as many as have come in, so that a program that waits
    /// for the answer to one line gets it.
    fn batch(&mut self) -> anyhow::Result<Vec<Token>> {
        let mut tokens = Vec::new();
        while self.fault.is_none() && tokens.len() < BATCH {
            let complete = self.input.buffer().contains(&b'\n');
            if !tokens.is_empty() && !complete {
                break;
            }
            match self.line() {
                Ok(None) => break,
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => tokens.push(Token::presented(line)),
                // Those that came before a mistake are served before it is told.
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
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
