//! Components of a path that users other than root can change.

use std::borrow::Cow;
use std::path::Path;
use std::{fmt, fs};

use super::path::{ComponentKind, PathComponent, ResolvedPath};
use crate::cli::accounts;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_ENTERS: u32 = 0o010;
const OTHERS_ENTER: u32 = 0o001;
const STICKY: u32 = 0o1000;

/// Shown as the owner of files whose owner does not exist in this user namespace.
pub const OVERFLOW_UID: u32 = 65_534;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault<'a> {
    pub component: &'a PathComponent,
    pub writer: Writer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Owner(u32),
    Group(u32),
    Listed,
    Everyone,
}

impl ResolvedPath {
    /// Finds the first component that others than root control. A path without one can be
    /// exchanged by root alone:
    ///
    /// 1. Each directory on the way is root's, and neither its group nor others may write
    ///    to it. The group root counts as root.
    /// 2. In a directory with the sticky bit, such as `/tmp`, others may write, but the
    ///    component within it, be it a link, must be root's.
    /// 3. The file at the end is root's, and neither its group nor others may write to it. A
    ///    device may be written to: `/dev/null` gives nothing of it back.
    /// 4. An open descriptor of a process, such as `/dev/stdin`, was handed over by the user
    ///    who started the command; a regular file behind it is held to rule 3.
    pub fn fault(&self) -> Option<Fault<'_>> {
        self.first_fault().map(|(_, fault)| fault)
    }

    /// Finds a link or a `..` that others than root control, on a path where the directories
    /// may be theirs. Without one, whatever such a user exchanges, the path ends below a
    /// directory of his own.
    pub fn link_in_reach(&self) -> Option<Fault<'_>> {
        let (first, fault) = self.first_fault()?;
        let leads_away = |component: &PathComponent| {
            matches!(component.kind, ComponentKind::Link(_) | ComponentKind::Parent)
        };
        self.components[first..].iter().any(leads_away).then_some(fault)
    }

    /// Finds the first component by which others than root could exchange the file at the end,
    /// whatever its own mode. A directory that all may write to is out of their reach below one
    /// that root alone may enter.
    pub fn fault_on_the_way(&self) -> Option<Fault<'_>> {
        let is_way = |component: &&PathComponent| {
            matches!(
                component.kind,
                ComponentKind::Directory | ComponentKind::Parent | ComponentKind::Link(_)
            )
        };
        self.components.iter().filter(is_way).find_map(|component| {
            let writer = self.writer(component)?;
            let is_in_reach = matches!(writer, Writer::Owner(_)) || !self.is_shielded(component);
            is_in_reach.then_some(Fault { component, writer })
        })
    }

    /// Finds users other than the owner who can create files in the directory at the end, or in the
    /// one of the file there. The sticky bit makes no difference to that.
    pub fn fault_beside(&self) -> Option<Fault<'_>> {
        let last = self.last();
        let component = match last.kind {
            ComponentKind::Directory | ComponentKind::Parent => last,
            _ => &self.components[last.within?],
        };
        let writer = component.may_also_write().filter(|_| !self.is_shielded(component))?;
        Some(Fault { component, writer })
    }

    /// Reports whether a component is below a directory that root alone may enter.
    fn is_shielded(&self, component: &PathComponent) -> bool {
        let directories =
            std::iter::successors(component.within, |index| self.components[*index].within);
        directories.map(|index| &self.components[index]).any(|directory| {
            is_root(directory.uid) && directory.mode & (GROUP_ENTERS | OTHERS_ENTER) == 0
        })
    }

    pub fn links_in_reach(&self) -> impl Iterator<Item = &PathComponent> {
        let first = self.first_fault().map_or(self.components.len(), |(index, _)| index);
        self.components[first..]
            .iter()
            .filter(|component| matches!(component.kind, ComponentKind::Link(_)))
    }

    fn first_fault(&self) -> Option<(usize, Fault<'_>)> {
        self.components.iter().enumerate().find_map(|(index, component)| {
            let writer = self.writer(component)?;
            Some((index, Fault { component, writer }))
        })
    }

    fn writer(&self, component: &PathComponent) -> Option<Writer> {
        let owner = Some(Writer::Owner(component.uid)).filter(|_| !is_root(component.uid));
        match component.kind {
            ComponentKind::Handed => None,
            ComponentKind::Device => owner,
            ComponentKind::Link(_) => {
                let directory = component.within.map(|index| &self.components[index]);
                owner.filter(|_| directory.is_some_and(|directory| directory.mode & STICKY != 0))
            }
            ComponentKind::Directory | ComponentKind::Parent if component.mode & STICKY != 0 => {
                owner
            }
            ComponentKind::Directory | ComponentKind::Parent | ComponentKind::File => {
                owner.or_else(|| component.may_also_write())
            }
        }
    }
}

impl PathComponent {
    fn may_also_write(&self) -> Option<Writer> {
        if self.mode & OTHERS_WRITE != 0 {
            Some(Writer::Everyone)
        } else if self.has_list {
            Some(Writer::Listed)
        } else if self.mode & GROUP_WRITES != 0 && self.gid != 0 {
            Some(Writer::Group(self.gid))
        } else {
            None
        }
    }
}

impl Fault<'_> {
    pub fn remedy(&self) -> String {
        let name = shell_quoted(&self.component.path);
        let mode = format!("chmod go-w {name}");
        match self.writer {
            Writer::Owner(_) if self.component.mode & (GROUP_WRITES | OTHERS_WRITE) == 0 => {
                format!("chown -h root:root {name}")
            }
            Writer::Owner(_) => format!("chown -h root:root {name} && {mode}"),
            Writer::Listed => format!("setfacl -b {name} && {mode}"),
            Writer::Group(_) | Writer::Everyone => mode,
        }
    }
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.component.kind {
            ComponentKind::Directory | ComponentKind::Parent => "the directory",
            ComponentKind::Link(_) => "the link",
            ComponentKind::Device => "the device",
            ComponentKind::File | ComponentKind::Handed => "the file",
        };
        let path = self.component.path.display();
        match self.writer {
            Writer::Owner(uid) => write!(f, "user {} owns {kind} \"{path}\"", accounts::user(uid)),
            Writer::Group(gid) => {
                write!(f, "group {} may write to {kind} \"{path}\"", accounts::group(gid))
            }
            Writer::Listed => {
                write!(f, "an access control list lets other users write to {kind} \"{path}\"")
            }
            Writer::Everyone => write!(f, "every user may write to {kind} \"{path}\""),
        }
    }
}

pub fn shell_quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| format!("{text:?}"), Cow::into_owned)
}

/// Root itself, or, in a user namespace that does not map it, an owner outside: no process
/// of the namespace can have that user's rights.
fn is_root(uid: u32) -> bool {
    uid == 0 || uid == OVERFLOW_UID && is_unmapped(uid)
}

fn is_unmapped(uid: u32) -> bool {
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !maps(&map, uid))
}

/// Looks for a user in the lines of a map: first user inside, first outside, count.
pub fn maps(map: &str, uid: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (first, count) = (numbers.next(), numbers.nth(1));
        match (first, count) {
            (Some(Ok(first)), Some(Ok(count))) => {
                (first..first.saturating_add(count)).contains(&u64::from(uid))
            }
            // What cannot be understood maps all.
            _ => true,
        }
    })
}
