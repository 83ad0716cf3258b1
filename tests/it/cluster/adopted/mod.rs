//! Tables of frameworks on a cluster, compared with the same tables in a file.

mod drafts;
mod values;

use std::fmt::Write;

use rusqlite::Connection;
use serde_json::json;
use sessctl::app::{SessionService, TouchOutcome};
use sessctl::domain::error::Error;
use sessctl::domain::policy::Policies;
use sessctl::domain::profile::{Profile, StricterRules};
use sessctl::domain::session::{End, EndReason, Session};
use sessctl::domain::time::Span;
use sessctl::domain::token::Token;
use sessctl::storage::{Backend, DueScan, EndRequest, PurgeBatchResult, ScanLimits};
use sessctl::store::{Access, Location, adopted};
use tempfile::TempDir;

use crate::support::NOW;
use crate::support::adopted::{all_sessions, all_tasks, look, purge_with_scans, refused};
use crate::support::fixtures::{Framework, all, built_in_profiles, named};
use crate::support::profiles::{django, draft, seconds};
use crate::support::rqlite::proxy::Proxy;
use crate::support::rqlite::{self, Nodes, copy};

/// Opened table with its state directory.
struct Opened {
    store: Box<dyn Backend>,
    _state: TempDir,
}

impl Opened {
    fn at(at: impl Into<Location>, profile: Profile) -> Result<Self, Error> {
        let state = TempDir::new().unwrap();
        let store = adopted::open(at, Access::Write, profile, Some(state.path()))?;
        Ok(Self { store, _state: state })
    }

    fn look(&self, rows: usize) -> DueScan {
        look(self.store.as_ref(), None, rows)
    }

    fn apply_purge(&mut self, survey: &DueScan) -> PurgeBatchResult {
        self.store.apply_purge(&all_tasks(), survey.due.as_ref().unwrap(), true).unwrap()
    }

    /// All looks and batches of a purge: what each has seen, and how many rows went.
    fn purge(&mut self, rows: usize) -> Result<(Vec<String>, u64), Error> {
        let mut looks = Vec::new();
        let watch = &mut |survey: &DueScan| looks.push(seen(survey));
        let totals = purge_with_scans(self.store.as_mut(), rows, watch)?;
        Ok((looks, totals.settled.deleted))
    }

    fn sessions(&self) -> Vec<Session> {
        all_sessions(self.store.as_ref())
    }
}

/// All that a look has seen, down to the class of each value.
fn seen(survey: &DueScan) -> String {
    let due = survey.due.as_ref().map(|due| &due.seen);
    let DueScan { last, rows, counts, unreadable_value, .. } = survey;
    format!("{due:?} {last:?} {rows} {counts:?} {unreadable_value:?}")
}

fn location(nodes: &Nodes) -> Location {
    Location::parse(nodes.url().as_ref()).unwrap()
}

fn detected(nodes: &Nodes) -> Result<Profile, Error> {
    adopted::detect(location(nodes), Access::Read, built_in_profiles().as_slice(), None)
}

/// Creates a file with these tables and rows in a temporary directory.
fn file(sql: &str) -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("application.db");
    let file = Connection::open(&path).unwrap();
    file.pragma_update(None, "foreign_keys", false).unwrap();
    file.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
    (folder, path)
}

