//! Months of machines that share a database, with edited configurations, time zones, machines that
//! are off and interrupted runs, compared with a model that has none of the program's own rules:
//! every end has a scheduled time, no time is used twice, and none is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use chrono::{DateTime, Datelike, Timelike};
use proptest::prelude::*;
use rusqlite::Connection;
use sessctl::app::JobOutcome;
use sessctl::domain::job::{Job, JobAction, JobTiming};
use sessctl::domain::time::UnixTime;

use crate::support::jobs::{Database, Host, job, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at};

const MACHINES: usize = 3;

/// Number of random short simulations.
const CASES: u32 = 8;
const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "America/New_York"];
const NAMES: [&str; 2] = ["nightly", "other"];
/// True if a wall clock shows a time: by its minute, hour and weekday from Monday.
type Shows = fn(u32, u32, u32) -> bool;

/// Schedules, and what the wall clock shows then.
const TIMES: [(&str, Shows); 7] = [
    ("0 4 *", |minute, hour, _| (minute, hour) == (0, 4)),
    ("0 4 1-5", |minute, hour, day| (minute, hour) == (0, 4) && day <= 5),
    ("15 * *", |minute, _, _| minute == 15),
    ("45 * *", |minute, _, _| minute == 45),
    ("30 2,14 *", |minute, hour, _| minute == 30 && (hour == 2 || hour == 14)),
    ("0 */4 *", |minute, hour, _| minute == 0 && hour.is_multiple_of(4)),
    ("0 12 7", |minute, hour, day| (minute, hour, day) == (0, 12, 7)),
];
const INTERVALS: [&str; 4] = ["1h", "6h", "12h", "24h"];

/// Job of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct JobConfig {
    name: usize,
    /// Index into `TIMES`, or into `INTERVALS` after them.
    when: usize,
    cycles: bool,
    is_tied: bool,
    enabled: bool,
}

impl JobConfig {
    fn job(self) -> Job {
        let when = match TIMES.get(self.when) {
            Some((schedule, _)) => JobTiming::At(schedule.parse().unwrap()),
            None => purge_every(INTERVALS[self.when - TIMES.len()]).when,
        };
        let work =
            if self.cycles { JobAction::Cycle("imap".into()) } else { JobAction::Purge(None) };
        let host = self.is_tied.then(|| "mail1".to_owned());
        Job { host, enabled: self.enabled, ..job(NAMES[self.name], when, work) }
    }

    fn interval(self) -> Option<i64> {
        let interval = INTERVALS.get(self.when.checked_sub(TIMES.len())?)?;
        Some(interval.trim_end_matches('h').parse::<i64>().unwrap() * HOUR)
    }
}

#[derive(Debug, Clone)]
enum Edit {
    /// Puts a job in, or takes it out.
    Job(usize, Option<JobConfig>),
    /// Disables a job, or enables it again.
    Toggle(usize),
    Zone(usize),
    /// Switches the machine off for this many hours.
    Off(i64),
}

/// End of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Completes,
    Interrupted,
    Killed,
}

fn wanted() -> impl Strategy<Value = JobConfig> {
    let whens = 0..TIMES.len() + INTERVALS.len();
    let rarely = || prop::bool::weighted(0.1);
    (rarely(), whens, rarely(), rarely()).prop_map(|(other, when, purges, is_tied)| JobConfig {
        name: usize::from(other),
        when,
        cycles: !purges,
        is_tied,
        enabled: true,
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0..2_usize, prop::option::weighted(0.9, wanted()))
            .prop_map(|(slot, job)| Edit::Job(slot, job)),
        6 => (0..2_usize).prop_map(Edit::Toggle),
        1 => (0..ZONES.len()).prop_map(Edit::Zone),
        2 => (1..40_i64).prop_map(Edit::Off),
    ]
}

/// Key of a history: a job in a time zone, which does not matter to intervals.
type Identity = (JobConfig, usize, Option<String>);

/// The history of a job, as the model knows it.
#[derive(Debug, Default)]
struct History {
    /// Time since which each machine has had the job.
    since: BTreeMap<usize, i64>,
    /// End of the last run, or the time at which the first machine got the job.
    last: i64,
    /// Planned time of a run that has begun and is not complete.
    open: Option<i64>,
}

struct Machine {
    host: Host,
    name: String,
    zone: usize,
    slots: [Option<JobConfig>; 2],
    jobs: Vec<(JobConfig, Job)>,
    off_until: i64,
    /// Minutes between two checks for due jobs.
    every: i64,
}

