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

use crate::simulation::calendar::{Expected, Plan};
use crate::simulation::clients::{self, Act, Behaviour, Client, HeldSession};
use crate::simulation::model::{Admission, Entry, Model, Use};
use crate::support::Rng;
use crate::support::jobs::terms;

/// Takes note of each session that ends.
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
    pub behaviour: Behaviour,
    pub zone: &'static str,
    /// Expectation of each job of the configuration.
    pub plans: Vec<Plan>,
}

pub struct Simulation {
    service: SessionService,
    told: Rc<RefCell<Vec<Session>>>,
    model: Model,
    jobs: Vec<Job>,
    plans: Vec<Plan>,
    terms: JobOptions,
    zone: Tz,
    behaviour: Behaviour,
    rng: Rng,
    clients: Vec<Client>,
    wakes: BinaryHeap<Reverse<(i64, usize)>>,
    by_handle: HashMap<String, usize>,
    ran: Vec<(String, Expected)>,
    _folder: TempDir,
}

impl Simulation {
    pub fn new(config: Config, scenario: Scenario, start: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store::create(folder.path().join("sessions.db")).unwrap();
        let told = Rc::new(RefCell::new(Vec::new()));
        let service = SessionService::new(store, config.policies.clone())
            .with_host("mail1")
            .with_hook(Box::new(RecordingHook(told.clone())));
        let terms = JobOptions {
            zone: scenario.zone.parse().unwrap(),
            jitter: Jitter::from_number(7),
            guard: config.guard,
            write_limits: config.manners,
            keep_runs: config.keep_runs,
            ..terms()
        };
        assert_eq!(config.jobs.len(), scenario.plans.len());
        let mut simulation = Self {
            service,
            told,
            model: Model::of(config.policies),
            jobs: config.jobs,
            plans: scenario.plans,
            terms,
            zone: scenario.zone.parse().unwrap(),
            behaviour: scenario.behaviour,
            rng: Rng::seeded(scenario.seed),
            clients: Vec::new(),
            wakes: BinaryHeap::new(),
            by_handle: HashMap::new(),
            ran: Vec::new(),
            _folder: folder,
        };
        for number in 0..scenario.clients {
            simulation.is_born(number, start);
        }
        simulation
    }

    fn is_born(&mut self, number: usize, start: i64) {
        let user = format!("user{}", number / self.behaviour.per_user);
        let task = self.rng.one_of(self.behaviour.tasks);
        self.clients.push(Client { user, task, holds: None, old: None });
        let first = clients::next_visit(&self.behaviour, start, self.zone, &mut self.rng);
        self.wakes.push(Reverse((first, number)));
    }

    /// Lives from one moment to another, both at full minutes.
    /// Answers for which reasons sessions have ended.
    pub fn lives(&mut self, from: i64, until: i64) -> BTreeSet<EndReason> {
        let outages: Vec<(i64, i64)> = (0..6)
            .map(|_| (self.rng.between(from, until), self.rng.between(600, 9 * 3_600)))
            .map(|(off, seconds)| (off, off + seconds))
            .collect();
        for minute in (from..until).step_by(60) {
            for plan in &mut self.plans {
                plan.passes(minute, self.zone);
            }
            let now = minute + self.rng.between(0, 9);
            self.clients_act_until(now);
            let is_off = outages.iter().any(|(off, on)| (*off..*on).contains(&now));
            let could_be_due = self.plans.iter().any(|plan| plan.could_be_due(now));
            if !is_off && (could_be_due || minute == from || self.rng.percent(3)) {
                self.cron(now);
            }
            if minute % (12 * 3_600) == 0 {
                self.compare(now);
            }
        }
        self.compare(until);
        self.audit(until);
        let ended = self.model.all.iter().filter_map(|entry| entry.over);
        ended.map(|(_, reason)| reason).collect()
    }

    fn clients_act_until(&mut self, now: i64) {
        while let Some(Reverse((time, number))) = self.wakes.peek().copied()
            && time <= now
        {
            self.wakes.pop();
            let wait = self.client_acts(number, time);
            self.wakes.push(Reverse((time + wait, number)));
        }
    }

