//! `sessctl open`

use crate::app::{OpenRequest, OpenedSession};
use crate::domain::policy::TimeoutRequest;
use crate::domain::time::{Span, SpanError};
use crate::store::Access;
use anyhow::bail;
use clap::builder::NonEmptyStringValueParser;

use super::context::Context;
use super::exit::Exit;
use crate::domain::format::format_count;
use crate::output::record::{Column, Record, Schema, Value};

/// Open a session and print its token
///
/// The token is shown only once: the database stores nothing but its SHA-256.
///
/// The limits of the configuration apply: those of the task's policy, and that of the licence
/// that the task shares with other tasks. At a limit, another session is evicted, or this one
/// is refused with exit code 4. If the machine's clock has moved since the last run (by
/// more than `[guard] clock`, one hour by default), no session is evicted, whatever the
/// limits, and a warning is printed.
#[derive(clap::Args)]
#[command(after_help = "Example:
  token=$(sessctl open --user alice --task imap --json | jq -r .token)")]
pub struct Args {
    /// User that the session belongs to
    #[arg(long)]
    user: String,
    /// Task (service) that the session belongs to
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    task: String,
    /// Origin of the client, usually its address
    #[arg(long)]
    client: Option<String>,
    /// Program of the client, usually the text of the header User-Agent
    #[arg(long)]
    agent: Option<String>,
    /// Idle timeout to request, or never; the policy may grant a different one
    #[arg(long, value_name = "DURATION", value_parser = asked)]
    timeout: Option<TimeoutRequest>,
}

fn asked(text: &str) -> Result<TimeoutRequest, SpanError> {
    if text == "never" {
        Ok(TimeoutRequest::Never)
    } else {
        text.parse().map(|span: Span| TimeoutRequest::For(span))
    }
}

static OPENED: Schema = Schema::one(
    "an open session",
    &[
        Column::row("token", "token"),
        Column::row("handle", "handle"),
        Column::row("idle_timeout", "timeout"),
    ],
);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&OPENED)?;
        let opening = OpenRequest {
            task: self.task,
            user: Some(self.user),
            client: self.client,
            agent: self.agent,
            timeout: self.timeout.unwrap_or_default(),
        };
        let requested = opening.timeout;
        let mut service = context.open(Access::Write)?;
        let opened = service.open(opening, context.now);
        // A refused session may have ended others, too.
        let exit = context.report_missed(&mut service);
        context.print_clock_warning(&mut service);
        let opened = opened?;
        if let Some(refusal) = opened.clock {
            context.warn(&format!(
                "{refusal}: the session was opened regardless of any limit, and no other was \
                 ended; if {} is the right time, run `sessctl purge --accept-clock`",
                refusal.now
            ));
        }
        if context.global.verbose && opened.evicted > 0 {
            let sessions = if opened.evicted == 1 { "session" } else { "sessions" };
            context.print_notice(&format!("{} {sessions} evicted", format_count(opened.evicted)));
        }
        if context.global.quiet {
            return Ok(exit);
        }
        if let Err(error) = context.write_records(&OPENED, &[record(&opened)]) {
            service.close(&[opened.token], context.now)?;
            bail!("{error:#}; the token was not delivered, so the session was closed again");
        }
        if let Some(difference) = difference(requested, opened.idle_timeout) {
            context.print_notice(&format!("sessctl: {difference}"));
        }
        Ok(exit)
    }
}

/// Says that the policy of the task has granted another timeout than the requested one.
fn difference(requested: TimeoutRequest, granted: Option<Span>) -> Option<String> {
    let requested = match requested {
        TimeoutRequest::Nothing => return None,
        TimeoutRequest::Never => None,
        TimeoutRequest::For(span) => Some(span),
    };
    let shown = |timeout: Option<Span>| timeout.map_or("never".to_owned(), |it| it.to_string());
    (requested != granted).then(|| {
        let (requested, granted) = (shown(requested), shown(granted));
        format!("the timeout is {granted} instead of {requested}, by the policy of the task")
    })
}

fn record(opened: &OpenedSession) -> Record {
    let values = vec![
        Value::word(opened.token.expose().to_owned()),
        Value::word(opened.handle.clone()),
        Value::span(opened.idle_timeout),
    ];
    Record::new(["session"], values)
}
