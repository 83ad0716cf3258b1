//! A path, followed one component at a time, with the owner and the mode of each.
//!
//! Every component is opened relative to the directory before it, and no link is followed by
//! the kernel, so that the result describes the file that was reached and no other.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, getxattr, openat, readlinkat};
use rustix::io::Errno;

/// Maximum number of links on the way, as in the kernel.
const MAX_LINKS: u32 = 40;

/// Opens a component without reading it.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::NONBLOCK.union(OFlags::CLOEXEC);

const GROUP_WRITES: u32 = 0o020;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathComponent {
    /// Full path of the component, with all links before it resolved.
    pub path: PathBuf,
    pub kind: ComponentKind,
    pub uid: u32,
    pub gid: u32,
    /// Permission bits, with set-user-ID, set-group-ID and sticky.
    pub mode: u32,
    /// Index of the directory that holds it; `None`: it has none that matters (the root
    /// directory, a parent directory, an open descriptor).
    pub within: Option<usize>,
    /// Device and inode.
    pub id: (u64, u64),
    /// An access control list lets more users write than the mode says. It is looked at where
    /// the group may write and is root's; elsewhere the mode suffices for a verdict.
    pub has_list: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentKind {
    Directory,
    /// Symbolic link, and its target as written.
    Link(PathBuf),
    /// `..`: leads to the directory that holds the one before, wherever that is now.
    Parent,
    /// Regular file, FIFO or socket.
    File,
    Device,
    /// Anything but a regular file or directory that was reached through an open descriptor
    /// of a process, such as `/dev/stdin`.
    Handed,
}

#[derive(Debug)]
pub struct ResolvedPath {
    /// All components in the order in which they were followed, from `/` to the file itself;
    /// links are listed, followed by the components of their targets.
    pub components: Vec<PathComponent>,
    /// The end of the path. On Linux it is open as a location only (`O_PATH`): suitable for
    /// `fstat`, and as the directory for `openat`, `renameat` and the like.
    pub end: OwnedFd,
    /// Directory, name and flags for opening the end to read it.
    entry: (OwnedFd, OsString, OFlags),
}

impl ResolvedPath {
    /// Follows a path. A relative one starts from the working directory.
    ///
    /// # Errors
    /// Any component is missing or cannot be searched; too many links.
    pub fn to(path: &Path) -> io::Result<Self> {
        let full = std::path::absolute(path)?;
        let mut resolver = PathResolver::new(&full)?;
        while let Some(name) = resolver.names.pop() {
            resolver.advance(name)?;
        }
        let PathResolver { components, at, entry, .. } = resolver;
        Ok(Self { components, end: at, entry })
    }

    /// Follows a path as far as it exists, and lists the components that are missing.
    ///
    /// # Errors
    /// Same errors as [`to`](Self::to), except for a missing component.
    pub fn to_closest(path: &Path) -> io::Result<(Self, Vec<OsString>)> {
        let mut existing = std::path::absolute(path)?;
        let mut missing = Vec::new();
        loop {
            match Self::to(&existing) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                resolved => return Ok((resolved?, missing)),
            }
            let Some(name) = existing.file_name() else { return Err(Errno::NOENT.into()) };
            missing.insert(0, name.to_owned());
            existing.pop();
        }
    }

    pub fn last(&self) -> &PathComponent {
        &self.components[self.components.len() - 1]
    }

    /// Opens the end of the path for reading: the inode in [`last`](Self::last), or nothing.
    ///
    /// # Errors
    /// The file cannot be read, or has been replaced.
    pub fn open(&self) -> io::Result<File> {
        let (directory, name, flags) = &self.entry;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | *flags;
        let file = openat(directory, name, flags, Mode::empty())?;
        if id(&fstat(&file)?) != self.last().id {
            return Err(io::Error::other("it was replaced while it was being opened"));
        }
        Ok(file.into())
    }
}

struct PathResolver {
    components: Vec<PathComponent>,
    at: OwnedFd,
    /// Index of that component in `components`.
    place: usize,
    entry: (OwnedFd, OsString, OFlags),
    /// Components still to follow, the next one last.
    names: Vec<OsString>,
    links: u32,
}

impl PathResolver {
    fn new(full: &Path) -> io::Result<Self> {
        let at = root()?;
        let component = component(&at, "/".into(), ComponentKind::Directory, None)?;
        let entry = (root()?, ".".into(), OFlags::NOFOLLOW);
        Ok(Self { components: vec![component], at, place: 0, entry, names: names(full), links: 0 })
    }

