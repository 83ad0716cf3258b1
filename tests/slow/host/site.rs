//! A site: the table of a framework with sessions that expire in the course of the day.

use std::collections::BTreeSet;
use std::fs;

use chrono::DateTime;
use rusqlite::Connection;

use super::MIDNIGHT;
use super::machine::{Machine, USERS, user};
use crate::support::fixtures;

/// Profiles of the frameworks of the host.
pub const FRAMEWORKS: [&str; 6] = [
    "django",
    "laravel",
    "connect-sqlite3",
    "symfony",
    "roundcube",
    "better-sqlite3-session-store",
];

const SESSIONS: i64 = 200;
/// Seconds from the expiry of a session to that of the next.
const STEP: i64 = 997;
/// Lifetime of all sessions; the table of Laravel leaves it to the configuration.
const LIFETIME: i64 = 172_800;

pub struct Site {
    pub name: String,
    /// The database's path in the host, without the first slash.
    pub path: String,
    pub profile: &'static str,
    pub owner: u32,
    database: std::path::PathBuf,
}

/// Five sites of each framework, three of each user.
pub fn thirty(machine: &Machine) -> Vec<Site> {
    (0..30)
        .map(|number| {
            let profile = FRAMEWORKS[number as usize % FRAMEWORKS.len()];
            let directory = match number {
                29 => "srv/small/site29".to_owned(),
                number => format!("srv/u{}/site{number}", user(number % USERS)),
            };
            Site::new(machine, &directory, profile, user(number % USERS))
        })
        .collect()
}

impl Site {
    fn new(machine: &Machine, directory: &str, profile: &'static str, owner: u32) -> Self {
        fs::create_dir_all(machine.path(directory)).unwrap();
        let parent = directory.rsplit_once('/').unwrap();
        let path = format!("{directory}/app.db");
        let database = machine.own_path(&path);
        let site = Self { name: parent.1.to_owned(), path, profile, owner, database };
        let made = machine.own_path("tmp/app.db");
        site.make(&Connection::open(&made).unwrap());
        fs::copy(&made, machine.path(&site.path)).unwrap();
        fs::remove_file(made).unwrap();
        for name in [parent.0, directory, &site.path] {
            machine.give(name, owner);
        }
        site
    }

    fn make(&self, db: &Connection) {
        let fixture = fixtures::named(self.profile);
        db.execute_batch(&format!("BEGIN; {}; DELETE FROM \"{}\"", fixture.sql, fixture.table))
            .unwrap();
        (0..SESSIONS).for_each(|number| db.execute_batch(&self.insert(number)).unwrap());
        db.execute_batch("COMMIT").unwrap();
    }

    /// The second in which a session expires: some the day before, some the day after.
    fn expiry(number: i64) -> i64 {
        MIDNIGHT - 43_200 + number * STEP
    }

    fn insert(&self, number: i64) -> String {
        let expiry = Self::expiry(number);
        let text =
            |format: &str| DateTime::from_timestamp(expiry, 0).unwrap().format(format).to_string();
        match self.profile {
            "django" => format!(
                "INSERT INTO django_session VALUES ('s{number}', '{{}}', '{}')",
                text("%Y-%m-%d %H:%M:%S.000000")
            ),
            "laravel" => format!(
                "INSERT INTO sessions VALUES ('s{number}', 1, '203.0.113.5', 'curl/8', '', {})",
                expiry - LIFETIME
            ),
            "connect-sqlite3" => {
                format!("INSERT INTO sessions VALUES ('s{number}', {expiry}000.0, '{{}}')")
            }
            "symfony" => {
                format!(
                    "INSERT INTO sessions VALUES ('s{number}', X'', {expiry}, {expiry} - {LIFETIME})"
                )
            }
            "roundcube" => format!(
                "INSERT INTO session VALUES ('s{number}', '{}', '203.0.113.5', '')",
                text("%Y-%m-%d %H:%M:%S")
            ),
            _ => format!(
                "INSERT INTO sessions VALUES ('s{number}', '{{}}', '{}')",
                text("%Y-%m-%dT%H:%M:%S.000Z")
            ),
        }
    }

    /// The sessions in the table.
    pub fn left(&self) -> BTreeSet<String> {
        let fixture = fixtures::named(self.profile);
        let db = self.connect();
        let mut ids =
            db.prepare(&format!("SELECT {} FROM \"{}\"", fixture.id, fixture.table)).unwrap();
        ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// The sessions that a purge at this time has to leave.
    pub fn not_expired_at(&self, time: i64) -> BTreeSet<String> {
        let is_left = |number: &i64| Self::expiry(*number) > time;
        (0..SESSIONS).filter(is_left).map(|number| format!("s{number}")).collect()
    }

    pub fn connect(&self) -> Connection {
        Connection::open(&self.database).unwrap()
    }
}
