//! The tables of frameworks, as fixtures/ has them, and a folder with one of them.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use sessctl::app::PurgeSummary;
use sessctl::config::profile;
use sessctl::domain::profile::Profile;
use sessctl::store::{Access, Location, adopted};
use sessctl::{Policies, PurgeRequest, Result, SessionService, UnixTime};

use crate::frameworks::on_cluster::{self, LoadedNodes};
use crate::support::{Finished, Sandbox};

/// The clock of the fixtures in the notation of faketime.
pub const CLOCK_IN_UTC: &str = "@2026-06-15 12:00:00";

/// The names of sessctl's profiles for the fixtures, and the parameters with which each
/// manages its fixture.
const PROFILES: [(&str, &str, &[&str]); 13] = [
    ("django", "django", &[]),
    ("flask_session", "flask-session", &[]),
    ("rails", "rails", &["lifetime=30d"]),
    ("laravel", "laravel", &["lifetime=2h"]),
    ("symfony", "symfony", &[]),
    ("scs_sqlite3store", "scs", &[]),
    ("connect_sqlite3", "connect-sqlite3", &[]),
    ("better_auth", "better-auth", &[]),
    ("authjs_drizzle", "authjs-drizzle", &[]),
    ("authjs_typeorm", "authjs-typeorm", &[]),
    ("spring_session_jdbc", "spring-session", &[]),
    ("tower_sessions", "tower-sessions", &[]),
    ("gitea", "gitea", &["lifetime=24h"]),
];

/// A table of a framework's, and what is known of it.
#[derive(Clone)]
pub struct Framework {
    /// The profile that describes it: one of sessctl's own, or a file.
    pub profile: String,
    /// The parameters, `NAME=VALUE`.
    pub parameters: Vec<String>,
    /// The table's name.
    pub table: String,
    /// The column of ids.
    pub id: String,
    /// Statements that create the table and a few rows.
    pub sql: String,
    /// A condition in SQL for the rows that have expired at the clock.
    pub predicate: String,
    /// The ids of these rows.
    pub expected: BTreeSet<String>,
}

/// All of the fixtures.
pub fn all() -> Vec<Framework> {
    let manifest: Value =
        serde_json::from_str(include_str!("../../fixtures/frameworks/manifest.json")).unwrap();
    manifest.as_array().unwrap().iter().map(Framework::of_the_manifest).collect()
}

/// The fixture that this profile is for.
#[track_caller]
pub fn named(profile: &str) -> Framework {
    all().into_iter().find(|framework| framework.profile == profile).unwrap()
}

/// The frameworks whose tables may be purged.
pub fn purgeable() -> Vec<Framework> {
    all().into_iter().filter(|framework| framework.profile != "gitea").collect()
}

impl Framework {
    fn of_the_manifest(entry: &Value) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let known = PROFILES.iter().find(|(name, ..)| entry["profile"] == *name);
        let (_, profile, parameters) = known.unwrap();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/frameworks");
        Self {
            profile: (*profile).to_owned(),
            parameters: parameters.iter().map(|&parameter| parameter.to_owned()).collect(),
            table: text("table"),
            id: text("id"),
            sql: std::fs::read_to_string(folder.join(text("file"))).unwrap(),
            predicate: text("expired_at_fixture_clock"),
            expected: serde_json::from_value(entry["expected_expired"].clone()).unwrap(),
        }
    }

    /// The arguments that name its parameters.
    pub fn params(&self) -> Vec<&str> {
        self.parameters.iter().flat_map(|parameter| ["--param", parameter]).collect()
    }

    /// The arguments that name it and its parameters.
    pub fn named(&self) -> Vec<&str> {
        [vec!["--profile", &self.profile], self.params()].concat()
    }

    /// The text of the profile.
    #[track_caller]
    pub fn text(&self) -> String {
        if Path::new(&self.profile).extension().is_some() {
            return std::fs::read_to_string(&self.profile).unwrap();
        }
        let known = profile::built_in().iter().find(|(name, _)| *name == self.profile);
        known.unwrap_or_else(|| panic!("no profile {}", self.profile)).1.to_owned()
    }

    /// The profile, read.
    #[track_caller]
    pub fn read(&self) -> Profile {
        self.read_as(&self.text())
    }

    /// The profile, read from another text with these parameters.
    #[track_caller]
    pub fn read_as(&self, text: &str) -> Profile {
        let pair = |parameter: &String| {
            let (name, value) = parameter.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let given = self.parameters.iter().map(pair).collect();
        profile::parse(text, "profile.toml", &given)
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.profile))
    }
}

