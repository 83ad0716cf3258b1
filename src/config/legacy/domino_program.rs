//! Jobs that do what Domino's Program documents and console commands do.

use std::collections::{BTreeMap, BTreeSet};

use super::key_table::CONSOLE_COMMAND;
use super::scan::LegacyEntry;
use super::table::Assignment;
use super::value::{Conversion, sanitize, seconds, time_of_day};

/// The fields of each Program document: it ends where a field is repeated or its table ends.
/// Consecutive console commands are one document.
pub(super) fn group(hits: &[LegacyEntry]) -> Vec<Vec<&LegacyEntry>> {
    let mut programs: Vec<Vec<&LegacyEntry>> = Vec::new();
    for hit in hits.iter().filter(|hit| hit.key.replacements[0].2 == Conversion::Program) {
        let name = hit.key.name();
        let continues = |other: &&LegacyEntry| match other.key.name() {
            CONSOLE_COMMAND => name == CONSOLE_COMMAND,
            _ if other.table != hit.table => false,
            other => name != CONSOLE_COMMAND && name != other,
        };
        match programs.last_mut() {
            Some(program) if program.iter().all(continues) => program.push(hit),
            _ => programs.push(vec![hit]),
        }
    }
    programs
}

/// A job for each task, server and schedule of a Program document.
pub(super) fn jobs(program: &[&LegacyEntry], remarks: &mut Vec<String>) -> Vec<Vec<Assignment>> {
    let field = |name: &str| {
        let values = program.iter().filter(|hit| hit.key.name() == name);
        values.map(|hit| hit.value.trim()).collect::<Vec<_>>().join(";")
    };
    let comments = Some(field("Comments")).filter(|text| !text.is_empty());
    remarks.extend(comments.map(|text| format!("Comments: {text:?}")));
    let (name, command) = (field("Program name"), field("Command line") + &field(CONSOLE_COMMAND));
    let is_server = ["nserver", "server", ""].contains(&name.to_lowercase().as_str());
    let command = if is_server { command } else { format!("{name} {command}") };
    let (tasks, others) = tasks(command.trim());
    if tasks.is_empty() && others.is_empty() {
        remarks.push("Program document: restarts no task".to_owned());
    }
    let no_counterpart =
        |command| format!("{command:?}: no counterpart in sessctl; leave it to Domino");
    remarks.extend(others.iter().map(no_counterpart));
    let mut jobs = Vec::new();
    if !tasks.is_empty() {
        let days = field("Days of week");
        let times = times(&days, &field("Run at times"), &field("Repeat interval"), remarks);
        let enabled = enabled(&field("Enabled/disabled"), remarks);
        for task in &tasks {
            for server in field("Server to run on").split([',', ';']) {
                jobs.extend(times.iter().map(|when| job(task, server, when, enabled)));
            }
        }
    }
    jobs
}

fn job(
    task: &str,
    server: &str,
    (key, when): &(&str, String),
    enabled: Option<bool>,
) -> Vec<Assignment> {
    let name = format!("restart {}", task.replace('*', "all"));
    let mut job = vec![
        Assignment::text("name", &name),
        Assignment::text(key, when),
        Assignment::text("do", "cycle"),
        Assignment::text("task", task),
    ];
    job.extend(host(server.trim()));
    job.extend(enabled.map(|enabled| Assignment::new("enabled", enabled.to_string())));
    job
}

/// The host of a server, without its organization. No name, or `*`, is every server.
fn host(server: &str) -> Option<Assignment> {
    let is_common_name = server.get(..3).is_some_and(|kind| kind.eq_ignore_ascii_case("CN="));
    let server = if is_common_name { &server[3..] } else { server };
    let host = sanitize(server.split('/').next().unwrap_or_default());
    let mut setting = Assignment::text("host", &host);
    if !server.contains('/') {
        let what = "if it is a group, add a job for each host";
        setting.remarks.push(format!("Server to run on {server:?}: {what}"));
    }
    (!host.trim().is_empty()).then_some(setting)
}

fn enabled(text: &str, remarks: &mut Vec<String>) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "" => None,
        "enabled" | "true" | "yes" => Some(true),
        "disabled" | "false" | "no" => Some(false),
        _ => {
            remarks.push(format!(
                "Enabled/disabled {text:?}: not recognized; the job is disabled (enabled = false)"
            ));
            Some(false)
        }
    }
}

/// Tasks that console commands restart or quit, and the commands that do something else. One
/// that loads such a task again belongs to the restart.
fn tasks(commands: &str) -> (Vec<String>, Vec<String>) {
    let (mut tasks, mut others, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |task: String| {
        if !task.is_empty() && !tasks.contains(&task) {
            tasks.push(task);
        }
    };
    let commands = commands.strip_prefix("nserver").map_or(commands, str::trim);
    let commands = commands.strip_prefix("-c").map_or(commands, str::trim);
    for command in commands.trim_matches(['"', '\'', '=']).split(';').map(str::trim) {
        let plain = command.replace(['"', '\''], " ").to_lowercase();
        match plain.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => {}
            ["drop", "all"] => add("*".to_owned()),
            ["restart", "server"] => others.push(command.to_owned()),
            ["restart", task]
            | ["restart", "task", task]
            | ["tell", task, "quit" | "exit" | "restart"] => add(sanitize(task)),
            ["load", task, ..] => loaded.push((sanitize(task), command.to_owned())),
            _ => others.push(command.to_owned()),
        }
    }
    loaded.retain(|(task, _)| !tasks.contains(task));
    others.extend(loaded.into_iter().map(|(_, command)| command));
    (tasks, others)
}

