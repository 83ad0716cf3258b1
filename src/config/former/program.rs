//! Domino's Program document and console commands, as jobs that cycle tasks.

use super::block::{Setting, set};
use super::value::{clock, harmless, length};

/// What a Program document says, by the names of its fields.
pub(super) struct Program<'a> {
    pub(super) fields: Vec<(&'static str, &'a str)>,
    pub(super) remarks: Vec<String>,
}

const DAY: u32 = 24 * 60;

impl Program<'_> {
    fn of(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(field, _)| *field == name);
        field.map_or("", |(_, text)| text.trim())
    }

    /// A job for each task, server and schedule, but for their names.
    pub(super) fn jobs(&mut self) -> Vec<Vec<Setting>> {
        let (name, command) = (self.of("Program name"), self.of("Command line"));
        let is_server = matches!(name.to_lowercase().as_str(), "nserver" | "server" | "");
        let whole = format!("{name} {command}");
        let command = if is_server { command } else { whole.trim() };
        let (tasks, others) = tasks(command);
        let other =
            |command| format!("Program document {command:?}: no counterpart; leave it to Domino");
        let mut remarks: Vec<String> = others.iter().map(other).collect();
        if tasks.is_empty() && others.is_empty() {
            remarks.push("Program document: no task to restart".to_owned());
        }
        let mut jobs = Vec::new();
        if !tasks.is_empty() {
            let (times, hosts) = (self.times(&mut remarks), hosts(self.of("Server to run on")));
            let enabled = self.enabled(&mut remarks);
            for task in &tasks {
                for host in &hosts {
                    jobs.extend(times.iter().map(|when| job(task, host.as_ref(), when, enabled)));
                }
            }
        }
        self.remarks.extend(remarks);
        jobs
    }

    fn enabled(&self, remarks: &mut Vec<String>) -> Option<bool> {
        let text = self.of("Enabled/disabled");
        match text.to_lowercase().as_str() {
            "" => None,
            "enabled" | "true" | "yes" => Some(true),
            "disabled" | "false" | "no" => Some(false),
            _ => {
                remarks.push(format!(
                    "Enabled/disabled {text:?}: no counterpart; the job is disabled"
                ));
                Some(false)
            }
        }
    }

    /// The key that says when, and its value, for each job.
    fn times(&self, remarks: &mut Vec<String>) -> Vec<(&'static str, String)> {
        let given = self.of("Days of week");
        let days = days(given).unwrap_or_else(|| {
            remarks
                .push(format!("Days of week {given:?} are not weekdays; every day is the default"));
            "*".to_owned()
        });
        let (times, repeat) = (self.of("Run at times"), self.of("Repeat interval"));
        let every = minutes(repeat);
        if every.is_none() {
            remarks.push(format!("Repeat interval {repeat:?} is not a duration in minutes; no repetition is the default"));
        }
        let every = every.unwrap_or(0);
        if times.is_empty() && every == 0 {
            remarks.push("no Run at times; 04:00 is the default".to_owned());
        }
        if times.is_empty() && every > 0 && days == "*" {
            return vec![("every", format!("{every}m"))];
        }
        let schedules = runs(times, every, days == "*").map(|runs| schedules(&runs, &days));
        match schedules {
            Some(schedules) if schedules.len() <= 4 => {
                if every > 0 && !times.is_empty() && !times.contains('-') {
                    remarks.push(format!("Repeat interval {repeat:?}: Run at times {times:?} is not a range; the job does not repeat"));
                }
                schedules.into_iter().map(|at| ("at", at)).collect()
            }
            _ => {
                let repeat =
                    if every > 0 { format!(" each {every} minutes") } else { String::new() };
                remarks.push(format!(
                    "Run at times {times:?}{repeat} cannot be one schedule; 04:00 is the default"
                ));
                vec![("at", format!("0 4 {days}"))]
            }
        }
    }
}

