//! A paged connection yields the same results as a direct one.

mod open_session;
mod paged_double;
mod task_rules;

use std::ops::ControlFlow;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{ExpiryMode, Policies, Policy};
use sessctl::domain::profile::SqlValue;
use sessctl::domain::session::Session;
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{
    DueScan, GroupBy, Invoker, Ledger, NewRun, Order, PolicyContext, RunEnd, RunNote, RunOrigin,
    RunOutcome, RunQuery, ScanLimits, SessionQuery, SessionStore, SortKey,
};
use sessctl::store::Access;
use sessctl::store::database::Database;
use sessctl::store::database::sqlite::SqliteFile;
use sessctl::store::native::table::Native;
use sessctl::store::statement::Statement;

use paged_double::PagedDouble;
use tempfile::TempDir;

const NOW: UnixTime = UnixTime(1_781_524_800);

/// A table opened directly and through a paged connection.
struct Tables {
    direct: Native<SqliteFile>,
    paged: Native<PagedDouble>,
    _folder: TempDir,
}

/// Bytes of a text, which need not be UTF-8, and may hold anything.
type Text = Vec<u8>;
/// Task, user, client, seconds since the last use, the timeout, seconds since the end.
type Row = (Text, Option<Text>, Option<Text>, i64, Option<i64>, Option<i64>);

fn texts(some: Vec<&'static [u8]>) -> impl Strategy<Value = Text> {
    select(some).prop_map(<[u8]>::to_vec)
}

fn row() -> impl Strategy<Value = Row> {
    let names: Vec<&[u8]> =
        vec![b"alice", b"Alice", b"", b"bo\0b", b"bo\xffb", "bo\u{fffd}b".as_bytes()];
    (
        texts(vec![b"imap", b"IMAP", b"http", b"im_p"]),
        option::of(texts(names.clone())),
        option::of(texts(names)),
        -2..6_i64,
        option::of(0..4_i64),
        option::weighted(0.3, -1..6_i64),
    )
}

impl Tables {
    fn with(rows: &[Row]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sessions.db");
        let mut direct = sessctl::store::open_native::create_file(&path).unwrap();
        let insert = |(serial, row): (usize, &Row)| {
            let (task, user, client, idle, timeout, ended) = row;
            let blob = |text: &Text| SqlValue::Blob(text.clone());
            let ago = |seconds: i64| NOW.0 - seconds;
            Statement::new(
                "INSERT INTO sessions SELECT ?1, CAST(?2 AS TEXT), CAST(?3 AS TEXT), \
                 CAST(?4 AS TEXT), ?5, ?5, ?6, NULL, ?7, iif(?7 IS NULL, NULL, 'closed'), \
                 CAST(?4 AS TEXT)",
            )
            .with(format!("{:064x}", serial * 7_919 % 1_009))
            .with(user.as_ref().map(blob))
            .with(blob(task))
            .with(client.as_ref().map(blob))
            .with(ago(*idle))
            .with(*timeout)
            .with(ended.map(ago))
        };
        let statements: Vec<Statement> = rows.iter().enumerate().map(insert).collect();
        direct.database.execute_batch(&statements).unwrap();
        let paged = Native::new(PagedDouble(SqliteFile::open(&path, Access::Write).unwrap()));
        Self { direct, paged, _folder: folder }
    }
}

prop_compose! {
    fn policy()(
        expire in select(ExpiryMode::ALL),
        abandoned in 0..4_i64,
        lifetime in option::of(0..6_i64),
        retention in option::of(0..4_i64),
    ) -> Policy {
        Policy {
            expire,
            abandoned: Span::seconds(abandoned),
            lifetime: lifetime.map(Span::seconds),
            retention: retention.map(Span::seconds),
            ..Policy::default()
        }
    }
}

fn tasks() -> impl Strategy<Value = TaskPattern> {
    select(vec!["i*p", "*_p", "I*", "http"]).prop_map(TaskPattern::from)
}

fn policies() -> impl Strategy<Value = Policies> {
    let cap = option::of((tasks(), 0..4_i64));
    let own = (option::of(policy()), option::of((tasks(), policy())));
    (policy(), own, cap).prop_map(|(default, (imap, others), cap)| {
        let mut policies = Policies::uniform(default);
        if let Some(imap) = imap {
            policies.insert("Imap", imap);
        }
        if let Some((tasks, policy)) = others {
            policies.insert(tasks.as_str(), policy);
        }
        if let Some((tasks, max)) = cap {
            policies.cap_retention(tasks.as_str(), Some(Span::seconds(max)));
        }
        policies
    })
}

