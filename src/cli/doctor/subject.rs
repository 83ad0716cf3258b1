//! The database under examination, and the commands that work on it.

use std::path::Path;

use crate::cli::context::{Context, SettingSource};
use crate::cli::trust::{is_root, shell_quoted};
use crate::config::Config;
use crate::domain::time::UnixTime;
use crate::store::Location;

pub struct Subject<'a> {
    pub context: &'a Context,
    pub config: &'a Config,
    pub db: &'a Location,
}

impl Subject<'_> {
    pub const fn now(&self) -> UnixTime {
        self.context.now
    }

    /// A command of sessctl on this database. It repeats the options of this call; what comes from
    /// the environment is still there.
    pub fn sessctl(&self, command: &str) -> String {
        self.sessctl_with("", command)
    }

    /// A command of sessctl, with further options of all commands.
    pub fn sessctl_with(&self, options: &str, command: &str) -> String {
        let Context { global, named_config, named_db, named_profile, .. } = self.context;
        let mut words = vec!["sessctl".to_owned()];
        for (option, named) in
            [("--config", named_config), ("--db", named_db), ("--profile", named_profile)]
        {
            if let Some(named) = named.as_ref().filter(|it| it.source == SettingSource::Flag) {
                words.extend([option.to_owned(), shell_quoted(&named.path)]);
            }
        }
        if let Some(name) = global.worker_for.as_ref().filter(|name| !name.is_empty()) {
            words.extend(["--db".to_owned(), name.clone()]);
        }
        let parameters = global.params.iter().map(|(name, value)| format!("{name}={value}"));
        let parameters = parameters.map(|parameter| ("--param", parameter));
        let table = global.table.iter().map(|table| ("--table", table.clone()));
        for (option, value) in table.chain(parameters) {
            words.extend([option.to_owned(), shell_quoted(Path::new(&value))]);
        }
        for (option, file) in [
            ("--state-dir", &global.state_dir),
            ("--credentials", &global.credentials),
            ("--ca-file", &global.ca_file),
        ] {
            if let Some(file) = file {
                words.extend([option.to_owned(), shell_quoted(file)]);
            }
        }
        words.extend([options, command].into_iter().filter(|it| !it.is_empty()).map(str::to_owned));
        words.join(" ")
    }

    /// A command of the shell of SQLite on this file.
    pub fn sqlite(&self, statement: &str) -> String {
        format!("sqlite3 {} {}", self.name(), shell_quoted(Path::new(statement)))
    }

    /// Name of the database for a shell.
    pub fn name(&self) -> String {
        shell_quoted(Path::new(&self.db.to_string()))
    }

    /// The command that makes cron purge the database.
    pub fn schedule(&self) -> String {
        if is_root() || self.context.identity().is_some() {
            return self.sessctl("schedule print cron --system > /etc/cron.d/sessctl");
        }
        format!("(crontab -l 2>/dev/null; {}) | crontab -", self.sessctl("schedule print cron"))
    }
}