#[test]
#[ignore = "needs rqlite"]
fn exactly_the_expired_rows_of_each_framework_are_deleted() {
    let nodes = rqlite::shared();
    for framework in all() {
        let profile = framework.read();
        let Framework { fixture: name, id, table, sql, expected: over, .. } = &framework;
        // Given its table, as its statements make it
        nodes.clear();
        nodes.request(&json!([sql]));
        let ids = || {
            let sql = format!("SELECT CAST(({id}) AS TEXT) FROM \"{table}\" ORDER BY 1");
            let rows = nodes.nodes[0].request(&json!([sql])).unwrap();
            let rows = rows["results"][0]["values"].as_array().cloned().unwrap_or_default();
            rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let before = ids();
        // Then it is found without being named
        if !framework.must_be_named {
            assert_eq!(detected(&nodes).unwrap().name, profile.name, "{name}");
        }
        let mut opened = Opened::at(location(&nodes), profile.clone()).unwrap();
        // And a purge takes what it should, where the rows that belong to it can go, too
        match opened.purge(3) {
            Ok((_, gone)) => {
                let left = before.into_iter().filter(|id| !over.contains(id));
                assert_eq!((ids(), gone), (left.collect(), over.len() as u64), "{name}");
            }
            Err(error @ Error::Refused(_)) => {
                let says = error.to_string();
                let is_of_children = says.contains("would be left behind");
                assert!(!framework.is_purgeable() || is_of_children, "{name}: {says}");
                assert_eq!(ids(), before, "{name}");
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

/// Statements that create Django's table with its index and this many rows, of which one in
/// `one_in` has expired.
fn djangos(rows: u32, one_in: u32, times: u32) -> String {
    format!(
        "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
         session_data text NOT NULL, expire_date datetime NOT NULL); \
         CREATE INDEX django_session_expire_date ON django_session (expire_date); \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows}) \
         INSERT INTO django_session SELECT printf('k%08d', n * 7919 % 1000003), '', \
         datetime({} + iif(n % {one_in} = 0, -5000, 5000) + n % {times}, 'unixepoch') FROM n",
        NOW.0
    )
}

#[test]
#[ignore = "needs rqlite"]
fn a_scan_in_pages_sees_what_a_scan_of_a_file_sees() {
    let nodes = rqlite::shared();
    // Along the key, and along the index; where many rows have one time, and none
    for (rows, one_in, times) in [(6_000, 2, 3_000), (6_000, 50, 3_000), (6_000, 30, 2)] {
        for step in [37, 700, 100_000] {
            let (_folder, path) = file(&djangos(rows, one_in, times));
            copy::load(&path, &nodes.nodes[0].url());
            let mut here = Opened::at(&path, django()).unwrap();
            let mut there = Opened::at(location(&nodes), django()).unwrap();
            let (one, other) = (here.purge(step).unwrap(), there.purge(step).unwrap());
            assert_eq!(one.1, u64::from(rows / one_in));
            assert!(one == other, "{one_in}, {times}, {step}");
            assert_eq!(here.sessions(), there.sessions());
        }
    }
}

#[test]
#[ignore = "needs rqlite"]
fn many_rows_go_in_several_requests() {
    let nodes = rqlite::shared();
    let (_folder, path) = file(&djangos(4_000, 1, 10));
    copy::load(&path, &nodes.nodes[0].url());
    let index = || nodes.nodes[0].log_index();
    let mut opened = Opened::at(location(&nodes), django()).unwrap();
    let survey = opened.look(4_000);
    let before = index();
    assert_eq!(opened.apply_purge(&survey).deleted, 4_000);
    let requests = index() - before;
    assert!((3..60).contains(&requests), "{requests}");
}

#[test]
#[ignore = "needs rqlite"]
fn stricter_rules_end_the_same_sessions_as_in_a_file() {
    let nodes = rqlite::shared();
    let (timeout, lifetime) = (Some(Span::hours(1)), Some(Span::days(1)));
    let stricter = StricterRules { timeout, lifetime, user_limit: 1, ..StricterRules::default() };
    for name in ["laravel", "better-auth", "django", "flarum"] {
        let framework = named(name);
        let profile = Profile { stricter, ..framework.read() };
        let (_folder, path) = file(&framework.sql);
        nodes.clear();
        copy::load(&path, &nodes.nodes[0].url());
        let mut in_file = Opened::at(path, profile.clone()).unwrap();
        let mut on_cluster = Opened::at(location(&nodes), profile).unwrap();
        let before = in_file.sessions().len();
        let (_, deleted) = in_file.purge(3).unwrap();
        assert_eq!(on_cluster.purge(3).unwrap().1, deleted, "{name}");
        assert_eq!(on_cluster.sessions(), in_file.sessions(), "{name}");
        assert!(deleted > 0 && before > 0, "{name}");
    }
}

#[test]
#[ignore = "needs rqlite"]
fn a_session_that_is_used_after_it_was_seen_stays() {
    let nodes = rqlite::shared();
    let (_folder, path) = file(&djangos(3, 1, 1));
    copy::load(&path, &nodes.nodes[0].url());
    let mut opened = Opened::at(location(&nodes), django()).unwrap();
    // Given that all three are seen to be over
    let survey = opened.look(10);
    // When the application lets one of them go on
    nodes.request(&json!([
        "UPDATE django_session SET expire_date = '2999-01-01 00:00:00' WHERE rowid = 2"
    ]));
    // Then the others go
    let settled = opened.apply_purge(&survey);
    assert_eq!((settled.deleted, settled.ended_sessions.len()), (2, 2));
    assert_eq!(opened.sessions().len(), 1);
}

#[test]
#[ignore = "needs rqlite"]
fn what_a_lost_answer_would_have_said_is_not_passed_over() {
    let nodes = rqlite::shared();
    let (_folder, path) = file(&djangos(5, 1, 1));
    copy::load(&path, &nodes.nodes[0].url());
    let proxy = Proxy::new(&nodes.nodes[0].url());
    let at = || Location::parse(proxy.url().as_ref()).unwrap();
    let mut opened = Opened::at(at(), django()).unwrap();
    // When the answer is lost to a request that ends a session
    let session = opened.sessions().remove(0);
    let end = End { at: NOW, reason: EndReason::Cycled };
    proxy.drop_response("DELETE");
    let ending = EndRequest { key: session.key, end, keep_row: false };
    // Then it is said to be over, as it is
    assert_eq!(opened.store.end(&[ending]).unwrap(), [true]);
    assert!(proxy.has_dropped_response());
    assert_eq!(opened.sessions().len(), 4);
    // When it is that to a batch of a purge
    let survey = opened.look(10);
    proxy.drop_response("DELETE");
    let settled = opened.apply_purge(&survey);
    // Then nobody can be told of its sessions, and that is said
    assert!(proxy.has_dropped_response());
    assert_eq!((settled.deleted + settled.unreported, settled.ended_sessions.len()), (4, 0));
    assert_eq!(opened.sessions(), []);
}

#[test]
#[ignore = "needs rqlite"]
fn rows_that_a_cascade_would_not_take_are_not_left_behind() {
    let nodes = rqlite::shared();
    let mut sql = djangos(3, 1, 1);
    write!(
        sql,
        "; CREATE TABLE device (id, session REFERENCES django_session ON DELETE CASCADE); \
         CREATE INDEX device_session ON device (session); \
         INSERT INTO device SELECT rowid, session_key FROM django_session"
    )
    .unwrap();
    let (_folder, path) = file(&sql);
    copy::load(&path, &nodes.nodes[0].url());
    // Given nodes that do not enforce foreign keys, a purge is refused
    let mut opened = Opened::at(location(&nodes), django()).unwrap();
    let says = refused(opened.purge(10));
    for part in ["device", "-fk", "left behind", "[[dependents]]"] {
        assert!(says.contains(part), "{says}");
    }
    let found = adopted::diagnose(location(&nodes), &django(), NOW).unwrap();
    assert!(found.refusals.iter().any(|refusal| says.contains(refusal)), "{found:?}");
    assert_eq!(opened.sessions().len(), 3);
    // Unless the profile says that they go along
    let mut profile = django();
    profile.dependents.push(sessctl::domain::profile::Dependent {
        table: "device".to_owned(),
        columns: vec!["session".to_owned()],
        references: vec!["session_key".to_owned()],
        action: sessctl::domain::profile::DependentAction::Delete,
    });
    let (_, gone) = Opened::at(location(&nodes), profile).unwrap().purge(10).unwrap();
    assert_eq!((gone, opened.sessions().len()), (3, 0));
    assert_eq!(nodes.nodes[0].rows("SELECT count(*) FROM device"), [json!([0])]);
}

#[test]
#[ignore = "needs rqlite"]
fn an_empty_table_on_a_cluster_is_accepted() {
    let nodes = rqlite::shared();
    let (_folder, path) = file(&(djangos(1, 1, 1) + "; DELETE FROM django_session"));
    copy::load(&path, &nodes.nodes[0].url());
    let found = adopted::diagnose(location(&nodes), &django(), NOW).unwrap();
    assert_eq!((found.rows, found.refusals), (0, Vec::new()));
    let mut opened = Opened::at(location(&nodes), django()).unwrap();
    assert_eq!(opened.purge(10).unwrap().1, 0);
    assert_eq!(opened.store.find(&[]).unwrap(), []);
    assert!(opened.store.by_tokens(&[]).unwrap().is_empty());
    assert_eq!(opened.store.end(&[]).unwrap(), [] as [bool; 0]);
}

#[test]
#[ignore = "needs rqlite"]
fn problems_of_a_purge_are_reported_in_advance() {
    let nodes = rqlite::shared();
    let sql = "; CREATE TRIGGER broken AFTER DELETE ON django_session \
               BEGIN INSERT INTO nowhere VALUES (1); END";
    let (_folder, path) = file(&(djangos(3, 1, 1) + sql));
    copy::load(&path, &nodes.nodes[0].url());
    let found = adopted::diagnose(location(&nodes), &django(), NOW).unwrap();
    assert!(found.refusals.concat().contains("nowhere"), "{found:?}");
    let mut opened = Opened::at(location(&nodes), django()).unwrap();
    assert!(refused(opened.purge(10)).contains("nowhere"));
    assert_eq!(opened.sessions().len(), 3);
}

#[test]
#[ignore = "needs rqlite"]
fn the_error_on_a_cluster_without_tables_names_init() {
    let nodes = rqlite::shared();
    let error = detected(&nodes).unwrap_err();
    assert!(matches!(error, Error::ForeignDatabase { .. }), "{error}");
    assert!(error.to_string().contains("without tables"), "{error}");
    nodes.request(&json!(["CREATE TABLE albums (id)"]));
    assert!(detected(&nodes).unwrap_err().to_string().contains("the table albums"));
}

#[test]
#[ignore = "needs rqlite"]
fn rows_that_others_refer_to_are_kept_and_rejected_ones_skipped() {
    let nodes = rqlite::shared();
    let sql = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
         INSERT INTO t VALUES ('a', 1781524700), ('b', 1781524700), ('c', 1781524700),
             ('d', 1781524700), ('e', 1781524900);
         CREATE TABLE bill (t TEXT REFERENCES t); INSERT INTO bill VALUES ('b');
         CREATE TABLE log (t TEXT); INSERT INTO log VALUES ('a'), ('b'), ('e');
         CREATE TRIGGER hold BEFORE DELETE ON t WHEN old.id = 'c'
             BEGIN SELECT RAISE(ABORT, 'on hold'); END";
    let (_folder, path) = file(sql);
    copy::load(&path, &nodes.nodes[0].url());
    let profile = draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false);
    let profile = profile.dependent("log", "t", "id").set_null().0;
    let mut opened = Opened::at(location(&nodes), profile).unwrap();
    let counted = opened.store.scan_due(&all_tasks(), None, ScanLimits::ALL).unwrap();
    assert_eq!((counted.counts.would_delete, counted.kept.referenced_rows()), (3, 1));
    assert_eq!(opened.purge(10).unwrap().1, 2);
    let kept = opened.store.take_kept();
    assert_eq!((kept.referenced, kept.rejected), (counted.kept.referenced, 1));
    assert_eq!(kept.examples[0].why, "on hold");
    let left = nodes.nodes[0].rows("SELECT id FROM t ORDER BY id");
    assert_eq!(left, [json!(["b"]), json!(["c"]), json!(["e"])]);
    let log = nodes.nodes[0].rows("SELECT t FROM log ORDER BY t");
    assert_eq!(log, [json!([null]), json!(["b"]), json!(["e"])]);
    let sessions = opened.sessions();
    let end = End { at: NOW, reason: EndReason::Cycled };
    let ending = |session: Session| EndRequest { key: session.key, end, keep_row: false };
    let endings: Vec<EndRequest> = sessions.into_iter().map(ending).collect();
    assert_eq!(opened.store.end(&endings).unwrap(), [false, false, true]);
    assert_eq!(opened.store.take_kept().rows(), 2);
}

#[test]
#[ignore = "needs rqlite"]
fn a_token_leads_to_all_rows_that_have_it_byte_by_byte() {
    let nodes = rqlite::shared();
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, token TEXT COLLATE NOCASE, expiry);
         CREATE INDEX i ON t (token);
         INSERT INTO t VALUES (1, 'aBc', 1781524900), (2, 'AbC', 1781524900),
             (3, 'aBc', 1781524700), (4, 'aBc', 1781524900), (5, '1', 1781524900)";
    let (_folder, path) = file(sql);
    copy::load(&path, &nodes.nodes[0].url());
    let columns = ["id", "token", "expiry"];
    let profile = draft("t", "t", "id", &columns).time("expiry", seconds()).at(0, false);
    let opened = Opened::at(location(&nodes), profile.token("token").0).unwrap();
    let tokens = ["abc", "aBc", "01", "1", "none", "AbC"].map(Token::presented);
    let found = opened.store.by_tokens(&tokens).unwrap();
    let found: Vec<usize> = found.into_iter().map(|sessions| sessions.len()).collect();
    assert_eq!(found, [0, 3, 0, 1, 0, 1]);
    let mut service = SessionService::new(opened.store, Policies::default());
    let closed = service.close(&tokens[1..2], NOW).unwrap();
    assert_eq!((closed[0].outcome, closed[0].others), (TouchOutcome::Closed, 1));
    let left = nodes.nodes[0].rows("SELECT id FROM t ORDER BY id");
    assert_eq!(left, [json!([2]), json!([3]), json!([5])]);
}
