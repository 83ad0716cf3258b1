//! Harnesses and values that several modules of tests share.

pub mod cluster;
pub mod jobs;
pub mod profiles;
pub mod rng;
pub mod row;
pub mod rqlite;
pub mod sandbox;
pub mod suggested_config;
pub mod time;
