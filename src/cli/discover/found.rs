//! Findings of a search, for the listing and for entries of a configuration.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::answer::FoundTable;
use super::configured::ConfiguredDatabase;
use crate::cli::profiles::CachedProfiles;
use crate::domain::profile::Profile;
use crate::output::record::{Column, Record, Schema, Severity, Value};

/// Name in the column of profiles for sessctl's own table.
pub const NATIVE: &str = "native";

pub static FOUND: Schema = Schema::many(
    "databases",
    &[
        Column::row("path", "path"),
        Column::row("profile", "profile"),
        Column::detail("table", "table"),
        Column::detail("holds", "holds"),
        Column::row("owner", "owner"),
        Column::row("sessions", "sessions"),
        Column::data("sessions_complete", "all counted"),
        Column::row("expired_percent", "expired %"),
        Column::row("reclaimable_bytes", "reclaimable bytes"),
        Column::row("purge", "purge"),
        Column::data("database", "database"),
        Column::row("note", "note"),
        Column::data("examined", "examined"),
    ],
);

/// A database with a table of sessions, or one that could not be examined.
pub struct Found {
    pub path: PathBuf,
    pub owner: String,
    /// The table, or the reason why it is not known.
    pub table: Result<FoundTable, String>,
    /// Entry in the configuration.
    pub configured: Option<ConfiguredDatabase>,
    /// Set if a purge of it is configured or scheduled.
    pub has_purge: bool,
}

impl Found {
    pub fn record(&self, profiles: &CachedProfiles) -> Record {
        let unknown = FoundTable::default();
        let table = self.table.as_ref().unwrap_or(&unknown);
        let profile = self.profile(profiles);
        let name = if table.is_native { Some(NATIVE) } else { table.profile.as_deref() };
        let holds = profile.as_ref().map(|profile| profile.holds.clone());
        let values = vec![
            Value::Text(shown_path(&self.path)),
            Value::text(name),
            Value::text(table.table.as_deref()),
            Value::text(holds),
            Value::Text(self.owner.clone()),
            table.sessions.map_or(Value::Absent, Value::Count),
            table.sessions.map_or(Value::Absent, |_| Value::Flag(table.is_complete)),
            match percent(table.expired) {
                Some(0.0) => Value::Count(0),
                percent => percent.map_or(Value::Absent, Value::Measure),
            },
            table.reclaimable.map_or(Value::Absent, Value::Count),
            if self.has_purge {
                Value::Word("yes".into(), Severity::Good)
            } else {
                Value::Word("no".into(), Severity::Plain)
            },
            Value::text(self.configured.as_ref().and_then(|it| it.name.clone())),
            Value::text(self.note(profile.as_ref())),
            Value::Flag(self.table.is_ok()),
        ];
        Record::new(["database", &shown_path(&self.path)], values)
    }

    pub fn profile(&self, profiles: &CachedProfiles) -> Option<Profile> {
        profiles.named(self.table.as_ref().ok()?.profile.as_deref()?)
    }

    /// Remark on the figures.
    fn note(&self, profile: Option<&Profile>) -> Option<String> {
        let table = match &self.table {
            Ok(table) => table,
            Err(why) => return Some(why.clone()),
        };
        let parameters = profile.filter(|profile| !profile.missing.is_empty()).map(|profile| {
            let names: Vec<&str> = profile.missing.iter().map(|it| it.name.as_str()).collect();
            let what = if names.len() == 1 { "parameter" } else { "parameters" };
            format!("what is expired depends on the {what} {}", names.join(" and "))
        });
        let readonly = profile.and_then(|profile| profile.readonly.as_ref());
        let parts = [
            table.why.clone(),
            parameters,
            readonly.map(|why| format!("read-only: {why}")),
            (table.sessions.is_some() && !table.is_complete)
                .then(|| "there are more sessions: the share is that of a sample".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Percentage with one decimal, rounded down: 100 means all.
pub fn percent(share: Option<f64>) -> Option<f64> {
    // The share of a thousand in a thousand is exact, and one of a fraction never rounds up to it.
    share.map(|share| (share * 1_000.0 + 1e-9).floor() / 10.0)
}

/// A path as text. Bytes that are no UTF-8 are shown as `\xff`.
pub fn shown_path(path: &Path) -> String {
    let chunks = path.as_os_str().as_bytes().utf8_chunks();
    chunks.fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        text
    })
}
