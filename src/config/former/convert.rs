//! From the keys of another system to the block that replaces them.

use super::block::{Block, Setting, Table, is_same, ranges, set};
use super::lines::CONSOLE;
use super::program::{Program, tasks};
use super::survey::{Found, Kind, Survey};
use super::terms;
use super::terms::{Advice, JOB, POLICY, Part};
use super::value::{Answer, Value, harmless};

/// The lines to replace, and the lines to write in their place.
pub(super) fn block(survey: &Survey<'_>) -> (Vec<(usize, usize)>, Vec<String>) {
    let mut block = Block::default();
    adopt_jobs(survey, &mut block);
    let is_off = survey.found.iter().any(|found| {
        found.term.names[0] == "Schedule sessions cleanup"
            && ["false", "off", "no", "disabled", "0"]
                .contains(&found.given.to_lowercase().as_str())
    });
    let mut documents = documents(&survey.found);
    for (at, found) in survey.found.iter().enumerate() {
        match found.term.advice {
            Advice::Write(parts) => {
                for part in parts {
                    write(survey, &mut block, found, part, is_off);
                }
            }
            Advice::LeaveOut(_) if is_off && found.term.system == terms::WEBSPHERE => {
                block.remarks.push(format!("{}: no cleanup, so nothing to write", said(found)));
            }
            Advice::LeaveOut(why) => block.remarks.push(format!("{}: {why}", said(found))),
            Advice::Program => {
                if let Some(document) = documents.iter_mut().find(|d| d.first == at) {
                    write_program(survey, &mut block, document);
                }
            }
        }
    }
    finish(survey, &mut block);
    for (key, _) in &survey.sections[0].own {
        let name = |table: &Table| table.header.trim_matches(['[', ']']).to_owned();
        if block.tables.iter().any(|table| name(table).split('.').next() == Some(key)) {
            let what = "stands above the first table: write it below this header by hand";
            block.remarks.push(format!("{key}: {what}"));
        }
    }
    let replaced = adopt_tables(survey, &mut block);
    let unknown = (1..survey.kinds.len()).filter(|line| survey.kinds[*line] == Kind::Unknown);
    let unknown = joined(survey, unknown.collect(), false);
    if !unknown.is_empty() {
        block.remarks.push(format!("not recognised, and left out: {}", ranges(&unknown)));
    }
    (joined(survey, replaced, true), block.lines())
}

/// A key with its value, for remarks.
fn said(found: &Found) -> String {
    format!("{} {:?}", found.shown, found.given)
}

/// Takes the tables of jobs that old keys stand in into the block.
fn adopt_jobs(survey: &Survey<'_>, block: &mut Block) {
    for found in &survey.found {
        let section = &survey.sections[found.section];
        let has = |keys: &[&str]| section.own.iter().any(|(key, _)| keys.contains(&key.as_str()));
        // Below a job that is complete, the keys are those of another one.
        let is_complete = has(&["do"]) && has(&["at", "every"]);
        let is_new =
            !is_complete && !block.tables.iter().any(|table| table.section == Some(found.section));
        if section.header.replace(' ', "") == JOB && !section.own.is_empty() && is_new {
            let own_keys = section.own.iter().map(|(key, _)| key.clone()).collect();
            let section = Some(found.section);
            block.tables.push(Table { own_keys, section, ..Table::new(JOB) });
        }
    }
}

fn write(survey: &Survey<'_>, block: &mut Block, found: &Found, part: &Part, is_off: bool) {
    let (header, keys) = *part;
    let mut settings = Vec::new();
    for (key, value) in keys {
        match setting(found, key, *value) {
            Ok(setting) => settings.push(setting),
            Err(why) => {
                block.remarks.push(format!("{}: {why}", said(found)));
                return;
            }
        }
    }
    if header == JOB
        && is_off
        && found.term.system == terms::WEBSPHERE
        && found.shown.contains("ime of")
    {
        settings.push(set("enabled", "false".to_owned()));
    }
    if header.starts_with("[[") {
        block.push(header, settings, Some(found.section));
    } else {
        let header = own_scope(found).filter(|_| header == POLICY);
        let header = header.unwrap_or_else(|| part.0.to_owned());
        if let Some(table) = block_table(survey, &header)
            && !block.tables.iter().any(|known| known.section == table.section)
        {
            block.tables.push(table);
        }
        block.add(&header, settings);
    }
}

