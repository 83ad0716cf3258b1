//! Users and groups by their numbers.

use std::{env, fs};

use nix::unistd::{Gid, Group, Uid, User};

use crate::storage::Invoker;

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

/// User id that stands for no user.
const UNSET: u32 = u32::MAX;

/// Name of the user whose privileges this process has, or else the number.
pub fn current() -> String {
    user(Uid::effective().as_raw())
}

/// Users behind the current one: the caller of sudo, by its variables, which users other than root
/// may have forged; and the user who logged in, by the kernel's record.
pub fn invoker() -> Invoker {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let sudo_uid = variable("SUDO_UID").and_then(|uid| uid.parse().ok());
    let sudo_user = sudo_uid.map(|uid| variable("SUDO_USER").unwrap_or_else(|| user(uid)));
    let login = fs::read_to_string("/proc/self/loginuid").ok();
    let login_uid = login.and_then(|uid| uid.trim().parse().ok());
    Invoker { sudo_user, login_user: login_uid.filter(|uid| *uid != UNSET).map(user) }
}
