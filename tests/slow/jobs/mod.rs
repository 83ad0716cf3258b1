//! Jobs that are checked each minute of days, months and a year.

mod each_minute;
mod month;
