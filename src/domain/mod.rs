//! What a session is and when it ends: pure functions of values and of `now`.

pub mod schedule;
pub mod time;
pub mod zone;
