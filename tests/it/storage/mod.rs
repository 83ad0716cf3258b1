//! The types of `storage`, one module of the source each.

mod consistency;
mod disk_space;
mod kept_rows;
mod raw_row;
