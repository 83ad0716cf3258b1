//! The configuration file: TOML text in, policies and settings out. Reading the
//! file itself is left to the caller.

mod archives;
mod cluster;
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
mod options;
mod policies;
pub mod profile;
mod profile_checks;
mod retention;
mod sections;
mod selection;
mod settings;
mod table;
mod tasks;
mod values;
mod warnings;

#[cfg(feature = "internals")]
pub use cluster::ClusterOptions;
pub use error::ConfigError;
pub use options::{ArchiveOptions, Config, Hooks, ReportTarget};
pub use profile_checks::IgnoredKey;
#[cfg(feature = "internals")]
pub use profile_checks::TablePolicy;
pub use settings::Setting;
