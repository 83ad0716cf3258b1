//! Drafts of profiles: with few edits, they judge as the profile of the table does.

mod cases;
mod doubtful;
mod frameworks;
mod invented;
mod texts;

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sessctl::cli::profile::draft::profile_text::profile_text;
use sessctl::config::profile::parse;
use sessctl::domain::profile::draft::draft;
use sessctl::domain::profile::{ColumnSource, Expiry, Profile, RowStatus, SqlValueRef};
use sessctl::store::adopted;
use tempfile::TempDir;

use crate::support::NOW;

/// A change to a draft.
enum Edit {
    /// A value for a parameter.
    Parameter(&'static str, &'static str),
    /// Text, and what replaces it.
    Replace(&'static str, &'static str),
    /// The first line of a proposal, which becomes valid up to the next empty line.
    Accept(&'static str),
}
use Edit::{Accept, Parameter, Replace};

/// Database with the draft for one of its tables.
struct Drafted {
    folder: TempDir,
    text: String,
}

impl Drafted {
    fn of(sql: &str, table: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("app.db");
        let database = Connection::open(&path).unwrap();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(sql).unwrap();
        let observed = adopted::observe(path, table).unwrap();
        let found = draft(&observed, NOW).unwrap_or_else(|lack| panic!("{lack:?}"));
        let text = profile_text(&found);
        // It is always valid.
        parse(&text, "draft", &BTreeMap::new()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        Self { folder, text }
    }

    /// The profile after at most two edits.
    #[track_caller]
    fn edited(&self, edits: &[Edit]) -> Profile {
        assert!(edits.len() <= 2);
        let (mut text, mut given) = (self.text.clone(), BTreeMap::new());
        for edit in edits {
            match edit {
                Parameter(name, value) => {
                    given.insert((*name).to_owned(), (*value).to_owned());
                }
                Replace(old, new) => {
                    assert!(text.contains(old), "{old} is not in\n{text}");
                    text = text.replacen(old, new, 1);
                }
                Accept(line) => text = accepted(&text, line),
            }
        }
        let profile = parse(&text, "draft", &given).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(profile.missing, [], "{text}");
        profile
    }

    /// Values of an expression for the rows that have expired by a profile, in order.
    fn expired(&self, profile: &Profile, id: &str) -> Vec<String> {
        let database = Connection::open(self.folder.path().join("app.db")).unwrap();
        let inputs: Vec<String> = profile.inputs.iter().map(input).collect();
        let columns = std::iter::once(format!("CAST({id} AS TEXT)")).chain(inputs);
        let columns: Vec<String> = columns.collect();
        let table = quoted(&profile.table);
        let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(", "));
        let mut rows = database.prepare(&sql).unwrap();
        let expired = rows.query_map([], |row| {
            let values: Vec<SqlValueRef<'_>> =
                (1..=profile.inputs.len()).map(|at| value(row.get_ref_unwrap(at))).collect();
            let is_expired = matches!(profile.judge(&values),
                RowStatus::Session(expiry) if Expiry::is_expired(expiry, NOW));
            Ok(is_expired.then(|| row.get_unwrap::<_, String>(0)))
        });
        expired.unwrap().filter_map(Result::unwrap).collect()
    }

    /// Asserts which rows have expired after some edits.
    #[track_caller]
    fn judges(&self, edits: &[Edit], id: &str, expected: &[&str]) {
        let profile = self.edited(edits);
        assert_eq!(self.expired(&profile, id), expected, "{}", self.text);
    }

    #[track_caller]
    fn says(&self, lines: &[&str]) -> &Self {
        for line in lines {
            assert!(self.text.contains(line), "{line} is not in\n{}", self.text);
        }
        self
    }
}

fn accepted(text: &str, line: &str) -> String {
    let (before, after) = text.split_once(&format!("# {line}\n")).unwrap_or_else(|| {
        panic!("{line} is no proposal in\n{text}");
    });
    // The proposal begins with the header of its table.
    let start = before.rfind("# [").filter(|_| !line.starts_with('[')).unwrap_or(before.len());
    let (before, head) = before.split_at(start);
    let (proposal, rest) = match after.strip_prefix('\n') {
        Some(rest) => ("", rest),
        None => after.split_once("\n\n").unwrap_or((after, "")),
    };
    let valid = |text: &str| {
        text.lines().map(|l| l.trim_start_matches("# ").to_owned() + "\n").collect::<String>()
    };
    format!("{before}{}{line}\n{}\n{rest}", valid(head), valid(proposal))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn input(source: &ColumnSource) -> String {
    let column = quoted(&source.column);
    match &source.path {
        None => column,
        Some(path) => {
            format!("CASE WHEN json_valid({column}) THEN json_extract({column}, '{path}') END")
        }
    }
}

fn value(value: ValueRef<'_>) -> SqlValueRef<'_> {
    match value {
        ValueRef::Null => SqlValueRef::Null,
        ValueRef::Integer(number) => SqlValueRef::Integer(number),
        ValueRef::Real(number) => SqlValueRef::Real(number),
        ValueRef::Text(text) => SqlValueRef::Text(text),
        ValueRef::Blob(bytes) => SqlValueRef::Blob(bytes),
    }
}
