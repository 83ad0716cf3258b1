//! `sessctl move`

mod summary;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::{CopyProgress, CopyReport, CopyRequest, SessionService, StopReason};
use crate::domain::write_limits::HoldLimit;
use crate::storage::Backend;
use crate::store::{Access, Consistency, Location, adopted};
use crate::{Error, store};

use super::args::duration;
use super::context::{Context, SettingSource, print};
use super::exit::{Exit, Usage, ignore_broken_pipe};
use super::interrupt::{Interrupt, Signal};
use super::progress::{ProgressDisplay, remaining_time};
use super::retry::retry_while_held;
use super::{clock, profiles};
use crate::domain::format::format_count;
use summary::Endpoints;

/// Minimum write time for a cluster: each request takes some milliseconds anyway, and the
/// application does not use that database yet.
const MIN_CLUSTER_HOLD: Duration = Duration::from_millis(100);

/// Copy all sessions to another database: a file or a cluster
///
/// The source is kept. Rows are copied unchanged, including ended ones, together with the
/// counters of `show stat`; the record of runs and the history of jobs are not copied. The
/// application may keep writing to the source. A destination that is empty or does not exist
/// is initialized first. Afterwards both sides are read again and compared, row by row.
///
/// Rows that are equal on both sides are left alone: after an interruption or a failure, the
/// same command resumes where it stopped. A move to a cluster therefore takes two passes. The
/// first copies while the application runs, and exits with code 3 if rows have changed
/// meanwhile. Then stop the application and its purges; the second pass, with --replace,
/// copies what has changed and deletes what is gone. Then start the application with the
/// cluster.
///
/// Without --replace, a session that is newer in the destination, or that exists only there,
/// is left alone, and the exit code is 1: the application may already use the destination, or
/// the session may have been deleted from the source since an earlier pass. If a purge or a
/// job has run in the destination, a move without --replace is refused: it would bring back
/// what they have deleted.
///
/// A purge of the destination and a move to it exclude each other.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl move --from sessions.db --to http://db1:4001,db2:4001,db3:4001
  sessctl move --from sessions.db --to http://db1:4001,db2:4001,db3:4001 --replace
  sessctl move --from http://db1:4001,db2:4001,db3:4001 --to back.db    back to a file")]
pub struct Args {
    /// Source database: a file or a cluster, as for --db
    #[arg(long, value_name = "PATH|URL")]
    from: PathBuf,
    /// Destination database
    #[arg(long, value_name = "PATH|URL")]
    to: PathBuf,
    /// Make the destination equal to the source: overwrite rows that are newer there, and
    /// delete rows that exist only there. For the last pass, after the application has been
    /// stopped and before any program uses the destination: anything written there would be
    /// lost
    #[arg(long)]
    replace: bool,
    /// Compare both sides and change nothing: exit code 0 if they are equal, 3 if another pass
    /// would copy something, 1 if the destination has rows that are newer or exist only there
    #[arg(long, visible_alias = "dry-run", conflicts_with = "wait")]
    verify_only: bool,
    /// Wait up to this time for a running purge of the destination, or another move to it;
    /// without this option, exit at once with exit code 11
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(format) = context.requested_format() {
            format.check(&summary::COPY_SUMMARY)?;
        }
        let ends = self.ends(context)?;
        let config = context.config()?;
        let source = source(&ends.from)?;
        let request = CopyRequest {
            replace: self.replace,
            // Without a configuration, there may be limits that are not known here.
            sync_indexes: context.config_path().is_some(),
            hold: hold(&ends.to, config.write_limits.hold()),
        };
        let interrupt = Interrupt::listen()?;
        context.check_hook(config)?;
        let store = if self.verify_only {
            store::open(up_to_date(&ends.to), Access::Read)?
        } else {
            store::create(up_to_date(&ends.to))?
        };
        let mut service = context.service(store, config);
        let is_held = |done: &_| matches!(done, Err(Error::LeaseHeld { .. }));
        let done = retry_while_held(self.wait, &interrupt, is_held, || {
            self.copy_from(&mut service, source.as_ref(), &request, &interrupt, context)
        });
        let done = match (done, interrupt.signal()) {
            // A signal arrived while it waited for another process.
            (Err(Error::LeaseHeld { .. }), Some(signal)) => return Ok(Exit::Interrupted(signal)),
            (done, _) => done?,
        };
        let exit = exit(&done, interrupt.signal());
        // A failure from here on does not undo the copy.
        ignore_broken_pipe(self.write_summary(&ends, &done, exit, context))?;
        Ok(exit)
    }

    /// The database to read, unless that is a cluster.
    pub fn database(&self, context: &Context) -> anyhow::Result<Location> {
        let Endpoints { from, to } = self.ends(context)?;
        Ok(if from.file().is_some() { from } else { to })
    }

    pub fn destination(&self, context: &Context) -> anyhow::Result<Location> {
        self.ends(context).map(|ends| ends.to)
    }

    /// Returns both databases. `--db` is refused: it would be a third one.
    fn ends(&self, context: &Context) -> anyhow::Result<Endpoints> {
        if context.named_db.as_ref().is_some_and(|named| named.source == SettingSource::Flag) {
            return Err(Usage::error("--db: move takes its databases from --from and --to"));
        }
        if context.named_profile.as_ref().is_some_and(|named| named.source == SettingSource::Flag) {
            return Err(Usage::error(
                "--profile: move copies only sessctl's own table; a framework's table moves with \
                 its application",
            ));
        }
        if context.global.table.is_some() {
            return Err(Usage::error("--table: move copies only sessctl's own table"));
        }
        let from = context.location_of(&self.from)?;
        let to = context.location_of(&self.to)?;
        if is_same(&from, &to) {
            return Err(Usage::error(format!(
                "--from \"{from}\" and --to \"{to}\" are the same database"
            )));
        }
        Ok(Endpoints { from, to })
    }

    fn copy_from(
        &self,
        service: &mut SessionService,
        source: &dyn Backend,
        request: &CopyRequest,
        interrupt: &Interrupt,
        context: &Context,
    ) -> crate::Result<CopyReport> {
        let mut display = ProgressDisplay::new(None, context);
        let mut go_on = |progress: &CopyProgress| -> ControlFlow<()> {
            display.show_share(progress.fraction, |elapsed| figures(progress, elapsed));
            interrupt.go_on()
        };
        if self.verify_only {
            return service.compare(source, request, &mut go_on);
        }
        // After a wait it is later.
        let now = if self.wait.is_some() { clock::now() } else { context.now };
        service.copy_from(source, request, now, &mut go_on)
    }

    fn write_summary(
        &self,
        ends: &Endpoints,
        done: &CopyReport,
        exit: Exit,
        context: &Context,
    ) -> anyhow::Result<()> {
        if context.global.quiet {
            if exit != Exit::Done {
                context.print_failure(&summary::sentence(done, self.verify_only));
            }
            return Ok(());
        }
        if context.requested_format().is_some() {
            context.write_records(
                &summary::COPY_SUMMARY,
                &[summary::record(ends, done, self.verify_only)],
            )?;
        } else if context.is_interactive() {
            print(summary::sentence(done, self.verify_only) + "\n")?;
        } else if context.global.verbose || exit != Exit::Done {
            context.print_notice(&summary::sentence(done, self.verify_only));
        }
        if let Some(warning) = summary::warning(ends, done) {
            context.print_warning(&format!("sessctl: {warning}"));
        }
        Ok(())
    }
}

