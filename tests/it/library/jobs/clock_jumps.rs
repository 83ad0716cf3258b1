//! Clocks that have jumped since the last run: no session ends because of it.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use sessctl::app::{CycleRequest, PurgeRequest};
use sessctl::domain::clock::{ClockGuard, ClockReading, ClockRefusal, ClockStamp};
use sessctl::domain::policy::{ExpiryMode, OverflowPolicy, Policies, Policy};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::{Error, OpenRequest, SessionService, Token};

use crate::support::jobs::{Database, Host, cycle_at, has_run, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

const YEAR: i64 = 365 * DAY;

/// By how much a wall clock may be wrong; the last one shows 1970.
const JUMPS: [i64; 10] = [
    HOUR + MINUTE,
    -HOUR - MINUTE,
    DAY,
    -DAY,
    YEAR,
    -YEAR,
    20 * YEAR,
    -20 * YEAR,
    -49 * YEAR,
    -1_781_438_400,
];

/// The clocks of a machine.
#[derive(Debug, Clone)]
struct Clocks {
    /// The right time.
    time: i64,
    /// Difference of the wall clock from the right time, in seconds.
    off: i64,
    boot: &'static str,
    booted: i64,
    is_synchronized: bool,
}

/// A machine whose clock a test sets.
struct Machine {
    host: Host,
    database: Database,
    clocks: Rc<RefCell<Clocks>>,
}

impl Machine {
    /// One that has been running for a day.
    fn new(policy: &Policy) -> Self {
        let database = Database::new();
        let time = at("2026-06-15T12:00:00Z").0;
        let booted = time - DAY;
        let clocks = Clocks { time, off: 0, boot: "one", booted, is_synchronized: false };
        let clocks = Rc::new(RefCell::new(clocks));
        let host = Self::host(&database, &clocks, policy);
        Self { host, database, clocks }
    }

    fn host(database: &Database, clocks: &Rc<RefCell<Clocks>>, policy: &Policy) -> Host {
        let terms = database.host("mail1").terms;
        let seen = Rc::clone(clocks);
        let service = SessionService::new(database.store(), Policies::uniform(policy.clone()))
            .with_host("mail1")
            .with_clock_guard(
                ClockGuard::default(),
                Box::new(move |wall| seen.borrow().read(wall)),
            );
        Host { service, terms }
    }

    /// Another process on the same machine.
    fn starts_anew(&mut self) {
        let policy = self.host.service.policies().default.clone();
        self.host = Self::host(&self.database, &self.clocks, &policy);
    }

    /// Time passes, and the next process comes.
    fn later(&mut self, seconds: i64) {
        self.clocks.borrow_mut().time += seconds;
        self.starts_anew();
    }

    /// Moves the wall clock this far from the right time.
    fn is_off_by(&mut self, off: i64) {
        self.clocks.borrow_mut().off = off;
        self.starts_anew();
    }

    fn now(&self) -> UnixTime {
        let clocks = self.clocks.borrow();
        UnixTime(clocks.time + clocks.off)
    }

    fn opens(&mut self, task: &str) -> Token {
        let now = self.now();
        self.host.opens(task, now)
    }

    /// Purges; returns the numbers of ended and of marked sessions.
    fn purges(&mut self) -> Result<(u64, u64), Error> {
        let now = self.now();
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        let summary = self.host.service.purge(&PurgeRequest::default(), now, go_on)?;
        Ok((summary.done.ended, summary.done.marked))
    }

    fn is_refused(&mut self) -> Option<ClockRefusal> {
        match self.purges() {
            Err(Error::Clock(refusal)) => Some(refusal),
            other => {
                assert!(other.is_ok(), "{other:?}");
                None
            }
        }
    }
}

impl Clocks {
    fn read(&self, wall: UnixTime) -> ClockReading {
        let boottime = self.time - self.booted;
        ClockReading {
            stamp: ClockStamp {
                wall,
                boot: Some(self.boot.to_owned()),
                boottime,
                uptime: Some(boottime),
            },
            synchronized: self.is_synchronized.then_some(UnixTime(self.time + self.off)),
        }
    }
}

/// Policies of all expiry modes, with times of a day.
fn policies() -> Vec<Policy> {
    let of = |expire, lifetime| Policy {
        expire,
        timeout: Some(Span::minutes(30)),
        lifetime,
        delay: Span::hours(12),
        ..Policy::default()
    };
    vec![
        of(ExpiryMode::Timeout, None),
        of(ExpiryMode::Abandoned, None),
        of(ExpiryMode::TwoPass, None),
        of(ExpiryMode::Never, Some(Span::hours(8))),
        of(ExpiryMode::Timeout, Some(Span::hours(1))),
    ]
}

#[test]
fn no_session_ends_that_is_live_at_the_right_time_and_purges_go_on_afterwards() {
    for policy in policies() {
        for off in JUMPS {
            let what = format!("{off} under {policy:?}");
            // Given a session in use, and a purge that went by the right time
            let mut machine = Machine::new(&policy);
            let token = machine.opens("imap");
            assert_eq!(machine.is_refused(), None, "{what}");
            let runs = machine.host.ledger(machine.now()).len();
            // When the clock jumps, then no purge ends it, however often it is tried
            for _ in 0..3 {
                machine.later(5 * MINUTE);
                machine.is_off_by(off);
                let refusal = machine.is_refused().expect(&what);
                assert_eq!(refusal.moved, off, "{what}");
                // and the ledger knows of no run at a wrong time
                assert_eq!(machine.host.ledger(machine.now()).len(), runs, "{what}");
            }
            // When it is right again, then the next purge works, and the session is live
            machine.is_off_by(0);
            assert_eq!(machine.purges().unwrap().0, 0, "{what}");
            assert!(machine.host.is_live(&token, machine.now()), "{what}");
            // And what is due ends as it always has
            let over = machine.opens("imap");
            machine.later(13 * HOUR);
            machine.purges().unwrap();
            machine.later(13 * HOUR);
            machine.purges().unwrap();
            assert!(!machine.host.is_live(&over, machine.now()), "{what}");
        }
    }
}

#[test]
fn a_clock_that_is_wrong_at_the_first_run_or_accepted_is_gone_by() {
    let mut machine = Machine::new(&Policy::default());
    let token = machine.opens("imap");
    machine.is_off_by(YEAR);
    assert_eq!(machine.is_refused(), None);
    assert!(!machine.host.is_live(&token, machine.now()));
    // When it is set right, that is a jump, too, until somebody says that it is right
    machine.is_off_by(0);
    assert_eq!(machine.is_refused().map(|refusal| refusal.moved), Some(-YEAR));
    machine.host.service.accept_clock();
    assert_eq!(machine.is_refused(), None);
    machine.starts_anew();
    assert_eq!(machine.is_refused(), None);
}

#[test]
fn in_a_round_no_job_runs_and_the_ledger_of_jobs_stays_as_it_is() {
    for off in JUMPS {
        // Given a purge and a cycle that have run
        let mut machine = Machine::new(&Policy::default());
        let jobs = [purge_every("5m"), cycle_at("0 12 *")];
        for job in &jobs {
            machine.host.run_if_due(job, machine.now());
        }
        let token = machine.opens("imap");
        let known = machine.database.store().jobs("", machine.now()).unwrap();
        // When the clock jumps, then neither of them runs, and nothing is noted of them
        machine.later(2 * MINUTE);
        machine.is_off_by(off);
        let round = machine.host.service.check_clock(machine.now());
        assert!(matches!(round, Err(Error::Clock(_))), "{off}");
        for job in &jobs {
            let refusal = machine.host.try_run_if_due(job, machine.now());
            assert!(matches!(refusal, Err(Error::Clock(_))), "{off}: {refusal:?}");
        }
        assert_eq!(machine.database.store().jobs("", machine.now()).unwrap(), known);
        // And once it is right they go on at their next time
        machine.is_off_by(0);
        machine.host.service.check_clock(machine.now()).unwrap();
        assert!(machine.host.is_live(&token, machine.now()), "{off}");
        machine.later(5 * MINUTE);
        assert!(has_run(&machine.host.run_if_due(&jobs[0], machine.now())), "{off}");
        assert!(!has_run(&machine.host.run_if_due(&jobs[1], machine.now())), "{off}");
    }
}

#[test]
fn a_clock_that_jumps_within_a_round_stops_it() {
    let mut machine = Machine::new(&Policy::default());
    machine.purges().unwrap();
    machine.later(5 * MINUTE);
    machine.host.run_if_due(&purge_every("5m"), machine.now());
    machine.later(5 * MINUTE);
    machine.host.service.check_clock(machine.now()).unwrap();
    assert!(has_run(&machine.host.run_if_due(&purge_every("5m"), machine.now())));
    // The same process goes on
    machine.clocks.borrow_mut().off = YEAR;
    let ran = machine.host.try_run_if_due(&cycle_at("0 * *"), machine.now());
    assert!(matches!(ran, Err(Error::Clock(_))), "{ran:?}");
}

#[test]
fn a_purge_judges_by_the_time_at_which_it_began() {
    // Given a session in use and many that are over
    let mut machine = Machine::new(&Policy::default());
    machine.purges().unwrap();
    for _ in 0..400 {
        machine.opens("imap");
    }
    machine.later(HOUR);
    let live = machine.opens("imap");
    // When the clock jumps while they end
    let (now, clocks) = (machine.now(), Rc::clone(&machine.clocks));
    let jump = &mut |_: &_| {
        clocks.borrow_mut().off = 20 * YEAR;
        ControlFlow::Continue(())
    };
    let summary = machine.host.service.purge(&PurgeRequest::default(), now, jump).unwrap();
    // Then the one in use is live
    assert_eq!(summary.done.ended, 400);
    machine.is_off_by(0);
    assert!(machine.host.is_live(&live, now));
}

#[test]
fn a_jump_is_believed_after_a_day_or_at_once_where_the_kernel_vouches_for_it() {
    for off in [YEAR, -2 * HOUR] {
        let mut machine = Machine::new(&Policy::default());
        machine.purges().unwrap();
        machine.is_off_by(off);
        for _ in 0..24 {
            assert!(machine.is_refused().is_some());
            machine.later(HOUR - 1);
        }
        machine.later(24);
        assert_eq!(machine.is_refused(), None);
        machine.later(HOUR);
        assert_eq!(machine.is_refused(), None);

        let mut machine = Machine::new(&Policy::default());
        machine.purges().unwrap();
        machine.is_off_by(off);
        assert!(machine.is_refused().is_some());
        machine.clocks.borrow_mut().is_synchronized = true;
        assert_eq!(machine.is_refused(), None);
    }
}

#[test]
fn across_a_start_of_the_machine_a_clock_behind_is_refused() {
    let starts = |off: i64| {
        let mut machine = Machine::new(&Policy::default());
        machine.purges().unwrap();
        machine.later(20);
        machine.is_off_by(off);
        {
            let mut clocks = machine.clocks.borrow_mut();
            clocks.boot = "two";
            clocks.booted = clocks.time - 10;
        }
        machine.is_refused().is_some()
    };
    for off in JUMPS {
        assert_eq!(starts(off), off < 0, "{off}");
    }
}

#[test]
fn idle_rounds_keep_the_reference_from_growing_old() {
    // Given a job that does not run for a week
    let mut machine = Machine::new(&Policy::default());
    let round = |machine: &mut Machine| {
        machine.host.service.check_clock(machine.now()).map_err(|error| error.to_string())
    };
    round(&mut machine).unwrap();
    for _ in 0..72 {
        machine.later(2 * HOUR);
        round(&mut machine).unwrap();
    }
    // When the machine starts with a clock that is three hours behind, that is seen
    machine.is_off_by(-3 * HOUR);
    machine.clocks.borrow_mut().boot = "two";
    let refusal = round(&mut machine).unwrap_err();
    assert!(refusal.contains("moved back by 3 hours since"), "{refusal}");
}

#[test]
fn a_session_opens_above_its_limits_and_none_is_evicted() {
    for (when_full, user_limit) in [
        (OverflowPolicy::EvictIdle, 0),
        (OverflowPolicy::EvictLru, 0),
        (OverflowPolicy::Refuse, 0),
        (OverflowPolicy::EvictLru, 1),
    ] {
        let policy = Policy { limit: 2, user_limit, when_full, ..Policy::default() };
        let mut machine = Machine::new(&policy);
        machine.purges().unwrap();
        let first = [machine.opens("imap"), machine.opens("imap")];
        for off in [20 * YEAR, -20 * YEAR] {
            machine.is_off_by(off);
            let opening = OpenRequest { task: "imap".into(), ..OpenRequest::default() };
            let opened = machine.host.service.open(opening, machine.now()).unwrap();
            assert_eq!(opened.evicted, 0);
            assert_eq!(opened.clock.map(|refusal| refusal.moved), Some(off));
        }
        machine.is_off_by(0);
        for token in &first {
            assert!(machine.host.is_live(token, machine.now()), "{when_full:?}");
        }
    }
}

#[test]
fn without_a_limit_the_clock_is_not_checked() {
    let mut machine = Machine::new(&Policy::default());
    machine.purges().unwrap();
    machine.is_off_by(YEAR);
    let opening = OpenRequest { task: "imap".into(), ..OpenRequest::default() };
    let opened = machine.host.service.open(opening, machine.now()).unwrap();
    assert_eq!(opened.clock, None);
    // An administrator ends what he likes
    let go_on = &mut || ControlFlow::Continue(());
    let now = machine.now();
    let cycled =
        machine.host.service.cycle(&CycleRequest::default(), now, &mut |_| {}, go_on).unwrap();
    assert_eq!(cycled.ended, 1);
    // And who asks in advance learns it, without a trace
    let before = machine.database.store().clock_reference("mail1").unwrap();
    assert!(machine.host.service.clock_refusal(later(now, 1)).unwrap().is_some());
    assert_eq!(machine.database.store().clock_reference("mail1").unwrap(), before);
}
