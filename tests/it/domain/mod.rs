//! The rules of the domain, one module of the source each.

mod agent;
mod archive_name;
mod clock;
mod error;
mod filter;
mod guard;
mod health;
mod job {
    mod interval;
    mod spacing;
}
mod policy {
    mod set;
    mod two_pass;
    mod user_limit;
    mod verdict;
}
mod profile {
    mod condition;
    mod django;
    mod encoding;
    mod lifetime;
    mod standing;
    mod user;
}
mod report_name;
mod session;
mod task;
mod time;
mod time_zone;
mod token;
mod write_limits;
