//! What goes wrong on the host: files that are damaged, closed, locked, or on a full file system.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;

use rusqlite::Connection;

use super::machine::Machine;
use super::site::Site;
use crate::support::set_mode;

pub const DAMAGED: &str = "site0";
pub const NO_DATABASE: &str = "site1";
pub const DENIED: &str = "site2";
pub const LOCKED: &str = "site3";
pub const FULL: &str = "site29";

/// The databases that fail all day.
pub const FAILING: [&str; 4] = [DAMAGED, NO_DATABASE, DENIED, FULL];

/// Brings some sites into trouble; returns the connection that locks one of them.
pub fn begin(machine: &Machine, sites: &[Site]) -> Connection {
    let site = |name: &str| sites.iter().find(|site| site.name == name).unwrap();
    let file =
        |name: &str| OpenOptions::new().write(true).open(machine.path(&site(name).path)).unwrap();
    let damaged = file(DAMAGED);
    let length = damaged.metadata().unwrap().len();
    damaged.write_all_at(&vec![0xff; usize::try_from(length).unwrap() - 4_096], 4_096).unwrap();
    file(NO_DATABASE).write_all_at(b"no database at all, but a text. ", 0).unwrap();
    set_mode(&machine.path(&site(DENIED).path), 0o000);
    fill(machine);
    let locked = site(LOCKED).connect();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();
    locked
}

/// Leaves no byte of the small file system free.
fn fill(machine: &Machine) {
    let path = machine.path("srv/small/site29/uploads");
    let mut filler = fs::File::create(&path).unwrap();
    for size in [4_096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    machine.give("srv/small/site29/uploads", super::machine::user(9));
}
