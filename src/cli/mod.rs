//! The command line. One subcommand is one file: its arguments and its run.

mod accounts;
mod advice;
pub mod all_databases;
pub mod archive;
pub mod args;
pub mod arguments;
pub mod check;
pub mod clock;
mod close;
mod compact;
pub mod completions;
mod config_files;
pub mod context;
mod copy;
mod cycle;
mod demo;
pub mod discover;
mod disk_space;
pub mod doctor;
pub mod ended_sessions;
mod env;
pub mod exit;
pub mod external_command;
pub mod facts;
mod guard;
mod hook;
mod host;
mod init;
pub mod interrupt;
pub mod kept_rows;
mod list;
mod locale;
mod man;
mod metrics;
mod metrics_file;
pub mod mistakes;
pub mod notify;
mod open;
pub mod priority;
pub mod privileges;
pub mod process;
pub mod profile;
pub mod profiles;
pub mod progress;
pub mod purge;
mod reap_children;
pub mod replace;
mod replication;
mod report;
pub mod report_page;
mod reporter;
mod restore;
mod retry;
mod run;
mod run_note;
pub mod schedule;
pub mod selection;
pub mod session_records;
pub mod show;
pub mod state_dir;
mod statement_watchdog;
pub mod syslog;
pub mod time_arg;
pub mod time_zone;
mod token_reader;
mod tokens;
pub mod top;
mod touch;
pub mod trust;
mod users;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::record::Schema;
use all_databases::wire::Instruction;
use context::{Context, Global};
use exit::Exit;
use privileges::{IfMissing, PrivilegeNeeds, helper};

const ABOUT: &str = "End and purge unused sessions";

#[derive(Parser)]
#[command(name = "sessctl", version, about = ABOUT, after_help = facts::help())]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = facts::HELP_WIDTH)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Purge(purge::Args),
    Run(run::Args),
    List(list::Args),
    Show(show::Args),
    Top(Box<top::Args>),
    #[command(visible_alias = "terminate")]
    Cycle(cycle::Args),
    Restore(restore::Args),
    Compact(compact::Args),
    #[command(visible_alias = "copy")]
    Move(copy::Args),
    Open(open::Args),
    Touch(touch::Args),
    Close(close::Args),
    Schedule(schedule::Args),
    Profile(profile::Args),
    Discover(discover::Args),
    Doctor(doctor::Args),
    Check(check::Args),
    Report(report_page::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(name = completions::request::COMMAND, hide = true)]
    Complete(completions::request::Args),
    #[command(name = privileges::helper::COMMAND, hide = true)]
    PrivilegedHelper(privileges::helper::Args),
    #[command(name = privileges::detached::COMMAND, hide = true)]
    Detached(privileges::detached::Args),
    #[command(name = discover::examiner::COMMAND, hide = true)]
    Examiner(discover::examiner::Args),
}

impl Command {
    fn needs(&self, context: &Context) -> anyhow::Result<Option<PrivilegeNeeds>> {
        let files = match self {
            Self::Purge(args) => args.privileged_files(context)?,
            Self::Cycle(args) => args.privileged_files(context)?,
            Self::Run(args) => args.privileged_files(context)?,
            Self::Show(args) => args.privileged_files(context),
            _ => helper::Args::default(),
        };
        let database = match self {
            Self::Show(args) => match args.database(context)? {
                Some(database) => database,
                None => return Ok(None),
            },
            Self::Schedule(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Complete(_)
            | Self::PrivilegedHelper(_)
            | Self::Detached(_)
            | Self::Discover(_)
            | Self::Examiner(_) => return Ok(None),
            Self::Move(args) => args.database(context)?,
            Self::Demo(_) => demo::database(),
            _ => context.db()?,
        };
        let profile = match self {
            Self::Profile(args) => args.profile().map(std::path::Path::to_owned),
            _ => None,
        };
        let also = match self {
            Self::Move(args) => Some(args.destination(context)?),
            _ => None,
        };
        let if_missing = match self {
            Self::Move(_) if also.as_ref() == Some(&database) => IfMissing::Create,
            _ => self.if_missing(),
        };
        let writes_state = match self {
            Self::Purge(args) => !args.dry_run,
            Self::Cycle(args) => !args.dry_run,
            Self::Run(_) | Self::Close(_) => true,
            Self::Show(args) => args.writes_state(),
            _ => false,
        };
        let archives = match self {
            Self::Restore(args) => args.files().to_vec(),
            _ => Vec::new(),
        };
        Ok(Some(PrivilegeNeeds {
            database,
            also,
            if_missing,
            writes_state,
            profile,
            archives,
            files,
        }))
    }

    fn if_missing(&self) -> IfMissing {
        match self {
            Self::Init(_) => IfMissing::Create,
            // It opens no existing file.
            Self::Demo(_) => IfMissing::Ignore,
            Self::Show(args) if args.needs_no_database() => IfMissing::Ignore,
            _ => IfMissing::Fail,
        }
    }
}

impl Command {
    /// The call, if a process for each database serves it.
    fn call(&self, context: &Context) -> anyhow::Result<Option<all_databases::Call>> {
        match self {
            Self::Purge(args) => args.call(context),
            Self::Run(args) => args.call(context),
            Self::Show(args) => args.call(context),
            Self::Doctor(args) => args.call(context),
            Self::Report(args) => args.call(context),
            _ => Ok(None),
        }
    }

