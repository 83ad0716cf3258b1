//! Users and groups by their numbers.

use nix::unistd::{Gid, Group, Uid, User};

pub fn name_of_user(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

pub fn user(uid: u32) -> String {
    name_of_user(uid).unwrap_or_else(|| uid.to_string())
}

pub fn group(gid: u32) -> String {
    let found = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    found.map_or_else(|| gid.to_string(), |group| group.name)
}

/// Name of the user whose privileges this process has, or else the number.
pub fn current() -> String {
    user(Uid::effective().as_raw())
}
