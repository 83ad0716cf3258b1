use nix::unistd::{Uid, User};

pub(in crate::store::database) fn own() -> u32 {
    Uid::effective().as_raw()
}

/// The name of a user, or the number if it has none.
pub(in crate::store::database) fn name(user: u32) -> String {
    match User::from_uid(Uid::from_raw(user)) {
        Ok(Some(user)) => user.name,
        _ => user.to_string(),
    }
}
