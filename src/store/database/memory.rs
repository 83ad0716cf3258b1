//! The memory that this process may use, where something limits it.

use std::fs;
use std::path::{Path, PathBuf};

/// The least of the limits that hold for this process, in bytes: of its control group and
/// those around it, of its address space and data, and of the machine. `None`: none is
/// known.
pub(in crate::store) fn limit() -> Option<u64> {
    let read = |path: &Path| fs::read_to_string(path).ok();
    let of = |path: &str| read(Path::new(path)).unwrap_or_default();
    let (groups, mounts) = (of("/proc/self/cgroup"), of("/proc/self/mountinfo"));
    let groups = limits_of_groups(&groups, &mounts, &read);
    let process = of("/proc/self/limits");
    groups.chain(limits_of_process(&process)).chain(machine(&of("/proc/meminfo"))).min()
}

/// Limits of control groups, from `/proc/self/cgroup` and `/proc/self/mountinfo`.
fn limits_of_groups<'a>(
    groups: &'a str,
    mounts: &'a str,
    read: &'a dyn Fn(&Path) -> Option<String>,
) -> impl Iterator<Item = u64> + 'a {
    let folders = groups.lines().filter_map(|line| {
        // 0::/user.slice, or 5:cpu,memory:/batch
        let mut parts = line.splitn(3, ':');
        let (number, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
        let is_unified = number == "0" && controllers.is_empty();
        let has_memory = is_unified || controllers.split(',').any(|it| it == "memory");
        has_memory.then(|| folders_of(group, is_unified, mounts)).flatten()
    });
    let files = folders.flatten().flat_map(|folder| {
        ["memory.max", "memory.high", "memory.limit_in_bytes"].map(|name| folder.join(name))
    });
    // "max" is none.
    files.filter_map(|file| read(&file)?.trim().parse().ok())
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
fn limits_of_process(limits: &str) -> impl Iterator<Item = u64> {
    let named = ["Max address space", "Max data size"];
    named.into_iter().filter_map(|name| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        // "unlimited" is none.
        line.split_ascii_whitespace().next()?.parse().ok()
    })
}

/// Memory of the machine, from `/proc/meminfo`.
fn machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits of a process in these groups, where these files have something in them.
    fn limits(groups: &str, mounts: &str, files: &[(&str, &str)]) -> Vec<u64> {
        let read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        limits_of_groups(groups, mounts, &read).collect()
    }

    #[test]
    fn the_limits_of_a_group_and_of_those_around_it_hold() {
        let mounts =
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let files = [
            ("/sys/fs/cgroup/memory.max", "1000\n"),
            ("/sys/fs/cgroup/a/memory.max", "max\n"),
            ("/sys/fs/cgroup/a/memory.high", "300\n"),
            ("/sys/fs/cgroup/a/b.service/memory.max", "33554432\n"),
            ("/sys/fs/cgroup/c/memory.max", "1\n"),
        ];
        assert_eq!(limits("0::/a/b.service\n", mounts, &files), [33_554_432, 300, 1_000]);
        // From within a container, the rest of the path cannot be seen
        assert_eq!(limits("0::/../../x\n", mounts, &files[..1]), [1_000]);
        assert!(limits("0::/a\n", "", &files).is_empty());
    }

    #[test]
    fn a_group_of_the_old_kind_is_found_wherever_it_is_mounted() {
        let mounts = "30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                      31 23 0:27 /docker/1 /mnt/memory rw - cgroup none rw,memory\n";
        let files = [("/mnt/memory/batch/memory.limit_in_bytes", "25165824\n")];
        let groups = "7:cpu,cpuacct:/x\n5:memory:/docker/1/batch\n";
        assert_eq!(limits(groups, mounts, &files), [25_165_824]);
    }

    #[test]
    fn the_limits_of_the_process_and_the_size_of_the_machine_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max data size             unlimited            unlimited            bytes\n\
                      Max address space         67108864             unlimited            bytes\n";
        assert_eq!(limits_of_process(limits).collect::<Vec<_>>(), [67_108_864]);
        assert_eq!(machine("MemTotal:         123 kB\nMemFree: 7 kB\n"), Some(123 << 10));
        assert_eq!(machine(""), None);
    }
}
