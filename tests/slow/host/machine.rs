//! A root directory with users of its own, in a mount namespace that a process holds open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::fake_clock::library;
use crate::support::processes::{Running, until};
use crate::support::{Finished, SESSCTL, set_mode};

/// Users of the host by their numbers, from this one on.
const FIRST_USER: u32 = 61_000;
pub const USERS: u32 = 10;

/// What the namespace has of the machine, and a file system of 1 MiB.
const MOUNTS: &str = "
set -e
for directory in usr lib lib64 bin sbin; do
    mkdir -p \"$0/$directory\"
    [ ! -e /$directory ] || mount --rbind /$directory \"$0/$directory\"
done
mkdir -p \"$0/proc\" \"$0/dev\" \"$0/srv/small\"
mount --rbind /proc \"$0/proc\"
mount --rbind /dev \"$0/dev\"
mount -t tmpfs -o size=1m,mode=0755 small \"$0/srv/small\"
: > \"$0/ready\"
exec sleep infinity";

pub struct Machine {
    root: TempDir,
    holder: Running,
}

impl Machine {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        set_mode(root.path(), 0o755);
        for directory in ["etc/sessctl.d", "opt", "srv", "tmp", "var/lib/metrics", "var/log"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let users: Vec<u32> = (0..USERS).map(user).collect();
        let user = |uid: &u32| format!("u{uid}:x:{uid}:{uid}::/srv:/usr/sbin/nologin\n");
        let passwd = users.iter().map(user).collect::<Vec<_>>().concat();
        let group = |uid: &u32| format!("u{uid}:x:{uid}:\n");
        let group = users.iter().map(group).collect::<Vec<_>>().concat();
        for (name, text) in [
            ("passwd", format!("root:x:0:0::/root:/bin/sh\n{passwd}")),
            ("group", format!("root:x:0:\n{group}")),
            ("nsswitch.conf", "passwd: files\ngroup: files\n".to_owned()),
        ] {
            fs::write(root.path().join("etc").join(name), text).unwrap();
        }
        fs::copy("/etc/ld.so.cache", root.path().join("etc/ld.so.cache")).unwrap();
        fs::copy(SESSCTL, root.path().join("opt/sessctl")).unwrap();
        let mut mount = Command::new("unshare");
        mount.args(["--mount", "--propagation", "private", "sh", "-c", MOUNTS]).arg(root.path());
        let holder = Running::spawn(mount.stdin(Stdio::null()));
        let machine = Self { root, holder };
        until(|| machine.path("ready").exists());
        machine
    }

    /// A file of the host as this process sees it.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = self.root.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(root).join(name)
    }

    /// The same by its own path, for what is in none of the mounts: SQLite resolves links.
    pub fn own_path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn file(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn give(&self, name: &str, owner: u32) {
        chown(self.path(name), Some(owner), Some(owner)).unwrap();
    }

    /// Sets the wall clock of the commands to a Unix time.
    pub fn set_clock(&self, time: i64) {
        let time = chrono::DateTime::from_timestamp(time, 0).unwrap();
        self.file("tmp/clock", &time.format("@%Y-%m-%d %H:%M:%S").to_string(), 0o644);
    }

    /// Runs sessctl as root.
    pub fn run(&self, arguments: &str) -> Finished {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.holder.id().to_string(), "--mount", "--", "chroot"])
            .arg(self.root.path())
            .args(["/usr/bin/env", "-i", "TZ=UTC", "PATH=/usr/bin:/bin"])
            .arg(format!("LD_PRELOAD={}", library()))
            .args(["FAKETIME_TIMESTAMP_FILE=/tmp/clock", "FAKETIME_NO_CACHE=1"])
            .args(["FAKETIME_DONT_FAKE_MONOTONIC=1", "/opt/sessctl"])
            .args(arguments.split_whitespace())
            .stdin(Stdio::null());
        Finished(command.output().unwrap())
    }
}

/// The number of one of the host's users.
pub const fn user(index: u32) -> u32 {
    FIRST_USER + index
}