    fn advance(&mut self, name: OsString) -> io::Result<()> {
        if !matches!(
            self.components[self.place].kind,
            ComponentKind::Directory | ComponentKind::Parent
        ) {
            return Err(Errno::NOTDIR.into());
        }
        if name == ".." {
            return self.ascend();
        }
        let found = rustix::fs::statat(&self.at, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Symlink if self.is_among_descriptors() => self.enter(name, OFlags::empty()),
            FileType::Symlink => self.follow(&name, &found),
            _ => self.enter(name, OFlags::NOFOLLOW),
        }
    }

    fn ascend(&mut self) -> io::Result<()> {
        let above = openat(&self.at, "..", LOOK | OFlags::DIRECTORY, Mode::empty())?;
        let mut path = self.components[self.place].path.clone();
        path.pop();
        let component = component(&above, path, ComponentKind::Parent, None)?;
        self.entry = (above.try_clone()?, ".".into(), OFlags::NOFOLLOW);
        self.arrive(above, component);
        Ok(())
    }

    fn enter(&mut self, name: OsString, flags: OFlags) -> io::Result<()> {
        let next = openat(&self.at, &name, LOOK | flags, Mode::empty())?;
        let is_handed = flags.is_empty();
        let kind = match FileType::from_raw_mode(fstat(&next)?.st_mode) {
            FileType::Directory => ComponentKind::Directory,
            // A link was put there after the look.
            FileType::Symlink => return Err(Errno::LOOP.into()),
            FileType::RegularFile => ComponentKind::File,
            _ if is_handed => ComponentKind::Handed,
            FileType::CharacterDevice | FileType::BlockDevice => ComponentKind::Device,
            _ => ComponentKind::File,
        };
        let within = Some(self.place).filter(|_| !is_handed);
        let component =
            component(&next, self.components[self.place].path.join(&name), kind, within)?;
        self.entry = (self.at.try_clone()?, name, flags);
        self.arrive(next, component);
        Ok(())
    }

    fn follow(&mut self, name: &OsStr, link: &Stat) -> io::Result<()> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        let target = readlinkat(&self.at, name, Vec::new())?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        let path = self.components[self.place].path.join(name);
        self.names.extend(names(&target));
        let is_absolute = target.is_absolute();
        self.components.push(PathComponent {
            has_list: false,
            ..described(link, path, ComponentKind::Link(target), Some(self.place))
        });
        if is_absolute {
            (self.at, self.place) = (root()?, 0);
        }
        // In case the target names nothing but this directory.
        self.entry = (self.at.try_clone()?, ".".into(), OFlags::NOFOLLOW);
        Ok(())
    }

    fn arrive(&mut self, at: OwnedFd, component: PathComponent) {
        self.at = at;
        self.place = self.components.len();
        self.components.push(component);
    }

    /// A link to an open file has no path to follow.
    fn is_among_descriptors(&self) -> bool {
        self.components[self.place].path.file_name() == Some(OsStr::new("fd"))
            && is_of_proc(&self.at)
    }
}

#[cfg(target_os = "linux")]
fn is_of_proc(directory: &OwnedFd) -> bool {
    rustix::fs::fstatfs(directory).is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

#[cfg(not(target_os = "linux"))]
const fn is_of_proc(_: &OwnedFd) -> bool {
    false
}

fn root() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/", LOOK | OFlags::DIRECTORY, Mode::empty())?)
}

/// The names in a path, the first one last.
fn names(path: &Path) -> Vec<OsString> {
    let name = |component: Component<'_>| match component {
        Component::ParentDir => Some(OsString::from("..")),
        Component::Normal(name) => Some(name.to_owned()),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}

fn component(
    at: impl AsFd,
    path: PathBuf,
    kind: ComponentKind,
    within: Option<usize>,
) -> io::Result<PathComponent> {
    let component = described(&fstat(&at)?, path, kind, within);
    let has_list = component.mode & GROUP_WRITES != 0 && component.gid == 0 && has_list(&at);
    Ok(PathComponent { has_list, ..component })
}

fn described(
    found: &Stat,
    path: PathBuf,
    kind: ComponentKind,
    within: Option<usize>,
) -> PathComponent {
    let (uid, gid, mode) = (found.st_uid, found.st_gid, found.st_mode & 0o7777);
    PathComponent { path, kind, uid, gid, mode, within, id: id(found), has_list: false }
}

fn id(found: &Stat) -> (u64, u64) {
    (found.st_dev, found.st_ino)
}

/// Reports an access control list. One that cannot be looked for counts as found: the group's
/// permission bits are those of all its entries.
fn has_list(at: impl AsFd) -> bool {
    let path = format!("/proc/self/fd/{}", at.as_fd().as_raw_fd());
    let mut list = [0; 0];
    let looked = getxattr(path, "system.posix_acl_access", &mut list[..]);
    !matches!(looked, Err(Errno::NODATA | Errno::NOTSUP))
}
