//! Privileges: root works on a database with those of the file's owner.
//!
//! 1. The configuration, the profile and the credentials are read as root.
//! 2. The owner is found without opening anything in its reach.
//! 3. A helper keeps root's privileges for what only root may do: see [`helper`].
//! 4. The process takes the owner's user, group and supplementary groups for good, and only
//!    then resolves the path of the database.

pub mod helper;
mod identity;
mod owner;

use std::path::PathBuf;

use sessctl::store::Location;

use super::context::Context;
use super::exit::Usage;
use super::state_dir::Owner;
use super::trust;
use helper::Helper;

pub use identity::Identity;

/// A command's needs that depend on privileges.
pub struct Needs {
    /// The database that it works on.
    pub database: Location,
    /// Whether it makes the database where there is none.
    pub may_create: bool,
    /// Whether it ends sessions, and keeps state of a framework's table for that.
    pub writes_state: bool,
    /// The profile that it is about, if it names one itself.
    pub profile: Option<PathBuf>,
    /// Files that only root may be able to write or read again.
    pub files: helper::Args,
}

/// Takes the privileges that a command is to work with, for good. `None`: it works on no
/// database.
///
/// # Errors
/// As for [`of`], and whatever keeps the privileges from being taken, or what root must not
/// read.
pub fn take(needs: Option<&Needs>, context: &Context) -> anyhow::Result<()> {
    let Some(needs) = needs else {
        return context
            .global
            .run_as
            .as_ref()
            .map_or(Ok(()), |_| Err(Usage::error("--as: this command uses no database")));
    };
    let identity = of(&needs.database, needs.may_create, context)?;
    if !trust::is_root() {
        return Ok(());
    }
    context.read_in_advance(needs.profile.as_deref())?;
    if identity.is_root() {
        return Ok(());
    }
    if needs.writes_state {
        let owner = Owner { uid: identity.uid(), gid: identity.gid() };
        context.make_state_folder(&needs.database, owner, context.config()?);
    }
    let has_files = needs.files != helper::Args::default();
    let helper = has_files.then(|| Helper::start(&needs.files)).transpose()?;
    identity.assume()?;
    if context.global.verbose {
        let why = match context.global.run_as {
            Some(_) => "as requested with --as",
            None => "the owner of the database",
        };
        context.say(&format!("sessctl: working with the privileges of {identity}, {why}"));
    }
    context.set_identity(identity, helper);
    Ok(())
}

/// The user whose privileges a command on a database works with: that of `--as`, or as root
/// the owner of the file, or else the caller.
///
/// # Errors
/// [`Usage`] if somebody else than root asks for another user; otherwise as for
/// [`owner::of`].
pub fn of(database: &Location, may_create: bool, context: &Context) -> anyhow::Result<Identity> {
    let is_root = trust::is_root();
    match (context.global.run_as.as_deref(), database) {
        (Some(user), _) => {
            let identity = Identity::parse(user)?;
            if !is_root && identity.uid() != Identity::current()?.uid() {
                return Err(Usage::error(format!(
                    "--as {user}: only root can take another user's privileges"
                )));
            }
            Ok(identity)
        }
        (None, Location::File(path)) if is_root => owner::of(path, may_create),
        _ => Identity::current(),
    }
}