struct Month {
    database: Database,
    sql: Connection,
    machines: Vec<Machine>,
    histories: BTreeMap<Identity, History>,
    /// Scheduled times for which a job of this name and action has run, whatever else it says.
    used_times: BTreeSet<(usize, bool, Option<String>, i64)>,
    /// Runs that a machine left to another host to which the job is tied.
    skipped: BTreeSet<(Identity, i64)>,
    /// All times of the schedules in the zones, as a clock on the wall shows them.
    times: BTreeMap<(usize, usize), Vec<i64>>,
    endings: Box<dyn Iterator<Item = Ending>>,
    serial: i64,
    runs: usize,
    resumed: usize,
    /// Time of death of a process, whose lease then holds for a minute.
    died: i64,
}

impl Month {
    fn new(start: i64, days: i64, endings: Vec<Ending>) -> Self {
        let database = Database::new();
        let sql = Connection::open(database.0.path().join("sessions.db")).unwrap();
        sql.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let machine = |number: usize| {
            // The third is another configuration on the second host.
            let name = format!("mail{}", number.min(1) + 1);
            let mut host = database.host(&name);
            host.terms.configuration = format!("/etc/{number}.toml");
            Machine {
                host,
                name,
                zone: 0,
                slots: [None; 2],
                jobs: Vec::new(),
                off_until: 0,
                every: [5, 15, 10][number],
            }
        };
        let machines = (0..MACHINES).map(machine).collect();
        Self {
            sql,
            machines,
            database,
            histories: BTreeMap::new(),
            used_times: BTreeSet::new(),
            skipped: BTreeSet::new(),
            times: times(start - DAY, start + days * DAY),
            endings: Box::new(endings.into_iter().cycle()),
            serial: 0,
            runs: 0,
            resumed: 0,
            died: 0,
        }
    }

    fn run(&mut self, start: i64, days: i64, edits: &[(i64, usize, Edit)]) {
        let mut edits = edits.to_vec();
        edits.sort_by_key(|(minute, ..)| *minute);
        let mut edits = edits.into_iter().peekable();
        for minute in (0..days * 24 * 60).step_by(5) {
            let now = start + minute * MINUTE;
            while let Some((_, machine, edit)) = edits.next_if(|(at, ..)| *at <= minute) {
                self.edit(machine, &edit, now);
            }
            if minute % 60 == 40 {
                self.insert_sessions(now);
            }
            for place in 0..MACHINES {
                let machine = &self.machines[place];
                let is_off = now < machine.off_until;
                if !is_off && minute % machine.every == 0 {
                    self.run_due_jobs(place, now + 3 + 13 * i64::try_from(place).unwrap());
                }
            }
        }
    }

    fn edit(&mut self, place: usize, edit: &Edit, now: i64) {
        let machine = &mut self.machines[place];
        match edit {
            Edit::Job(slot, wanted) => {
                let other = machine.slots[1 - slot];
                let is_taken = |new: &JobConfig| other.is_some_and(|other| other.name == new.name);
                machine.slots[*slot] = wanted.filter(|new| !is_taken(new));
            }
            Edit::Toggle(slot) => {
                let toggled = |wanted: JobConfig| JobConfig { enabled: !wanted.enabled, ..wanted };
                machine.slots[*slot] = machine.slots[*slot].map(toggled);
            }
            Edit::Zone(zone) => {
                machine.zone = *zone;
                machine.host.terms.zone = ZONES[*zone].parse().unwrap();
            }
            Edit::Off(hours) => machine.off_until = now + hours * HOUR,
        }
        let wanted = machine.slots.into_iter().flatten();
        machine.jobs = wanted.map(|wanted| (wanted, wanted.job())).collect();
    }

    /// Inserts more sessions than one batch ends.
    fn insert_sessions(&mut self, now: i64) {
        // Only so many stay, so that a look at all of them is short.
        self.sql.execute("DELETE FROM sessions WHERE created_at < ?1", [now - 2 * HOUR]).unwrap();
        let first = self.serial;
        self.serial += 260;
        let sql = "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n LIMIT 260)
                   INSERT INTO sessions (id, task, created_at, last_used_at)
                   SELECT printf('%064x', i * 7919), 'imap', ?2, ?2 FROM n";
        self.sql.execute(sql, [first, now]).unwrap();
    }

    /// Runs the due jobs of a machine, as `sessctl run` does.
    fn run_due_jobs(&mut self, place: usize, now: i64) {
        let (wanted, jobs): (Vec<JobConfig>, Vec<Job>) =
            self.machines[place].jobs.iter().cloned().unzip();
        self.machines[place].host.set_jobs(&jobs.iter().collect::<Vec<_>>(), UnixTime(now));
        self.record_jobs(place, &wanted, now);
        for (wanted, job) in wanted.iter().zip(&jobs) {
            let ending = self.endings.next().unwrap();
            let ran = self.run_if_due(place, job, ending, now);
            if wanted.enabled {
                self.check_run(place, *wanted, ending, ran.as_ref(), now);
            } else {
                assert_eq!(ran, Some(JobOutcome::Disabled));
            }
        }
    }

