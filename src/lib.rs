//! Session housekeeping.

pub mod domain;