fn job(
    task: &str,
    host: Option<&String>,
    (key, when): &(&'static str, String),
    enabled: Option<bool>,
) -> Vec<Setting> {
    let name = format!("\"restart {}\"", task.replace('*', "all"));
    let mut keys = vec![
        set("name", name),
        set(key, format!("\"{when}\"")),
        set("do", "\"cycle\"".to_owned()),
        set("task", format!("\"{task}\"")),
    ];
    keys.extend(host.map(|host| {
        let mut key =
            set("host", format!("\"{}\"", harmless(host.split('/').next().unwrap_or(host))));
        if !host.contains('/') {
            key.remarks.push(format!(
                "Server to run on {host:?}: if it is a group, write a job for each host"
            ));
        }
        key
    }));
    keys.extend(enabled.map(|enabled| set("enabled", enabled.to_string())));
    keys
}

/// The tasks that commands restart or quit, and the commands that do something else.
pub(super) fn tasks(commands: &str) -> (Vec<String>, Vec<String>) {
    let (mut tasks, mut others, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    let commands = commands.trim();
    let commands = commands.strip_prefix("nserver").map_or(commands, str::trim);
    let commands = commands.strip_prefix("-c").map_or(commands, str::trim);
    for command in commands.trim_matches(['"', '\'', '=']).split(';') {
        let plain = command.replace(['"', '\''], " ").to_lowercase();
        let words: Vec<&str> = plain.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["restart", "task", task] | ["tell", task, "quit" | "exit" | "restart"] => {
                add(&mut tasks, task);
            }
            ["restart", task] if *task != "server" => add(&mut tasks, task),
            ["drop", "all"] => tasks.push("*".to_owned()),
            ["load", task, ..] => loaded.push(((*task).to_owned(), command.trim().to_owned())),
            _ => others.push(command.trim().to_owned()),
        }
    }
    let is_over = |(task, _): &(String, String)| !tasks.contains(task);
    others.extend(loaded.into_iter().filter(is_over).map(|(_, command)| command));
    (tasks, others)
}

fn add(tasks: &mut Vec<String>, task: &str) {
    let task = harmless(task);
    if !task.is_empty() && !tasks.contains(&task) {
        tasks.push(task);
    }
}

/// Each server, with its organisation if it has one; `*` is every server.
fn hosts(servers: &str) -> Vec<Option<String>> {
    let one = |server: &str| {
        let server = server.trim();
        let name = server.get(..3).filter(|kind| kind.eq_ignore_ascii_case("CN="));
        let server = name.map_or(server, |_| &server[3..]);
        let host = harmless(server.split('/').next().unwrap_or_default());
        Some(server.to_owned()).filter(|_| !host.trim().is_empty())
    };
    servers.split([',', ';']).map(one).collect()
}

/// A number of minutes; 0 without any, and `None` for anything else.
fn minutes(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    let span: crate::domain::time::Span = length(text, "m")?.parse().ok()?;
    let minutes = u32::try_from(span.as_seconds() / 60).ok()?;
    (span.as_seconds() % 60 == 0).then_some(minutes)
}

/// The minutes of a day at which a program runs. A range that ends on the next day does not
/// keep to its weekdays.
fn runs(times: &str, every: u32, is_daily: bool) -> Option<Vec<u32>> {
    let minute = |text| clock(text).map(|(hour, minute)| hour * 60 + minute);
    if times.is_empty() {
        return Some(if every == 0 { vec![4 * 60] } else { repeated(0, DAY - 1, every)? });
    }
    let mut found = Vec::new();
    for time in times.split([',', ';']) {
        match time.split_once('-').map(|(first, last)| (minute(first), minute(last))) {
            None => found.push(minute(time)?),
            Some((Some(first), Some(last))) if every > 0 => {
                let last = if last < first { last + DAY } else { last };
                if last >= DAY && !is_daily {
                    return None;
                }
                found.extend(repeated(first, last, every)?);
            }
            Some((Some(first), Some(_))) => found.push(first),
            Some(_) => return None,
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn repeated(first: u32, last: u32, every: u32) -> Option<Vec<u32>> {
    let step = usize::try_from(every).ok()?;
    Some((first..=last).step_by(step).map(|minute| minute % DAY).collect())
}

/// Schedules that together have these minutes of a day: one for each list of hours.
fn schedules(runs: &[u32], days: &str) -> Vec<String> {
    let mut groups: Vec<(Vec<u32>, Vec<u32>)> = Vec::new();
    for minute in 0..60 {
        let hours: Vec<u32> =
            runs.iter().filter(|run| *run % 60 == minute).map(|run| run / 60).collect();
        match groups.iter_mut().find(|(_, others)| *others == hours) {
            _ if hours.is_empty() => {}
            Some((minutes, _)) => minutes.push(minute),
            None => groups.push((vec![minute], hours)),
        }
    }
    let schedule = |(minutes, hours): &(Vec<u32>, Vec<u32>)| {
        format!("{} {} {days}", list(minutes, 0..60), list(hours, 0..24))
    };
    groups.iter().map(schedule).collect()
}

/// The field of a schedule for sorted numbers.
fn list(numbers: &[u32], all: std::ops::Range<u32>) -> String {
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    let is_run = last - first + 1 == u32::try_from(numbers.len()).unwrap_or(0);
    if numbers.len() == all.len() {
        "*".to_owned()
    } else if is_run && numbers.len() > 2 {
        format!("{first}-{last}")
    } else {
        numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}

/// The field of a schedule for weekdays by their names; `None`: something is no weekday.
fn days(text: &str) -> Option<String> {
    let text = text.to_lowercase().replace(" - ", "-").replace("every day", "daily");
    let mut days = Vec::new();
    let pieces = text.split([',', ';', ' ']).filter(|piece| !piece.is_empty());
    for piece in pieces {
        let (first, last) = match (piece, piece.split_once('-')) {
            ("daily" | "all" | "*", _) => (1, 7),
            ("weekdays", _) => (1, 5),
            ("weekend" | "weekends", _) => (6, 7),
            (_, Some((first, last))) => (weekday(first)?, weekday(last)?),
            _ => (weekday(piece)?, weekday(piece)?),
        };
        let last = if last < first { last + 7 } else { last };
        days.extend((first..=last).map(|day| (day - 1) % 7 + 1));
    }
    days.sort_unstable();
    days.dedup();
    Some(if days.is_empty() { "*".to_owned() } else { list(&days, 1..8) })
}

/// The English names, their beginnings, and the short German ones.
fn weekday(name: &str) -> Option<u32> {
    const NAMES: [(&str, &str); 7] = [
        ("monday", "mo"),
        ("tuesday", "di"),
        ("wednesday", "mi"),
        ("thursday", "do"),
        ("friday", "fr"),
        ("saturday", "sa"),
        ("sunday", "so"),
    ];
    let name = name.trim();
    let is = |(full, short): &(&str, &str)| {
        name == *short
            || name.len() > 1 && (full.starts_with(name) || name.strip_suffix('s') == Some(*full))
    };
    NAMES.iter().position(is).and_then(|at| u32::try_from(at + 1).ok())
}
