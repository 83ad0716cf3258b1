//! Most important facts of a report, in words.

use std::time::Duration;

use super::growth::Growth;
use super::page::{Remark, Tone};
use super::scale::whole;
use super::times;
use crate::domain::format::{counted, format_count};
use crate::domain::health::{is_backlog, is_purge_overdue};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::output::human;

/// Facts from which the headline is made. What is unknown is not there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Situation {
    pub rows: u64,
    pub live: u64,
    pub expired: u64,
    pub growth: Option<Growth>,
    pub purge: PurgeState,
    /// Jobs of this host that were due long ago.
    pub late_jobs: Vec<LateJob>,
    /// Runs of the period that were partial, refused, failed or lost.
    pub failed_runs: u64,
    pub worst_hold: Option<(Duration, UnixTime)>,
    /// Free bytes, if it is worthwhile to return them, and the size of the file.
    pub space: Option<(u64, u64)>,
    /// Rows with times that cannot be read, and rows that are ahead of the clock.
    pub unreadable: u64,
    pub future: u64,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum PurgeState {
    /// The ledger cannot be read.
    #[default]
    Unknown,
    /// sessctl does not purge the table, for this reason.
    Unwanted(String),
    /// The ledger has no run at all.
    Never,
    Known {
        completed: Option<UnixTime>,
        /// Start of the last purge since then that ended otherwise, how, and why.
        failed: Option<(UnixTime, &'static str, Option<String>)>,
        /// Start of the purge that is running.
        running: Option<UnixTime>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateJob {
    pub name: String,
    pub is_purge: bool,
    /// Start of its last run, if the ledger has one.
    pub last: Option<UnixTime>,
    /// Times that have passed without a run.
    pub missed: u64,
}

/// Hold from which other programs notice that a run keeps them waiting.
const LONG_HOLD: Duration = Duration::from_secs(1);
/// Lead of another machine's clock that means nothing.
const CLOCK_SKEW: Span = Span::seconds(10);

/// Facts in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// Number of rows, and share of the live ones.
    pub rows: String,
    /// Clause about the purge; `None`: nothing is to be said.
    pub purge: Option<Remark>,
    /// The rest, from the worst to the best.
    pub rest: Vec<Remark>,
}

impl Headline {
    /// Derives the words from the facts.
    ///
    /// 1. The headline says how many rows there are and how many of them are live, and whether
    ///    purges keep up: it names, in this order, a purge that failed since the last one that
    ///    completed; a late job, if no purge has completed for two days; the time without a purge;
    ///    and otherwise the last purge.
    /// 2. The rest follows from the worst to the best.
    /// 3. What is unknown is left out, or said to be unknown.
    pub fn of(situation: &Situation, now: UnixTime, zone: &TimeZone) -> Self {
        let purge = purge_clause(situation, now);
        let said = purge.as_ref().and_then(|purge| purge.job.clone());
        let mut rest = Vec::new();
        add_purge_state(&mut rest, situation, now);
        add_jobs(&mut rest, situation, said.as_deref(), now);
        add_rows(&mut rest, situation);
        add_costs(&mut rest, situation, zone);
        if let Some(growth) = &situation.growth {
            rest.push(Remark::new(Tone::Neutral, growth_sentence(growth)));
        }
        rest.sort_by_key(|remark| std::cmp::Reverse(remark.tone));
        let purge = purge.map(|Clause { tone, text, .. }| Remark::new(tone, text));
        Self { rows: rows_clause(situation), purge, rest }
    }

    /// All remarks; the first of them is the headline.
    pub fn remarks(self) -> Vec<Remark> {
        let Self { rows, purge, rest } = self;
        let headline = match purge {
            Some(Remark { tone, text }) => Remark::new(tone, format!("{rows}; {text}")),
            None => Remark::new(Tone::Neutral, rows),
        };
        std::iter::once(headline).chain(rest).collect()
    }

    /// Texts of what is wrong, the worst first.
    pub fn problems(&self) -> Vec<&str> {
        let all = self.purge.iter().chain(&self.rest);
        all.filter(|remark| remark.tone >= Tone::Warning)
            .map(|remark| remark.text.as_str())
            .collect()
    }
}

/// `1,204,551 rows, 3 % live`. Percentages are rounded down, and never to none.
pub fn rows_clause(situation: &Situation) -> String {
    let Situation { rows, live, .. } = *situation;
    let percent = u128::from(live) * 100 / u128::from(rows.max(1));
    let share = match (rows, live) {
        (0, _) => return "no rows".to_owned(),
        (1, 1) => "live".to_owned(),
        (1, _) => "not live".to_owned(),
        (_, 0) => "none live".to_owned(),
        _ if live == rows => "all live".to_owned(),
        _ if percent == 0 => "less than 1 % live".to_owned(),
        _ => format!("{percent} % live"),
    };
    format!("{}, {share}", counted(rows, "row", "rows"))
}

struct Clause {
    tone: Tone,
    text: String,
    /// Job that it names.
    job: Option<String>,
}

impl Clause {
    fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), job: None }
    }
}