    /// Runs a job with this ending; returns `None` if its process is killed.
    fn run_if_due(
        &mut self,
        place: usize,
        job: &Job,
        ending: Ending,
        now: i64,
    ) -> Option<JobOutcome> {
        let machine = &mut self.machines[place];
        let host = &mut machine.host;
        let go_on = &mut || match ending {
            Ending::Completes => ControlFlow::Continue(()),
            Ending::Interrupted => ControlFlow::Break(()),
            // Nothing is written on the way out.
            Ending::Killed => resume_unwind(Box::new(())),
        };
        let asked =
            AssertUnwindSafe(|| host.service.run_job(job, &host.terms, UnixTime(now), go_on));
        match catch_unwind(asked) {
            Ok(Ok(ran)) => Some(ran),
            Ok(Err(sessctl::Error::LeaseHeld { .. })) => {
                assert!(now - self.died <= 61, "held at {now} by one that died at {}", self.died);
                Some(JobOutcome::Disabled)
            }
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {
                self.died = now;
                let terms = host.terms.clone();
                machine.host = Host { terms, ..self.database.host(&machine.name) };
                None
            }
        }
    }

    fn identity(&self, place: usize, wanted: JobConfig) -> Identity {
        let machine = &self.machines[place];
        let zone = if wanted.interval().is_some() { 0 } else { machine.zone };
        let scope = wanted.is_tied.then(|| machine.name.clone());
        (JobConfig { enabled: true, ..wanted }, zone, scope)
    }

    fn record_jobs(&mut self, place: usize, wanted: &[JobConfig], now: i64) {
        let enabled = wanted.iter().filter(|wanted| wanted.enabled);
        let has: Vec<Identity> = enabled.map(|wanted| self.identity(place, *wanted)).collect();
        for (identity, history) in &mut self.histories {
            if !has.contains(identity) {
                history.since.remove(&place);
            }
        }
        for identity in has {
            let history = self.histories.entry(identity).or_default();
            if history.since.is_empty() {
                *history = History { last: now, ..History::default() };
            }
            history.since.entry(place).or_insert(now);
        }
    }

    /// Latest scheduled time of a job up to now, not before the machine got the job.
    fn latest_time(&self, identity: &Identity, since: i64, now: i64) -> Option<i64> {
        let times = &self.times[&(identity.0.when, identity.1)];
        let last = *times[..times.partition_point(|time| *time <= now)].last()?;
        (last > since - MINUTE).then_some(last)
    }

    /// True if a job of the same name and action has run for this time.
    fn is_used(&self, (wanted, _, scope): &Identity, planned: i64) -> bool {
        let all = [None, Some("mail1".to_owned()), Some("mail2".to_owned())];
        let mut scopes =
            all.into_iter().filter(|other| other.is_none() || scope.is_none() || other == scope);
        scopes.any(|scope| self.used_times.contains(&(wanted.name, wanted.cycles, scope, planned)))
    }

    fn check_run(
        &mut self,
        place: usize,
        wanted: JobConfig,
        ending: Ending,
        ran: Option<&JobOutcome>,
        now: i64,
    ) {
        let identity = self.identity(place, wanted);
        let history = &self.histories[&identity];
        let (since, last, open) = (history.since[&place], history.last, history.open);
        let has_run = matches!(
            ran,
            None | Some(JobOutcome::Purged(_) | JobOutcome::Cycled(_) | JobOutcome::Skipped)
        );
        if !has_run {
            let due = match wanted.interval() {
                None => self.latest_time(&identity, since, now),
                Some(length) if last + length <= since - MINUTE => Some(since + length),
                Some(length) => Some(last + length),
            };
            let due = due.filter(|due| *due <= now);
            let is_anothers = |due: &i64| open != Some(*due) && self.is_used(&identity, *due);
            if let Some(due) = due.filter(is_anothers) {
                // Another specification has it, and completes it.
                let history = self.histories.get_mut(&identity).unwrap();
                history.last = history.last.max(due);
                return;
            }
            let due = due.filter(|due| !self.skipped.contains(&(identity.clone(), *due)));
            // Then nothing was to be done, or nobody knew yet that a process had died
            let is_blocked = now - self.died <= 61;
            assert!(due.is_none() || is_blocked, "{identity:?} did not run for {due:?} at {now}");
            return;
        }
        self.runs += 1;
        let run = self.machines[place].host.last_run(UnixTime(now));
        assert_eq!(run.started.0, now);
        let planned = run.planned.0;
        let resumes = open == Some(planned);
        self.resumed += usize::from(resumes);
        // A scheduled time has asked for it, after the machine took up the job
        assert!(planned <= now && planned > since - MINUTE, "{identity:?} {planned} {now}");
        match wanted.interval() {
            None => assert_eq!(self.latest_time(&identity, since, now), Some(planned)),
            Some(length) => assert!(planned >= last + length || resumes, "{identity:?} {planned}"),
        }
        let history = self.histories.get_mut(&identity).unwrap();
        if ran == Some(&JobOutcome::Skipped) {
            history.last = now;
            assert!(self.skipped.insert((identity, planned)));
            return;
        }
        // And has not done so before
        let is_new = !self.is_used(&identity, planned);
        assert!(is_new || resumes, "{identity:?} twice for {planned}");
        self.used_times.insert((wanted.name, wanted.cycles, identity.2.clone(), planned));
        let is_complete = self.apply_end(&wanted, ran, resumes.then_some(planned), now);
        assert!(is_complete || ending != Ending::Completes, "{identity:?} {ran:?}");
        let history = self.histories.get_mut(&identity).unwrap();
        if is_complete {
            (history.open, history.last) = (None, now);
        } else {
            history.open = Some(planned);
        }
    }