    /// Reports whether the command has the option to serve all databases.
    const fn can_serve_all(&self) -> bool {
        match self {
            Self::Purge(_) | Self::Doctor(_) | Self::Report(_) => true,
            Self::Show(args) => args.can_serve_all(),
            Self::Top(_) => true,
            _ => false,
        }
    }

    /// The metrics file in which the command records each of its calls, and their schema.
    fn metrics(&self) -> Option<(&Path, &'static Schema)> {
        match self {
            Self::Purge(args) => Some((args.metrics_file()?, &metrics::PURGE)),
            Self::Run(args) => Some((args.metrics_file()?, &metrics::RUN)),
            _ => None,
        }
    }
}

impl Cli {
    pub(super) fn into_global(self) -> Global {
        self.global
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    match arguments::parse(&args).and_then(instructed) {
        Ok(cli) => {
            if cli.global.journal_priorities {
                priority::mark_lines();
            }
            statement_watchdog::install();
            let context = Context::new(cli.global, clock::now());
            if cli.command.can_serve_all() {
                context.offer_all_databases();
            }
            let is_check = matches!(cli.command, Command::Check(_));
            let outcome = context.start_worker().and_then(|()| begin(cli.command, &context));
            let outcome = outcome.map_err(|error| context.explain_missing(error));
            if let Err(error) = &outcome {
                context.send_failure(report::message(error));
            }
            if outcome.is_ok() {
                context.print_freshness();
            }
            ExitCode::from(if is_check {
                check::report(outcome)
            } else {
                context.with_config_faults(report::report(outcome))
            })
        }
        Err(answer) if answer.use_stderr() && arguments::names_check(&args) => {
            check::report_arguments(&answer, &args, arguments::command())
        }
        Err(answer) => report::report_arguments(&answer, &args, arguments::command()),
    }
}

/// The call with the command that a parent process wants instead, whose output it shows.
fn instructed(mut cli: Cli) -> clap::error::Result<Cli> {
    let instruction = cli.global.worker_instruction.as_ref().map(String::as_bytes);
    // One that cannot be read is refused when the worker starts.
    let instruction = instruction.and_then(|text| Instruction::parse(text).ok());
    if let Some(words) = instruction.and_then(|instruction| instruction.command) {
        let args: Vec<OsString> =
            ["sessctl".to_owned()].into_iter().chain(words).map(Into::into).collect();
        cli.command = arguments::parse(&args)?.command;
        cli.global.show_as_text();
    }
    Ok(cli)
}

fn begin(command: Command, context: &Context) -> anyhow::Result<Exit> {
    let metrics = command.metrics().map(|(path, schema)| (path.to_owned(), schema));
    let outcome = serve_or_run(command, context);
    if let (Some((path, schema)), Err(error)) = (metrics, &outcome) {
        metrics::note_failure(&path, schema, error, context);
    }
    outcome
}

/// Runs a command, or starts the processes that run it for each database.
fn serve_or_run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    if context.worker().is_none() {
        if let Command::Top(args) = &command {
            return args.show(context);
        }
        if let Some(call) = command.call(context)? {
            return all_databases::run(&call, context);
        }
    }
    take_privileges_and_run(command, context)
}

fn take_privileges_and_run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    if let Command::Doctor(args) = &command
        && trust::is_root()
    {
        args.read_schedulers();
    }
    // It takes privileges for each file.
    let is_search = matches!(command, Command::Discover(_));
    if !is_search && (trust::is_root() || context.global.run_as.is_some()) {
        privileges::take_privileges(command.needs(context)?.as_ref(), context)?;
    }
    run(command, context)
}

fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Init(args) => args.run(context),
        Command::Purge(args) => args.run(context),
        Command::Run(args) => args.run(context),
        Command::List(args) => args.run(context),
        Command::Show(args) => args.run(context),
        Command::Top(args) => args.run(context),
        Command::Cycle(args) => args.run(context),
        Command::Restore(args) => args.run(context),
        Command::Compact(args) => args.run(context),
        Command::Move(args) => args.run(context),
        Command::Open(args) => args.run(context),
        Command::Touch(args) => args.run(context),
        Command::Close(args) => args.run(context),
        Command::Schedule(args) => args.run(context),
        Command::Profile(args) => args.run(context),
        Command::Discover(args) => args.run(context),
        Command::Doctor(args) => args.run(context),
        Command::Check(args) => args.run(context),
        Command::Report(args) => args.run(context),
        Command::Demo(args) => args.run(context),
        Command::Completions(args) => args.run(arguments::command()),
        Command::Man(args) => args.run(arguments::command()),
        Command::Complete(args) => args.run(context, arguments::command()),
        Command::PrivilegedHelper(args) => args.run(),
        Command::Detached(args) => args.run(),
        Command::Examiner(args) => args.run(context.now),
    }
}
