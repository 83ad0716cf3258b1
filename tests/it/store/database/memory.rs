//! Tests of `store::database::memory`.

use std::path::Path;

use sessctl::store::database::memory::{limits_of_groups, limits_of_process, machine};

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
    let mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
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
