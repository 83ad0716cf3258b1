//! An administrator who does what an error says, and nothing else.

/// The text of a file after its mistake was corrected as the message says.
#[track_caller]
pub fn followed(text: &str, message: &str) -> String {
    let (place, advice) = message.split_once("; here ").unwrap_or_else(|| panic!("{message}"));
    let line = place.split(':').nth(1).and_then(|line| line.parse().ok()).unwrap();
    let (advice, lines) = match advice.split_once(", in place of lines ") {
        Some((advice, lines)) => {
            let (first, last) = lines.split_once(" to ").unwrap();
            (advice, first.parse().unwrap()..=last.parse().unwrap())
        }
        None => (advice, line..=line),
    };
    let kept = (1..).zip(text.lines()).filter(|(number, _)| !lines.contains(number));
    let kept: Vec<String> = kept.map(|(_, line)| line.to_owned()).collect();
    let parts = advice.strip_prefix("write ").map_or(Vec::new(), parts);
    parts.into_iter().fold(kept, with).join("\n") + "\n"
}

/// A table, and the settings to write under it.
pub type Part<'a> = (&'a str, Vec<&'a str>);

/// The parts of `a = 1, b = "c, d" under [table] and e = 2 under [[other]]; a note`.
pub fn parts(advice: &str) -> Vec<Part<'_>> {
    let (mut found, mut rest) = (Vec::new(), advice);
    while let Some((keys, behind)) = rest.split_once(" under ") {
        let end = behind.rfind(']').filter(|_| !behind.contains(" under "));
        let end = end.or_else(|| behind.find(" and ").map(|at| at - 1)).unwrap() + 1;
        found.push((&behind[..end], settings(keys)));
        rest = behind[end..].strip_prefix(" and ").unwrap_or_default();
    }
    found
}

/// The settings between commas that stand in no quotes.
fn settings(keys: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let split = keys.split(move |c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    });
    split.map(str::trim).collect()
}

/// The lines with the settings of a part: in the table that is there, or in a new one.
fn with(mut lines: Vec<String>, (table, settings): Part<'_>) -> Vec<String> {
    let header = lines.iter().position(|line| line == table && !table.starts_with("[["));
    let Some(header) = header else {
        lines.push(table.to_owned());
        lines.extend(settings.into_iter().map(str::to_owned));
        return lines;
    };
    for setting in settings {
        let key = setting.split_once('=').unwrap().0;
        let end = lines[header + 1..].iter().position(|line| line.starts_with('['));
        let end = end.map_or(lines.len(), |end| header + 1 + end);
        let own = (header + 1..end).find(|at| lines[*at].starts_with(key));
        match own {
            Some(at) => setting.clone_into(&mut lines[at]),
            None => lines.insert(header + 1, setting.to_owned()),
        }
    }
    lines
}
