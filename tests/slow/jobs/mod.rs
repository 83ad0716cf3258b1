//! Jobs that are asked for each minute of days, months and a year.

mod each_minute;
mod month;
