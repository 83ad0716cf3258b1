//! A machine with its clients, its clock and its cron, and the model that it is compared
//! with.

mod audit;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::ops::ControlFlow;
use std::rc::Rc;

use chrono_tz::Tz;
use sessctl::app::{EndHook, JobOptions, JobOutcome, OpenedSession, TouchOutcome};
use sessctl::domain::job::{Jitter, Job, JobAction};
use sessctl::domain::session::{EndReason, Session};
use sessctl::{Config, Error, OpenRequest, Policies, SessionService, UnixTime, store};
use tempfile::TempDir;

use crate::simulation::calendar::{ExpectedRun, Plan};
use crate::simulation::clients::{self, Action, Behavior, Client, HeldSession};
use crate::simulation::model::{Admission, Entry, Model, TouchResult};
use crate::support::Rng;
use crate::support::jobs::terms;

/// Hook that records each session that ends.
struct RecordingHook(Rc<RefCell<Vec<Session>>>);

impl EndHook for RecordingHook {
    fn ended(&mut self, sessions: &[Session], _: &Policies) -> Result<(), String> {
        self.0.borrow_mut().extend_from_slice(sessions);
        Ok(())
    }
}

/// The simulated conditions, other than the configuration.
pub struct Scenario {
    pub seed: u64,
    pub clients: usize,
    pub behavior: Behavior,
    pub zone: &'static str,
    /// Expectation of each job of the configuration.
    pub plans: Vec<Plan>,
}

pub struct Simulation {
    service: SessionService,
    notified: Rc<RefCell<Vec<Session>>>,
    model: Model,
    jobs: Vec<Job>,
    plans: Vec<Plan>,
    terms: JobOptions,
    zone: Tz,
    behavior: Behavior,
    rng: Rng,
    clients: Vec<Client>,
    wake_ups: BinaryHeap<Reverse<(i64, usize)>>,
    by_handle: HashMap<String, usize>,
    runs: Vec<(String, ExpectedRun)>,
    _folder: TempDir,
}

impl Simulation {
    pub fn new(config: Config, scenario: Scenario, start: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store::create(folder.path().join("sessions.db")).unwrap();
        let notified = Rc::new(RefCell::new(Vec::new()));
        let service = SessionService::new(store, config.policies.clone())
            .with_host("mail1")
            .with_hook(Box::new(RecordingHook(notified.clone())));
        let terms = JobOptions {
            zone: scenario.zone.parse().unwrap(),
            jitter: Jitter::from_number(7),
            guard: config.guard,
            write_limits: config.write_limits,
            keep_runs: config.keep_runs,
            ..terms()
        };
        assert_eq!(config.jobs.len(), scenario.plans.len());
        let mut simulation = Self {
            service,
            notified,
            model: Model::of(config.policies),
            jobs: config.jobs,
            plans: scenario.plans,
            terms,
            zone: scenario.zone.parse().unwrap(),
            behavior: scenario.behavior,
            rng: Rng::seeded(scenario.seed),
            clients: Vec::new(),
            wake_ups: BinaryHeap::new(),
            by_handle: HashMap::new(),
            runs: Vec::new(),
            _folder: folder,
        };
        for number in 0..scenario.clients {
            simulation.add_client(number, start);
        }
        simulation
    }

    fn add_client(&mut self, number: usize, start: i64) {
        let user = format!("user{}", number / self.behavior.per_user);
        let task = self.rng.one_of(self.behavior.tasks);
        self.clients.push(Client { user, task, session: None, old_session: None });
        let first = clients::next_visit(&self.behavior, start, self.zone, &mut self.rng);
        self.wake_ups.push(Reverse((first, number)));
    }

    /// Simulates a period between two full minutes; returns the reasons for which sessions ended.
    pub fn run(&mut self, from: i64, until: i64) -> BTreeSet<EndReason> {
        let outages: Vec<(i64, i64)> = (0..6)
            .map(|_| (self.rng.between(from, until), self.rng.between(600, 9 * 3_600)))
            .map(|(off, seconds)| (off, off + seconds))
            .collect();
        for minute in (from..until).step_by(60) {
            for plan in &mut self.plans {
                plan.observe(minute, self.zone);
            }
            let now = minute + self.rng.between(0, 9);
            self.run_clients_until(now);
            let is_off = outages.iter().any(|(off, on)| (*off..*on).contains(&now));
            let could_be_due = self.plans.iter().any(|plan| plan.could_be_due(now));
            if !is_off && (could_be_due || minute == from || self.rng.percent(3)) {
                self.run_due_jobs(now);
            }
            if minute % (12 * 3_600) == 0 {
                self.compare(now);
            }
        }
        self.compare(until);
        self.audit(until);
        let ended = self.model.all.iter().filter_map(|entry| entry.end);
        ended.map(|(_, reason)| reason).collect()
    }

