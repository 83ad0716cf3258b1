//! The database of a test: an SQLite file, or a cluster of three nodes if `SESSCTL_TEST_ON`
//! is `cluster`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::{Rc, Weak};
use std::sync::MutexGuard;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::{Value as Json, json};
use sessctl::store::Location;

use crate::support::rqlite::{self, Nodes};
use crate::support::{Row, files_in};

thread_local! {
    static CLUSTER: RefCell<Weak<Cluster>> = const { RefCell::new(Weak::new()) };
}

/// Rows that go to a cluster in one request.
const AT_ONCE: usize = 2_000;

/// True if the sessions are on a cluster.
pub fn is_cluster() -> bool {
    std::env::var_os("SESSCTL_TEST_ON").is_some_and(|on| on == "cluster")
}

/// Empty database. A database on the cluster is invalid as soon as the same test creates another.
#[derive(Clone)]
pub enum Backend {
    File(PathBuf),
    Cluster(ClusterDb),
}

/// Nodes that are locked by one test.
struct Cluster {
    nodes: MutexGuard<'static, Nodes>,
    /// Number of databases that this test has had there.
    tenants: Cell<usize>,
    /// Position of the next node to contact first.
    turn: Cell<usize>,
}

#[derive(Clone)]
pub struct ClusterDb {
    cluster: Rc<Cluster>,
    tenant: usize,
}

impl Backend {
    /// Creates the database; a file is created in this directory.
    pub fn new(folder: &Path) -> Self {
        if is_cluster() {
            Self::Cluster(ClusterDb::new())
        } else {
            Self::File(folder.join("app.db"))
        }
    }

    /// The location, each time with another node first.
    pub fn location(&self) -> Location {
        match self {
            Self::File(path) => path.into(),
            Self::Cluster(tenancy) => Location::parse(tenancy.url().as_ref()).unwrap(),
        }
    }

    /// Sets the database of a command.
    pub fn set_database(&self, command: &mut Command) {
        command.env("SESSCTL_DB", self.location().to_string());
    }

    /// Direct connection to the database.
    pub fn db(&self) -> Db {
        match self {
            Self::File(path) => Db::File(Connection::open(path).unwrap()),
            Self::Cluster(tenancy) => Db::Cluster(tenancy.clone()),
        }
    }

    /// Snapshot of everything that a command could change.
    pub fn snapshot(&self, folder: &Path) -> SessionState {
        match self {
            Self::File(_) => SessionState::Files(files_in(folder)),
            Self::Cluster(tenancy) => SessionState::Log(tenancy.nodes().index()),
        }
    }

    /// Snapshot of the database.
    pub fn database_snapshot(&self) -> SessionState {
        match self {
            Self::File(path) => {
                let bytes = std::fs::read(path).unwrap();
                SessionState::Files([("app.db".to_owned(), bytes)].into())
            }
            Self::Cluster(tenancy) => SessionState::Log(tenancy.nodes().index()),
        }
    }

    /// Calls a function while another connection holds the write lock. A cluster has no such lock;
    /// its [snapshot](Self::database_snapshot) shows that nothing was written.
    pub fn while_locked<T>(&self, run: impl FnOnce() -> T) -> T {
        let Db::File(mut other) = self.db() else { return run() };
        let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let answer = run();
        lock.rollback().unwrap();
        answer
    }
}

/// Snapshot: the contents of files, or the length of the Raft log, which contains every write of a
/// cluster.
#[derive(PartialEq, Eq)]
pub enum SessionState {
    Files(BTreeMap<String, Vec<u8>>),
    Log(u64),
}

impl ClusterDb {
    fn new() -> Self {
        if let Some(cluster) = CLUSTER.with_borrow(Weak::upgrade) {
            cluster.nodes.clear();
            let tenant = cluster.tenants.get() + 1;
            cluster.tenants.set(tenant);
            return Self { cluster, tenant };
        }
        let nodes = rqlite::shared();
        let cluster = Rc::new(Cluster { nodes, tenants: Cell::new(0), turn: Cell::new(0) });
        CLUSTER.set(Rc::downgrade(&cluster));
        Self { cluster, tenant: 0 }
    }

    fn nodes(&self) -> &Nodes {
        let is_over = self.cluster.tenants.get() != self.tenant;
        assert!(!is_over, "another database of this test has taken its place");
        &self.cluster.nodes
    }

    fn url(&self) -> String {
        let turn = self.cluster.turn.get();
        self.cluster.turn.set(turn + 1);
        self.nodes().url_from(turn)
    }
}

/// Direct connection to a database.
pub enum Db {
    File(Connection),
    Cluster(ClusterDb),
}

impl Db {
    pub fn execute(&self, sql: &str, values: &[&dyn ToSql]) {
        match self {
            Self::File(db) => drop(db.execute(sql, values).unwrap()),
            Self::Cluster(tenancy) => drop(tenancy.nodes().request(&json!([element(sql, values)]))),
        }
    }

    /// The numbers in the only row of a query.
    pub fn numbers<const N: usize>(&self, sql: &str, values: &[&dyn ToSql]) -> [i64; N] {
        match self {
            Self::File(db) => {
                let read = |row: &rusqlite::Row<'_>| {
                    Ok(std::array::from_fn(|place| row.get(place).unwrap()))
                };
                db.query_row(sql, values, read).unwrap()
            }
            Self::Cluster(tenancy) => {
                let answer = tenancy.nodes().request(&json!([element(sql, values)]));
                let row = &answer["results"][0]["values"][0];
                std::array::from_fn(|place| row[place].as_i64().unwrap())
            }
        }
    }

    pub fn insert(&mut self, rows: &[Row]) {
        match self {
            Self::File(db) => {
                let transaction = db.transaction().unwrap();
                for row in rows {
                    row.insert(&transaction);
                }
                transaction.commit().unwrap();
            }
            Self::Cluster(tenancy) => {
                let statement = |row: &Row| {
                    let values = row.values();
                    let values: Vec<&dyn ToSql> =
                        values.iter().map(|value| value as &dyn ToSql).collect();
                    element(Row::INSERT, &values)
                };
                for rows in rows.chunks(AT_ONCE) {
                    tenancy.nodes().request(&rows.iter().map(statement).collect());
                }
            }
        }
    }
}

/// Statement in the format of rqlite.
fn element(sql: &str, values: &[&dyn ToSql]) -> Json {
    std::iter::once(sql.into()).chain(values.iter().copied().map(plain)).collect()
}

fn plain(value: &dyn ToSql) -> Json {
    let value = match value.to_sql().unwrap() {
        ToSqlOutput::Borrowed(value) => Value::try_from(value).unwrap(),
        ToSqlOutput::Owned(value) => value,
        other => panic!("{other:?} is no plain value"),
    };
    match ValueRef::from(&value) {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Text(text) => str::from_utf8(text).unwrap().into(),
        other => panic!("{other:?} is none that a session has"),
    }
}
