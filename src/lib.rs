//! Session housekeeping: end and purge the sessions that nobody uses any more, in
//! a SQLite table that an application goes on writing to, in a file or on an rqlite
//! cluster.
//!
//! This library is what the command `sessctl` runs on; a server can do the same
//! in process:
//!
//! ```
//! use std::ops::ControlFlow;
//! use sessctl::{Housekeeper, Opening, Policies, PurgeRequest, Span, UnixTime, store};
//!
//! # fn main() -> sessctl::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("sessions.db");
//! // A table of sessions, and the rules for them.
//! let mut keeper = Housekeeper::new(store::create(path)?, Policies::default());
//!
//! // Every operation takes the moment as a parameter. In a server that is
//! // `UnixTime::from(std::time::SystemTime::now())`.
//! let now = UnixTime(1_781_524_800);
//!
//! // The client gets the token; the table keeps only its hash.
//! let opening =
//!     Opening { task: "imap".into(), user: Some("alice".into()), ..Opening::default() };
//! let opened = keeper.open(opening, now)?;
//! assert_eq!(opened.idle_timeout, Some(Span::minutes(30)));
//!
//! // Each request of the client touches its session.
//! let token = opened.token;
//! let answers = keeper.touch(&[token.clone()], now.plus(Span::minutes(20)))?;
//! assert!(answers[0].outcome.is_served());
//!
//! // Half an hour and a second after the last use, the session is due.
//! let later = now.plus(Span::seconds(20 * 60 + 30 * 60 + 1));
//! let go_on = &mut |_: &_| ControlFlow::Continue(());
//! let summary = keeper.purge(&PurgeRequest::default(), later, go_on)?;
//! assert_eq!(summary.done.ended, 1);
//! assert!(!keeper.touch(&[token], later)?[0].outcome.is_served());
//! # Ok(())
//! # }
//! ```
//!
//! It has four layers. [`domain`] holds the rules, as pure functions; [`store`]
//! the tables and their SQL; [`app`] the operations, which know of a store no more
//! than the port [`Sessions`](domain::port::Sessions) says; [`config`] reads the
//! policies from a TOML text.

#![warn(clippy::unwrap_used)]

pub mod app;
pub mod config;
pub mod domain;
pub mod storage;
pub mod store;

pub use app::{OpenRequest, PurgeRequest, SessionService};
pub use config::Config;
pub use domain::error::{Error, Result};
pub use domain::policy::{Policies, Policy};
pub use domain::time::{Span, UnixTime};
pub use domain::token::Token;
