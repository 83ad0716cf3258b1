//! Domino's Program document, as a job that cycles a task.

use super::value::harmless;

/// The name of a field, and what it says.
pub(super) type Field = (&'static str, String);

/// What the fields of a Program document say.
pub(super) struct Program {
    task: String,
    host: Option<String>,
    when: (&'static str, String),
    enabled: Option<bool>,
}

impl Program {
    pub(super) fn new(fields: &[Field]) -> Self {
        let of = |name: &str| {
            let field = fields.iter().find(|(field, _)| *field == name);
            field.map_or("", |(_, text)| text.trim())
        };
        let task = task(of("Command line")).or_else(|| task(of("Program name")));
        Self {
            task: task.unwrap_or_else(|| "imap".to_owned()),
            host: host(of("Server to run on")),
            when: when(of("Run at times"), of("Repeat interval"), of("Days of week")),
            enabled: Some(of("Enabled/disabled")).filter(|text| !text.is_empty()).map(is_enabled),
        }
    }

    /// The keys of the job.
    pub(super) fn keys(&self) -> Vec<(&'static str, String)> {
        let text = |text: &str| format!("\"{text}\"");
        let mut keys = vec![
            ("name", text(&format!("restart {}", self.task.replace('*', "all")))),
            (self.when.0, text(&self.when.1)),
            ("do", text("cycle")),
            ("task", text(&self.task)),
        ];
        keys.extend(self.host.as_deref().map(|host| ("host", text(host))));
        keys.extend(self.enabled.map(|enabled| ("enabled", enabled.to_string())));
        keys
    }
}

/// The task of `tell imap quit`, `load imap`, `-c "restart task imap"`, or the one word
/// that there is.
fn task(command: &str) -> Option<String> {
    const VERBS: [&str; 7] = ["tell", "load", "restart", "task", "quit", "drop", "-c"];
    let command = command.replace(['"', '\'', ',', '='], " ").to_lowercase();
    let mut words = command.split_whitespace().filter(|word| !VERBS.contains(word));
    let word = words.next().map(harmless).filter(|word| !word.is_empty() && word != "nserver")?;
    Some(if word == "all" { "*".to_owned() } else { word })
}

/// The server without its organisation; `*` is every server.
fn host(server: &str) -> Option<String> {
    let name = server.split('/').next().unwrap_or_default();
    let name = harmless(name.trim().trim_start_matches("CN=").trim_start_matches("cn="));
    Some(name).filter(|name| !name.is_empty())
}

fn is_enabled(text: &str) -> bool {
    let text = text.to_lowercase();
    !text.starts_with("disabled") && text != "false"
}

/// The key that says when, and its value.
fn when(times: &str, repeat: &str, days: &str) -> (&'static str, String) {
    let days = weekdays(days);
    let every = repeat.split_whitespace().next().and_then(|number| number.parse::<u32>().ok());
    let every = every.filter(|minutes| *minutes > 0);
    let clocks: Vec<(u32, u32)> =
        times.split(['-', ',', ';']).filter_map(|time| clock(time.trim())).collect();
    let schedule = match (clocks.as_slice(), every) {
        ([], Some(minutes)) if days == "*" => return ("every", format!("{minutes}m")),
        ([], Some(minutes)) => repeated(minutes, (0, 0), 23, &days),
        ([first, last], Some(minutes)) if times.contains('-') => {
            repeated(minutes, *first, last.0.max(first.0), &days)
        }
        ([], None) => format!("0 4 {days}"),
        ([first, ..], _) => {
            let mut hours: Vec<u32> = clocks.iter().map(|(hour, _)| *hour).collect();
            if times.contains('-') {
                hours.truncate(1);
            }
            hours.sort_unstable();
            hours.dedup();
            let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
            format!("{} {} {days}", first.1, hours.join(","))
        }
    };
    ("at", schedule)
}

/// Each so many minutes from a time on until an hour.
fn repeated(minutes: u32, (hour, minute): (u32, u32), last: u32, days: &str) -> String {
    let step = |step: u32| if step < 2 { String::new() } else { format!("/{step}") };
    match (minutes / 60).min(23) {
        0 => format!("*{} {hour}-{last} {days}", step(minutes)),
        hours => format!("{minute} {hour}-{last}{} {days}", step(hours)),
    }
}

/// `04:00`, `4:00 PM` or `16:00:00`, as an hour and a minute.
fn clock(text: &str) -> Option<(u32, u32)> {
    let text = text.to_lowercase();
    let is_afternoon = text.contains("pm");
    let is_twelve_hours = is_afternoon || text.contains("am");
    let mut numbers = text.trim_end_matches(|c: char| !c.is_ascii_digit()).split(':');
    let hour: u32 = numbers.next()?.trim().parse().ok()?;
    let minute: u32 = numbers.next().unwrap_or("0").trim().parse().ok()?;
    let hour = if is_twelve_hours { hour % 12 + if is_afternoon { 12 } else { 0 } } else { hour };
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// The field of a schedule for weekdays by their names; all of them, if there is none.
fn weekdays(text: &str) -> String {
    let text = text.to_lowercase().replace(" - ", "-");
    let pieces = text.split([',', ';', ' ']).filter_map(|piece| match piece.split_once('-') {
        Some((first, last)) => Some(format!("{}-{}", weekday(first)?, weekday(last)?)),
        None => weekday(piece).map(|day| day.to_string()),
    });
    let days: Vec<String> = pieces.collect();
    if days.is_empty() || days.len() == WEEKDAYS.len() { "*".to_owned() } else { days.join(",") }
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn weekday(name: &str) -> Option<usize> {
    let day = WEEKDAYS.iter().position(|day| name.trim().starts_with(day))?;
    Some(day + 1)
}
