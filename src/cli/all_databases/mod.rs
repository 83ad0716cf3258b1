//! One process for each database.

pub mod events;
