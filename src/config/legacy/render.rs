//! The lines that replace legacy keys, and those that they replace.

use std::ops::Range;

use super::key_table::system_of_table;
use super::scan::{LineKind, LineScan};

/// The numbers of the lines to replace, in words, and the lines to write there.
pub(super) fn render(scan: &LineScan<'_>, mut remarks: Vec<String>) -> (String, Vec<String>) {
    let (head, replaced) = replaced(scan);
    let unknown = (1..scan.kinds.len()).filter(|line| scan.kinds[*line] == LineKind::Unknown);
    let unknown: Vec<usize> = unknown.collect();
    if !unknown.is_empty() {
        let lines = ranges(&unknown, |_| false);
        remarks.push(format!("not recognized, and left out: {lines}"));
    }
    let comments = |remarks: &[String]| -> Vec<String> {
        remarks.iter().map(|remark| format!("# {remark}")).collect()
    };
    let mut parts = vec![head];
    let changed = scan.tables.iter().enumerate().filter(|(_, table)| !table.new.is_empty());
    let (lists, tables): (Vec<_>, Vec<_>) = changed.partition(|(_, table)| table.is_list());
    for (at, table) in tables.into_iter().chain(lists) {
        let mut lines = vec![table.header.clone()];
        if !table.own.is_empty() {
            lines.extend(kept(scan, at, 0));
        }
        for new in &table.new {
            lines.extend(comments(&new.remarks));
            lines.push(format!("{} = {}", new.key, new.value));
        }
        parts.push(lines);
    }
    parts.push(comments(&remarks));
    parts.retain(|part| !part.is_empty());
    let is_blank = |line: usize| scan.lines[line - 1].trim().is_empty();
    (ranges(&replaced, is_blank), parts.join(&String::new()))
}

/// The own lines that the block begins with, and the numbers of the lines that it replaces. Own
/// lines below the first replaced line would otherwise follow the tables of the block.
fn replaced(scan: &LineScan<'_>) -> (Vec<String>, Vec<usize>) {
    let (mut head, mut replaced) = (Vec::new(), Vec::new());
    let is_old = |line: &usize| matches!(scan.kinds[*line], LineKind::Legacy | LineKind::Unknown);
    for (at, table) in scan.tables.iter().enumerate() {
        let Some(line) = table.line else { break };
        let body = body(scan, at);
        let old = body.clone().find(is_old);
        let is_foreign =
            || system_of_table(&table.path.join(".")).is_some() || !scan.is_own(&table.path);
        let is_gone = at > 0 && table.own.is_empty() && (old.is_some() || is_foreign());
        match old {
            _ if is_gone || !table.new.is_empty() => replaced.extend(line..body.end),
            Some(first)
                if replaced.is_empty()
                    && (first..body.end).any(|line| scan.kinds[line] == LineKind::Own) =>
            {
                head = kept(scan, at, first);
                replaced.extend(first..body.end);
            }
            _ => replaced.extend(body.filter(is_old)),
        }
    }
    (head, replaced)
}

/// The lines of a table below its header, without what is blank at its end.
fn body(scan: &LineScan<'_>, at: usize) -> Range<usize> {
    let first = scan.tables[at].line.map_or(0, |line| line + 1);
    let next = scan.tables.get(at + 1).and_then(|table| table.line);
    let lines = first..next.unwrap_or(scan.kinds.len());
    let last = lines.rev().find(|line| scan.kinds[*line] != LineKind::Blank);
    first..last.map_or(first, |last| last + 1)
}

fn kept(scan: &LineScan<'_>, at: usize, from: usize) -> Vec<String> {
    let lines = body(scan, at).filter(|line| *line >= from);
    let own = lines.filter(|line| matches!(scan.kinds[*line], LineKind::Own | LineKind::Blank));
    own.map(|line| scan.lines[line - 1].to_owned()).collect()
}

/// Sorted numbers of lines in words: `line 2`, `lines 1 to 6 and 8`. A range goes on over
/// lines that may be left out.
fn ranges(lines: &[usize], may_be_left_out: impl Fn(usize) -> bool) -> String {
    let is_next = |last: &usize, line: &usize| (last + 1..*line).all(&may_be_left_out);
    let ranges = lines.chunk_by(is_next).map(|range| match range {
        [first, .., last] => format!("{first} to {last}"),
        _ => range[0].to_string(),
    });
    let ranges = ranges.collect::<Vec<_>>().join(", ");
    let ranges = match ranges.rsplit_once(", ") {
        Some((others, last)) => format!("{others} and {last}"),
        None => ranges,
    };
    format!("line{} {ranges}", if lines.len() == 1 { "" } else { "s" })
}
