//! The quick tests. CONTRIBUTING.md says which module a new test belongs to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod cli;
mod cluster;
mod config;
mod dependencies;
mod docs;
mod domain;
mod frameworks;
mod layers;
mod library;
mod output;
mod pictures;
mod sql_contract;
mod storage;
mod store;
#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the slow tests use the rest of it")]
mod support;
mod systems;
