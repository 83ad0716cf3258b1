//! `sessctl restore`

mod selection;

use std::path::PathBuf;

use anyhow::Context as _;

use crate::app::{RestoreReport, SessionService};
use crate::domain::format::format_count;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::sanitize::escape;
use crate::store::Access;

use super::archive::reader::ArchiveFile;
use super::context::{Context, print};
use super::exit::{Exit, eprint_line};
use super::interrupt::Interrupt;
use super::priority::Priority;
use super::run_note::{Typed, Why, print_unrecorded};

use selection::{Selection, SelectionArgs};

/// Put archived sessions back
///
/// Reads archives that purges and cycles have written (--archive, or `[archive]` in the
/// configuration), and puts the rows back as they were, with the rows that went with them. A row
/// that exists is left alone and counted. In sessctl's own table, a session that the archived run
/// ended is reopened if its row is still as that run left it. If a session was archived several
/// times, its latest row counts. Sessions that had expired come back as well, and the next purge
/// ends them again: --session and --user restore only some of them.
///
/// Short transactions are used, as in a purge; if the command is interrupted, run it again. The
/// ledger records what was restored (`sessctl show runs`). If standard output is not a terminal,
/// a restore prints nothing unless a format is given, or no session was restored.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl restore cycled.jsonl --dry-run       count what would be restored
  sessctl restore cycled.jsonl                 undo a cycle
  sessctl restore sessions-*.jsonl.zst --user alice
  sessctl restore cycled.jsonl --session 3fa94c1d2e3f")]
pub struct Args {
    /// Archives to read
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Count the sessions that would be restored; change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    why: Why,
}

static SUMMARY: Schema = Schema::one(
    "the summary of a restore",
    &[
        Column::row("dry_run", "dry run"),
        Column::row("restored", "restored"),
        Column::row("existing", "existing"),
        Column::row("rejected", "rejected"),
        Column::row("due", "due again"),
    ],
);

impl Args {
    /// The archives, which only root may be able to read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        if let Some(format) = context.requested_format() {
            format.check(&SUMMARY)?;
        }
        let archives = self.open(context)?;
        let access = if self.dry_run { Access::Read } else { Access::Write };
        let mut service = context.open(access)?;
        let selection = Selection::of(&self.selection, &archives, &service, context)?;
        let interrupt = Interrupt::listen()?;
        let was_due = self.count_due(&service, context)?;
        let mut sessions = selection.sessions();
        let report = if self.dry_run {
            service.preview_restore(&mut sessions)?
        } else {
            let note = self.why.note(self.typed());
            service.restore(&mut sessions, &note, context.now, &mut || interrupt.go_on())?
        };
        if let Some(why) = &report.unrecorded {
            print_unrecorded(why);
        }
        let is_due = self.count_due(&service, context)?;
        let due = was_due.zip(is_due).map(|(was, is)| is.saturating_sub(was));
        self.print(&report, due, context)?;
        let signal = interrupt.signal().filter(|_| report.is_interrupted);
        let exit = if report.rejected > 0 { Exit::StoppedEarly } else { Exit::Done };
        Ok(signal.map_or(exit, Exit::Interrupted))
    }

    fn typed(&self) -> Typed {
        let mut typed = self.selection.typed();
        for file in &self.files {
            typed.word(&file.display());
        }
        typed
    }

    fn open(&self, context: &Context) -> anyhow::Result<Vec<ArchiveFile>> {
        let mut archives = Vec::new();
        for path in &self.files {
            let name = path.display();
            let archive = ArchiveFile::new(path, context.open_archive(path)?)
                .with_context(|| format!("could not read \"{name}\""))?;
            if archive.is_cut_off {
                context.print_notice(&format!(
                    "sessctl: \"{name}\" ends in an incomplete row, of a run that did not end or \
                     delete it"
                ));
            }
            archives.push(archive);
        }
        Ok(archives)
    }

    /// Counts what is due, where somebody reads it.
    fn count_due(&self, service: &SessionService, context: &Context) -> crate::Result<Option<u64>> {
        let is_read = context.is_interactive()
            || context.global.verbose
            || context.requested_format().is_some();
        (is_read && !self.dry_run).then(|| service.count_due(context.now)).transpose()
    }

    fn print(
        &self,
        report: &RestoreReport,
        due: Option<u64>,
        context: &Context,
    ) -> anyhow::Result<()> {
        if let Some(example) = &report.example {
            let count = plural(report.rejected, "session");
            eprint_line(
                Priority::Warning,
                &escape(&format!(
                    "sessctl: the database did not take {count} back, such as {}: {}",
                    example.handle, example.why
                )),
            );
        }
        if context.global.quiet {
            return Ok(());
        }
        if context.requested_format().is_some() {
            let values = vec![
                Value::Flag(self.dry_run),
                Value::Count(report.restored),
                Value::Count(report.existing),
                Value::Count(report.rejected),
                due.map_or(Value::Absent, Value::Count),
            ];
            return context.write_records(&SUMMARY, &[Record::new(["restore"], values)]);
        }
        let sentence = self.sentence(report, due);
        if context.is_interactive() {
            print(sentence + "\n")?;
        } else if context.global.verbose || self.dry_run || report.restored == 0 {
            context.print_notice(&sentence);
        }
        Ok(())
    }

    fn sentence(&self, report: &RestoreReport, due: Option<u64>) -> String {
        let done = if self.dry_run { "would restore" } else { "restored" };
        let mut sentence = format!("{done} {}", plural(report.restored, "session"));
        if report.existing > 0 {
            let exist = if report.existing == 1 { "exists" } else { "exist" };
            sentence = format!("{sentence}; {} {exist}", format_count(report.existing));
        }
        match due {
            Some(due) if due > 0 => {
                let are = if due == 1 { "is" } else { "are" };
                format!("{sentence}; {} {are} due again at the next purge", format_count(due))
            }
            _ => sentence,
        }
    }
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", format_count(count)) }
}
