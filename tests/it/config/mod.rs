//! The configuration file, one module of the source each.

mod databases;
mod legacy;
mod overrides;
mod profile;
mod profile_checks;
