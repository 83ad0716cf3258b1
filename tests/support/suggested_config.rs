//! Application of the block that an error suggests, and nothing else.

/// The text of a file after the lines that the message names are replaced by its block.
#[track_caller]
pub fn pasted(text: &str, message: &str) -> String {
    let (head, block) = message.split_once(" with:\n\n").unwrap_or((message, ""));
    let places = head.rsplit_once("; replace line").or_else(|| head.rsplit_once("; remove line"));
    let (_, places) = places.unwrap_or_else(|| panic!("{message}"));
    let places = places.trim_start_matches('s').replace(" and ", ",").replace(" to ", "-");
    let number = |text: &str| text.trim().parse::<usize>().unwrap();
    let ranges: Vec<_> = places
        .split(',')
        .map(|place| {
            let (first, last) = place.split_once('-').unwrap_or((place, place));
            number(first)..=number(last)
        })
        .collect();
    let first = *ranges[0].start();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if number == first {
            lines.extend(block.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)));
        }
        if !ranges.iter().any(|range| range.contains(&number)) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
