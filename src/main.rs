//! The `sessctl` command.

mod output;

fn main() {}
