//! Session housekeeping: ends and purges unused sessions in an SQLite table that an
//! application keeps writing to, in a file or on an rqlite cluster.
//!
//! The command `sessctl` is built on this library, and a server can do the same in its
//! own process:
//!
//! ```
//! use std::ops::ControlFlow;
//! use sessctl::{OpenRequest, Policies, PurgeRequest, SessionService, Span, UnixTime};
//!
//! # fn main() -> sessctl::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let path = directory.path().join("sessions.db");
//! // A table of sessions, and its policies.
//! let mut service = SessionService::new(sessctl::create(path)?, Policies::default());
//!
//! // Every operation takes the current time as a parameter. A server passes
//! // `UnixTime::from(std::time::SystemTime::now())`.
//! let now = UnixTime(1_781_524_800);
//!
//! // The client receives the token; the table stores only its hash.
//! let request =
//!     OpenRequest { task: "imap".into(), user: Some("alice".into()), ..OpenRequest::default() };
//! let opened = service.open(request, now)?;
//! assert_eq!(opened.idle_timeout, Some(Span::minutes(30)));
//!
//! // Each request of the client touches its session.
//! let token = opened.token;
//! let results = service.touch(&[token.clone()], now.plus(Span::minutes(20)))?;
//! assert!(results[0].outcome.is_live());
//!
//! // Half an hour and a second after its last use, the session is due.
//! let later = now.plus(Span::seconds(20 * 60 + 30 * 60 + 1));
//! let progress = &mut |_: &_| ControlFlow::Continue(());
//! let summary = service.purge(&PurgeRequest::default(), later, progress)?;
//! assert_eq!(summary.done.ended, 1);
//! assert!(!service.touch(&[token], later)?[0].outcome.is_live());
//! # Ok(())
//! # }
//! ```
//!
//! [`open`] and [`create`] return a database; [`SessionService`] has one method for each
//! operation; [`Config`] reads policies from a TOML text.

#![warn(clippy::unwrap_used)]
#![cfg_attr(not(feature = "internals"), warn(missing_docs, clippy::missing_errors_doc))]
#![cfg_attr(
    not(all(feature = "cli", feature = "rqlite")),
    expect(dead_code, reason = "only the whole command uses all of the library")
)]
#![cfg_attr(
    not(feature = "cli"),
    expect(unused_imports, reason = "the modules export what the command uses")
)]

#[cfg(feature = "internals")]
pub mod app;
#[cfg(not(feature = "internals"))]
mod app;
#[cfg(all(feature = "cli", feature = "internals"))]
pub mod cli;
#[cfg(all(feature = "cli", not(feature = "internals")))]
mod cli;
#[cfg(feature = "internals")]
pub mod config;
#[cfg(not(feature = "internals"))]
mod config;
#[cfg(feature = "internals")]
pub mod domain;
#[cfg(not(feature = "internals"))]
mod domain;
#[cfg(all(feature = "cli", feature = "internals"))]
pub mod output;
#[cfg(all(feature = "cli", not(feature = "internals")))]
mod output;
#[cfg(feature = "internals")]
pub mod storage;
#[cfg(not(feature = "internals"))]
mod storage;
#[cfg(feature = "internals")]
pub mod store;
#[cfg(not(feature = "internals"))]
mod store;

pub use app::{
    CycleReport, CycleRequest, OpenRequest, OpenedSession, PurgeProgress, PurgeReport,
    PurgeRequest, SessionService, TouchOutcome, TouchResult,
};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main as run_command;
pub use config::{Config, ConfigError};
pub use domain::error::{Error, Result};
pub use domain::policy::{Policies, Policy};
pub use domain::session::Session;
pub use domain::time::{Span, UnixTime};
pub use domain::token::Token;
pub use store::{Access, Location, create, open};
