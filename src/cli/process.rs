//! The name of this process, and whether another one of this machine is gone.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};

/// A process by what tells it from all others: the start of the machine that it runs on,
/// its namespaces, and there its number and the time at which it started, in ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProcessIdentity {
    boot: String,
    /// The namespace of processes, in which its number means something.
    numbers: u64,
    /// The namespace of times, in which its start does; 0: the kernel has none.
    times: u64,
    pid: i32,
    started: u64,
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
    fn own() -> Option<Self> {
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

    fn name(&self) -> String {
        let Self { boot, numbers, times, pid, started } = self;
        format!("{boot}/{numbers}/{times}/{pid}/{started}")
    }

    fn parse(name: &str) -> Option<Self> {
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
struct ProcessStat {
    started: u64,
    /// Set for a zombie: it has ended, and its parent has not waited for it.
    has_ended: bool,
}

impl ProcessStat {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Reads `/proc/PID/stat`. The program's name, in brackets, may have any character.
    fn parse(stat: &str) -> Option<Self> {
        /// Fields between the name and the time of the start.
        const BETWEEN: usize = 18;
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        Some(Self { started: fields.nth(BETWEEN)?.parse().ok()?, has_ended })
    }
}

/// Reports whether the text of `/proc/self/status` gives this process the one number that it has
/// for itself: else the files are those of an outer namespace.
fn numbers_are_those_of(pid: i32, status: &str) -> bool {
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.trim() == pid.to_string())
}

/// The number of a namespace that this process is in.
fn namespace(kind: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    let digits: String = link.to_str()?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let own = ProcessIdentity::own().unwrap();
        assert_eq!(ProcessIdentity::parse(&own.name()), Some(own.clone()));
        assert!(!own.name().contains([':', '@']));
        for wrong in ["", "a/1/2/3", "a/1/2/3/4/5", "a/1/2/-3/4", "a/1/2/0/4", "a/x/2/3/4"] {
            assert_eq!(ProcessIdentity::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn this_process_and_those_out_of_reach_are_not_known_to_be_gone() {
        let own = ProcessIdentity::own().unwrap();
        assert!(!is_gone(&own.name()));
        assert!(!is_gone("of an older version"));
        let other_start = ProcessIdentity { started: own.started + 1, ..own.clone() };
        assert!(is_gone(&other_start.name()));
        // The same number in another place is another process, of which nothing is known
        for elsewhere in [
            ProcessIdentity { boot: "another".to_owned(), ..other_start.clone() },
            ProcessIdentity { numbers: own.numbers + 1, ..other_start.clone() },
            ProcessIdentity { times: own.times + 1, ..other_start.clone() },
        ] {
            assert!(!is_gone(&elsewhere.name()));
        }
    }

    #[test]
    fn a_process_is_gone_from_when_it_ends_also_if_nobody_has_asked_how() {
        let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let started = ProcessStat::of(pid).unwrap().started;
        let name = ProcessIdentity { pid, started, ..ProcessIdentity::own().unwrap() }.name();
        assert!(!is_gone(&name));
        drop(child.stdin.take());
        while !ProcessStat::of(pid).unwrap().has_ended {
            std::thread::yield_now();
        }
        assert!(is_gone(&name));
        child.wait().unwrap();
        assert!(is_gone(&name));
    }

    #[test]
    fn a_program_may_have_any_name() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        let alive = ProcessStat { started: 4_711, has_ended: false };
        assert_eq!(ProcessStat::parse(&format!("7 (a) Z 1) S {rest}")), Some(alive));
        let ended = ProcessStat { started: 4_711, has_ended: true };
        assert_eq!(ProcessStat::parse(&format!("7 (a) Z {rest}")), Some(ended));
        assert_eq!(ProcessStat::parse("7 (a) S 1 2"), None);
    }

    #[test]
    fn the_files_of_an_outer_namespace_are_told_apart() {
        assert!(numbers_are_those_of(7, "Name:\ta\nNSpid:\t7\n"));
        assert!(!numbers_are_those_of(7, "NSpid:\t4711\t7\n"));
        assert!(!numbers_are_those_of(7, "Name:\ta\n"));
    }
}
