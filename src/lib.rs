//! Session housekeeping.

pub mod app;
pub mod config;
pub mod domain;
pub mod store;

pub use domain::error::{Error, Result};
