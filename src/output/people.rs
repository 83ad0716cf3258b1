//! Values as people read them.

use std::borrow::Cow;

use sessctl::domain::time::Span;
use unicode_width::UnicodeWidthStr;

use super::harmless;
use super::record::Value;

/// A cell of a table.
pub(crate) fn show(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Absent => Cow::from("-"),
        Value::Text(text) => harmless::visible(text),
        Value::Word(word, _) => harmless::visible(word),
        Value::Count(count) => Cow::from(thousands(*count)),
        Value::Measure(number) => Cow::from(measure(*number)),
        Value::Flag(flag) => Cow::from(if *flag { "yes" } else { "no" }),
        Value::Span(length) => Cow::from(span(*length)),
        Value::Time(time) => Cow::from(time.to_string()),
    }
}

/// `98,112`
pub(crate) fn thousands(number: u64) -> String {
    group(&number.to_string())
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Three digits that count: `0.042`, `3.14`, `27.5`, and whole numbers from
/// a hundred on.
pub(crate) fn measure(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{:.decimals$}", number.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", group(whole))
}

/// The two largest units, cut short and not rounded: `2h05m`, `3d4h`, `45s`.
pub(crate) fn span(length: Span) -> String {
    let seconds = length.as_seconds();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, rest) => format!("{rest}s"),
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, rest) => format!("{minutes}m{rest:02}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, 0, ..) => format!("{days}d"),
        (days, hours, ..) => format!("{days}d{hours}h"),
    }
}

/// Characters that share a column, in the most crowded name that is kept
/// whole: a family emoji has seven in two. Without a bound, ten thousand
/// accents on one letter would fit anywhere.
const CROWD: usize = 4;

/// The text, cut to so many columns of a terminal and marked where it was cut.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if fits(text, columns) {
        return Cow::Borrowed(text);
    }
    let mark = &"..."[..columns.min(3)];
    let room = columns - mark.len();
    let end = text
        .char_indices()
        .map(|(start, c)| start + c.len_utf8())
        .take_while(|end| fits(&text[..*end], room))
        .last()
        .unwrap_or(0);
    Cow::Owned(format!("{}{mark}", &text[..end]))
}

fn fits(text: &str, columns: usize) -> bool {
    text.chars().nth(columns * CROWD).is_none() && text.width() <= columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (98_112, "98,112"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), text);
        }
        for (number, text) in
            [(0.0421, "0.042"), (4.666, "4.67"), (27.46, "27.5"), (-12_345.6, "-12,346")]
        {
            assert_eq!(measure(number), text);
        }
    }

    #[test]
    fn spans_have_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (727, "12m07s"),
            (7_200, "2h"),
            (7_559, "2h05m"),
            (86_400, "1d"),
            (86_400 * 3 + 3_600 * 4 + 59, "3d4h"),
        ] {
            assert_eq!(span(Span::seconds(seconds)), text);
        }
    }

    #[test]
    fn a_cut_counts_columns_of_the_terminal() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abc...");
        assert_eq!(cut("李雷和韩梅梅", 12), "李雷和韩梅梅");
        assert_eq!(cut("李雷和韩梅梅", 8), "李雷...");
        assert_eq!(cut("abcdef", 2), "..");
        assert_eq!(cut("abcdef", 0), "");
        let crowded = "e".to_owned() + &"\u{301}".repeat(10_000);
        assert!(cut(&crowded, 8).chars().count() < 40);
    }
}
