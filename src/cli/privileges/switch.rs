//! The change from root to the owner of the database.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::helper::{self, Helper};
use super::identity::Identity;
use super::owner::{self, FoundDatabase, IfMissing};
use crate::Error;
use crate::cli::context::{Context, SettingSource};
use crate::cli::exit::Usage;
use crate::cli::state_dir::DatabaseOwner;
use crate::cli::trust;
use crate::store::Location;

pub struct PrivilegeNeeds {
    pub database: Location,
    pub also: Option<Location>,
    /// Treatment of one that is missing.
    pub if_missing: IfMissing,
    /// Set if the command ends sessions, and therefore keeps state of a framework's table.
    pub writes_state: bool,
    pub profile: Option<PathBuf>,
    /// Archives that the command reads.
    pub archives: Vec<PathBuf>,
    pub files: helper::Args,
}

/// Takes the privileges that a command is to work with, for good. `None`: it works on no
/// database.
///
/// # Errors
/// Errors of [`find_owner`], failures to take the privileges, and files that root must not read.
pub fn take_privileges(needs: Option<&PrivilegeNeeds>, context: &Context) -> anyhow::Result<()> {
    let Some(needs) = needs else {
        return context
            .global
            .run_as
            .as_ref()
            .map_or(Ok(()), |_| Err(Usage::error("--as: this command uses no database")));
    };
    let found = find_owner(&needs.database, needs.if_missing, context)?;
    if !trust::is_root() {
        return Ok(());
    }
    let identity = found.owner;
    if let Some(other) = &needs.also {
        ensure_same_owner(&identity, other, &needs.database, context)?;
    }
    context.read_in_advance(needs.profile.as_deref())?;
    if identity.is_root() {
        return Ok(());
    }
    context.open_in_advance(&needs.archives)?;
    if needs.writes_state {
        let owner = DatabaseOwner { uid: identity.uid(), gid: identity.gid() };
        context.create_state_directory(&needs.database, owner, context.config()?);
    }
    let has_files = needs.files != helper::Args::default();
    let helper = has_files.then(|| Helper::start(&needs.files)).transpose()?;
    // Before the change, after which only the option would count.
    let why = match context.user_for(&needs.database)? {
        Some((_, SettingSource::Flag)) => "as requested with --as",
        Some(_) => "as the configuration requests",
        None => "the owner of the database",
    };
    identity.assume()?;
    if context.global.verbose {
        context.print_notice(&format!("sessctl: working with the privileges of {identity}, {why}"));
    }
    context.set_identity(identity, found.file, helper);
    Ok(())
}

fn ensure_same_owner(
    identity: &Identity,
    other: &Location,
    first: &Location,
    context: &Context,
) -> anyhow::Result<()> {
    let owner = find_owner(other, IfMissing::Ignore, context)?.owner;
    if other.file().is_none() {
        return Ok(());
    }
    if owner.uid() == identity.uid() {
        return find_owner(other, IfMissing::Create, context).map(drop);
    }
    Err(Error::Refused(format!(
        "\"{first}\" belongs to {identity} and \"{other}\" to {owner}; pass --as USER for a user \
         who may use both"
    ))
    .into())
}

#[derive(Debug, thiserror::Error)]
#[error("\"{database}\" now belongs to {owner}; run sessctl again")]
pub struct NewOwner {
    database: Location,
    owner: Identity,
}

/// Makes sure that a process that has kept root's privileges still may.
///
/// # Errors
/// [`NewOwner`], and as for [`owner::of`].
pub fn ensure_privileges_kept(database: &Location, context: &Context) -> anyhow::Result<()> {
    if !trust::is_root() {
        return Ok(());
    }
    let owner = find_owner(database, IfMissing::Fail, context)?.owner;
    if owner.is_root() {
        return Ok(());
    }
    Err(NewOwner { database: database.clone(), owner }.into())
}

pub fn reexec() -> anyhow::Error {
    let program = env::current_exe().context("could not find the executable of sessctl");
    match program {
        Ok(program) => Command::new(program).args(env::args_os().skip(1)).exec().into(),
        Err(error) => error,
    }
}

/// Finds the user whose privileges a command on a database works with: that of `--as`, or as
/// root that of its configuration or the owner of the file, or else the caller.
///
/// # Errors
/// [`Usage`] if somebody else than root asks for another user; otherwise as for
/// [`owner::of`].
pub fn find_owner(
    database: &Location,
    if_missing: IfMissing,
    context: &Context,
) -> anyhow::Result<FoundDatabase> {
    let is_root = trust::is_root();
    let owner = match (context.user_for(database)?, database) {
        (Some((user, _)), _) => {
            let identity = Identity::parse(user)?;
            if !is_root && identity.uid() != Identity::current()?.uid() {
                return Err(Usage::error(format!(
                    "--as {user}: only root can take another user's privileges"
                )));
            }
            identity
        }
        (None, Location::File(path)) if is_root => return owner::of(path, if_missing),
        _ => Identity::current()?,
    };
    Ok(FoundDatabase { owner, file: None })
}
