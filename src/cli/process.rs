//! The name of this process, and whether another one of this machine is gone.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};

/// A process by what tells it from all others: the start of the machine that it runs on,
/// its namespaces, and there its number and the time at which it started, in ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    pub boot: String,
    pub numbers: u64,
    /// The namespace of times, in which its start does; 0: the kernel has none.
    pub times: u64,
    pub pid: i32,
    pub started: u64,
}

/// The name of this process. There is none where the kernel does not say all that it
/// takes, or where `/proc` is that of another namespace.
pub fn own() -> Option<String> {
    ProcessIdentity::own().map(|own| own.name())
}

/// Reports whether the process of such a name is known to be gone: it ran since the last start of
/// this machine, within reach of this process, and no more.
pub fn is_gone(name: &str) -> bool {
    let (Some(other), Some(own)) = (ProcessIdentity::parse(name), ProcessIdentity::own()) else {
        return false;
    };
    other.is_in_reach_of(&own) && other.has_ended()
}

impl ProcessIdentity {
    pub fn own() -> Option<Self> {
        let pid = getpid().as_raw_nonzero().get();
        let status = fs::read_to_string("/proc/self/status").ok()?;
        if !numbers_are_those_of(pid, &status) {
            return None;
        }
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            boot: boot.trim().to_owned(),
            numbers: namespace("pid")?,
            times: namespace("time").unwrap_or(0),
            pid,
            started: ProcessStat::of(pid)?.started,
        })
    }

    pub fn name(&self) -> String {
        let Self { boot, numbers, times, pid, started } = self;
        format!("{boot}/{numbers}/{times}/{pid}/{started}")
    }

    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let mut next = || parts.next();
        let identity = Self {
            boot: next()?.to_owned(),
            numbers: next()?.parse().ok()?,
            times: next()?.parse().ok()?,
            pid: next()?.parse().ok().filter(|pid| *pid > 0)?,
            started: next()?.parse().ok()?,
        };
        next().is_none().then_some(identity)
    }

    fn is_in_reach_of(&self, own: &Self) -> bool {
        let place = |it: &Self| (it.boot.clone(), it.numbers, it.times);
        !self.boot.is_empty() && place(self) == place(own)
    }

    /// Reports whether no process has this number any more, or another one has it.
    fn has_ended(&self) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return true;
        }
        // Of another user's process, the kernel may be told to say nothing.
        ProcessStat::of(self.pid).is_some_and(|life| life.has_ended || life.started != self.started)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct ProcessStat {
    pub started: u64,
    /// Set for a zombie: it has ended, and its parent has not waited for it.
    pub has_ended: bool,
}

impl ProcessStat {
    pub fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Reads `/proc/PID/stat`. The program's name, in brackets, may have any character.
    pub fn parse(stat: &str) -> Option<Self> {
        /// Fields between the name and the time of the start.
        const BETWEEN: usize = 18;
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        Some(Self { started: fields.nth(BETWEEN)?.parse().ok()?, has_ended })
    }
}

/// Reports whether the text of `/proc/self/status` gives this process the one number that it has
/// for itself: else the files are those of an outer namespace.
pub fn numbers_are_those_of(pid: i32, status: &str) -> bool {
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.trim() == pid.to_string())
}

/// The number of a namespace that this process is in.
fn namespace(kind: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    let digits: String = link.to_str()?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}
