//! `sessctl profile check`

pub mod findings;
mod sample;

use std::path::{Path, PathBuf};

use crate::domain::profile::Profile;
use crate::store::adopted::Diagnosis;
use crate::store::{Access, adopted};

use crate::cli::context::{Context, locate, print, print_sentences, stdout, unwritten};
use crate::cli::exit::{Exit, Usage};
use crate::cli::profiles::ensure_complete;
use crate::cli::trust::shell_quoted;
use crate::domain::format::format_count;
use crate::output::FormatName;
use crate::output::record::{Record, Schema};
use crate::output::report::write_report;

use findings::{CHECK, CheckFindings, DIFFERENCES, STORAGE};
use sample::ROWS;

/// Check a profile against a database
///
/// Shows whether the columns of the table match the profile, what its time columns really
/// contain, a sample of rows from the whole table with the profile's reading of each, the
/// tables that refer to it, how SQLite would look up rows that are due, and whether a purge
/// would be refused and why. Nothing is changed. The exit code is 0 if a purge could run, and
/// 4 if it would be refused.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --db db.sqlite3 profile check django
  sessctl --db app.sqlite --param lifetime=2h profile check ./own.toml --json")]
pub struct Args {
    /// Name of a profile from `sessctl show profiles`, or a profile file
    /// [default: the one that --profile names]
    #[arg(value_name = "NAME|FILE")]
    which: Option<PathBuf>,
}

impl Args {
    pub fn profile(&self) -> Option<&Path> {
        self.which.as_deref()
    }

    fn which(&self, context: &Context) -> anyhow::Result<PathBuf> {
        let typed = context.global.profile();
        match (&self.which, typed) {
            (Some(which), Some(typed)) if which != typed => Err(Usage::error(format!(
                "two profiles are named, {} and {}: pass one of them",
                which.display(),
                typed.display()
            ))),
            (Some(which), _) => Ok(which.clone()),
            (None, _) => match &context.named_profile {
                Some(named) => Ok(named.path.clone()),
                None => Err(Usage::error(
                    "no profile is named: pass the name of one from `sessctl show profiles`, or a \
                     file",
                )),
            },
        }
    }

    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check_report(&CHECK)?;
        let which = self.which(context)?;
        let db = context.db()?;
        context.warn_of_name(&db);
        let config = context.config()?;
        let mut profile = context.profile(&context.profile_text(&which)?, &which, config)?;
        let diagnosis = match adopted::diagnose(&db, &profile, context.now) {
            Err(missing) if context.selected_table(Some(&which), config).is_none() => {
                profile = locate(&db, Access::Read, &profile, missing.into())?;
                adopted::diagnose(&db, &profile, context.now)?
            }
            diagnosed => diagnosed?,
        };
        if diagnosis.difference.is_none() {
            ensure_complete(&profile, None)?;
        }
        let findings = CheckFindings::of(&diagnosis, &profile, context.now);
        match context.format() {
            FormatName::Table => {
                explain(&findings, &diagnosis, &profile, context)?;
                if context.is_interactive() {
                    let next = next_step(&which, findings.refusals.is_empty());
                    context.print_notice(&format!("sessctl: next: {next}"));
                }
            }
            format => {
                let sections = findings.sections();
                write_report(format, stdout(), &CHECK, &findings.record(), &sections)
                    .map_err(unwritten)?;
            }
        }
        Ok(if findings.refusals.is_empty() { Exit::Done } else { Exit::Refused })
    }
}

fn next_step(which: &Path, can_purge: bool) -> String {
    let which = shell_quoted(which);
    if can_purge {
        format!("`sessctl purge --dry-run --profile {which}`, with the same --db and --param")
    } else {
        format!(
            "change the profile in a file of your own, or the table, and check again; `sessctl \
             show profiles {which}` prints the profile"
        )
    }
}

fn explain(
    findings: &CheckFindings<'_>,
    diagnosis: &Diagnosis,
    profile: &Profile,
    context: &Context,
) -> anyhow::Result<()> {
    let Profile { name, title, about, table, .. } = profile;
    let mut head = vec![format!("{name} is the profile of {title}: {about}")];
    if diagnosis.difference.is_none() {
        let rows = match diagnosis.rows {
            0 => "no rows".to_owned(),
            1 => "1 row".to_owned(),
            rows => format!("{} rows", format_count(rows)),
        };
        head.push(format!("{table} has the expected columns and {rows}"));
    } else {
        head.push(format!("{table} does not have the expected columns"));
    }
    print_sentences(&head)?;
    show(&DIFFERENCES, &findings.differences(), context)?;
    show(&STORAGE, &findings.storage(), context)?;
    show(&ROWS, &findings.rows(), context)?;
    paragraph(&diagnosis.dependents)?;
    for (purpose, steps) in &diagnosis.plans {
        let steps: Vec<String> = steps.iter().map(|step| format!("  {step}")).collect();
        paragraph(&[vec![format!("to {purpose}:")], steps].concat())?;
    }
    let warnings: Vec<String> =
        diagnosis.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    paragraph(&warnings)?;
    paragraph(&findings.conclusion())
}

fn show(schema: &'static Schema, records: &[Record], context: &Context) -> anyhow::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    print("\n")?;
    context.write_records(schema, records)
}

fn paragraph(sentences: &[String]) -> anyhow::Result<()> {
    if sentences.is_empty() {
        return Ok(());
    }
    print("\n")?;
    print_sentences(sentences)
}