/// The key for the time of a job and its value, for each job.
fn times(
    days: &str,
    given: &str,
    repeat: &str,
    remarks: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let weekdays = weekdays(days).unwrap_or_else(|| {
        remarks.push(format!("Days of week {days:?}: not names of weekdays; using every day"));
        "*".to_owned()
    });
    let every = minutes(repeat).unwrap_or_else(|| {
        remarks.push(format!(
            "Repeat interval {repeat:?}: not a duration in whole minutes; the job is not repeated"
        ));
        0
    });
    let times = match (given, every) {
        ("", 0) => "04:00",
        ("", _) if weekdays == "*" => return vec![("every", format!("{every}m"))],
        ("", _) => "00:00 - 23:59",
        _ => given,
    };
    let schedules = schedules(times, every, &weekdays);
    if schedules.is_none() {
        let every = if every > 0 { format!(", every {every} minutes") } else { String::new() };
        remarks.push(format!(
            "Run at times {given:?}{every}: cannot be converted to schedules; using 04:00"
        ));
    } else if given.is_empty() && every == 0 {
        remarks.push("no Run at times; using 04:00".to_owned());
    } else if every > 0 && !times.contains('-') {
        let what = format!("not repeated, because Run at times {given:?} is not a range");
        remarks.push(format!("Repeat interval {repeat:?}: {what}"));
    }
    let schedules = schedules.unwrap_or_else(|| vec![format!("0 4 {weekdays}")]);
    schedules.into_iter().map(|at| ("at", at)).collect()
}

fn minutes(text: &str) -> Option<u32> {
    let seconds = if text.is_empty() { 0 } else { seconds(text, "m")?.0 };
    u32::try_from(seconds / 60).ok().filter(|_| seconds % 60 == 0)
}

/// At most four schedules that together have the times of a program: one for each list of
/// hours. A range that ends on the next day needs all weekdays.
fn schedules(times: &str, every: u32, weekdays: &str) -> Option<Vec<String>> {
    let minute = |text| time_of_day(text).map(|(hour, minute)| hour * 60 + minute);
    let step = if every == 0 { usize::MAX } else { usize::try_from(every).ok()? };
    let mut hours: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for time in times.split([',', ';']) {
        let (first, last) = time.split_once('-').unwrap_or((time, time));
        let (first, mut last) = (minute(first)?, minute(last)?);
        if last < first {
            last += 24 * 60;
            if every > 0 && weekdays != "*" {
                return None;
            }
        }
        for run in (first..=last).step_by(step) {
            hours.entry(run % 60).or_default().insert(run / 60 % 24);
        }
    }
    let mut minutes: BTreeMap<&BTreeSet<u32>, BTreeSet<u32>> = BTreeMap::new();
    for (minute, hours) in &hours {
        minutes.entry(hours).or_default().insert(*minute);
    }
    let mut schedules: Vec<_> = minutes.iter().map(|(hours, minutes)| (minutes, hours)).collect();
    schedules.sort();
    let schedules = schedules
        .into_iter()
        .map(|(minutes, hours)| format!("{} {} {weekdays}", list(minutes, 60), list(hours, 24)));
    Some(schedules.collect()).filter(|schedules: &Vec<_>| schedules.len() <= 4)
}

/// The field of a schedule for some of `all` numbers.
fn list(numbers: &BTreeSet<u32>, all: usize) -> String {
    match (numbers.first(), numbers.last()) {
        _ if numbers.len() == all => "*".to_owned(),
        (Some(first), Some(last)) if numbers.len() > 2 && (*first..=*last).eq(numbers.clone()) => {
            format!("{first}-{last}")
        }
        _ => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    }
}

/// The field of a schedule for names of weekdays.
fn weekdays(text: &str) -> Option<String> {
    let text = text.to_lowercase().replace(" - ", "-").replace("every day", "daily");
    let mut days = BTreeSet::new();
    for piece in text.split([',', ';', ' ']).filter(|piece| !piece.is_empty()) {
        let piece = match piece {
            "daily" | "all" | "*" => "mo-so",
            "weekdays" => "mo-fr",
            "weekend" | "weekends" => "sa-so",
            _ => piece,
        };
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        let (first, last) = (weekday(first)?, weekday(last)?);
        let last = if last < first { last + 7 } else { last };
        days.extend((first..=last).map(|day| (day - 1) % 7 + 1));
    }
    Some(if days.is_empty() { "*".to_owned() } else { list(&days, 7) })
}

/// The number of a weekday by its English name, the beginning of that, or the short German name.
fn weekday(name: &str) -> Option<u32> {
    const ENGLISH: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    const GERMAN: [&str; 7] = ["mo", "di", "mi", "do", "fr", "sa", "so"];
    let is_day = |(english, german): (&str, &str)| {
        let is_english = english.starts_with(name) || name.strip_suffix('s') == Some(english);
        name == german || name.len() > 1 && is_english
    };
    (1..).zip(ENGLISH.into_iter().zip(GERMAN)).find(|(_, day)| is_day(*day)).map(|(day, _)| day)
}