/// A folder with the database of a framework's application, `app.db`, in which sessctl
/// has a folder for what it keeps, `state`.
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
    /// With the rows of the fixture. The file carries marks of its owner's.
    pub fn new(framework: Framework) -> Self {
        let application = Self { sandbox: Sandbox::without_database(), framework };
        let db = application.db();
        db.execute_batch(&application.framework.sql).unwrap();
        db.pragma_update(None, "application_id", 77).unwrap();
        db.pragma_update(None, "user_version", 12).unwrap();
        application
    }

    /// The database, for a look or a change by hand, as SQLite's shell has it: the
    /// fixtures refer to users that are not there.
    pub fn db(&self) -> Connection {
        let db = self.sandbox.db();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db
    }

    /// With a write-ahead log.
    pub fn with_log(self) -> Self {
        self.db().pragma_update(None, "journal_mode", "wal").unwrap();
        self
    }

    /// With no row in its table.
    pub fn emptied(self) -> Self {
        self.db().execute(&format!("DELETE FROM {}", self.framework.table), []).unwrap();
        self
    }

    /// The ids of all rows, as text.
    pub fn ids(&self) -> BTreeSet<String> {
        self.ids_where("TRUE")
    }

    /// The ids of the rows of which SQL says this.
    #[track_caller]
    pub fn ids_where(&self, predicate: &str) -> BTreeSet<String> {
        self.values_where(&self.framework.id, predicate)
    }

    /// The values of a column, as text, in the rows of which SQL says this.
    #[track_caller]
    pub fn values_where(&self, id: &str, predicate: &str) -> BTreeSet<String> {
        let table = &self.framework.table;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let (table, id) = (quoted(table), quoted(id));
        // Bytes need not be text.
        let text = format!("iif(typeof({id}) = 'blob', hex({id}), CAST({id} AS TEXT))");
        let sql = format!("SELECT {text} FROM {table} WHERE {predicate}");
        let db = self.db();
        let mut statement = db.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    /// Properties that a tool must never change in a foreign database: its schema, its marks,
    /// the journal's mode.
    pub fn frame(&self) -> Vec<String> {
        let db = self.db();
        let sql = "SELECT type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '') \
                   FROM sqlite_schema ORDER BY 1";
        let mut statement = db.prepare(sql).unwrap();
        let schema = statement.query_map([], |row| row.get(0)).unwrap();
        let mut frame: Vec<String> = schema.collect::<rusqlite::Result<_>>().unwrap();
        frame.extend(["application_id", "user_version", "journal_mode"].map(|name| {
            let read = |row: &rusqlite::Row<'_>| Ok(format!("{name} {:?}", row.get_ref(0)?));
            db.query_row(&format!("PRAGMA {name}"), [], read).unwrap()
        }));
        frame
    }

    /// The bytes of the database, with those of its log.
    pub fn bytes(&self) -> [Vec<u8>; 2] {
        ["app.db", "app.db-wal"].map(|name| std::fs::read(self.path(name)).unwrap_or_default())
    }

    /// The library's way to the table.
    pub fn service(&self, profile: Profile) -> Result<Keeper> {
        let nodes = self.nodes();
        let at = match &nodes {
            Some(nodes) => Location::parse(nodes.url().as_ref()).unwrap(),
            None => self.path("app.db").into(),
        };
        let store = adopted::open(at, Access::Write, profile, Some(&self.path("state")))?;
        Ok(Keeper { service: SessionService::new(store, Policies::default()), _nodes: nodes })
    }

    fn nodes(&self) -> Option<LoadedNodes> {
        on_cluster::is_requested().then(|| LoadedNodes::of(&self.path("app.db")))
    }

    /// Runs the command.
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        self.ran(self.command(args))
    }

    /// Runs a command that works on the database.
    pub fn ran(&self, mut command: Command) -> Finished {
        let nodes = self.nodes();
        if let Some(nodes) = &nodes {
            command.env("SESSCTL_DB", nodes.url());
        }
        Finished(command.output().unwrap())
    }

    /// Purges it through the library, by its profile.
    pub fn purge(&self, now: UnixTime) -> Result<PurgeSummary> {
        self.purge_by(self.framework.read(), now)
    }

    /// Purges it through the library, by another profile.
    pub fn purge_by(&self, profile: Profile, now: UnixTime) -> Result<PurgeSummary> {
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        self.service(profile)?.purge(&PurgeRequest::default(), now, go_on)
    }

    /// The command with the framework's profile and parameters.
    pub fn sessctl<'a>(&'a self, args: impl IntoIterator<Item = &'a str>) -> Finished {
        self.sessctl_with(self.framework.named(), args)
    }

    /// The command with other options before the others. It keeps what it has to keep
    /// in the folder `state`.
    pub fn sessctl_with<'a>(
        &self,
        options: Vec<&'a str>,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Finished {
        let args = args.into_iter().chain(options).chain(["--state-dir", "state"]);
        self.run(args.collect::<Vec<_>>())
    }
}

/// A housekeeper, while the database is where it works.
pub struct Keeper {
    service: SessionService,
    _nodes: Option<LoadedNodes>,
}

impl Deref for Keeper {
    type Target = SessionService;

    fn deref(&self) -> &SessionService {
        &self.service
    }
}

impl DerefMut for Keeper {
    fn deref_mut(&mut self) -> &mut SessionService {
        &mut self.service
    }
}

/// One set without the other.
pub fn without(all: &BTreeSet<String>, some: &BTreeSet<String>) -> BTreeSet<String> {
    all.difference(some).cloned().collect()
}

/// Asserts that two sets of ids are the same, and says shortly how they differ.
#[track_caller]
pub fn same_ids(what: &str, found: &BTreeSet<String>, expected: &BTreeSet<String>) {
    let some = |set: BTreeSet<String>| set.into_iter().take(5).collect::<Vec<_>>();
    let differences = [some(without(found, expected)), some(without(expected, found))];
    assert!(
        found == expected,
        "{what}: too many {:?}, too few {:?}",
        differences[0],
        differences[1]
    );
}
