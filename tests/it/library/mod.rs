//! The library, as a Rust program calls it.

mod adopted;
mod built_in_profiles;
mod drafts;
mod jobs;
mod schedule;
mod selection;
mod store;
