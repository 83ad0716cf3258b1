//! What stands above the figures: on which machine, of which programs, by which
//! command.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A list in Markdown.
pub fn describe(folder: &Path, sessctl: &Path) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let folder = folder.display().to_string();
    let words: Vec<String> = std::env::args().skip(1).map(|word| shown(&word)).collect();
    format!(
        "- Machine: {}, {cores} cores, {} of memory, file system {}\n\
         - Kernel: {}\n\
         - Load average at the start, over one minute: {}\n\
         - Versions: {} with SQLite {}; sqlite3 shell {}; {}\n\
         - Date: {}\n\
         - Command: `{}`\n",
        model(&cpus),
        memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        file_system(&folder),
        said("uname", &["-srm"], "not known"),
        load(&fs::read_to_string("/proc/loadavg").unwrap_or_default()),
        said(&sessctl.display().to_string(), &["--version"], "sessctl"),
        rusqlite::version(),
        said("sqlite3", &["--version"], "missing").split(' ').next().unwrap_or("missing"),
        django(),
        said("date", &["-u", "+%Y-%m-%d %H:%M UTC"], "not known"),
        [&["benches/run".to_owned()], words.as_slice()].concat().join(" "),
    )
}

/// The folders of whoever measures are nobody else's business.
fn shown(word: &str) -> String {
    if word.contains('/') { "…".to_owned() } else { word.to_owned() }
}

/// The first line that a program prints.
fn said(program: &str, args: &[&str], otherwise: &str) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.ok().and_then(|text| text.lines().next().map(str::to_owned));
    line.filter(|line| !line.is_empty()).unwrap_or_else(|| otherwise.to_owned())
}

fn file_system(folder: &str) -> String {
    let output = Command::new("df").args(["--output=fstype", folder]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let kind = text.ok().and_then(|text| text.lines().last().map(str::to_owned));
    kind.unwrap_or_else(|| "not known".to_owned())
}

fn django() -> String {
    let Some(python) = super::scenarios::python() else {
        return "no Django".to_owned();
    };
    format!("Django {}", said(&python.display().to_string(), &["-m", "django", "--version"], "?"))
}

fn model(cpus: &str) -> String {
    let line = cpus.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':'));
    model.map_or("a CPU that does not say its name".to_owned(), |(_, name)| name.trim().to_owned())
}

fn memory(meminfo: &str) -> String {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.map_or("? GB".to_owned(), |kilobytes| format!("{} GB", kilobytes.div_ceil(1 << 20)))
}

/// Without it nobody could tell a slow program from a busy machine.
fn load(loadavg: &str) -> &str {
    loadavg.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_from_what_the_kernel_says() {
        assert_eq!(model("processor\t: 0\nmodel name\t: A: B 7\n"), "A: B 7");
        assert_eq!(model(""), "a CPU that does not say its name");
        assert_eq!(load("2.85 5.67 4.04 3/257 12345\n"), "2.85");
        assert_eq!(memory("MemTotal:       16384000 kB\nMemFree: 1 kB\n"), "16 GB");
    }

    #[test]
    fn no_path_is_shown() {
        assert_eq!(shown("--rows"), "--rows");
        assert_eq!(shown("/home/somebody/tables"), "…");
    }
}
