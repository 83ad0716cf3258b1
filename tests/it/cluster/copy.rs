//! `sessctl move` from a file to a cluster, and back.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use crate::support::processes::Running;
use crate::support::rqlite::{self, Nodes, wait_for};
use crate::support::{Sandbox, sha256};

/// Near enough to now, and far from any moment at which something is due.
const USED: i64 = 253_000_000_000;
/// A row in one text.
const ROW: &str = "SELECT id || quote(CAST(user AS BLOB)) || quote(CAST(task AS BLOB)) || \
                   quote(CAST(client AS BLOB)) || ' ' || created_at || ' ' || last_used_at || \
                   ' ' || quote(idle_timeout) || ' ' || quote(marked_at) || ' ' || \
                   quote(ended_at) || quote(end_reason) FROM sessions ORDER BY id";
const COUNTER: &str = "SELECT task || name || value FROM counters ORDER BY task, name";

#[track_caller]
fn run(sandbox: &Sandbox, args: &[&str], code: i32) -> String {
    sandbox.run(args.iter().copied()).exits(code).stdout()
}

/// Creates a file with this many sessions, some of which have ended, and with counters.
fn filled(sandbox: &Sandbox, name: &str, sessions: u32) -> Connection {
    run(sandbox, &["--db", name, "init"], 0);
    let mut db = Connection::open(sandbox.path(name)).unwrap();
    let transaction = db.transaction().unwrap();
    (0..sessions).for_each(|number| open(&transaction, number));
    transaction
        .execute_batch(
            "UPDATE sessions SET ended_at = last_used_at, end_reason = 'closed'
               WHERE id LIKE '0%';
             UPDATE sessions SET marked_at = last_used_at, user = NULL WHERE id LIKE '1%';
             UPDATE sessions SET user = 'o''hära' || char(10, 0, 9), task = 'HTTP' WHERE id LIKE '2%';
             UPDATE sessions SET client = CAST(x'00ff27' AS TEXT) WHERE id LIKE '3%';
             INSERT INTO counters VALUES ('imap', 'peak', 123456), ('http', 'refused', 7)",
        )
        .unwrap();
    transaction.commit().unwrap();
    db
}

fn open(db: &Connection, number: u32) {
    let key = sha256(&number.to_string());
    let sql = "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, \
               idle_timeout) VALUES (?1, ?2, 'imap', '10.0.0.7', ?3, ?3, 1800)";
    let user = format!("user {number}");
    db.prepare_cached(sql).unwrap().execute((key, user, USED + i64::from(number % 100))).unwrap();
}

/// All rows of a file, and its counters.
fn rows(db: &Connection) -> Vec<String> {
    [ROW, COUNTER]
        .into_iter()
        .flat_map(|sql| {
            let mut statement = db.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>()
        })
        .collect()
}

/// Reads the same rows as [`rows`] from each node.
fn on_each_node(cluster: &Nodes) -> Vec<Vec<String>> {
    cluster.wait_until_caught_up();
    let text = |row: &serde_json::Value| row[0].as_str().unwrap().to_owned();
    let of = |node: &rqlite::Node| -> Vec<String> {
        node.rows(ROW).iter().chain(&node.rows(COUNTER)).map(text).collect()
    };
    cluster.nodes.iter().map(of).collect()
}

#[track_caller]
fn each_node_has(cluster: &Nodes, expected: &[String]) {
    for (number, rows) in on_each_node(cluster).iter().enumerate() {
        let differs = rows.iter().zip(expected).find(|(row, expected)| row != expected);
        assert_eq!((differs, rows.len()), (None, expected.len()), "node {number}");
    }
}

#[test]
#[ignore = "needs rqlite"]
fn a_file_moves_to_a_cluster_and_back_and_nothing_has_changed() {
    // Given a file that nobody has open
    let cluster = rqlite::shared();
    let (sandbox, url) = (Sandbox::without_database(), cluster.url());
    let (file, back) = ("app.db", "back.db");
    let before = rows(&filled(&sandbox, file, 3_000));
    let bytes = std::fs::read(sandbox.path(file)).unwrap();
    // When it moves to a cluster that holds nothing, and from there to another file
    let said = run(&sandbox, &["move", "--from", file, "--to", &url, "--json"], 0);
    let moved: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&moved["new"], &moved["same"]), (&3_000.into(), &true.into()));
    run(&sandbox, &["move", "--from", &url, "--to", back], 0);
    // Then all of them hold the same, each node too, and the source is as it was
    each_node_has(&cluster, &before);
    assert!(rows(&Connection::open(sandbox.path(back)).unwrap()) == before);
    assert!(std::fs::read(sandbox.path(file)).unwrap() == bytes);
    assert!(!sandbox.path("app.db-wal").exists());
    // And what is counted there is the same
    let without_ages = |db: &str| -> serde_json::Value {
        let stat = run(&sandbox, &["--db", db, "show", "stat", "--json"], 0);
        let mut stat: serde_json::Value = serde_json::from_str(&stat).unwrap();
        let tasks = stat.as_array_mut().unwrap();
        for task in tasks {
            task["oldest_idle_seconds"] = serde_json::Value::Null;
        }
        stat
    };
    assert_eq!(without_ages(&url), without_ages(file));
    // And a repetition has nothing to do, in either direction
    for ends in [[file, &url], [&url, file], [back, &url]] {
        let said =
            run(&sandbox, &["move", "--from", ends[0], "--to", ends[1], "--json", "--replace"], 0);
        assert!(said.contains("\"new\":0,\"changed\":0,\"deleted\":0"), "{said}");
    }
}

