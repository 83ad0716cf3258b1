//! What all subcommands share: the global options, and what follows from them.

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sessctl::Error;
use sessctl::app::{Housekeeper, Terms, Untold};
use sessctl::config::Config;
use sessctl::domain::port::Store;
use sessctl::domain::time::UnixTime;
use sessctl::store::{self, Access};

use super::clock;
use super::exit::{Exit, Usage, complain};
use super::hook::Hook;
use super::host;
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

    /// The configuration: that of the file, or the defaults. Its warnings are for
    /// people: cron would mail them with every run.
    pub fn config(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(io::stderr().is_terminal())
    }

    /// The same for those who ask what it is: its warnings belong to the answer.
    pub fn config_explained(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(true)
    }

    fn config_with_warnings(&self, aloud: bool) -> anyhow::Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = self.read_config()?;
        if aloud {
            self.warn_of(&config);
        }
        Ok(self.config.get_or_init(|| config))
    }

    /// The configuration as its file has it at this moment.
    pub fn read_config(&self) -> anyhow::Result<Config> {
        let Some(path) = self.config_path() else {
            return Ok(Config::default());
        };
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|e| Usage::error(format!("could not read {name}: {e}")))?;
        Ok(Config::parse(&text, &name)?)
    }

    /// Says what of a configuration will surprise.
    pub fn warn_of(&self, config: &Config) {
        config.warnings.iter().for_each(|warning| self.warn(warning));
        if let Some(fault) = Hook::fault(&config.hooks) {
            self.warn(&fault);
        }
    }

    /// The database that is meant. A relative path in the configuration starts
    /// from its file: schedulers start commands in folders of their own.
    pub fn db(&self) -> anyhow::Result<PathBuf> {
        match &self.named_db {
            Some(named) => Ok(named.path.clone()),
            None => self.db_of(self.config()?),
        }
    }

    fn db_of(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let Some(db) = &config.db else {
            return Err(Usage::error(
                "no database given: say --db PATH, set SESSCTL_DB, or write db = \"PATH\" into the configuration",
            ));
        };
        let folder = self.config_path().and_then(Path::parent).unwrap_or(Path::new(""));
        Ok(folder.join(db))
    }

    /// Opens the database under the policies of the configuration.
    pub fn open(&self, access: Access) -> anyhow::Result<Housekeeper> {
        // The path first: to name the database needs no configuration.
        let store = store::open(self.db()?, access)?;
        Ok(self.in_charge(store, self.config()?))
    }

    /// The same under a configuration that has been read anew.
    pub fn open_under(&self, config: &Config) -> anyhow::Result<Housekeeper> {
        let db = match &self.named_db {
            Some(named) => named.path.clone(),
            None => self.db_of(config)?,
        };
        Ok(self.in_charge(store::open(db, Access::Write)?, config))
    }

    fn in_charge(&self, store: Box<dyn Store>, config: &Config) -> Housekeeper {
        let keeper = Housekeeper::new(store, config.policies.clone())
            .on_host(host::name())
            .timed_by(clock::uptime);
        match Hook::from_config(&config.hooks) {
            Some(hook) => keeper.telling(Box::new(hook)),
            None => keeper,
        }
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

    /// The same, of those of a command that answers otherwise; and the exit code that
    /// follows.
    pub fn untold(&self, keeper: &mut Housekeeper) -> Exit {
        match keeper.take_untold() {
            None => Exit::Done,
            Some(untold) => {
                self.say_untold(&untold);
                Exit::StoppedEarly
            }
        }
    }

    /// Tells of ended sessions that the hook was not told of.
    pub fn say_untold(&self, untold: &Untold) {
        complain(&output::harmless::visible(&format!("sessctl: {untold}; {}", again(untold))));
    }

    fn warn(&self, sentence: &str) {
        self.say(&format!("sessctl: warning: {sentence}"));
    }
}

/// What jobs keep to, by a configuration.
pub fn terms(config: &Config) -> Terms {
    Terms {
        zone: config.zone.clone(),
        jitter: host::jitter(),
        guard: config.guard,
        manners: config.manners,
        keep_runs: config.keep_runs,
    }
}

/// How to have ended sessions again that the hook was not told of.
pub fn again(untold: &Untold) -> String {
    let since = untold.since;
    format!(
        "`sessctl list --state ended --ended-since {since} -o jsonl` has those whose rows are kept"
    )
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
    Look { colour, width: width() }
}

/// The columns of the terminal that the answer goes to, if it goes to one.
fn width() -> Option<usize> {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.filter(|_| io::stdout().is_terminal())
}

/// Prints sentences, each from the beginning of a line.
pub fn print_sentences(sentences: &[String]) -> anyhow::Result<()> {
    let lines = |sentence: &String| {
        let sentence = output::harmless::visible(sentence).into_owned();
        width().map_or(sentence.clone(), |width| filled(&sentence, width))
    };
    print(sentences.iter().map(lines).collect::<Vec<_>>().join("\n") + "\n")
}

/// A sentence in lines of this width, broken between words: a moment stays in one piece.
fn filled(sentence: &str, width: usize) -> String {
    let options = textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(sentence, options)
}

/// Opens a file of the user's, for a message that names it.
pub fn read(path: &Path) -> anyhow::Result<fs::File> {
    fs::File::open(path).with_context(|| format!("could not read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn no_line_breaks_within_a_moment() {
        let sentence = "The next purge ends it: at 2026-06-15T04:15:00Z.";
        for width in 30..48 {
            assert!(filled(sentence, width).contains("2026-06-15T04:15:00Z."), "{width}");
        }
    }
}
