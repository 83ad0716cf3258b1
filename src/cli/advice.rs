//! Advice on the errors of the library, in terms of the command line.

use std::path::Path;

use super::profiles::{is_built_in, is_own_table};
use super::trust::shell_quoted;
use crate::domain::error::{Absence, Denial, FileKind, ForeignContent, NextStep, TableProfile};
use crate::domain::profile::{DetectionDoubt, ProfileChoice};

pub fn for_absence(why: &Absence) -> Option<String> {
    match why {
        Absence::File => Some(
            "correct the path, or create a database for sessctl's own table with `sessctl init`"
                .to_owned(),
        ),
        Absence::ApplicationFile => Some("give the path of the application's file".to_owned()),
        Absence::Other(_) => None,
    }
}

pub fn for_content(at: &str, content: &ForeignContent) -> Option<String> {
    match content {
        ForeignContent::Nothing => Some("initialize it with `sessctl init`".to_owned()),
        ForeignContent::Outdated => Some("upgrade it with `sessctl init`".to_owned()),
        ForeignContent::Tables(next) | ForeignContent::NoSuchTable(next) => {
            Some(for_next_step(at, next))
        }
        ForeignContent::File(kind) => Some(for_file(*kind)),
        ForeignContent::Other => None,
    }
}

fn for_next_step(at: &str, next: &NextStep) -> String {
    match next {
        NextStep::Check(found) => profile_check(&found.profile, &found.table),
        NextStep::Choose(choices) => {
            let options = choices.iter().map(for_table_profile).collect::<Vec<_>>().join(" or ");
            let what = if choices.len() == 1 { "to use it" } else { "to use one of these" };
            format!("{what}, pass {options}")
        }
        NextStep::Table(table) => format!("pass --table {}", quoted(table)),
        NextStep::Draft(table) => draft(at, table.as_deref()),
    }
}

fn for_table_profile(choice: &TableProfile) -> String {
    let table = format!("--table {}", quoted(&choice.table));
    match (choice.is_detected, choice.finds_table) {
        (true, _) => table,
        (false, true) => format!("--profile {} (for {})", choice.profile, choice.table),
        (false, false) => format!("--profile {} {table}", choice.profile),
    }
}

/// The command that writes a profile for a table.
pub fn draft(at: &str, table: Option<&str>) -> String {
    let table = table.map_or_else(|| "TABLE".to_owned(), quoted);
    format!(
        "`sessctl profile draft --db {} --table {table} > own.toml` writes a profile for it",
        quoted(at)
    )
}

pub fn for_choice(option: &str, names: &[String]) -> String {
    let choices: Vec<String> =
        names.iter().map(|name| format!("{option} {}", quoted(name))).collect();
    format!("select one with {}", choices.join(" or "))
}

fn quoted(word: &str) -> String {
    shell_quoted(Path::new(word))
}

fn for_file(kind: FileKind) -> String {
    match kind {
        FileKind::Compressed(program) => format!(
            "sessctl works on SQLite files and rqlite clusters: pass the file that the application \
             uses, or decompress this copy with {program} and pass the result"
        ),
        FileKind::Archive => {
            "sessctl works on SQLite files and rqlite clusters: pass the file that \
                              the application uses, or extract this copy and pass the result"
                .to_owned()
        }
        FileKind::Dump => {
            "sessctl works on SQLite files and rqlite clusters: pass the file that the \
                           application uses, or load the statements with `sqlite3 FILE < DUMP`"
                .to_owned()
        }
        FileKind::Sidecar => {
            "pass the database itself: the same name without the suffix".to_owned()
        }
        FileKind::Encrypted => "sessctl works on SQLite files without encryption and on rqlite \
                                clusters; only its application can read this file"
            .to_owned(),
    }
}

/// Advice on nodes of a cluster that deny requests.
pub fn for_denial(denial: Denial) -> Option<String> {
    match denial {
        Denial::CredentialsRequired => Some("pass --credentials FILE".to_owned()),
        Denial::UnknownAuthority => Some("pass --ca-file FILE".to_owned()),
        Denial::Other => None,
    }
}

/// Advice on users of whom one has the id that is the name of the others.
pub fn for_users(name: Option<&str>, ids: &[String]) -> String {
    let others = ids.iter().map(String::as_str);
    let options = name.into_iter().chain(others).map(|user| format!("--user {user:?}"));
    format!("select one with {}", options.collect::<Vec<_>>().join(" or "))
}

pub fn profile_check(profile: &str, table: &str) -> String {
    if !is_built_in(profile) {
        return "`sessctl profile check` with the file of the profile shows the values".to_owned();
    }
    let option = if is_own_table(profile, table) {
        String::new()
    } else {
        format!(" --table {}", quoted(table))
    };
    format!("`sessctl profile check {profile}{option}` shows the values")
}

pub fn for_doubt(doubt: &DetectionDoubt) -> String {
    let option = |ProfileChoice { name, parameters, condition }: &ProfileChoice| {
        let parameters =
            parameters.iter().map(|asked| format!(" --param {}={}", asked.name, asked.example));
        format!("--profile {name}{} if {condition}", parameters.collect::<String>())
    };
    doubt.choices.iter().map(option).collect::<Vec<_>>().join("; ")
}
