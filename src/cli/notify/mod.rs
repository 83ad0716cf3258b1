//! Notifications: pings of a monitoring service, and commands for changes of state.
//!
//! The process that starts the workers sends them, so that a worker that is killed, or that
//! cannot open its database, is reported, too. Nothing here changes the outcome of a job or
//! delays it: pings and commands have threads of their own, which [`Notifier`] waits
//! for at the end of the call.

pub mod command;
#[cfg(feature = "rqlite")]
pub mod http;
#[cfg(not(feature = "rqlite"))]
#[path = "without_http.rs"]
pub mod http;
mod locks;
mod means;
mod notifier;
pub mod payload;
pub mod ping;
mod scope;
mod scopes;
pub mod state;
mod state_file;
pub mod url;

#[cfg(feature = "internals")]
pub use means::NotifyLimits;
pub use notifier::Notifier;
#[cfg(feature = "internals")]
pub use scope::Scope;
pub use scopes::{is_wanted, scopes};
