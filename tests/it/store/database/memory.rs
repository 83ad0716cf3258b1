//! Tests of `store::database::memory`.

use std::path::Path;

use sessctl::store::database::memory::{
    available_in_groups, available_on_machine, limits_of_groups, limits_of_process, machine,
};

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

/// What these groups have left, where these files have something in them.
fn available(groups: &str, mounts: &str, files: &[(&str, &str)]) -> Vec<u64> {
    let read = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| (*text).to_owned())
    };
    available_in_groups(groups, mounts, &read).collect()
}

#[test]
fn what_a_group_uses_is_not_available_except_for_its_cache() {
    let mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    let files = [
        ("/sys/fs/cgroup/a/memory.max", "max\n"),
        ("/sys/fs/cgroup/a/memory.high", "9000\n"),
        ("/sys/fs/cgroup/a/memory.current", "4000\n"),
        ("/sys/fs/cgroup/a/b/memory.max", "1000\n"),
        ("/sys/fs/cgroup/a/b/memory.current", "900\n"),
        ("/sys/fs/cgroup/a/b/memory.stat", "anon 100\nfile 800\ninactive_file 300\n"),
        // It has just been lowered
        ("/sys/fs/cgroup/c/memory.max", "10\n"),
        ("/sys/fs/cgroup/c/memory.current", "20\n"),
        // Its use is not known
        ("/sys/fs/cgroup/d/memory.max", "10\n"),
    ];
    assert_eq!(available("0::/a/b\n", mounts, &files), [400, 5_000]);
    assert_eq!(available("0::/c\n", mounts, &files), [0]);
    assert!(available("0::/d\n", mounts, &files).is_empty());
}

#[test]
fn what_a_group_of_the_old_kind_has_left_is_found() {
    let mounts = "31 23 0:27 / /mnt/memory rw - cgroup none rw,memory\n";
    let files = [
        ("/mnt/memory/a/memory.limit_in_bytes", "1000\n"),
        ("/mnt/memory/a/memory.usage_in_bytes", "700\n"),
        ("/mnt/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n"),
    ];
    assert_eq!(available("5:memory:/a\n", mounts, &files), [500]);
    let meminfo = "MemTotal:  123 kB\nMemFree: 7 kB\nMemAvailable: 99 kB\n";
    assert_eq!(available_on_machine(meminfo), Some(99 << 10));
}
