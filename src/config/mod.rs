//! The configuration file: TOML text in, policies and settings out. Reading the
//! file itself is left to the caller.

mod archives;
mod cluster;
mod database;
mod disabled;
mod document;
mod error;
mod file;
mod jobs;
mod keys;
#[cfg(feature = "internals")]
pub mod legacy;
#[cfg(not(feature = "internals"))]
mod legacy;
mod licences;
mod notify;
mod options;
mod overrides;
mod policies;
pub mod profile;
mod profile_checks;
mod reports;
mod retention;
mod sections;
mod selection;
mod set;
mod settings;
mod table;
mod tasks;
mod values;
mod warnings;

#[cfg(feature = "internals")]
pub use cluster::ClusterOptions;
pub use database::{DatabaseEntry, DatabaseName};
#[cfg(feature = "internals")]
pub use disabled::DisabledDatabase;
pub use document::SourceLine;
pub use error::ConfigError;
pub use notify::NotifyOptions;
#[cfg(feature = "internals")]
pub use options::ArchiveOptions;
pub use options::{Config, Hooks, ReportTarget};
pub use overrides::{PolicyOverrides, PolicySetting};
pub use profile_checks::IgnoredKey;
#[cfg(feature = "internals")]
pub use profile_checks::TablePolicy;
pub use set::{ConfigFault, ConfigSet, ConfigTexts, DropIn};
pub use settings::Setting;
