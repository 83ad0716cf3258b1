//! The top-level keys, and the sections that stand for themselves.

use super::cluster::ClusterOptions;
use super::keys::{
    COMMAND, COUNT, ConfigKey, FOREVER, KeyFormat, NAME, PERCENT, TEXT, key, parsed_format,
    show_span_or,
};
use super::options::{Config, Hooks};
use super::selection::{AGENT, CLIENT, TASK, USERS};
use super::values::{at_least, parsed, span_or, span_within};
use crate::domain::archive_name::ArchiveName;
use crate::domain::clock::ClockGuard;
use crate::domain::time::Span;
use crate::domain::write_limits::HoldLimit;

pub(super) const TOP_LEVEL: &[&str] = &[
    "db",
    "database",
    "profile",
    "table",
    "parameters",
    "state_dir",
    "policy",
    "licence",
    "schedule",
    "retention",
    "guard",
    "purge",
    "archive",
    "job",
    "hooks",
    "notify",
    "ledger",
    "cluster",
];

const HOLD: KeyFormat<Option<HoldLimit>> = KeyFormat {
    read: |value| parsed(value).map(Some),
    show: |hold| hold.unwrap_or(HoldLimit::DEFAULT).to_string(),
};

/// Shown as nothing if it is not set: it depends on the other keys and on the database.
const HOLD_ALONE: KeyFormat<Option<HoldLimit>> = KeyFormat {
    read: |value| parsed(value).map(Some),
    show: |hold| hold.map(|hold| hold.to_string()).unwrap_or_default(),
};

/// Shown as nothing if it is not set.
const ARCHIVE: KeyFormat<Option<ArchiveName>> = KeyFormat {
    read: |value| parsed(value).map(Some),
    show: |name| name.as_ref().map(ArchiveName::to_string).unwrap_or_default(),
};

/// Keys above the first section.
pub(super) const GENERAL: &[ConfigKey<Config>] = &[
    key!("db", db, TEXT),
    key!("profile", profile, NAME),
    key!("table", table, NAME),
    key!("state_dir", state_dir, NAME),
];

/// `[retention]` also has a table for each group of tasks.
pub(super) const RETENTION: &[ConfigKey<Config>] = &[key!("max", policies.retention_cap, FOREVER)];

pub(super) const SECTIONS: &[(&str, &[ConfigKey<Config>])] = &[
    ("schedule", &[key!("timezone", zone, parsed_format())]),
    (
        "guard",
        &[
            key!("max_percent", guard.max_percent, PERCENT),
            key!("max_rows", guard.max_rows, COUNT),
            key!("clock", clock, CLOCK),
        ],
    ),
    (
        "purge",
        &[
            key!("hold", write_limits.hold, HOLD),
            key!("hold_alone", write_limits.hold_alone, HOLD_ALONE),
            key!("max_log", write_limits.max_log, parsed_format()),
            key!("log_alone", write_limits.log_alone, parsed_format()),
            key!("unreadable", unreadable, parsed_format()),
        ],
    ),
    ("archive", &[key!("file", archive.file, ARCHIVE), key!("keep", archive.keep, FOREVER)]),
    (
        "hooks",
        &[
            key!("on_end", hooks.on_end, COMMAND),
            key!("timeout", hooks.timeout, HOOK_TIMEOUT),
            key!("task", hooks.selection.task, TASK),
            key!("user", hooks.selection.users, USERS),
            key!("client", hooks.selection.client, CLIENT),
            key!("agent", hooks.selection.agent, AGENT),
        ],
    ),
    ("ledger", &[key!("keep", keep_runs, FOREVER)]),
    (
        "cluster",
        &[
            key!("credentials", cluster.credentials, NAME),
            key!("ca_file", cluster.ca_file, NAME),
            key!("consistency", cluster.consistency, parsed_format()),
            key!("timeout", cluster.timeout, CLUSTER_TIMEOUT),
            key!("patience", cluster.patience, PATIENCE),
        ],
    ),
];

const CLOCK: KeyFormat<Option<Span>> = KeyFormat {
    read: |value| {
        let threshold = span_or(value, "off")?.map(|span| at_least(span, ClockGuard::MIN));
        threshold.transpose().map_err(|error| format!("{error}; or use \"off\""))
    },
    show: |span| show_span_or(*span, "off"),
};
const HOOK_TIMEOUT: KeyFormat<Span> =
    KeyFormat { read: |value| span_within(value, &Hooks::TIMEOUT_RANGE), show: Span::to_string };
const CLUSTER_TIMEOUT: KeyFormat<Span> = KeyFormat {
    read: |value| span_within(value, &ClusterOptions::TIMEOUT_RANGE),
    show: Span::to_string,
};
const PATIENCE: KeyFormat<Span> = KeyFormat {
    read: |value| span_within(value, &ClusterOptions::PATIENCE_RANGE),
    show: Span::to_string,
};
