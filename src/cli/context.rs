//! What all subcommands share: the global options, and what follows from them.

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sessctl::Error;
use sessctl::app::Housekeeper;
use sessctl::config::Config;
use sessctl::domain::port::Sessions;
use sessctl::domain::time::UnixTime;
use sessctl::store::{self, Access};

use super::exit::{Usage, complain};
use crate::output::record::{Record, Schema};
use crate::output::{self, Format, FormatName, Head, Look};

/// Read if it is there and no other is named.
const SYSTEM_CONFIG: &str = "/etc/sessctl.toml";

/// Options that every subcommand takes.
#[derive(Args)]
#[command(next_help_heading = "Options of all subcommands")]
pub struct Global {
    /// The SQLite file that holds the sessions [env: SESSCTL_DB]
    #[arg(long, global = true, value_name = "PATH")]
    db: Option<PathBuf>,
    /// Configuration with policies and guard [env: SESSCTL_CONFIG] [default:
    /// /etc/sessctl.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to write the answer [default: table]
    #[arg(short, long = "output", global = true, value_name = "FORMAT")]
    pub output: Option<FormatName>,
    /// The same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// Say nothing of what was or would be done; open and cycle print nothing
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say what was done also where it went without saying
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colours; the variable NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal
    Auto,
    /// Also in a pipe
    Always,
    /// Nowhere
    Never,
}

/// Where a setting of the command line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Typed.
    Flag,
    /// From the environment.
    Environment,
}

/// A path that the user has named.
pub struct Named {
    pub path: PathBuf,
    pub origin: Origin,
}

impl Named {
    /// What was typed, or else a variable; an empty one counts as not set.
    fn by(flag: Option<PathBuf>, variable: &str) -> Option<Self> {
        let typed = flag.map(|path| Self { path, origin: Origin::Flag });
        typed.or_else(|| {
            let path = env::var_os(variable).filter(|value| !value.is_empty())?.into();
            Some(Self { path, origin: Origin::Environment })
        })
    }
}

/// The surroundings of one run.
pub struct Context {
    pub global: Global,
    /// The moment of the run.
    pub now: UnixTime,
    /// The database, if the user has named one.
    pub named_db: Option<Named>,
    /// The configuration file, if the user has named one.
    pub named_config: Option<Named>,
    config: OnceCell<Config>,
}

impl Context {
    pub fn new(mut global: Global, now: UnixTime) -> Self {
        let named_db = Named::by(global.db.take(), "SESSCTL_DB");
        let named_config = Named::by(global.config.take(), "SESSCTL_CONFIG");
        Self { global, now, named_db, named_config, config: OnceCell::new() }
    }

    /// The configuration file, if there is one.
    pub fn config_path(&self) -> Option<&Path> {
        let named = self.named_config.as_ref().map(|named| named.path.as_path());
        named.or_else(|| Some(Path::new(SYSTEM_CONFIG)).filter(|path| path.exists()))
    }

    /// The configuration: that of the file, or the defaults.
    pub fn config(&self) -> anyhow::Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = match self.config_path() {
            None => Config::default(),
            Some(path) => {
                let name = path.display().to_string();
                let text = fs::read_to_string(path)
                    .map_err(|e| Usage::error(format!("could not read {name}: {e}")))?;
                Config::parse(&text, &name)?
            }
        };
        if io::stderr().is_terminal() && !self.global.quiet {
            config.warnings.iter().for_each(|warning| self.warn(warning));
        }
        Ok(self.config.get_or_init(|| config))
    }

    /// The database that is meant. A relative path in the configuration starts
    /// from its file: schedulers start commands in folders of their own.
    pub fn db(&self) -> anyhow::Result<PathBuf> {
        if let Some(named) = &self.named_db {
            return Ok(named.path.clone());
        }
        let Some(db) = &self.config()?.db else {
            return Err(Usage::error(
                "no database given: say --db PATH, set SESSCTL_DB, or write db = \"PATH\" into the configuration",
            ));
        };
        let folder = self.config_path().and_then(Path::parent).unwrap_or(Path::new(""));
        Ok(folder.join(db))
    }

    /// Opens the database under the policies of the configuration.
    pub fn open(&self, access: Access) -> anyhow::Result<Housekeeper> {
        let sessions = store::open(self.db()?, access)?;
        self.housekeeper(sessions)
    }

    /// The operations on a table that is open already.
    pub fn housekeeper(&self, sessions: Box<dyn Sessions>) -> anyhow::Result<Housekeeper> {
        Ok(Housekeeper::new(sessions, self.config()?.policies.clone()))
    }

    /// The format that was asked for, if one was.
    pub fn asked_format(&self) -> Option<FormatName> {
        if self.global.json { Some(FormatName::Json) } else { self.global.output }
    }

    /// The format to write in.
    pub fn format(&self) -> FormatName {
        self.asked_format().unwrap_or(FormatName::Table)
    }

    /// Begins a listing on standard output.
    pub fn listing(
        &self,
        schema: &'static Schema,
        head: Option<Head<'_>>,
    ) -> anyhow::Result<Box<dyn Format>> {
        self.format().check(schema)?;
        Ok(output::open(self.format(), look(self.global.color), stdout(), schema, head)?)
    }

    /// Writes records to standard output.
    pub fn answer(&self, schema: &'static Schema, records: &[Record]) -> anyhow::Result<()> {
        let mut listing = self.listing(schema, None)?;
        for record in records {
            listing.record(record).map_err(unwritten)?;
        }
        Ok(listing.end().map_err(unwritten)?)
    }

    /// Whether somebody is looking at the output.
    pub fn is_interactive(&self) -> bool {
        io::stdout().is_terminal() && !self.global.quiet
    }

    /// Tells people something that is no data.
    pub fn say(&self, sentence: &str) {
        if !self.global.quiet {
            complain(&output::harmless::visible(sentence));
        }
    }

    fn warn(&self, sentence: &str) {
        self.say(&format!("sessctl: warning: {sentence}"));
    }
}

/// Standard output, buffered.
pub fn stdout() -> impl Write {
    BufWriter::with_capacity(64 * 1024, io::stdout())
}

/// Writes a text to standard output.
pub fn print(text: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = stdout();
    // A buffer that is merely dropped keeps to itself what went wrong.
    out.write_all(text.as_ref()).and_then(|()| out.flush()).context("could not write the answer")
}

/// A failure to write the answer, in an operation's terms.
pub fn unwritten(error: io::Error) -> Error {
    Error::failed("write the answer", error)
}

fn look(when: When) -> Look {
    let terminal = io::stdout().is_terminal();
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            terminal && !set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    };
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Look { colour, width: columns.filter(|_| terminal) }
}

/// Opens a file of the user's, for a message that names it.
pub fn read(path: &Path) -> anyhow::Result<fs::File> {
    fs::File::open(path).with_context(|| format!("could not read {}", path.display()))
}
