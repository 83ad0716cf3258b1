//! One process for each database: commands on all databases of the configuration.

mod faults;
mod lines;
mod log;
mod metrics;
mod order;
mod privileges;
mod purge;
mod run;
mod show;
mod signals;
mod terminal;
mod tracker;
mod watch;
mod wire;

use std::path::PathBuf;
use std::process::Command;

use rusqlite::Connection;

use crate::support::{Finished, HOUR, MINUTE, Sandbox, fixtures, row};

const JOBS: &str = "
[[job]]
name = \"purge\"
every = \"1h\"
do = \"purge\"
";

/// A directory with three databases of different kinds: `shop` is sessctl's own, `blog` is of
/// Django, and `mail` of Laravel. In each, some sessions are due.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    fn new() -> Self {
        Self::with(JOBS)
    }

    /// With these settings for all databases.
    fn with(settings: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.insert(&row("live").idle(MINUTE));
        sandbox.insert(&row("due").idle(HOUR));
        sandbox.insert(&row("also due").idle(HOUR));
        std::fs::rename(sandbox.path("app.db"), sandbox.path("shop.db")).unwrap();
        for (name, profile) in [("blog", "django"), ("mail", "laravel")] {
            let db = Connection::open(sandbox.path(&format!("{name}.db"))).unwrap();
            db.execute_batch(&fixtures::named(profile).sql).unwrap();
        }
        let host = Self { sandbox };
        let entries = ["shop", "blog", "mail"].map(|name| entry(name, &format!("{name}.db")));
        let parameters = "profile = \"laravel\"\nparameters = { lifetime = \"2h\" }\n";
        host.configure(&format!("{settings}\n{}{parameters}", entries.concat()));
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    fn configure(&self, text: &str) {
        self.sandbox.file("c.toml", format!("state_dir = \"state\"\n{text}"));
    }

    /// Adds entries to the configuration.
    fn add(&self, text: &str) {
        let old = std::fs::read_to_string(self.path("c.toml")).unwrap();
        self.sandbox.file("c.toml", old + text);
    }

    /// A command with the configuration, which names no database.
    fn command(&self, args: &str) -> Command {
        let args = ["--config", "c.toml"].into_iter().chain(args.split_whitespace());
        let mut command = self.sandbox.command(args);
        command.env_remove("SESSCTL_DB");
        command
    }

    fn run(&self, args: &str) -> Finished {
        Finished(self.command(args).output().unwrap())
    }

    /// Dates the jobs of the databases back by a day, after a run that has made them known.
    fn jobs_have_waited(&self) {
        let mut ledgers = vec![self.path("shop.db")];
        let state = std::fs::read_dir(self.path("state")).unwrap();
        ledgers.extend(
            state
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension != "lock")),
        );
        for ledger in ledgers {
            let db = Connection::open(ledger).unwrap();
            // Files beside the ledgers are none.
            let _ = db.execute_batch(&crate::support::JOBS_HAVE_WAITED.join(";"));
        }
    }
}

fn entry(name: &str, path: &str) -> String {
    format!("[[database]]\nname = \"{name}\"\npath = \"{path}\"\n")
}

/// One value of each record.
fn column(records: &serde_json::Value, name: &str) -> Vec<String> {
    let text = |record: &serde_json::Value| match &record[name] {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    records.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn the_help_says_which_exit_code_is_the_worst() {
    let host = Host::new();
    for command in ["purge", "run", "show stat", "show runs", "show schedule", "doctor"] {
        let help = host.run(&format!("{command} --help")).succeeds().stdout();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("12, 1, 2, 10, 11, 4, 5, 3, 0"), "{command}: {help}");
    }
}
