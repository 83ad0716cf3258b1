//! Ends and purges the sessions that nobody uses any more.

pub mod domain;