/// The policy of the task in whose table a key stands.
fn own_scope(found: &Found) -> Option<String> {
    match found.scope.as_slice() {
        [policy, task] if policy == "policy" => {
            let is_bare = task.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            Some(if is_bare { format!("[policy.{task}]") } else { format!("[policy.{task:?}]") })
        }
        _ => None,
    }
}

/// The table of the file with this header, if there is one with keys of its own.
fn block_table(survey: &Survey<'_>, header: &str) -> Option<Table> {
    let sections = survey.sections.iter().enumerate();
    let mut same = sections.filter(|(_, section)| is_same(&section.header, header));
    let (at, section) = same.next()?;
    let own_keys = section.own.iter().map(|(key, _)| key.clone()).collect();
    Some(Table { own_keys, section: Some(at), ..Table::new(&section.header) })
}

fn setting(found: &Found, key: &'static str, value: Value) -> Result<Setting, &'static str> {
    let mut setting = Setting { from: said(found), ..set(key, String::new()) };
    match value.of(&found.given, &found.any) {
        Answer::Known(text) => {
            // What the write frequency says of itself is more exact than the interval.
            setting.rank = u8::from(found.term.names[0] == "Write interval");
            setting.value = text;
        }
        Answer::Usual(text) => (setting.rank, setting.value) = (2, text),
        Answer::Default(text, what) => {
            setting.remarks.push(format!("{} is not {what}; this is the default", said(found)));
            (setting.rank, setting.value) = (3, text);
        }
        Answer::Nothing(why) => return Err(why),
    }
    Ok(setting)
}

/// The fields of a Program document, or a console command.
struct Document<'a> {
    /// The index of its first field.
    first: usize,
    fields: Vec<&'a Found>,
}

/// The documents, each of which ends where a field comes again or its section ends.
fn documents(found: &[Found]) -> Vec<Document<'_>> {
    let mut documents: Vec<Document<'_>> = Vec::new();
    for (at, field) in found.iter().enumerate() {
        if !matches!(field.term.advice, Advice::Program) {
            continue;
        }
        let is_part = |document: &&mut Document<'_>| {
            let is_other = |other: &&Found| {
                other.section == field.section
                    && other.term.names[0] != field.term.names[0]
                    && other.term.names[0] != CONSOLE
            };
            field.term.names[0] != CONSOLE && document.fields.iter().all(is_other)
        };
        match documents.last_mut().filter(is_part) {
            Some(document) => document.fields.push(field),
            None => documents.push(Document { first: at, fields: vec![field] }),
        }
    }
    documents
}