#[test]
#[ignore = "needs rqlite"]
fn extra_rows_of_a_cluster_are_kept_unless_replaced() {
    let cluster = rqlite::shared();
    let (sandbox, file, url) = (Sandbox::without_database(), "app.db", cluster.url());
    let before = rows(&filled(&sandbox, file, 300));
    run(&sandbox, &["move", "--from", file, "--to", &url], 0);
    // Given sessions that were opened, touched and ended on the cluster
    let statements = serde_json::json!([
        format!(
            "INSERT INTO sessions (id, task, created_at, last_used_at) \
                 VALUES ('{:064}', 'imap', 1, 1)",
            7
        ),
        "UPDATE sessions SET last_used_at = last_used_at + 1 WHERE id LIKE '4%'",
        "UPDATE sessions SET ended_at = last_used_at, end_reason = 'cycled' WHERE id LIKE '5%'",
        "UPDATE counters SET value = value + 1",
    ]);
    cluster.request(&statements);
    let changed = on_each_node(&cluster).remove(0);
    run(&sandbox, &["move", "--from", file, "--to", &url], 1);
    run(&sandbox, &["move", "--from", file, "--to", &url, "--verify-only"], 1);
    assert!(on_each_node(&cluster).remove(0) == changed);
    run(&sandbox, &["move", "--from", file, "--to", &url, "--replace"], 0);
    each_node_has(&cluster, &before);
}

#[test]
#[ignore = "needs rqlite"]
fn neither_the_same_cluster_under_two_names_nor_one_of_another_program_is_a_destination() {
    let cluster = rqlite::shared();
    let sandbox = Sandbox::without_database();
    drop(filled(&sandbox, "app.db", 3));
    let [one, other] = [0, 1].map(|node| cluster.nodes[node].url());
    cluster.request(&serde_json::json!(["CREATE TABLE theirs (x)"]));
    run(&sandbox, &["move", "--from", "app.db", "--to", &one], 10);
    cluster.clear();
    run(&sandbox, &["--db", &one, "init"], 0);
    run(&sandbox, &["move", "--from", &one, "--to", &other, "--replace"], 4);
    assert!(cluster.nodes[0].rows("SELECT * FROM leases").is_empty());
}

/// Opens, touches and closes sessions until it is told to stop.
fn application(path: &Path, stop: &AtomicBool) {
    let db = Connection::open(path).unwrap();
    db.busy_timeout(std::time::Duration::from_mins(1)).unwrap();
    for number in 1_000_000_u32.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        open(&db, number);
        let near = "(SELECT min(id) FROM sessions WHERE id > ?1)";
        let touch = format!("UPDATE sessions SET last_used_at = ?2 WHERE id = {near}");
        let close = format!("DELETE FROM sessions WHERE id = {near}");
        let place = |salt: u32| format!("{:08x}", number.wrapping_mul(salt));
        db.execute(&touch, (place(2_654_435_761), USED + 1_000)).unwrap();
        db.execute(&close, [place(2_246_822_519)]).unwrap();
    }
}

#[test]
#[ignore = "needs rqlite"]
fn a_killed_leader_during_a_move_loses_nothing_and_the_last_pass_makes_both_equal() {
    // Given an application that writes to its file
    let mut cluster = Nodes::start(3);
    let (sandbox, file, url) = (Sandbox::without_database(), "app.db", cluster.url());
    let path = sandbox.path(file);
    drop(filled(&sandbox, file, 20_000));
    run(&sandbox, &["--db", &url, "init"], 0);
    let stop = AtomicBool::new(false);
    let leader = cluster.leader();
    std::thread::scope(|scope| {
        scope.spawn(|| application(&path, &stop));
        // When it is moved, and in the midst of it the leader is killed
        let moving = sandbox.command(["move", "--from", file, "--to", &url]);
        let moving = Running::start(moving);
        let count = |cluster: &Nodes| {
            cluster.nodes[leader].rows("SELECT count(*) FROM sessions")[0][0].as_u64().unwrap()
        };
        wait_for("some rows", || count(&cluster) > 2_000);
        assert!(count(&cluster) < 20_000);
        cluster.nodes[leader].kill();
        let ran = moving.finish().0;
        stop.store(true, Ordering::Relaxed);
        // Then it comes to its end, or can be gone on with
        let said = String::from_utf8_lossy(&ran.stderr);
        let code = ran.status.code();
        assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}: {said}");
        assert!(code != Some(1) || said.contains("; --replace makes both sides equal"), "{said}");
    });
    // And when the application has been stopped, the last pass makes both equal
    run(&sandbox, &["move", "--from", file, "--to", &url, "--replace"], 0);
    cluster.nodes[leader].start();
    let expected = rows(&Connection::open(&path).unwrap());
    each_node_has(&cluster, &expected);
}