    /// Checks the sessions that a run has ended; returns true if the run is complete.
    fn apply_end(
        &mut self,
        wanted: &JobConfig,
        ran: Option<&JobOutcome>,
        until: Option<i64>,
        now: i64,
    ) -> bool {
        let ask =
            |sql: &str| self.sql.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap();
        let cycled = "FROM sessions WHERE end_reason = 'cycled'";
        let last = ask(&format!("SELECT max(created_at) {cycled}"));
        let until = until.unwrap_or(now);
        assert!(
            last.is_none_or(|last| last <= until),
            "{wanted:?} has ended {last:?}, not {until}"
        );
        let left = ask(&format!(
            "SELECT count(*) FROM sessions WHERE ended_at IS NULL AND created_at <= {until}"
        ));
        let is_complete = match ran {
            Some(JobOutcome::Cycled(cycled)) => cycled.stopped.is_none(),
            Some(_) => true,
            None => false,
        };
        let is_cycle = wanted.cycles && !matches!(ran, Some(JobOutcome::Skipped));
        assert!(!is_cycle || !is_complete || left == Some(0), "{wanted:?} has left {left:?}");
        self.sql.execute("DELETE FROM sessions WHERE ended_at IS NOT NULL", []).unwrap();
        is_complete
    }
}

/// The times at which the wall clock of each zone shows the times of each schedule.
fn times(from: i64, until: i64) -> BTreeMap<(usize, usize), Vec<i64>> {
    let mut times: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (zone, name) in ZONES.iter().enumerate() {
        let clock: chrono_tz::Tz = name.parse().unwrap();
        // They all have quarters of an hour.
        for moment in (from..until).step_by(900) {
            let wall = DateTime::from_timestamp(moment, 0).unwrap().with_timezone(&clock);
            let day = wall.weekday().number_from_monday();
            for (when, (_, shows)) in TIMES.iter().enumerate() {
                let shown = times.entry((when, zone)).or_default();
                shown.extend(shows(wall.minute(), wall.hour(), day).then_some(moment));
            }
        }
    }
    times
}

fn endings() -> impl Strategy<Value = Vec<Ending>> {
    let ending = prop_oneof![6 => Just(Ending::Completes), 2 => Just(Ending::Interrupted), 1 => Just(Ending::Killed)];
    prop::collection::vec(ending, 50..80)
}

fn edits(days: i64, most: usize) -> impl Strategy<Value = Vec<(i64, usize, Edit)>> {
    prop::collection::vec((0..days * 24 * 60, 0..MACHINES, edit()), most / 2..most)
}

/// Jobs that are there from the beginning.
fn first_jobs() -> impl Strategy<Value = Vec<(i64, usize, Edit)>> {
    let job = |place: usize| wanted().prop_map(move |job| (0, place, Edit::Job(0, Some(job))));
    (job(0), job(1), job(2)).prop_map(|(one, two, three)| vec![one, two, three])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn every_end_has_one_time_that_asked_for_it(
        first in first_jobs(), edits in edits(3, 40), endings in endings()
    ) {
        let start = at("2026-06-12T00:00:00Z").0;
        Month::new(start, 3, endings).run(start, 3, &[first, edits].concat());
    }
}

#[test]
fn a_month_of_two_machines_with_three_configurations() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    // given a month of edits, the same in each test
    let mut runner = TestRunner::deterministic();
    let mut draw = || {
        let (first, more) = (first_jobs(), edits(30, 300));
        let all = (first, more, endings()).new_tree(&mut runner).unwrap().current();
        ([all.0, all.1].concat(), all.2)
    };
    let (edits, endings) = draw();
    let start = at("2026-06-01T00:00:00Z").0;
    let mut month = Month::new(start, 30, endings);
    // when the machines live through it
    month.run(start, 30, &edits);
    // then it was as the model says, and was no idle month
    assert!(month.runs > 200 && month.resumed > 5, "{} {}", month.runs, month.resumed);
}