fn purge_clause(situation: &Situation, now: UnixTime) -> Option<Clause> {
    let (completed, failed) = match &situation.purge {
        PurgeState::Unwanted(_) => return None,
        PurgeState::Unknown => {
            return Some(Clause::new(Tone::Warning, "it is unknown when it was last purged"));
        }
        PurgeState::Never => return Some(never_clause(situation, "never purged", now)),
        PurgeState::Known { completed, failed, .. } => (*completed, failed.as_ref()),
    };
    if let Some((at, predicate, _)) = failed {
        let ago = times::length(now.since(*at));
        return Some(Clause::new(Tone::Bad, format!("the purge of {ago} ago {predicate}")));
    }
    let Some(completed) = completed else {
        return Some(never_clause(situation, "no purge is on record", now));
    };
    if completed > now.plus(CLOCK_SKEW) {
        let text = format!("the last purge, of {completed}, is ahead of the clock");
        return Some(Clause::new(Tone::Warning, text));
    }
    if is_purge_overdue(completed, now) {
        let since = times::length(now.since(completed));
        return Some(never_clause(situation, &format!("no purge has completed for {since}"), now));
    }
    Some(Clause::new(Tone::Good, format!("last purge {} ago", times::length(now.since(completed)))))
}

/// Blames a job that is late, or else says how it is without naming any.
fn never_clause(situation: &Situation, otherwise: &str, now: UnixTime) -> Clause {
    match situation.late_jobs.iter().find(|job| job.is_purge) {
        Some(job) => {
            Clause { tone: Tone::Bad, text: late_sentence(job, now), job: Some(job.name.clone()) }
        }
        // There is nothing to purge.
        None if situation.rows == 0 => Clause::new(Tone::Neutral, otherwise),
        None => Clause::new(Tone::Bad, otherwise),
    }
}

/// `the job "nightly purge" has not run for 4 days`
fn late_sentence(job: &LateJob, now: UnixTime) -> String {
    match (job.last, job.missed) {
        (Some(last), _) => {
            format!("the job {:?} has not run for {}", job.name, times::length(now.since(last)))
        }
        (None, 0 | 1) => format!("the job {:?} did not run at its last time", job.name),
        (None, missed) => {
            let times = format_count(missed);
            format!("the job {:?} did not run at its last {times} times", job.name)
        }
    }
}

fn add_purge_state(rest: &mut Vec<Remark>, situation: &Situation, now: UnixTime) {
    match &situation.purge {
        PurgeState::Unwanted(reason) => rest.push(Remark::new(Tone::Neutral, reason)),
        PurgeState::Unknown => {
            let text = "the record of past runs cannot be read, so that their history is missing";
            rest.push(Remark::new(Tone::Warning, text));
        }
        PurgeState::Never => {}
        PurgeState::Known { completed, failed, running } => {
            if let Some((_, predicate, cause)) = failed {
                let reason = cause.as_deref().unwrap_or("no reason is known");
                let since = completed.map_or_else(
                    || "none on record has completed".to_owned(),
                    |at| format!("the last one completed {} ago", times::length(now.since(at))),
                );
                let text = format!("the last purge {predicate}: {reason}; {since}");
                rest.push(Remark::new(Tone::Bad, text));
            }
            if let Some(started) = running {
                let since = times::length(now.since(*started));
                let text = format!("a purge has been running for {since}");
                rest.push(Remark::new(Tone::Neutral, text));
            }
        }
    }
}

