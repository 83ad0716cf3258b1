//! Session tables of frameworks. Profiles describe them, and their schema is never changed.
//!
//! The statements read rows, and the [profile](crate::domain::profile::Profile::judge)
//! evaluates them: no rule of a framework is written twice. A row is deleted only if it is
//! still identical to the row that was evaluated.

mod adopted_table;
mod archive;
mod backend;
mod blocking_references;
mod check;
mod column_sql;
mod copy_plan;
mod delete;
mod delete_batch;
mod delete_due;
mod dependent_refusal;
mod detection;
pub mod diagnose;
mod expiry_index;
pub(super) mod foreign_keys;
mod idle_times;
mod inspection;
pub mod key_distribution;
mod key_spread;
pub mod list;
mod observe;
mod observe_schema;
mod open;
pub mod reader;
mod rebuild;
mod referencing_tables;
mod row_key;
mod same_row;
mod sample;
mod scan;
mod standing;
pub mod state;
mod stats;
pub mod table;
pub mod triggers;
mod unreadable_value;
mod user_names;
mod vacuum;
mod validate;
mod values;

pub use detection::{Detector, SurveyLimits, detect, locate};
pub use diagnose::{ClassCount, Diagnosis, Sample, diagnose};
pub use observe::{observe, table_overview};
#[cfg(feature = "internals")]
pub use observe_schema::TableOverview;
pub use open::{open, open_with_state};
pub use sample::expired_share_of_sample;
pub use state::{StateDirectory, StateMemory, check_state_directory};
