//! Tables of frameworks from the fixtures, and applications that use them.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::process::Command;

use rusqlite::Connection;
use sessctl::app::PurgeReport;
use sessctl::domain::profile::Profile;
use sessctl::store::{Access, Location, adopted};
use sessctl::{Policies, PurgeRequest, Result, SessionService, UnixTime};

use crate::frameworks::on_cluster::{self, LoadedNodes};
use crate::frameworks::row_formats::RowFormat;
pub use crate::support::fixtures::{Framework, all, named};
use crate::support::{Finished, Sandbox};

/// The clock of the fixtures in the notation of faketime.
pub const CLOCK_IN_UTC: &str = "@2026-06-15 12:00:00";

/// The frameworks whose tables may be purged.
pub fn purgeable() -> Vec<Framework> {
    all().into_iter().filter(Framework::is_purgeable).collect()
}

/// Those of which the tests can write rows.
pub fn writable() -> Vec<Framework> {
    all().into_iter().filter(|framework| RowFormat::find(framework).is_some()).collect()
}

/// Directory with the database of a framework's application, `app.db`, and sessctl's state
/// directory, `state`.
pub struct Application {
    sandbox: Sandbox,
    pub framework: Framework,
}

impl Deref for Application {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Application {
    /// Creates the application with the rows of the fixture, and with an application id and a user
    /// version.
    pub fn new(framework: Framework) -> Self {
        let application = Self { sandbox: Sandbox::without_database(), framework };
        let db = application.db();
        db.execute_batch(&application.framework.sql).unwrap();
        db.pragma_update(None, "application_id", 77).unwrap();
        db.pragma_update(None, "user_version", 12).unwrap();
        application
    }

    /// Direct connection without foreign key checks, because the fixtures refer to missing users.
    pub fn db(&self) -> Connection {
        let db = self.sandbox.db();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db
    }

    /// Switches the database to a write-ahead log.
    pub fn with_log(self) -> Self {
        self.db().pragma_update(None, "journal_mode", "wal").unwrap();
        self
    }

    /// Deletes all rows of the table.
    pub fn without_rows(self) -> Self {
        self.db().execute(&format!("DELETE FROM {}", self.table()), []).unwrap();
        self
    }

    /// The quoted name of the table.
    fn table(&self) -> String {
        format!("\"{}\"", self.framework.table.replace('"', "\"\""))
    }

    /// The ids of all rows, as text.
    pub fn ids(&self) -> BTreeSet<String> {
        self.ids_where("TRUE")
    }

    /// Ids of the rows that match a condition in SQL.
    #[track_caller]
    pub fn ids_where(&self, predicate: &str) -> BTreeSet<String> {
        self.values_where(&self.framework.id, predicate)
    }

    /// Values of an expression as text, in the rows that match a condition in SQL.
    #[track_caller]
    pub fn values_where(&self, id: &str, predicate: &str) -> BTreeSet<String> {
        let table = self.table();
        // Bytes need not be text.
        let text = format!("iif(typeof({id}) = 'blob', hex({id}), CAST(({id}) AS TEXT))");
        let sql = format!("SELECT {text} FROM {table} WHERE {predicate}");
        let db = self.db();
        let mut statement = db.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    /// Schema, application id, user version and journal mode, which a tool must never change in
    /// another program's database.
    pub fn fingerprint(&self) -> Vec<String> {
        let db = self.db();
        let sql = "SELECT type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '') \
                   FROM sqlite_schema ORDER BY 1";
        let mut statement = db.prepare(sql).unwrap();
        let schema = statement.query_map([], |row| row.get(0)).unwrap();
        let mut fingerprint: Vec<String> = schema.collect::<rusqlite::Result<_>>().unwrap();
        fingerprint.extend(["application_id", "user_version", "journal_mode"].map(|name| {
            let read = |row: &rusqlite::Row<'_>| Ok(format!("{name} {:?}", row.get_ref(0)?));
            db.query_row(&format!("PRAGMA {name}"), [], read).unwrap()
        }));
        fingerprint
    }

    /// Bytes of the database and of its log.
    pub fn bytes(&self) -> [Vec<u8>; 2] {
        ["app.db", "app.db-wal"].map(|name| std::fs::read(self.path(name)).unwrap_or_default())
    }

    /// Opens the table through the library.
    pub fn service(&self, profile: Profile) -> Result<TableService> {
        let nodes = self.nodes();
        let at = match &nodes {
            Some(nodes) => Location::parse(nodes.url().as_ref()).unwrap(),
            None => self.path("app.db").into(),
        };
        let store = adopted::open(at, Access::Write, profile, Some(&self.path("state")))?;
        Ok(TableService { service: SessionService::new(store, Policies::default()), _nodes: nodes })
    }

    fn nodes(&self) -> Option<LoadedNodes> {
        on_cluster::is_requested().then(|| LoadedNodes::of(&self.path("app.db")))
    }

    /// Runs the command.
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        self.run_command(self.command(args))
    }

    /// Runs a command that works on the database.
    pub fn run_command(&self, mut command: Command) -> Finished {
        let nodes = self.nodes();
        if let Some(nodes) = &nodes {
            command.env("SESSCTL_DB", nodes.url());
        }
        Finished(command.output().unwrap())
    }

    /// Purges the table through the library with its profile.
    pub fn purge(&self, now: UnixTime) -> Result<PurgeReport> {
        self.purge_with_profile(self.framework.read(), now)
    }

    /// Purges the table through the library with another profile.
    pub fn purge_with_profile(&self, profile: Profile, now: UnixTime) -> Result<PurgeReport> {
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        self.service(profile)?.purge(&PurgeRequest::default(), now, go_on)
    }

    /// Runs the command with the profile and parameters of the framework.
    pub fn sessctl<'a>(&'a self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        self.sessctl_with(self.framework.named(), args)
    }

    /// Runs the command with these options, and with the state directory `state`.
    pub fn sessctl_with<'a>(
        &self,
        options: Vec<&'a str>,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Finished {
        let args = args.into_iter().chain(options).chain(["--state-dir", "state"]);
        self.run(args.collect::<Vec<_>>())
    }
}

/// Service on the table, which holds the nodes of a cluster.
pub struct TableService {
    service: SessionService,
    _nodes: Option<LoadedNodes>,
}

impl Deref for TableService {
    type Target = SessionService;

    fn deref(&self) -> &SessionService {
        &self.service
    }
}

impl DerefMut for TableService {
    fn deref_mut(&mut self) -> &mut SessionService {
        &mut self.service
    }
}

/// Difference of two sets.
pub fn without(all: &BTreeSet<String>, some: &BTreeSet<String>) -> BTreeSet<String> {
    all.difference(some).cloned().collect()
}

/// Asserts that two sets of ids are equal, and prints at most five differences.
#[track_caller]
pub fn assert_same_ids(what: &str, found: &BTreeSet<String>, expected: &BTreeSet<String>) {
    let some = |set: BTreeSet<String>| set.into_iter().take(5).collect::<Vec<_>>();
    let differences = [some(without(found, expected)), some(without(expected, found))];
    assert!(
        found == expected,
        "{what}: too many {:?}, too few {:?}",
        differences[0],
        differences[1]
    );
}
