//! Jobs that write reports: when they are due, and what the ledger records.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use sessctl::app::{JobOutcome, ListRequest, ReportWriter};
use sessctl::domain::job::{Job, JobAction, JobStatus, JobTiming, ReportFile};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{Backend, Lease, RunOutcome, StartResult};
use sessctl::store::{Access, Location};
use sessctl::{Error, OpenRequest, Policies, SessionService, store};

use crate::support::adopted::ApplicationDb;
use crate::support::jobs::{Database, Host, job, planned, terms};
use crate::support::processes::until;
use crate::support::profiles::laravel;
use crate::support::{DAY, HOUR, NOW, at, later, rqlite};

const LARAVEL: &str = include_str!("../../../fixtures/frameworks/laravel.sql");

/// Seven on a Monday.
const SEVEN: &str = "2026-06-15T07:00:00Z";

fn weekly() -> Job {
    let name = "/srv/r.html".parse().unwrap();
    let report = ReportFile { name, since: Span::days(30) };
    job("weekly", JobTiming::At("0 7 1".parse().unwrap()), JobAction::Report(report))
}

type Written = Rc<RefCell<Vec<UnixTime>>>;

/// Remembers the times of its reports, or fails.
struct Writer {
    written: Written,
    failure: Option<fn() -> Error>,
}

impl ReportWriter for Writer {
    fn write(
        &mut self,
        report: &ReportFile,
        _service: &mut SessionService,
        now: UnixTime,
    ) -> sessctl::Result<String> {
        if let Some(failure) = self.failure {
            return Err(failure());
        }
        self.written.borrow_mut().push(now);
        Ok(report.name.at(now))
    }
}

fn host_of(database: &Database, failure: Option<fn() -> Error>) -> (Host, Written) {
    let written = Written::default();
    let writer = Writer { written: Rc::clone(&written), failure };
    let Host { service, terms } = database.host("mail1");
    (Host { service: service.with_report_writer(Box::new(writer)), terms }, written)
}

/// A host that has had the job for a week, and ran it on the Monday before.
fn host(failure: Option<fn() -> Error>) -> (Host, Written, Database) {
    let database = Database::new();
    let (mut host, written) = host_of(&database, failure);
    host.set_jobs(&[&weekly()], later(at(SEVEN), -DAY));
    (host, written, database)
}

#[test]
fn a_report_is_written_at_its_time_and_recorded_like_any_run() {
    let (mut host, written, _database) = host(None);
    let seven = at(SEVEN);
    assert!(matches!(host.run_if_due(&weekly(), later(seven, -1)), JobOutcome::NotDue(_)));
    assert_eq!(host.run_if_due(&weekly(), seven), JobOutcome::Reported("/srv/r.html".to_owned()));
    assert!(matches!(host.run_if_due(&weekly(), later(seven, HOUR)), JobOutcome::NotDue(_)));
    assert_eq!(*written.borrow(), [seven]);
    let run = host.last_run(later(seven, HOUR));
    assert_eq!((run.work.as_str(), run.job.as_deref()), ("report", Some("weekly")));
    assert_eq!((run.outcome, run.planned, run.finished), (RunOutcome::Done, seven, Some(seven)));
    assert_eq!((run.marked, run.ended, run.deleted), (0, 0, 0));
}

#[test]
fn a_missed_report_is_made_up_for_once() {
    let (mut host, written, _database) = host(None);
    // Three Mondays pass without anybody there.
    let wednesday = later(at(SEVEN), 16 * DAY);
    assert!(matches!(host.run_if_due(&weekly(), wednesday), JobOutcome::Reported(_)));
    assert!(matches!(host.run_if_due(&weekly(), later(wednesday, DAY)), JobOutcome::NotDue(_)));
    assert_eq!(*written.borrow(), [wednesday]);
    let runs = host.ledger(wednesday);
    assert_eq!(planned(&runs), ["2026-06-29T07:00:00Z"]);
    assert_eq!(runs[0].missed, 2);
}

#[test]
fn a_report_that_fails_has_its_reason_and_runs_at_its_next_time() {
    let (mut host, _, _database) =
        host(Some(|| Error::failed("write the report \"/srv/r.html\"", "there is no directory")));
    assert!(host.try_run_if_due(&weekly(), at(SEVEN)).is_err());
    let run = host.last_run(at(SEVEN));
    assert_eq!(run.outcome, RunOutcome::Failed);
    let reason = "could not write the report \"/srv/r.html\": there is no directory";
    assert_eq!(run.reason.as_deref(), Some(reason));
    let status = host.job_status(&weekly(), later(at(SEVEN), HOUR));
    let JobStatus::Scheduled { next, .. } = status else { panic!("{status:?}") };
    assert_eq!(next, later(at(SEVEN), 7 * DAY));
}

