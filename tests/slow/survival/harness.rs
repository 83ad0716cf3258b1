//! A table, the programs that use it, and the expected rows.

use std::path::PathBuf;
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Finished, Sandbox};
use crate::survival::PURGE;
use crate::survival::application::Receipt;
use crate::survival::ledger_check::{Counts, Expectation};
use crate::survival::setup::{CONFIG, Table};

pub struct Harness {
    pub sandbox: Sandbox,
    pub table: Table,
    expected: Box<dyn Expectation>,
    /// Runs that were killed during their work.
    lost_runs: u32,
}

impl Harness {
    pub fn new(sandbox: Sandbox, table: Table, expected: Box<dyn Expectation>) -> Self {
        Self { sandbox, table, expected, lost_runs: 0 }
    }

    pub fn purge(&self) -> Command {
        self.command(PURGE)
    }

    fn command(&self, args: &[&'static str]) -> Command {
        let args = [self.table.args(), args].concat();
        let mut command = self.sandbox.command(args);
        command.env("STATE_DIRECTORY", self.state());
        command
    }

    fn state(&self) -> PathBuf {
        self.sandbox.path("state/sessctl")
    }

    /// A number from the file with the ledger; `None` while there is no such file.
    fn ledger(&self, sql: &str) -> Option<u32> {
        let db = match self.table {
            Table::Native => self.sandbox.db(),
            Table::Django => {
                let mut files =
                    std::fs::read_dir(self.state()).ok()?.map(|file| file.unwrap().path());
                Connection::open(files.find(|path| path.extension() == Some("db".as_ref()))?)
                    .unwrap()
            }
        };
        // A purge may have died before it had set up the file.
        let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'clocks'";
        let is_there: u32 = db.query_row(is_there, [], |row| row.get(0)).unwrap();
        (is_there > 0).then(|| db.query_row(sql, [], |row| row.get(0)).unwrap())
    }

    pub fn record(&mut self, receipts: &[Receipt]) {
        for receipt in receipts {
            self.expected.record(receipt);
        }
    }

    /// Compares table and figures with the expected rows while no process is running.
    #[track_caller]
    pub fn compare(&mut self) {
        // The first to look at what a killed process has left may be one who only reads.
        let stat = self.json(&["show", "stat", "--json"]);
        self.expected.compare(&self.sandbox.db());
        self.expected.compare_figures(&stat);
    }

    /// Checks the state after a killed purge; returns true if it had begun. The next purge takes
    /// over its lease at once.
    #[track_caller]
    pub fn check_after_kill(&mut self) -> bool {
        self.compare();
        // A run that has died seems to be at work until the next one begins.
        let died = "SELECT count(*) FROM runs WHERE outcome IN ('running', 'lost')";
        let died = self.ledger(died).unwrap_or_default();
        std::mem::replace(&mut self.lost_runs, died) < died
    }

    /// Checks the state after a completed purge, which must have done what it reports and all that
    /// others left; returns its report.
    #[track_caller]
    pub fn check_after_completion(&mut self, output: Output) -> Value {
        let before = self.expected.counts();
        self.compare();
        let after = self.expected.counts();
        let summary = Finished(output).succeeds().json();
        let said = |key: &str| usize::try_from(summary[key].as_u64().unwrap()).unwrap();
        let done = Counts { ended: said("ended"), deleted: said("deleted") };
        let seen =
            Counts { ended: after.ended - before.ended, deleted: after.deleted - before.deleted };
        assert_eq!(done, seen, "{summary}");
        assert_eq!((&summary["stopped"], said("remaining")), (&Value::Null, 0));
        assert_eq!(self.expected.overdue(), 0, "{summary}");
        summary
    }

    /// Runs a last purge without other processes, which must leave no due row, no lease and no run
    /// in progress.
    #[track_caller]
    pub fn check_final_purge(mut self) {
        let last = self.purge().output().unwrap();
        self.check_after_completion(last);
        assert_eq!(self.expected.due(), 0);
        let planned = self.json(&["purge", "--dry-run", "--json"]);
        assert_eq!(planned["sessions"], Value::Array(Vec::new()), "{planned}");
        let at_work = "SELECT (SELECT count(*) FROM leases) \
                       + (SELECT count(*) FROM runs WHERE outcome = 'running')";
        assert_eq!(self.ledger(at_work), Some(0));
        let runs = self.json(&["show", "runs", "--limit", "0", "--json"]);
        let runs = runs.as_array().unwrap();
        let of = |outcome: &str| runs.iter().filter(|run| run["outcome"] == outcome).count();
        let died = usize::try_from(self.lost_runs).unwrap();
        assert_eq!((of("lost"), of("done")), (died, runs.len() - died), "{runs:?}");
    }

    #[track_caller]
    fn json(&self, args: &[&'static str]) -> Value {
        let args = [&["--config", CONFIG], args].concat();
        Finished(self.command(&args).output().unwrap()).succeeds().json()
    }
}
