//! A user with its groups, and the change to it.

use std::ffi::{CString, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::unistd::{self, Gid, Group, Uid, User};

use crate::cli::exit::Usage;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    uid: Uid,
    gid: Gid,
    pub groups: Vec<Gid>,
    /// Name and home directory; `None`: the system has no entry for it.
    entry: Option<(String, PathBuf)>,
}

impl Identity {
    /// The owner of a file, whose group counts only if the system has no entry for the owner.
    ///
    /// # Errors
    /// If the name service fails.
    pub fn of_owner(uid: u32, group_of_file: u32) -> anyhow::Result<Self> {
        if uid == 0 {
            // The usual case needs no name service, which takes as long as a short command.
            let (uid, gid) = (Uid::from_raw(0), Gid::from_raw(0));
            let entry = Some(("root".to_owned(), "/root".into()));
            return Ok(Self { uid, gid, groups: vec![gid], entry });
        }
        Self::with_number(Uid::from_raw(uid), Gid::from_raw(group_of_file))
    }

    /// The user of this process.
    ///
    /// # Errors
    /// If the name service fails.
    pub fn current() -> anyhow::Result<Self> {
        Self::with_number(Uid::effective(), Gid::effective())
    }

    /// Reads the value of `--as`: a name, `UID` or `UID:GID`. A number needs no entry.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let unknown =
            |what: &str, name: &str| Usage::error(format!("--as: unknown {what} {name:?}"));
        let identity = match user.parse::<u32>() {
            Ok(uid) => Self::with_number(Uid::from_raw(uid), Gid::from_raw(uid))?,
            Err(_) => {
                let found = User::from_name(user).context("could not look up a user")?;
                Self::with_entry(found.ok_or_else(|| unknown("user", user))?)?
            }
        };
        let Some(group) = group else { return Ok(identity) };
        let gid = match group.parse::<u32>() {
            Ok(gid) => Gid::from_raw(gid),
            Err(_) => {
                let found = Group::from_name(group).context("could not look up a group")?;
                found.ok_or_else(|| unknown("group", group))?.gid
            }
        };
        Ok(Self { gid, groups: vec![gid], ..identity })
    }

    fn with_number(uid: Uid, gid: Gid) -> anyhow::Result<Self> {
        let found = User::from_uid(uid).with_context(|| format!("could not look up user {uid}"))?;
        match found {
            Some(user) => Self::with_entry(user),
            // The group root is for root.
            None if gid.as_raw() == 0 && !uid.is_root() => {
                Self::with_number(uid, Gid::from_raw(uid.as_raw()))
            }
            None => Ok(Self { uid, gid, groups: vec![gid], entry: None }),
        }
    }

    fn with_entry(user: User) -> anyhow::Result<Self> {
        let name = CString::new(user.name.as_str())?;
        let groups = unistd::getgrouplist(&name, user.gid)
            .with_context(|| format!("could not look up the groups of {}", user.name))?;
        let entry = Some((user.name, user.dir));
        Ok(Self { uid: user.uid, gid: user.gid, groups, entry })
    }

    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }

    pub fn uid(&self) -> u32 {
        self.uid.as_raw()
    }

    pub fn gid(&self) -> u32 {
        self.gid.as_raw()
    }

    /// The home directory; `None`: the system has no entry for the user.
    pub fn home(&self) -> Option<&Path> {
        self.entry.as_ref().map(|(_, home)| home.as_path())
    }

    /// The numbers of the user and its groups, as the option of the process that is to become
    /// this user: see [`of_numbers`](Self::of_numbers).
    pub fn as_option(&self) -> OsString {
        let groups: Vec<String> = self.groups.iter().map(Gid::to_string).collect();
        format!("--identity={}:{}:{}", self.uid, self.gid, groups.join(",")).into()
    }

    /// Reads `UID:GID:GROUP,GROUP…`. `None`: the text has another form.
    pub fn of_numbers(text: &str) -> Option<Self> {
        let (uid, rest) = text.split_once(':')?;
        let (gid, groups) = rest.split_once(':')?;
        let group = |number: &str| number.parse().ok().map(Gid::from_raw);
        let groups = groups.split(',').filter(|number| !number.is_empty());
        Some(Self {
            uid: Uid::from_raw(uid.parse().ok()?),
            gid: group(gid)?,
            groups: groups.map(group).collect::<Option<_>>()?,
            entry: None,
        })
    }

    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let Some((name, home)) = &self.entry else { return vec![("HOME", "/".into())] };
        vec![("USER", name.into()), ("LOGNAME", name.into()), ("HOME", home.into())]
    }

    /// Gives this process, which is root's, the privileges of this user, for good.
    ///
    /// # Errors
    /// If the kernel does not allow it, as in a container without `CAP_SETUID`.
    pub fn assume(&self) -> anyhow::Result<()> {
        let Self { uid, gid, groups, .. } = self;
        let assumed = unistd::setgroups(groups)
            .and_then(|()| unistd::setresgid(*gid, *gid, *gid))
            .and_then(|()| unistd::setresuid(*uid, *uid, *uid));
        assumed.with_context(|| {
            format!(
                "could not switch to {self}, which needs CAP_SETUID and CAP_SETGID; run sessctl as \
                 that user"
            )
        })?;
        // A kernel that kept a way back would make all of this pointless.
        if !uid.is_root() && unistd::setuid(Uid::from_raw(0)).is_ok() {
            bail!("could not drop root privileges");
        }
        Ok(())
    }
}

/// The name, or the number of a user without one.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "user {}", self.uid),
        }
    }
}
