//! The configuration file, one module of the source each.

mod profile;
mod profile_checks;
