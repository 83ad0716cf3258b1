//! Answers of an examiner about a file, as JSON.

use serde_json::{Value, json};

use crate::domain::error::Error;
use crate::domain::profile::DetectionDoubt;
use crate::store::discovery::{Choice, DiscoveredTable, Discovery, Unclear};

/// Maximum length of an answer: the names in it are those of the file.
const MAX_BYTES: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    NoDatabase,
    NoSessions,
    Table(Box<FoundTable>),
    /// Reason why a database could not be examined.
    Failed(String),
    /// Reason why it is unknown whether the file is a database.
    Unreadable(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundTable {
    pub is_native: bool,
    /// Name of the profile; `None`: native, or unclear.
    pub profile: Option<String>,
    pub table: Option<String>,
    pub sessions: Option<u64>,
    /// Set if no session was left uncounted.
    pub is_complete: bool,
    /// Share of the sessions that are expired.
    pub expired: Option<f64>,
    pub reclaimable: Option<u64>,
    /// Finding that leaves a choice to make.
    pub why: Option<String>,
    pub choices: Vec<FoundChoice>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundChoice {
    pub table: Option<String>,
    pub profile: Option<String>,
    /// Condition under which it is the right one, as a clause after "if".
    pub condition: Option<String>,
}

impl Answer {
    pub fn of(examined: crate::Result<Discovery>) -> Self {
        match examined {
            Ok(Discovery::NoDatabase) => Self::NoDatabase,
            Ok(Discovery::NoSessions) => Self::NoSessions,
            Ok(Discovery::Unreadable(why)) => Self::Unreadable(why),
            Ok(Discovery::Table(found)) => Self::Table(Box::new(FoundTable::of(*found))),
            Ok(Discovery::Unclear(unclear)) => {
                Self::Table(Box::new(FoundTable::without_profile(unclear)))
            }
            Err(error) => Self::Failed(reason(&error)),
        }
    }

    pub fn to_json(&self) -> String {
        let answer = match self {
            Self::NoDatabase => json!({"is": "other"}),
            Self::NoSessions => json!({"is": "database"}),
            Self::Failed(why) => json!({"is": "failed", "why": why}),
            Self::Unreadable(why) => json!({"is": "unreadable", "why": why}),
            Self::Table(found) => found.to_json(),
        };
        let text = answer.to_string();
        if text.len() <= MAX_BYTES {
            return text;
        }
        json!({"is": "failed", "why": "the names of its tables are too long"}).to_string()
    }

    /// `None`: it cannot be understood.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(text).ok()?;
        let why = || Some(answer["why"].as_str()?.to_owned());
        Some(match answer["is"].as_str()? {
            "other" => Self::NoDatabase,
            "database" => Self::NoSessions,
            "failed" => Self::Failed(why()?),
            "unreadable" => Self::Unreadable(why()?),
            "table" => Self::Table(Box::new(FoundTable::parse(&answer))),
            _ => return None,
        })
    }
}

impl FoundTable {
    fn of(found: DiscoveredTable) -> Self {
        let DiscoveredTable { profile, table, counts, reclaimable } = found;
        let doubt = profile.as_ref().and_then(|profile| profile.doubt.clone());
        let (why, choices) = doubt.map_or((None, Vec::new()), |doubt| {
            let choices = choices_of(&doubt);
            (Some(doubt.finding), choices)
        });
        Self {
            is_native: profile.is_none(),
            profile: profile.map(|profile| profile.name),
            table: Some(table),
            sessions: Some(counts.sessions),
            is_complete: counts.is_complete,
            expired: counts.expired,
            reclaimable,
            why,
            choices,
        }
    }

    fn without_profile(unclear: Unclear) -> Self {
        let choice = |Choice { table, profile }| FoundChoice { table, profile, condition: None };
        let choices = unclear.choices.into_iter().map(choice).collect();
        Self { why: Some(unclear.why), choices, ..Self::default() }
    }

    fn to_json(&self) -> Value {
        let choice = |choice: &FoundChoice| json!({"table": choice.table, "profile": choice.profile, "if": choice.condition});
        json!({
            "is": "table",
            "native": self.is_native,
            "profile": self.profile,
            "table": self.table,
            "sessions": self.sessions,
            "complete": self.is_complete,
            "expired": self.expired,
            "reclaimable": self.reclaimable,
            "why": self.why,
            "choices": self.choices.iter().map(choice).collect::<Vec<_>>(),
        })
    }

    fn parse(answer: &Value) -> Self {
        let choices = answer["choices"].as_array().into_iter().flatten();
        Self {
            is_native: answer["native"] == true,
            profile: text(&answer["profile"]),
            table: text(&answer["table"]),
            sessions: answer["sessions"].as_u64(),
            is_complete: answer["complete"] == true,
            expired: answer["expired"].as_f64(),
            reclaimable: answer["reclaimable"].as_u64(),
            why: text(&answer["why"]),
            choices: choices.map(FoundChoice::parse).collect(),
        }
    }

    /// Reports whether the profile and the table are certain.
    pub const fn is_certain(&self) -> bool {
        self.choices.is_empty()
    }
}

impl FoundChoice {
    fn parse(choice: &Value) -> Self {
        Self {
            table: text(&choice["table"]),
            profile: text(&choice["profile"]),
            condition: text(&choice["if"]),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn choices_of(doubt: &DetectionDoubt) -> Vec<FoundChoice> {
    let choice = |choice: &crate::domain::profile::ProfileChoice| FoundChoice {
        table: None,
        profile: Some(choice.name.clone()),
        condition: Some(choice.condition.to_owned()),
    };
    doubt.choices.iter().map(choice).collect()
}

/// The error without the path, which stands beside it.
fn reason(error: &Error) -> String {
    match error {
        Error::Corrupt { detail, .. } => format!("corrupt: {detail}"),
        Error::Busy { .. } => "in use: a program has locked it".to_owned(),
        Error::Interrupted { .. } => "it takes too long to read".to_owned(),
        Error::ForeignDatabase { .. } => {
            "corrupt: it begins like an SQLite database, but is none".to_owned()
        }
        Error::Refused(why) => why.clone(),
        Error::Failed { source, .. } => source.to_string(),
        other => other.with_causes(),
    }
}
