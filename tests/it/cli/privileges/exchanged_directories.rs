//! Directories that are exchanged for a link while root starts.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{APP, Host, owners};
use crate::support::set_mode;

/// Starts commands as root while the application exchanges a directory on the way to its
/// database for a link to one of root's.
fn attack(host: &Host, starts: usize, commands: &[&str]) {
    let secret = host.path("root");
    fs::create_dir(&secret).unwrap();
    fs::copy(host.path("srv/app.db"), secret.join("app.db")).unwrap();
    set_mode(&secret, 0o700);
    let before = owners(&secret);
    fs::create_dir(host.path("srv/d")).unwrap();
    chown(host.path("srv/d"), Some(APP), Some(APP)).unwrap();
    host.move_to(APP, "srv/app.db", "srv/d/app.db");
    symlink(&secret, host.path("srv/link")).unwrap();
    std::os::unix::fs::lchown(host.path("srv/link"), Some(APP), Some(APP)).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (directory, link) = (host.path("srv/d"), host.path("srv/link"));
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &directory, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for command in commands.iter().cycle().take(starts) {
            let ran = host.run(command);
            assert!(ran.0.status.code().is_some(), "{command}");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(owners(&secret), before);
    let db = rusqlite::Connection::open(secret.join("app.db")).unwrap();
    let rows: i64 = db.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 3);
}

fn starts() -> usize {
    std::env::var("SESSCTL_TEST_STARTS").map_or(60, |starts| starts.parse().unwrap())
}

const ATTACKED: [&str; 5] = [
    "--db srv/d/app.db purge --metrics-file srv/d/metrics.prom",
    "--db srv/d/app.db list",
    "--db srv/d/app.db show stat --state-dir srv/d/state",
    "--db srv/d/app.db cycle nothing",
    "--db srv/d/app.db compact",
];

#[test]
#[ignore = "needs root"]
fn no_exchange_of_directories_leads_root_astray() {
    attack(&Host::new(), starts(), &ATTACKED);
}

#[test]
#[ignore = "needs root"]
fn no_exchange_of_directories_leads_root_astray_with_a_rollback_journal() {
    let host = Host::new();
    let db = rusqlite::Connection::open(host.path("srv/app.db")).unwrap();
    db.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(db);
    attack(&host, starts(), &ATTACKED);
}
