//! A table, those who work on it, and the record of what must be in it.

use std::process::{Command, Output};

use serde_json::Value;

use crate::PURGE;
use crate::application::Receipt;
use crate::book::{Book, Tally};
use crate::fixture::{Ran, Sandbox};
use crate::setting::CONFIG;

pub struct Scene {
    pub sandbox: Sandbox,
    book: Book,
    /// Runs that were killed at work.
    died: u32,
}

impl Scene {
    pub fn new(sandbox: Sandbox, book: Book) -> Self {
        Self { sandbox, book, died: 0 }
    }

    pub fn purge(&self) -> Command {
        self.sandbox.command(PURGE.iter().copied())
    }

    pub fn enter(&mut self, receipts: &[Receipt]) {
        for receipt in receipts {
            self.book.enter(receipt);
        }
    }

    /// Compares everything with the record, while nobody works.
    #[track_caller]
    pub fn compare(&mut self) {
        // The first to look at what a killed process has left may be one who only reads.
        let stat = self.json(&["show", "stat", "--json"]);
        self.book.compare(&self.sandbox.db());
        self.book.compare_figures(&stat);
    }

    /// What is true after a purge was killed. The next one finds that a minute and more
    /// has passed, after which the lease of the killed one is over. Answers whether it
    /// had begun.
    #[track_caller]
    pub fn killed(&mut self) -> bool {
        self.compare();
        let db = self.sandbox.db();
        db.execute("UPDATE leases SET renewed_at = renewed_at - 61", []).unwrap();
        // A run that has died seems to be at work until the next one begins.
        let died = "SELECT count(*) FROM runs WHERE outcome IN ('running', 'lost')";
        let died = db.query_row(died, [], |row| row.get(0)).unwrap();
        std::mem::replace(&mut self.died, died) < died
    }

    /// What is true after a purge has come to its end: it did what it says, and all that
    /// others had left. Answers what it says.
    #[track_caller]
    pub fn completed(&mut self, output: Output) -> Value {
        let before = self.book.tally();
        self.compare();
        let after = self.book.tally();
        let summary = Ran(output).succeeds().json();
        let said = |key: &str| usize::try_from(summary[key].as_u64().unwrap()).unwrap();
        let done = Tally { ended: said("ended"), deleted: said("deleted") };
        let seen =
            Tally { ended: after.ended - before.ended, deleted: after.deleted - before.deleted };
        assert_eq!(done, seen, "{summary}");
        assert_eq!((&summary["stopped"], said("remaining")), (&Value::Null, 0));
        assert_eq!(self.book.overdue(), 0, "{summary}");
        summary
    }

    /// With nobody else at work, a purge leaves nothing that is due, no lease and no
    /// run that seems to be at work.
    #[track_caller]
    pub fn ends(mut self) {
        let last = self.purge().output().unwrap();
        self.completed(last);
        assert_eq!(self.book.due(), 0);
        let planned = self.json(&["purge", "--dry-run", "--json"]);
        assert_eq!(planned["sessions"], Value::Array(Vec::new()), "{planned}");
        let at_work = "SELECT (SELECT count(*) FROM leases) \
                       + (SELECT count(*) FROM runs WHERE outcome = 'running')";
        assert_eq!(self.sandbox.db().query_row(at_work, [], |row| row.get(0)), Ok(0));
        let runs = self.json(&["show", "runs", "--json"]);
        let runs = runs.as_array().unwrap();
        let of = |outcome: &str| runs.iter().filter(|run| run["outcome"] == outcome).count();
        let died = usize::try_from(self.died).unwrap();
        assert_eq!((of("lost"), of("done")), (died, runs.len() - died), "{runs:?}");
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let args = [&["--config", CONFIG], args].concat();
        self.sandbox.run(args).succeeds().json()
    }
}