fn source(from: &Location) -> anyhow::Result<Box<dyn Backend>> {
    let from = up_to_date(from);
    match store::open(&from, Access::Read) {
        // One of sessctl's own that is too old or too new stays what it is.
        Err(foreign @ Error::ForeignDatabase { .. }) if !store::is_native(&from)? => {
            match adopted::detect(&from, Access::Read, &profiles::BuiltInProfiles, None) {
                Ok(profile) => Err(Error::Refused(format!(
                    "{from} holds a table of {}, which moves with its application; sessctl copies \
                     only its own table",
                    profile.title
                ))
                .into()),
                Err(_) => Err(foreign.into()),
            }
        }
        opened => Ok(opened?),
    }
}

fn hold(to: &Location, asked: HoldLimit) -> HoldLimit {
    match to {
        Location::File(_) => asked,
        Location::Cluster(_) => HoldLimit(asked.0.max(MIN_CLUSTER_HOLD)),
    }
}

/// Returns the database with linearizable reads: rows that a read misses would be missing from
/// the copy.
fn up_to_date(location: &Location) -> Location {
    match location {
        Location::Cluster(cluster) => {
            let mut cluster = cluster.clone();
            cluster.consistency = Consistency::Linearizable;
            Location::Cluster(cluster)
        }
        file @ Location::File(_) => file.clone(),
    }
}

/// Reports whether two names refer to the same database, as far as the names show it.
fn is_same(from: &Location, to: &Location) -> bool {
    match (from, to) {
        (Location::File(from), Location::File(to)) => is_same_file(from, to),
        (Location::Cluster(from), Location::Cluster(to)) => {
            from.nodes.iter().any(|node| to.nodes.contains(node))
        }
        _ => false,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => one == other,
    }
}

fn exit(done: &CopyReport, signal: Option<Signal>) -> Exit {
    let Some(comparison) = &done.comparison else {
        return match (done.stopped, signal) {
            (Some(StopReason::Signal), Some(signal)) => Exit::Interrupted(signal),
            _ => Exit::StoppedEarly,
        };
    };
    if done.left_alone() > 0 {
        Exit::Failed
    } else if comparison.is_same() && comparison.counters == 0 {
        Exit::Done
    } else {
        Exit::StoppedEarly
    }
}

fn figures(progress: &CopyProgress, elapsed: Duration) -> String {
    format!(
        "{} {} rows, {} written, {} left",
        if progress.is_comparing { "compared" } else { "read" },
        format_count(progress.rows),
        format_count(progress.written),
        remaining_time(progress.fraction, elapsed),
    )
}
