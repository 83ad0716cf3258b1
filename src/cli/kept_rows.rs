//! Messages about rows that could not be deleted.

use crate::app::SessionService;
use crate::storage::{KeptRows, ReferencingTable};

use super::context::Context;
use super::exit::Exit;
use crate::domain::format::format_count;

#[derive(Debug, Clone, Copy)]
pub struct Wording {
    /// Noun for one row.
    pub what: &'static str,
    /// Sessions that were selected: keeping one is a failure.
    pub is_selected: bool,
    pub dry_run: bool,
}

impl Wording {
    pub const fn purge(dry_run: bool) -> Self {
        Self { what: "expired session", is_selected: false, dry_run }
    }

    pub const fn end(dry_run: bool) -> Self {
        Self { what: "session", is_selected: true, dry_run }
    }

    fn count(self, rows: u64) -> String {
        let what = self.what;
        if rows == 1 { format!("1 {what}") } else { format!("{} {what}s", format_count(rows)) }
    }

    fn were_kept(self, rows: u64) -> &'static str {
        match (self.dry_run, rows) {
            (true, _) => "would be kept",
            (false, 1) => "was kept",
            (false, _) => "were kept",
        }
    }
}

/// Reports rows that were kept. They need action, so cron sees them, too, until a run has reported
/// as many.
pub fn print_kept(kept: &KeptRows, wording: Wording, context: &Context) {
    if kept.is_known && !context.is_interactive() && !context.global.verbose {
        return;
    }
    let is_failure = (wording.is_selected || kept.rejected > 0) && !kept.is_known;
    for sentence in sentences(kept, wording) {
        if is_failure {
            context.print_failure(&sentence);
        } else {
            context.print_warning(&format!("sessctl: {sentence}"));
        }
    }
}

/// Returns the exit code of a command that ends selected sessions: a kept one is work that
/// remains.
pub fn exit(kept: &KeptRows) -> Exit {
    if kept.rows() > 0 { Exit::StoppedEarly } else { Exit::Done }
}

/// Warns about tables that each deletion scans completely; about small ones only on request.
pub fn warn_of_unindexed(
    service: &SessionService,
    wants_all: bool,
    context: &Context,
) -> crate::Result<()> {
    for table in service.unindexed()?.iter().filter(|table| wants_all || table.is_large) {
        context.warn(&table.to_string());
    }
    Ok(())
}

pub fn sentences(kept: &KeptRows, wording: Wording) -> Vec<String> {
    let referenced = kept.referenced.iter();
    let referenced = referenced.map(|(referrer, rows)| referenced_by(referrer, *rows, wording));
    referenced.chain(rejected(kept, wording)).collect()
}

fn referenced_by(referrer: &ReferencingTable, rows: u64, wording: Wording) -> String {
    let (count, were_kept) = (wording.count(rows), wording.were_kept(rows));
    let ReferencingTable { table, columns, targets, through, may_be_null } = referrer;
    let them = if rows == 1 { "it" } else { "them" };
    let noun = if columns.len() == 1 { "column" } else { "columns" };
    let by = format!("{noun} {}", columns.join(", "));
    if let Some(through) = through {
        return format!(
            "{count} {were_kept} because rows of {table} refer in {by} to rows of {through} that \
             would be deleted with {them}: remove those rows of {table} first"
        );
    }
    let because = format!("{count} {were_kept} because rows of {table} refer to {them} in {by}");
    let ([column], [target]) = (columns.as_slice(), targets.as_slice()) else {
        return format!("{because}: remove those rows of {table} first");
    };
    let null = if *may_be_null {
        "action = \"set null\" keeps them without the reference".to_owned()
    } else {
        format!("action = \"set null\" would keep them, but {column} is NOT NULL")
    };
    format!(
        "{because}; to delete those rows, too, add [[dependents]] with table = {table:?}, \
         column = {column:?}, references = {target:?}, action = \"delete\" to the profile; {null}"
    )
}

fn rejected(kept: &KeptRows, wording: Wording) -> Option<String> {
    let first = kept.examples.first()?;
    let count = wording.count(kept.rejected);
    let mut reasons: Vec<(&str, Vec<&str>)> = vec![(&first.why, Vec::new())];
    for example in &kept.examples {
        match reasons.iter_mut().find(|(why, _)| *why == example.why) {
            Some((_, handles)) => handles.push(&example.handle),
            None => reasons.push((&example.why, vec![&example.handle])),
        }
    }
    let named = reasons.iter().map(|(why, handles)| format!("{why} ({})", handles.join(", ")));
    let named: Vec<String> = named.collect();
    let more = match kept.rejected.saturating_sub(kept.examples.len() as u64) {
        0 => String::new(),
        more => format!("; and {} more", format_count(more)),
    };
    Some(format!("{count} could not be deleted: {}{more}", named.join("; ")))
}