#[test]
fn a_report_of_a_locked_database_stays_due() {
    let (mut host, _, _database) = host(Some(|| Error::Busy { at: "app.db".to_owned() }));
    assert!(host.try_run_if_due(&weekly(), at(SEVEN)).is_err());
    assert_eq!(host.last_run(at(SEVEN)).outcome, RunOutcome::Partial);
    let status = host.job_status(&weekly(), later(at(SEVEN), HOUR));
    assert!(matches!(status, JobStatus::Due(due) if due.resumes), "{status:?}");
}

#[test]
fn a_report_runs_beside_a_purge_but_not_beside_itself() {
    let (mut host, written, database) = host(None);
    let hold = |name: &str| {
        let lease = Lease { name: name.to_owned(), holder: "purge:other".to_owned() };
        let taken = database.store().take_lease(&lease, at(SEVEN)).unwrap();
        assert_eq!(taken, StartResult::Started);
        lease
    };
    hold("purge");
    let own = hold("report weekly");
    let ran = host.try_run_if_due(&weekly(), at(SEVEN));
    assert!(matches!(ran, Err(Error::LeaseHeld { .. })), "{ran:?}");
    database.store().drop_lease(&own).unwrap();
    assert!(matches!(host.run_if_due(&weekly(), at(SEVEN)), JobOutcome::Reported(_)));
    assert_eq!(written.borrow().len(), 1);
}

/// Reads the table until the lease of its report has been renewed in the meantime.
struct SlowWriter(Rc<dyn Fn() -> Box<dyn Backend>>);

impl ReportWriter for SlowWriter {
    fn write(
        &mut self,
        report: &ReportFile,
        service: &mut SessionService,
        now: UnixTime,
    ) -> sessctl::Result<String> {
        let ledger = (self.0)();
        let renewed_at = || ledger.lease_holder("report weekly").unwrap().unwrap().renewed_at;
        let reads = service.list(&ListRequest::default(), now, &mut |_| {
            until(|| renewed_at() > now);
            Ok(ControlFlow::Continue(()))
        });
        assert!(reads.unwrap().shown > 0);
        Ok(report.name.at(now))
    }
}

/// Runs the job over a table with a slow writer.
fn reports_slowly(open: impl Fn() -> Box<dyn Backend> + 'static) {
    let open = Rc::new(open);
    let writer = Box::new(SlowWriter(Rc::<_>::clone(&open) as _));
    let service = SessionService::new(open(), Policies::default()).with_host("mail1");
    let mut host = Host { service: service.with_report_writer(writer), terms: terms() };
    host.set_jobs(&[&weekly()], later(at(SEVEN), -DAY));
    assert!(matches!(host.run_if_due(&weekly(), at(SEVEN)), JobOutcome::Reported(_)));
    assert_eq!(host.last_run(later(at(SEVEN), HOUR)).outcome, RunOutcome::Done);
}

#[test]
fn the_lease_of_a_report_is_renewed_while_it_reads_the_table() {
    let database = Database::new();
    let mut service = SessionService::new(database.store(), Policies::default());
    service.open(OpenRequest { task: "imap".into(), ..OpenRequest::default() }, NOW).unwrap();
    reports_slowly(move || database.store());
}

#[test]
fn the_lease_of_a_report_on_a_framework_table_is_renewed_as_well() {
    let application = ApplicationDb::of(LARAVEL);
    reports_slowly(move || application.store(laravel()));
}

#[test]
#[ignore = "needs rqlite"]
fn the_lease_of_a_report_on_a_cluster_is_renewed_as_well() {
    let cluster = rqlite::shared();
    let location = Location::parse(cluster.url().as_ref()).unwrap();
    let mut service = SessionService::new(store::create(&location).unwrap(), Policies::default());
    service.open(OpenRequest { task: "imap".into(), ..OpenRequest::default() }, NOW).unwrap();
    reports_slowly(move || store::open(&location, Access::Write).unwrap());
}

#[test]
fn another_file_or_period_keeps_the_history() {
    let other = |since: Span, name: &str| {
        let report = ReportFile { name: name.parse().unwrap(), since };
        Job { work: JobAction::Report(report), ..weekly() }
    };
    let zone = sessctl::domain::time_zone::TimeZone::UTC;
    assert_eq!(other(Span::days(7), "/srv/other.txt").spec(&zone), weekly().spec(&zone));
}