fn scope<'a>(policies: &'a Policies, task: Option<&'a TaskPattern>) -> PolicyContext<'a> {
    PolicyContext { policies, now: NOW, planned: None, task }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn listed<T: Database>(table: &Native<T>, query: &SessionQuery<'_>) -> Vec<Session> {
    let mut sessions = Vec::new();
    table
        .scan(query, &mut |session| {
            sessions.push(session);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    sessions
}

fn user_stats<T: Database>(
    table: &Native<T>,
    scope: &PolicyContext<'_>,
    by: GroupBy,
) -> Vec<String> {
    let mut loads = Vec::new();
    table
        .user_stats(scope, by, &mut |load| {
            loads.push(format!("{load:?}"));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    loads
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn pages_combine_to_the_whole_list_in_every_order(
        rows in vec(row(), 0..14),
        policies in policies(),
        due_only in any::<bool>(),
        reverse in any::<bool>(),
    ) {
        let tables = Tables::with(&rows);
        for by in SortKey::ALL {
            let order = Order { by: *by, reverse };
            let filter = &Filter::default();
            let query = SessionQuery { scope: scope(&policies, None), filter, due_only, after: None, order };
            prop_assert_eq!(listed(&tables.paged, &query), listed(&tables.direct, &query), "{}", by);
        }
        for by in [GroupBy::User, GroupBy::TaskAndUser, GroupBy::Client, GroupBy::Agent] {
            let scope = scope(&policies, None);
            prop_assert_eq!(user_stats(&tables.paged, &scope, by), user_stats(&tables.direct, &scope, by));
        }
    }

    #[test]
    fn window_scan_equals_row_scan(
        rows in vec(row(), 0..20),
        policies in policies(),
        task in option::weighted(0.3, select(vec!["imap", "i*", "*p"]).prop_map(TaskPattern::from)),
        (due, most) in (prop_oneof![1..5_usize, Just(usize::MAX)], prop_oneof![1..9_usize, Just(usize::MAX)]),
        backlog in option::of(0..8_i64),
    ) {
        let tables = Tables::with(&rows);
        let scope = scope(&policies, task.as_ref());
        let backlog = backlog.map(|seconds| UnixTime(NOW.0 - seconds));
        let limits = ScanLimits { due, rows: most, backlog, ..ScanLimits::ALL };
        let mut after = None;
        loop {
            let without_version = |scan: DueScan| DueScan { version: None, ..scan };
            let direct = without_version(tables.direct.scan_due(&scope, after.as_ref(), limits).unwrap());
            let paged = without_version(tables.paged.scan_due(&scope, after.as_ref(), limits).unwrap());
            prop_assert_eq!(format!("{paged:?}"), format!("{direct:?}"));
            if direct.last.is_none() {
                break;
            }
            after = direct.last;
        }
    }
}

#[test]
fn a_scan_without_time_advances_to_the_end() {
    // Given more rows than one window has
    let rows: Vec<Row> = (0..900)
        .map(|serial| (b"imap".to_vec(), None, None, serial % 2 * 5, Some(3), None))
        .collect();
    let tables = Tables::with(&rows);
    let policies = Policies::default();
    // When each scan has a time limit of zero
    let limits = ScanLimits { due: 100, rows: 70, time: Duration::ZERO, ..ScanLimits::ALL };
    let (mut after, mut scanned, mut due) = (None, 0, 0);
    loop {
        let scan = tables.paged.scan_due(&scope(&policies, None), after.as_ref(), limits).unwrap();
        assert!(scan.rows <= 70);
        scanned += scan.rows;
        due += scan.counts.due;
        match scan.last {
            None => break,
            last => after = last,
        }
    }
    // Then all rows have been seen once
    assert_eq!((scanned, due), (900, 450));
}

#[test]
fn runs_are_paged() {
    let mut tables = Tables::with(&[]);
    let run = NewRun {
        job: None,
        work: "purge".to_owned(),
        task: None,
        note: RunNote::default(),
        rules: String::new(),
        planned: NOW,
        started: NOW,
        last_settled_at: None,
        missed: 0,
        origin: RunOrigin {
            host: "mail1".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            user: "root".to_owned(),
            invoker: Invoker::default(),
        },
    };
    let end = |outcome| RunEnd {
        finished: NOW,
        outcome,
        reason: None,
        marked: 0,
        ended: 0,
        deleted: 0,
        last_settled_at: None,
    };
    for serial in 0..10 {
        let outcome = if serial % 3 == 0 { RunOutcome::Failed } else { RunOutcome::Done };
        tables.direct.insert_run(&serial.to_string(), &run, &end(outcome)).unwrap();
    }
    let runs = |table: &dyn Ledger, query: &RunQuery| {
        let mut runs = Vec::new();
        table
            .runs(query, NOW, &mut |run| {
                runs.push(run.id);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        runs
    };
    for (failures, limit, count) in [(false, None, 10), (true, None, 4), (false, Some(5), 5)] {
        let query = RunQuery { job: None, failures, limit, ..RunQuery::default() };
        let paged = runs(&tables.paged, &query);
        assert_eq!((paged.len(), &paged), (count, &runs(&tables.direct, &query)));
    }
}