    /// One client does something; answers how long it then waits.
    fn client_acts(&mut self, number: usize, now: i64) -> i64 {
        match self.clients[number].act(&self.behaviour, &mut self.rng) {
            Act::Open(asked) => self.opens(number, asked, now),
            Act::Touch => {
                let held = self.clients[number].holds.clone().unwrap();
                if !self.touches(&held, now) {
                    self.clients[number].holds = None;
                }
                clients::pause(self.model.all[held.entry].timeout, &mut self.rng)
            }
            Act::TryTheOldOne => {
                let held = self.clients[number].old.take().unwrap();
                if self.touches(&held, now) {
                    self.clients[number].holds = Some(held);
                }
                self.rng.between(0, 60)
            }
            Act::Close => {
                let held = self.clients[number].holds.take().unwrap();
                self.closes(&held, now);
                self.clients[number].old = Some(held);
                self.next_visit(now)
            }
            Act::Leave => {
                self.clients[number].old = self.clients[number].holds.take();
                self.next_visit(now)
            }
        }
    }

    fn next_visit(&mut self, now: i64) -> i64 {
        clients::next_visit(&self.behaviour, now, self.zone, &mut self.rng) - now
    }

    fn opens(
        &mut self,
        number: usize,
        asked: sessctl::domain::policy::TimeoutRequest,
        now: i64,
    ) -> i64 {
        let (task, user) = (self.clients[number].task, self.clients[number].user.clone());
        let cleared = self.model.cleared_for(task, now);
        for entry in &cleared {
            self.model.ends(*entry, now, EndReason::Abandoned);
        }
        let admission = self.model.admission(task, &user, now);
        let opening = OpenRequest {
            task: task.into(),
            user: Some(user.clone()),
            client: None,
            timeout: asked,
        };
        let answer = self.service.open(opening, UnixTime(now));
        let mut told = self.take_told(now);
        told.retain(|entry, reason| !cleared.contains(entry) || *reason != EndReason::Abandoned);
        let Some(opened) = self.is_right(admission, answer, &told) else {
            *self.model.refused.entry(task).or_default() += 1;
            return self.next_visit(now);
        };
        for (entry, reason) in told {
            self.model.ends(entry, now, reason);
        }
        let timeout = opened.idle_timeout.map(sessctl::Span::as_seconds);
        assert_eq!(timeout, self.model.grant(task, asked));
        let entry = self.model.opens(Entry {
            task,
            user,
            opened: now,
            used: now,
            timeout,
            mark: None,
            checks: 0,
            over: None,
        });
        self.by_handle.insert(opened.handle, entry);
        self.clients[number].holds = Some(HeldSession { token: opened.token, entry });
        self.within_limits(task, entry);
        clients::pause(timeout, &mut self.rng)
    }

    /// True if a session was let in or refused, and made way for, as it should be.
    fn is_right(
        &self,
        admission: Admission,
        answer: Result<OpenedSession, Error>,
        told: &BTreeMap<usize, EndReason>,
    ) -> Option<OpenedSession> {
        match (admission, answer) {
            (Admission::Full, Err(Error::LimitReached(_))) => {
                assert!(told.is_empty(), "{told:?}");
                None
            }
            (Admission::Open(gone), Ok(opened)) => {
                assert_eq!(told.len(), usize::from(!gone.is_empty()), "{told:?} of {gone:?}");
                let may_go = |(entry, reason): (&usize, &EndReason)| {
                    gone.contains(entry) && *reason == EndReason::Evicted
                };
                assert!(told.iter().all(may_go), "{told:?} of {gone:?}");
                Some(opened)
            }
            (admission, answer) => panic!("{admission:?}, but {answer:?}"),
        }
    }

    fn within_limits(&self, task: &str, newest: usize) {
        let policy = self.service.policies().for_task(task);
        let live = self.model.live_of(task);
        let is_own = |entry: &&usize| self.model.all[**entry].user == self.model.all[newest].user;
        let own = live.iter().filter(is_own).count() as u64;
        if let Some(licence) = self.service.policies().licence_of(task) {
            assert!(self.model.live_under(task).len() as u64 <= licence.limit);
        }
        assert!(policy.limit == 0 || live.len() as u64 <= policy.limit);
        assert!(policy.user_limit == 0 || own <= policy.user_limit);
    }

