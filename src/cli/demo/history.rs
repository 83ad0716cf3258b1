//! The past of the demo's database: hourly readings, and nightly purges until a week ago.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::time::Duration;

use super::random::Random;
use crate::cli::{accounts, host};
use crate::domain::session::EndReason;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::storage::{
    Backend, NewRun, RunEnd, RunNote, RunOrigin, RunOutcome, Sample, random_name,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const DAYS: i64 = 30;
/// Time for which nothing has purged the database: the age of its oldest expired sessions.
const UNPURGED: i64 = 7 * DAY;
/// Local hour of the nightly purge.
const NIGHT: i64 = 3;
/// Night of the purge that failed, and that of the one with the longest hold, counted from the
/// first.
const FAILED: usize = 12;
const SLOW: usize = 17;
/// Share of the sessions of the day that are there at night.
const AT_NIGHT: f64 = 0.4;
/// Growth of the live sessions in the period.
const GROWTH: f64 = 0.3;
/// Share of the ended sessions that the application has closed since the last purge.
const CLOSED: f64 = 0.65;

const FULL_DISK: &str = "could not write to \"sessctl-demo.db\": no space left on the file system";

/// Counts at the end of the past, which the present continues.
pub(super) struct Present {
    pub live: usize,
    pub expired: usize,
    pub ended: usize,
    pub file_bytes: u64,
}

/// Adds the past to the ledger.
pub(super) fn record(
    sessions: &mut dyn Backend,
    present: &Present,
    random: &mut Random,
    zone: &TimeZone,
    now: UnixTime,
) -> crate::Result<()> {
    let past = Past::until(present, random, zone, now);
    sessions.add_samples(&past.samples)?;
    for (run, end) in &past.runs {
        sessions.insert_run(&random_name()?, run, end)?;
    }
    Ok(())
}

/// Number of sessions, as far as it follows the day, the week and the growth.
struct Rhythm<'a> {
    zone: &'a TimeZone,
    now: UnixTime,
}

impl Rhythm<'_> {
    fn local(&self, at: UnixTime) -> i64 {
        at.0 + self.zone.offset_at(at).unwrap_or(0)
    }

    fn hour(&self, at: UnixTime) -> i64 {
        self.local(at).rem_euclid(DAY) / HOUR
    }

    fn at(&self, at: UnixTime) -> f64 {
        let local = self.local(at);
        // The first day of 1970 was a Thursday.
        let is_weekend = matches!((local.div_euclid(DAY) + 3).rem_euclid(7), 5 | 6);
        let day = if is_weekend { 0.45 } else { 1.0 };
        let place = (number(local.rem_euclid(DAY)) / number(HOUR) - 5.0) / 18.0;
        let light = if (0.0..1.0).contains(&place) { (PI * place).sin() } else { 0.0 };
        let age = number(self.now.since(at).as_seconds()) / number(DAYS * DAY);
        (AT_NIGHT + (1.0 - AT_NIGHT) * day * light.powf(0.7)) * (1.0 - GROWTH * age)
    }
}

#[derive(Default)]
struct Past {
    samples: Vec<Sample>,
    runs: Vec<(NewRun, RunEnd)>,
    expired: f64,
    closed: f64,
    /// Ended sessions that a purge has seen, and that the next one deletes.
    retained: f64,
    most_rows: f64,
    nights: usize,
}

impl Past {
    fn until(present: &Present, random: &mut Random, zone: &TimeZone, now: UnixTime) -> Self {
        let rhythm = Rhythm { zone, now };
        let first = now.0 - DAYS * DAY;
        let first = first - first.rem_euclid(HOUR) + HOUR;
        let hours = || (first..now.0 - HOUR).step_by(3_600).map(UnixTime);
        let is_purge =
            |at: &UnixTime| rhythm.hour(*at) == NIGHT && now.since(*at).as_seconds() >= UNPURGED;
        let last_purge = hours().filter(is_purge).last().unwrap_or(UnixTime(first));
        let is_unpurged = |at: &UnixTime| *at > last_purge;
        let weight: f64 = hours().filter(is_unpurged).map(|at| rhythm.at(at)).sum();
        let per_weight = |count: usize| whole(count) / weight;
        let (expiring, closing) = (per_weight(present.expired), per_weight(present.ended) * CLOSED);
        let live = whole(present.live) / rhythm.at(now);
        let bytes = number(i64::try_from(present.file_bytes).unwrap_or(0))
            / whole(present.live + present.expired + present.ended);
        let mut past = Self::default();
        for at in hours() {
            let noise = 1.0 + number(random.below(41) - 20) / 1_000.0;
            past.expired += rhythm.at(at) * expiring * noise;
            past.closed += rhythm.at(at) * closing * noise;
            let live = live * rhythm.at(at) * noise;
            past.pass(at, is_purge(&at), live, bytes, random);
        }
        past
    }

    /// An hour passes, with a purge or a reading at its end.
    fn pass(&mut self, at: UnixTime, is_night: bool, live: f64, bytes: f64, random: &mut Random) {
        let rows = live + self.expired + self.closed + self.retained;
        self.most_rows = self.most_rows.max(rows);
        let file = self.most_rows * bytes;
        let mut sample = Sample {
            at,
            live: Some([count(live), 0, 0]),
            expired: Some(count(self.expired)),
            rows: Some(count(rows)),
            file_bytes: Some(count(file)),
            free_bytes: Some(count(file - rows * bytes)),
            ..Sample::default()
        };
        self.nights += usize::from(is_night);
        if is_night && self.nights == FAILED {
            self.add_run(at, Duration::ZERO, [0, 0], RunOutcome::Failed);
            return;
        }
        if is_night {
            let (ended, deleted) = (count(self.expired), count(self.retained));
            let hold = if self.nights == SLOW { 1_480 } else { 9 + random.below(14) };
            let took = Duration::from_millis(count(number(hold) + (self.expired * 0.04)));
            sample.runs = 1;
            sample.ended_by = BTreeMap::from([(EndReason::Expired, ended)]);
            sample.deleted = deleted;
            sample.longest_hold = Some(Duration::from_millis(hold.unsigned_abs()));
            sample.duration = Some(took);
            sample.free_bytes = Some(count(file - (rows - self.retained) * bytes));
            self.retained = self.expired + self.closed;
            (self.expired, self.closed) = (0.0, 0.0);
            self.add_run(at, took, [ended, deleted], RunOutcome::Done);
        }
        self.samples.push(sample);
    }

    fn add_run(
        &mut self,
        at: UnixTime,
        took: Duration,
        [ended, deleted]: [u64; 2],
        outcome: RunOutcome,
    ) {
        let origin = RunOrigin {
            host: host::name(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: accounts::current(),
            ..RunOrigin::default()
        };
        let run = NewRun {
            job: None,
            work: "purge".to_owned(),
            task: None,
            note: RunNote::default(),
            rules: String::new(),
            planned: at,
            started: at,
            last_settled_at: None,
            missed: 0,
            origin,
        };
        let is_failed = outcome == RunOutcome::Failed;
        let end = RunEnd {
            finished: at.plus(Span::seconds(i64::try_from(took.as_secs()).unwrap_or(0))),
            outcome,
            reason: is_failed.then(|| FULL_DISK.to_owned()),
            marked: 0,
            ended,
            deleted,
            last_settled_at: None,
        };
        self.runs.push((run, end));
    }
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
const fn number(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
const fn whole(value: usize) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers are small, and a negative one counts as zero"
)]
const fn count(value: f64) -> u64 {
    value as u64
}