fn add_jobs(rest: &mut Vec<Remark>, situation: &Situation, said: Option<&str>, now: UnixTime) {
    for job in situation.late_jobs.iter().filter(|job| Some(job.name.as_str()) != said) {
        rest.push(Remark::new(Tone::Warning, late_sentence(job, now)));
    }
    if situation.failed_runs > 0 {
        let runs = counted(situation.failed_runs, "run", "runs");
        let text = format!("{runs} did not complete in this period: see Failures");
        rest.push(Remark::new(Tone::Warning, text));
    }
}

fn add_rows(rest: &mut Vec<Remark>, situation: &Situation) {
    let Situation { live, expired, unreadable, future, .. } = *situation;
    if is_backlog(expired, live + expired) {
        let percent = u128::from(expired) * 100 / u128::from(live + expired);
        let text = format!(
            "{} sessions have expired and are still in the table: {percent} % of all that have not \
             ended",
            format_count(expired)
        );
        rest.push(Remark::new(Tone::Warning, text));
    }
    if unreadable > 0 {
        let text = format!(
            "{} cannot be read, so that their sessions are never purged",
            counted(unreadable, "row has a time that", "rows have times that")
        );
        rest.push(Remark::new(Tone::Warning, text));
    }
    if future > 0 {
        let rows = counted(future, "row was", "rows were");
        let text = format!("{rows} used, opened or marked in the future: a clock is or was wrong");
        rest.push(Remark::new(Tone::Warning, text));
    }
}

fn add_costs(rest: &mut Vec<Remark>, situation: &Situation, zone: &TimeZone) {
    if let Some((hold, at)) = situation.worst_hold {
        let tone = if hold >= LONG_HOLD { Tone::Warning } else { Tone::Neutral };
        let text = format!(
            "the longest write transaction of a run blocked other programs for {} (on {})",
            human::elapsed(hold),
            times::minute(at, zone)
        );
        rest.push(Remark::new(tone, text));
    }
    if let Some((free, size)) = situation.space {
        let text =
            format!("{} of the {} of the file are free", human::bytes(free), human::bytes(size));
        rest.push(Remark::new(Tone::Neutral, text));
    }
}

/// `twice as many live sessions as 30 days ago (1,204 and 602, averages over a week)`
pub fn growth_sentence(growth: &Growth) -> String {
    let Growth { before, after, over, window } = *growth;
    let ago = times::length(over);
    let (first, last) = (whole(before), whole(after));
    let window = if window == Span::days(7) { "a week" } else { "a day" };
    let averages = format!(
        "({} then, {} now, averages over {window})",
        format_count(first),
        format_count(last)
    );
    let ratio = after / before;
    match (first, last) {
        (0, 0) => format!("no sessions were live, neither {ago} ago nor now"),
        (0, _) => format!("no sessions were live {ago} ago {averages}"),
        _ if ratio >= 2.05 => {
            let times = human::measure((ratio * 10.0).round() / 10.0);
            let times = times.trim_end_matches('0').trim_end_matches('.');
            format!("{times} times as many live sessions as {ago} ago {averages}")
        }
        _ if ratio >= 1.95 => format!("twice as many live sessions as {ago} ago {averages}"),
        _ if ratio >= 1.05 => {
            format!(
                "{} % more live sessions than {ago} ago {averages}",
                whole((ratio - 1.0) * 100.0)
            )
        }
        _ if ratio > 0.95 => format!("about as many live sessions as {ago} ago {averages}"),
        _ => format!(
            "{} % fewer live sessions than {ago} ago {averages}",
            whole((1.0 - ratio) * 100.0)
        ),
    }
}