    /// Answers whether the session was served.
    fn touches(&mut self, held: &HeldSession, now: i64) -> bool {
        let before = self.model.all[held.entry].clone();
        let expected = match self.model.touches(held.entry, now) {
            Use::Renews => TouchOutcome::Renewed,
            Use::WritesNothing => TouchOutcome::Unchanged,
            Use::IsRefused(reason) => TouchOutcome::Ended(reason),
            Use::FindsNothing => TouchOutcome::Unknown,
        };
        let tokens = std::slice::from_ref(&held.token);
        let outcome = self.service.touch(tokens, UnixTime(now)).unwrap()[0].outcome;
        assert_eq!(outcome, expected, "at {now}: {before:?}");
        outcome.is_live()
    }

    fn closes(&mut self, held: &HeldSession, now: i64) {
        let entry = &self.model.all[held.entry];
        let expected = match entry.over {
            _ if !self.model.has_row(held.entry) => TouchOutcome::Unknown,
            Some((_, reason)) => TouchOutcome::Ended(reason),
            None => TouchOutcome::Closed,
        };
        let tokens = std::slice::from_ref(&held.token);
        let outcome = self.service.close(tokens, UnixTime(now)).unwrap()[0].outcome;
        assert_eq!(outcome, expected, "at {now}: {entry:?}");
        if outcome == TouchOutcome::Closed {
            self.model.ends(held.entry, now, EndReason::Closed);
        }
        let told = self.take_told(now);
        assert_eq!(told.len(), usize::from(outcome == TouchOutcome::Closed));
    }

    /// The sessions that have just ended, and why.
    fn take_told(&mut self, now: i64) -> BTreeMap<usize, EndReason> {
        let told = std::mem::take(&mut *self.told.borrow_mut());
        let count = told.len();
        let ended: BTreeMap<usize, EndReason> = told
            .into_iter()
            .map(|session| {
                let end = session.end.unwrap();
                assert_eq!(end.at.0, now);
                (self.by_handle[&session.handle], end.reason)
            })
            .collect();
        assert_eq!(ended.len(), count, "each is told once");
        ended
    }

    /// Runs the due jobs, as `sessctl run` does.
    fn cron(&mut self, now: i64) {
        for place in 0..self.jobs.len() {
            let job = &self.jobs[place];
            let go_on = &mut || ControlFlow::Continue(());
            let ran = self.service.run_job(job, &self.terms, UnixTime(now), go_on).unwrap();
            let (name, work) = (job.name.clone(), job.work.clone());
            if let Some(expected) = self.plans[place].asked(now, &ran) {
                if !expected.is_skipped {
                    self.follows(&work, &ran, expected.planned, now);
                }
                self.ran.push((name, expected));
            }
            assert!(self.take_told(now).is_empty());
        }
    }

    /// The model does what a job has done, and both are compared.
    fn follows(&mut self, work: &JobAction, ran: &JobOutcome, planned: i64, now: i64) {
        let told = self.take_told(now);
        match (work, ran) {
            (JobAction::Purge(None), JobOutcome::Purged(summary)) => {
                let purged = self.model.purges(planned, now);
                assert_eq!(told, purged.ended, "at {now}");
                assert_eq!(summary.done.ended, purged.ended.len() as u64);
                assert_eq!(summary.done.marked, purged.marked);
                assert_eq!(summary.done.deleted, purged.deleted);
                assert_eq!(summary.live, self.model.live());
            }
            (JobAction::Cycle(task), JobOutcome::Cycled(cycled)) => {
                let live = self.model.live_of(task.as_str());
                assert_eq!(told.keys().copied().collect::<BTreeSet<_>>(), live, "at {now}");
                assert!(told.values().all(|reason| *reason == EndReason::Cycled));
                assert_eq!(cycled.ended, live.len() as u64);
                for entry in live {
                    self.model.ends(entry, now, EndReason::Cycled);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}
