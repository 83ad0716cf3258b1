//! Description of the machine, the versions and the command line, printed above the figures.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Describes the environment as a Markdown list.
pub fn describe(dir: &Path, sessctl: &Path) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let dir = dir.display().to_string();
    let words: Vec<String> = std::env::args().skip(1).map(|word| redact_path(&word)).collect();
    format!(
        "- Machine: {}, {cores} cores, {} of memory, file system {}\n\
         - Kernel: {}\n\
         - Load average at the start, over one minute: {}\n\
         - Versions: {} with SQLite {}; sqlite3 shell {}; {}; {}\n\
         - Date: {}\n\
         - Command: `{}`\n",
        cpu_model(&cpus),
        total_memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        file_system(&dir),
        first_line("uname", &["-srm"], "unknown"),
        load_average(&fs::read_to_string("/proc/loadavg").unwrap_or_default()),
        first_line(&sessctl.display().to_string(), &["--version"], "sessctl"),
        rusqlite::version(),
        first_line("sqlite3", &["--version"], "missing").split(' ').next().unwrap_or("missing"),
        django_version(),
        litestream_version(),
        first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"], "unknown"),
        [&["benches/run".to_owned()], words.as_slice()].concat().join(" "),
    )
}

/// Replaces paths, which may reveal private information, in the published command line.
fn redact_path(word: &str) -> String {
    if word.contains('/') { "…".to_owned() } else { word.to_owned() }
}

/// Returns the first line that a program prints, or a default without one.
fn first_line(program: &str, args: &[&str], default: &str) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.ok().and_then(|text| text.lines().next().map(str::to_owned));
    line.filter(|line| !line.is_empty()).unwrap_or_else(|| default.to_owned())
}

fn file_system(dir: &str) -> String {
    let output = Command::new("df").args(["--output=fstype", dir]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let kind = text.ok().and_then(|text| text.lines().last().map(str::to_owned));
    kind.unwrap_or_else(|| "unknown".to_owned())
}

fn django_version() -> String {
    let Some(python) = super::scenarios::django_python() else {
        return "no Django".to_owned();
    };
    format!(
        "Django {}",
        first_line(&python.display().to_string(), &["-m", "django", "--version"], "?")
    )
}

fn litestream_version() -> String {
    let python = super::scenarios::django_python();
    let Some(program) = python.map(|python| python.with_file_name("litestream")) else {
        return "no Litestream".to_owned();
    };
    format!("Litestream {}", first_line(&program.display().to_string(), &["version"], "?"))
}

fn cpu_model(cpus: &str) -> String {
    let line = cpus.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':'));
    model.map_or("unknown CPU".to_owned(), |(_, name)| name.trim().to_owned())
}

fn total_memory(meminfo: &str) -> String {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.map_or("? GB".to_owned(), |kilobytes| format!("{} GB", kilobytes.div_ceil(1 << 20)))
}

/// Load average over one minute, which tells a slow program from a busy machine.
fn load_average(loadavg: &str) -> &str {
    loadavg.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described_from_proc() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: A: B 7\n"), "A: B 7");
        assert_eq!(cpu_model(""), "unknown CPU");
        assert_eq!(load_average("2.85 5.67 4.04 3/257 12345\n"), "2.85");
        assert_eq!(total_memory("MemTotal:       16384000 kB\nMemFree: 1 kB\n"), "16 GB");
    }

    #[test]
    fn paths_are_redacted() {
        assert_eq!(redact_path("--rows"), "--rows");
        assert_eq!(redact_path("/home/somebody/tables"), "…");
    }
}