    fn run_clients_until(&mut self, now: i64) {
        while let Some(Reverse((time, number))) = self.wake_ups.peek().copied()
            && time <= now
        {
            self.wake_ups.pop();
            let wait = self.step_client(number, time);
            self.wake_ups.push(Reverse((time + wait, number)));
        }
    }

    /// Performs one action of a client; returns the seconds until its next one.
    fn step_client(&mut self, number: usize, now: i64) -> i64 {
        match self.clients[number].next_action(&self.behavior, &mut self.rng) {
            Action::Open(asked) => self.open(number, asked, now),
            Action::Touch => {
                let held = self.clients[number].session.clone().unwrap();
                if !self.touch(&held, now) {
                    self.clients[number].session = None;
                }
                clients::pause(self.model.all[held.entry].timeout, &mut self.rng)
            }
            Action::RetryOldSession => {
                let held = self.clients[number].old_session.take().unwrap();
                if self.touch(&held, now) {
                    self.clients[number].session = Some(held);
                }
                self.rng.between(0, 60)
            }
            Action::Close => {
                let held = self.clients[number].session.take().unwrap();
                self.close(&held, now);
                self.clients[number].old_session = Some(held);
                self.next_visit(now)
            }
            Action::Leave => {
                self.clients[number].old_session = self.clients[number].session.take();
                self.next_visit(now)
            }
        }
    }

    fn next_visit(&mut self, now: i64) -> i64 {
        clients::next_visit(&self.behavior, now, self.zone, &mut self.rng) - now
    }

    fn open(
        &mut self,
        number: usize,
        asked: sessctl::domain::policy::TimeoutRequest,
        now: i64,
    ) -> i64 {
        let (task, user) = (self.clients[number].task, self.clients[number].user.clone());
        let cleared = self.model.abandoned_before_open(task, now);
        for entry in &cleared {
            self.model.end(*entry, now, EndReason::Abandoned);
        }
        let admission = self.model.admission(task, &user, now);
        let opening = OpenRequest {
            task: task.into(),
            user: Some(user.clone()),
            client: None,
            agent: None,
            timeout: asked,
        };
        let answer = self.service.open(opening, UnixTime(now));
        let mut notified = self.take_notified(now);
        notified
            .retain(|entry, reason| !cleared.contains(entry) || *reason != EndReason::Abandoned);
        let Some(opened) = self.check_admission(admission, answer, &notified) else {
            *self.model.refused.entry(task).or_default() += 1;
            return self.next_visit(now);
        };
        for (entry, reason) in notified {
            self.model.end(entry, now, reason);
        }
        let timeout = opened.idle_timeout.map(sessctl::Span::as_seconds);
        assert_eq!(timeout, self.model.grant(task, asked));
        let entry = self.model.open(Entry {
            task,
            user,
            opened: now,
            used: now,
            timeout,
            mark: None,
            checks: 0,
            end: None,
        });
        self.by_handle.insert(opened.handle, entry);
        self.clients[number].session = Some(HeldSession { token: opened.token, entry });
        self.assert_within_limits(task, entry);
        clients::pause(timeout, &mut self.rng)
    }

    /// Compares the result of an opening with the model; returns the opened session, if any.
    fn check_admission(
        &self,
        admission: Admission,
        answer: Result<OpenedSession, Error>,
        notified: &BTreeMap<usize, EndReason>,
    ) -> Option<OpenedSession> {
        match (admission, answer) {
            (Admission::Full, Err(Error::LimitReached(_))) => {
                assert!(notified.is_empty(), "{notified:?}");
                None
            }
            (Admission::Open(gone), Ok(opened)) => {
                assert_eq!(
                    notified.len(),
                    usize::from(!gone.is_empty()),
                    "{notified:?} of {gone:?}"
                );
                let may_go = |(entry, reason): (&usize, &EndReason)| {
                    gone.contains(entry) && *reason == EndReason::Evicted
                };
                assert!(notified.iter().all(may_go), "{notified:?} of {gone:?}");
                Some(opened)
            }
            (admission, answer) => panic!("{admission:?}, but {answer:?}"),
        }
    }

