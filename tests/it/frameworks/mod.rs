//! The session tables that frameworks have: what the command and the library do to
//! them, seen from outside.
//!
//! The tables are those that the frameworks really made (fixtures/), at the clock that
//! belongs to them, and large copies of them with rows in the frameworks' own forms.
//! Beside them stand tables that sessctl has no profile of (profiles/), and, where they
//! are installed, the frameworks themselves.

mod boundaries;
mod command_clock;
mod concurrent_application;
mod custom_profiles;
mod detection;
mod detection_matrix;
mod django;
mod fixture_clock;
mod flask;
mod harness;
mod javascript;
mod mismatched_profiles;
mod on_cluster;
mod public_reports;
mod row_formats;
mod state;
mod unreadable_times;
mod unusual_schemas;
mod wrong_encodings;
