//! Jobs through the library: when they are due, and what the ledger says of it.

mod changed_settings;
mod clock_jumps;
mod conflicting_hosts;
mod fixed_times;
mod hosts;
mod interrupted_runs;
mod interval;
mod ledger_retention;
mod locked_database;
mod missed_runs;
mod polling;
mod races;
mod reports;
mod set_clock;