    fn assert_within_limits(&self, task: &str, newest: usize) {
        let policy = self.service.policies().for_task(task);
        let live = self.model.live_of(task);
        let is_own = |entry: &&usize| self.model.all[**entry].user == self.model.all[newest].user;
        let own = live.iter().filter(is_own).count() as u64;
        if let Some(licence) = self.service.policies().licence_of(task) {
            assert!(self.model.live_of_licence(task).len() as u64 <= licence.limit);
        }
        assert!(policy.limit == 0 || live.len() as u64 <= policy.limit);
        assert!(policy.user_limit == 0 || own <= policy.user_limit);
    }

    /// Touches a session; returns true if it is live.
    fn touch(&mut self, held: &HeldSession, now: i64) -> bool {
        let before = self.model.all[held.entry].clone();
        let expected = match self.model.touch(held.entry, now) {
            TouchResult::Renewed => TouchOutcome::Renewed,
            TouchResult::Unchanged => TouchOutcome::Unchanged,
            TouchResult::Refused(reason) => TouchOutcome::Ended(reason),
            TouchResult::NotFound => TouchOutcome::Unknown,
        };
        let tokens = std::slice::from_ref(&held.token);
        let outcome = self.service.touch(tokens, UnixTime(now)).unwrap()[0].outcome;
        assert_eq!(outcome, expected, "at {now}: {before:?}");
        outcome.is_live()
    }

    fn close(&mut self, held: &HeldSession, now: i64) {
        let entry = &self.model.all[held.entry];
        let expected = match entry.end {
            _ if !self.model.has_row(held.entry) => TouchOutcome::Unknown,
            Some((_, reason)) => TouchOutcome::Ended(reason),
            None => TouchOutcome::Closed,
        };
        let tokens = std::slice::from_ref(&held.token);
        let outcome = self.service.close(tokens, UnixTime(now)).unwrap()[0].outcome;
        assert_eq!(outcome, expected, "at {now}: {entry:?}");
        if outcome == TouchOutcome::Closed {
            self.model.end(held.entry, now, EndReason::Closed);
        }
        let notified = self.take_notified(now);
        assert_eq!(notified.len(), usize::from(outcome == TouchOutcome::Closed));
    }

    /// Sessions that ended since the last call, with their reasons.
    fn take_notified(&mut self, now: i64) -> BTreeMap<usize, EndReason> {
        let notified = std::mem::take(&mut *self.notified.borrow_mut());
        let count = notified.len();
        let ended: BTreeMap<usize, EndReason> = notified
            .into_iter()
            .map(|session| {
                let end = session.end.unwrap();
                assert_eq!(end.at.0, now);
                (self.by_handle[&session.handle], end.reason)
            })
            .collect();
        assert_eq!(ended.len(), count, "each is notified once");
        ended
    }

    /// Runs the due jobs, as `sessctl run` does.
    fn run_due_jobs(&mut self, now: i64) {
        for place in 0..self.jobs.len() {
            let job = &self.jobs[place];
            let go_on = &mut || ControlFlow::Continue(());
            let ran = self.service.run_job(job, &self.terms, UnixTime(now), go_on).unwrap();
            let (name, work) = (job.name.clone(), job.work.clone());
            if let Some(expected) = self.plans[place].check(now, &ran) {
                if !expected.is_skipped {
                    self.apply_to_model(&work, &ran, expected.planned, now);
                }
                self.runs.push((name, expected));
            }
            assert!(self.take_notified(now).is_empty());
        }
    }

    /// Applies a job to the model and compares the results.
    fn apply_to_model(&mut self, work: &JobAction, ran: &JobOutcome, planned: i64, now: i64) {
        let notified = self.take_notified(now);
        match (work, ran) {
            (JobAction::Purge(None), JobOutcome::Purged(summary)) => {
                let purged = self.model.purge(planned, now);
                assert_eq!(notified, purged.ended, "at {now}");
                assert_eq!(summary.done.ended, purged.ended.len() as u64);
                assert_eq!(summary.done.marked, purged.marked);
                assert_eq!(summary.done.deleted, purged.deleted);
                assert_eq!(summary.live, self.model.live());
            }
            (JobAction::Cycle(task), JobOutcome::Cycled(cycled)) => {
                let live = self.model.usable_of(task.as_str(), now);
                assert_eq!(notified.keys().copied().collect::<BTreeSet<_>>(), live, "at {now}");
                assert!(notified.values().all(|reason| *reason == EndReason::Cycled));
                assert_eq!(cycled.ended, live.len() as u64);
                for entry in live {
                    self.model.end(entry, now, EndReason::Cycled);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}
