//! The options that every subcommand takes, and where their values come from.

use std::env;
use std::path::{Path, PathBuf};

use crate::storage::consistency::Consistency;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ValueEnum};

use crate::output::FormatName;

const CLUSTER_OPTIONS: &str = "Options for a cluster";

/// Options that every subcommand takes.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "the help shows it as it stands here")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[command(next_help_heading = "Options of all subcommands")]
pub struct Global {
    /// Database by its name in the configuration; or the SQLite file that holds the sessions, or
    /// the nodes of an rqlite cluster, such as http://db1:4001,db2:4001 [env: SESSCTL_DB]
    #[arg(long, global = true, value_name = "NAME|PATH|URL")]
    pub(super) db: Option<PathBuf>,
    /// Configuration file with policies, guard and jobs; databases are also in the files of the
    /// directory with the same name and .d for .toml [env: SESSCTL_CONFIG] [default:
    /// /etc/sessctl.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Profile of the framework that owns the table: a name from `sessctl show profiles`, or a
    /// file [env: SESSCTL_PROFILE] [default: sessctl's own table, or the only profile that
    /// matches]
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub(super) profile: Option<PathBuf>,
    /// Table of a framework that holds the sessions, if its name is unusual or several tables may
    /// be meant [default: the one that the profile names, or the only one that a profile fits]
    #[arg(long, global = true, value_name = "NAME")]
    pub table: Option<String>,
    /// Parameter that the profile needs from the application's configuration, such as
    /// lifetime=2h; repeat the option for each parameter
    #[arg(long = "param", global = true, value_name = "NAME=VALUE", value_parser = parameter)]
    pub params: Vec<(String, String)>,
    /// Directory for the ledger, the leases and the counters of a framework's table; callers
    /// that use different directories do not share them [default: $STATE_DIRECTORY, else
    /// /var/lib/sessctl/OWNER if root has created it for the owner of the database, else
    /// sessctl in $XDG_STATE_HOME or in ~/.local/state]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// If started by root, work with the privileges of this user: NAME, UID or UID:GID
    /// [default: the owner of the database]
    #[arg(long = "as", global = true, value_name = "USER")]
    pub run_as: Option<String>,
    /// Cluster credentials: a file whose first line is USER:PASSWORD [env:
    /// SESSCTL_CREDENTIALS_FILE, or SESSCTL_CREDENTIALS for the line itself]
    #[arg(long, global = true, value_name = "FILE")]
    #[arg(help_heading = CLUSTER_OPTIONS, hide_short_help = true)]
    pub credentials: Option<PathBuf>,
    /// CA certificates to trust for a cluster at https://, in PEM format [env:
    /// SESSCTL_CA_FILE] [default: Mozilla's root certificates]
    #[arg(long, global = true, value_name = "FILE")]
    #[arg(help_heading = CLUSTER_OPTIONS, hide_short_help = true)]
    pub ca_file: Option<PathBuf>,
    /// Read consistency of commands that only read from a cluster: weak (the leader's state),
    /// linearizable (every acknowledged write), or none (the state of whichever node answers,
    /// however old) [default: weak]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = consistency())]
    #[arg(help_heading = CLUSTER_OPTIONS, hide_short_help = true)]
    pub consistency: Option<Consistency>,
    /// Output format [default: table]
    #[arg(short, long = "output", global = true, value_name = "FORMAT")]
    pub output: Option<FormatName>,
    /// Shorthand for -o json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// Do not report what was done or would be done; open and cycle print nothing
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print summaries and notices that are otherwise printed only on a terminal, or not at
    /// all
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Use of colors; the environment variable NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Configured database that this process serves for the process that has started it
    #[arg(long, global = true, value_name = "NAME", hide = true)]
    pub worker_for: Option<String>,
    /// Begin each line on standard error with its priority, for a parent process
    #[arg(long, global = true, hide = true)]
    pub journal_priorities: bool,
    /// Instruction from that process
    #[arg(long, global = true, value_name = "JSON", hide = true)]
    pub worker_instruction: Option<String>,
}

impl Global {
    /// Sets the output to plain sentences and tables without colors.
    pub fn show_as_text(&mut self) {
        (self.output, self.json, self.quiet, self.color) = (None, false, false, When::Never);
    }

    /// Profile that an option names.
    pub fn profile(&self) -> Option<&Path> {
        self.profile.as_deref()
    }

    /// Reports whether an option has an effect only on a cluster.
    pub fn is_of_clusters(arg: &Arg) -> bool {
        arg.get_help_heading() == Some(CLUSTER_OPTIONS)
    }
}

/// Use of colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Only on a terminal
    Auto,
    /// Even if the output is not a terminal
    Always,
    /// Never
    Never,
}

fn consistency() -> impl TypedValueParser<Value = Consistency> {
    let words = Consistency::ALL.iter().map(|level| level.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Consistency>())
}

fn parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("use NAME=VALUE"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingSource {
    Flag,
    /// Environment variable with this name.
    Variable(&'static str),
    File,
    /// Not set.
    Default,
}

pub struct NamedPath {
    pub path: PathBuf,
    pub source: SettingSource,
}

impl NamedPath {
    /// Returns the value of an option, or else of a variable; an empty variable counts as
    /// unset.
    pub(super) fn by(flag: Option<PathBuf>, variable: &'static str) -> Option<Self> {
        let typed = flag.map(|path| Self { path, source: SettingSource::Flag });
        typed.or_else(|| {
            let path = env::var_os(variable).filter(|value| !value.is_empty())?.into();
            Some(Self { path, source: SettingSource::Variable(variable) })
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// File, with the setting that names it.
    File(PathBuf, SettingSource),
    Variable,
}