fn write_program(survey: &Survey<'_>, block: &mut Block, document: &Document<'_>) {
    let restarted: Vec<String> = survey
        .found
        .iter()
        .filter(|found| found.term.names[0] == CONSOLE)
        .flat_map(|found| tasks(&found.given).0)
        .collect();
    let fields = document.fields.iter().map(|found| {
        let name = found.term.names[0];
        (if name == CONSOLE { "Command line" } else { name }, found.given.as_str())
    });
    let fields: Vec<(&'static str, &str)> = fields.collect();
    // What loads a task that another command has ended is a part of that.
    if let [("Command line", command)] = fields.as_slice()
        && let Some(task) = command.trim().to_lowercase().strip_prefix("load ")
        && restarted.iter().any(|other| other == &harmless(task.trim()))
    {
        return;
    }
    let comments = fields.iter().filter(|(name, text)| *name == "Comments" && !text.is_empty());
    let comments: Vec<String> = comments.map(|(_, text)| format!("Comments: {text:?}")).collect();
    let mut program = Program { fields, remarks: comments };
    let section = document.fields[0].section;
    let jobs = program.jobs();
    block.remarks.append(&mut program.remarks);
    for job in jobs {
        block.push(JOB, job, Some(section));
    }
}

/// What the block as a whole needs.
fn finish(survey: &Survey<'_>, block: &mut Block) {
    let jobs = survey.sections.iter().filter(|section| section.path == ["job"]);
    let own = jobs.flat_map(|section| &section.own);
    let is_purge = |key: &str, value: &str| key == "do" && value.trim_matches('"') == "purge";
    let has_purge = own.clone().any(|(key, value)| is_purge(key, value))
        || block.tables.iter().flat_map(|t| &t.settings).any(|s| is_purge(s.key, &s.value));
    let ends = |setting: &Setting| {
        matches!(setting.key, "timeout" | "abandoned" | "delay") && setting.value != "\"never\""
    };
    let needs_purge = block.tables.iter().flat_map(|table| &table.settings).any(ends);
    if needs_purge && !has_purge {
        let is_of = |system| survey.found.iter().any(|found| found.term.system == system);
        let job = |name: &str, key, when: &str| {
            let text = |text: &str| format!("\"{text}\"");
            vec![set("name", text(name)), set(key, text(when)), set("do", text("purge"))]
        };
        if is_of(terms::WEBSPHERE) {
            block.push(JOB, job("reaper", "every", "auto"), None);
        } else if is_of(terms::TRANSFER) {
            block.push(JOB, job("check", "at", "0 0 *"), None);
        } else {
            let what =
                "without a job that has do = \"purge\", nothing ends until \"sessctl purge\" runs";
            block.remarks.push(what.to_owned());
        }
    }
    let names = own.filter(|(key, _)| key == "name").map(|(_, name)| format!("{name:?}"));
    block.name_jobs(&names.collect::<Vec<_>>());
    block.fit_bounds();
}

/// Takes the lines of the file's own tables into the block, and those that would come after
/// it; the lines that the block replaces.
fn adopt_tables(survey: &Survey<'_>, block: &mut Block) -> Vec<usize> {
    let mut replaced = Vec::new();
    let first = survey.found.first().map_or(usize::MAX, |found| found.line);
    let unknown = survey.kinds.iter().position(|kind| *kind == Kind::Unknown);
    let first = first.min(unknown.unwrap_or(usize::MAX));
    for (at, section) in survey.sections.iter().enumerate() {
        let end = survey.sections.get(at + 1).map_or(survey.kinds.len(), |next| next.line);
        let below = if at == 0 { 1 } else { section.line + 1 };
        let lines: Vec<usize> = (below..end).collect();
        let is = |line: &usize, kinds: &[Kind]| kinds.contains(&survey.kinds[*line]);
        let last = lines.iter().rev().find(|line| !is(line, &[Kind::Nothing])).copied();
        let last = last.unwrap_or(section.line);
        let text = |line: &usize| survey.lines[*line - 1].to_owned();
        let kept = |from: usize| {
            let own = lines.iter().filter(move |line| (from..=last).contains(*line));
            own.filter(|line| is(line, &[Kind::Own, Kind::Nothing])).map(text).collect::<Vec<_>>()
        };
        if let Some(table) = block.tables.iter_mut().find(|table| table.section == Some(at)) {
            table.own = if section.own.is_empty() { Vec::new() } else { kept(0) };
            replaced.extend(section.line..=last);
            continue;
        }
        let old = lines.iter().filter(|line| is(line, &[Kind::Old, Kind::Unknown]));
        let is_empty = section.own.is_empty() && at > 0;
        let path = section.path.join(".");
        let is_foreign = terms::table(&path).is_some()
            || !survey.is_toml
                && !crate::config::sections::TOP_LEVEL
                    .contains(&section.path.first().map_or("", String::as_str));
        if is_empty && (old.clone().next().is_some() || is_foreign) {
            replaced.extend(section.line..=last);
        } else if (below..=last).contains(&first)
            && !section.own.is_empty()
            && is_followed(survey, first, last)
        {
            block.head = kept(first);
            replaced.extend(lines.iter().filter(|line| **line < first && is(line, &[Kind::Old])));
            replaced.extend(first..=last);
        } else {
            replaced.extend(old);
        }
    }
    replaced
}

/// Whether keys of the same table come after the first line that is replaced.
fn is_followed(survey: &Survey<'_>, first: usize, last: usize) -> bool {
    (first..=last).any(|line| survey.kinds[line] == Kind::Own)
}

/// Numbers of lines as ranges, which blank lines do not interrupt if `over_blanks`.
fn joined(survey: &Survey<'_>, mut lines: Vec<usize>, over_blanks: bool) -> Vec<(usize, usize)> {
    lines.sort_unstable();
    lines.dedup();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        let is_blank = |line: usize| survey.lines[line - 1].trim().is_empty();
        match ranges.last_mut() {
            Some((_, last))
                if line == *last + 1 || over_blanks && (*last + 1..line).all(is_blank) =>
            {
                *last = line;
            }
            _ => ranges.push((line, line)),
        }
    }
    ranges
}
