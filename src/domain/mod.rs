//! What a session is and when it ends: pure functions of values and of `now`.

pub mod clock;
pub mod cluster;
pub mod error;
pub mod filter;
pub mod guard;
pub mod job;
pub mod manners;
pub mod policy;
pub mod port;
pub mod profile;
pub mod room;
pub mod schedule;
pub mod session;
pub mod state;
pub mod stored;
pub mod time;
pub mod token;
pub mod zone;
