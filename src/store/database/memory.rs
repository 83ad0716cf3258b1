use std::fs;
use std::path::{Path, PathBuf};

/// The least of the limits that hold for this process, in bytes: of its control group and those
/// around it, of its address space and data, and of the machine. `None`: none is known.
pub(in crate::store) fn limit() -> Option<u64> {
    let read = |path: &Path| fs::read_to_string(path).ok();
    let of = |path: &str| read(Path::new(path)).unwrap_or_default();
    let (groups, mounts) = (of("/proc/self/cgroup"), of("/proc/self/mountinfo"));
    let groups = limits_of_groups(&groups, &mounts, &read);
    let process = of("/proc/self/limits");
    groups.chain(limits_of_process(&process)).chain(machine(&of("/proc/meminfo"))).min()
}

/// Bytes that this process can still take: the least of what its control groups and the machine
/// have left, and of its own limits. `None`: none is known.
pub(in crate::store) fn available() -> Option<u64> {
    let read = |path: &Path| fs::read_to_string(path).ok();
    let of = |path: &str| read(Path::new(path)).unwrap_or_default();
    let (groups, mounts) = (of("/proc/self/cgroup"), of("/proc/self/mountinfo"));
    let groups = available_in_groups(&groups, &mounts, &read);
    let process = of("/proc/self/limits");
    groups
        .chain(limits_of_process(&process))
        .chain(available_on_machine(&of("/proc/meminfo")))
        .min()
}

/// What control groups have left. Their caches of files do not count as used, as far as the kernel
/// would drop them first.
pub fn available_in_groups<'a>(
    groups: &'a str,
    mounts: &'a str,
    read: &'a dyn Fn(&Path) -> Option<String>,
) -> impl Iterator<Item = u64> + 'a {
    const FILES: [[&str; 3]; 3] = [
        ["memory.max", "memory.current", "inactive_file "],
        ["memory.high", "memory.current", "inactive_file "],
        ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "],
    ];
    let number = |path: &Path| read(path)?.trim().parse::<u64>().ok();
    folders_of_groups(groups, mounts).flat_map(move |folder| {
        FILES.into_iter().filter_map(move |[limit, usage, cache]| {
            let limit = number(&folder.join(limit))?;
            let usage = number(&folder.join(usage))?;
            let stat = read(&folder.join("memory.stat")).unwrap_or_default();
            let cache = stat.lines().find_map(|line| line.strip_prefix(cache)?.parse().ok());
            Some(limit.saturating_sub(usage.saturating_sub(cache.unwrap_or(0))))
        })
    })
}

/// Limits of control groups, from `/proc/self/cgroup` and `/proc/self/mountinfo`.
pub fn limits_of_groups<'a>(
    groups: &'a str,
    mounts: &'a str,
    read: &'a dyn Fn(&Path) -> Option<String>,
) -> impl Iterator<Item = u64> + 'a {
    let files = folders_of_groups(groups, mounts).flat_map(|folder| {
        ["memory.max", "memory.high", "memory.limit_in_bytes"].map(|name| folder.join(name))
    });
    // "max" is none.
    files.filter_map(|file| read(&file)?.trim().parse().ok())
}

/// Mounted directories of all groups that limit memory, and of those around them.
fn folders_of_groups<'a>(groups: &'a str, mounts: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    let folders = groups.lines().filter_map(move |line| {
        // 0::/user.slice, or 5:cpu,memory:/batch
        let mut parts = line.splitn(3, ':');
        let (number, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
        let is_unified = number == "0" && controllers.is_empty();
        let has_memory = is_unified || controllers.split(',').any(|it| it == "memory");
        has_memory.then(|| folders_of(group, is_unified, mounts)).flatten()
    });
    folders.flatten()
}

/// Mounted directories of a group and of its parents.
fn folders_of(group: &str, is_unified: bool, mounts: &str) -> Option<Vec<PathBuf>> {
    let (root, mounted) = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let (file_system, options) = (kind.next()?, kind.nth(1)?);
        let is_it = if is_unified {
            file_system == "cgroup2"
        } else {
            file_system == "cgroup" && options.split(',').any(|option| option == "memory")
        };
        let mut mount = mount.split(' ').skip(3);
        is_it.then_some((mount.next()?, mount.next()?))
    })?;
    let mounted = Path::new(mounted);
    // In a container, the root of the group may lie beyond that of the mount.
    let inner = Path::new(group).strip_prefix(root).unwrap_or(Path::new(""));
    let inner = inner.strip_prefix("/").unwrap_or(inner);
    let folder = mounted.join(inner);
    let around = folder.ancestors().take_while(|folder| folder.starts_with(mounted));
    Some(around.map(Path::to_owned).collect())
}

/// Limits of the process, from `/proc/self/limits`.
pub fn limits_of_process(limits: &str) -> impl Iterator<Item = u64> {
    let named = ["Max address space", "Max data size"];
    named.into_iter().filter_map(|name| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        // "unlimited" is none.
        line.split_ascii_whitespace().next()?.parse().ok()
    })
}

/// Memory of the machine, from `/proc/meminfo`.
pub fn machine(meminfo: &str) -> Option<u64> {
    bytes(meminfo, "MemTotal:")
}

/// Memory that the machine has left, from `/proc/meminfo`.
pub fn available_on_machine(meminfo: &str) -> Option<u64> {
    bytes(meminfo, "MemAvailable:")
}

fn bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}
