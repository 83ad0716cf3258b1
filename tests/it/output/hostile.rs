//! Malicious names in every format.

use clap::ValueEnum;
use proptest::prelude::*;
use sessctl::output::record::{Record, Value};
use sessctl::output::{FormatName, Style};
use unicode_width::UnicodeWidthStr;

use super::sample;
use super::sanitize::find_unescaped;

fn nasty() -> Vec<String> {
    [
        "\u{1b}[2J",
        "a\nb",
        "a\r\nb\tc",
        "\u{202e}gnp.exe",
        "\"quoted\", 'twice'",
        "=HYPERLINK(\"http://x\")",
        "\\",
        "",
        "   ",
        "👩\u{200d}👩\u{200d}👧☺\u{fe0f}",
        "李雷和韩梅梅去看电影了吗今天",
        "\0\u{7f}\u{9b}",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(["x".repeat(10_000), "é\u{301}".repeat(5_000), "\n".repeat(10_000)])
    .collect()
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(nasty()),
        any::<String>(),
        proptest::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        r#"[=+\-@ \t\r\n"',;.\\\u{1b}\u{202e}\u{200b}\u{e0041}a]{0,12}"#,
    ]
}

fn listing() -> impl Strategy<Value = Vec<Record>> {
    let session = (name(), name(), name())
        .prop_map(|(user, task, client)| sample::session("3f2a91c07d5e", &user, &task, &client));
    proptest::collection::vec(session, 0..4)
}

/// Records with these names as Prometheus labels.
fn stat(record: &Record) -> Record {
    Record {
        key: record.key[1..].to_vec(),
        values: vec![record.values[1].clone(), Value::Count(1), Value::Count(2)],
        children: Vec::new(),
    }
}

fn texts(record: &Record) -> [String; 3] {
    [1, 2, 3].map(|place| record.values[place].bare().unwrap_or_default().into_owned())
}

fn csv_holds(text: &str, records: &[Record]) {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").len(), 10);
    let rows: Result<Vec<_>, _> = reader.records().collect();
    let rows = rows.expect("rows of the header's length");
    assert_eq!(rows.len(), records.len());
    for cell in rows.iter().flatten() {
        assert!(
            !cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
            "{cell}"
        );
    }
}

fn json_holds(rows: &[serde_json::Value], records: &[Record]) {
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(records) {
        let read = ["user", "task", "client"].map(|name| row[name].as_str().unwrap_or_default());
        assert_eq!(read, texts(record));
        assert_eq!(row.as_object().map(serde_json::Map::len), Some(10));
    }
}

fn plain_holds(text: &str, records: &[Record]) {
    let values = || records.iter().flat_map(|record| &record.values);
    let facts = values().filter(|value| **value != Value::Absent).count();
    assert_eq!(text.lines().count(), facts);
    for line in text.lines() {
        let (key, _) = line.split_once(' ').expect("a blank after the key");
        let column = key.rsplit('.').next().expect("a column");
        let known = sample::SESSIONS.columns.iter().any(|known| known.name == column);
        assert!(known && !key.contains(char::is_whitespace), "{line}");
    }
}

fn table_holds(records: &[Record]) {
    for width in [20, 40, 80] {
        let terminal = Style { color: false, width: Some(width), ..Style::default() };
        let text = sample::look(FormatName::Table, terminal, &sample::SESSIONS, records);
        assert_eq!(find_unescaped(&text), None);
        for line in text.lines() {
            assert!(line.width() <= width, "{line:?} in {width}");
            assert!(line.chars().count() <= width * 4);
        }
    }
    let rows = sample::text(FormatName::Table, &sample::SESSIONS, records).lines().count();
    assert_eq!(rows, if records.is_empty() { 0 } else { records.len() + 1 });
}

/// A label's value ends at the first quote without a backslash of its own.
fn sample_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("sessctl_sessions{task=\"")?;
    let mut escaped = false;
    let end = rest.find(|c| {
        let closing = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closing
    })?;
    rest[end..].strip_prefix("\",state=\"")?.split_once("\"} ")
}

fn prometheus_holds(text: &str, expected: usize) {
    let (comments, samples): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with('#'));
    assert_eq!(comments.len(), if samples.is_empty() { 0 } else { 2 });
    assert_eq!(samples.len(), expected);
    for line in samples {
        let (state, number) = sample_line(line).unwrap_or_else(|| panic!("{line}"));
        assert!(matches!((state, number), ("active", "1") | ("idle", "2")), "{line}");
    }
    assert!(text.is_empty() || text.ends_with('\n'));
}

fn holds(records: &[Record]) {
    let tasks: Vec<_> = records.iter().map(stat).collect();
    let names: std::collections::HashSet<_> = tasks.iter().map(|task| &task.key[0]).collect();
    let metrics = sample::text(FormatName::Prometheus, &sample::STAT, &tasks);
    assert_eq!(find_unescaped(&metrics), None);
    prometheus_holds(&metrics, names.len() * 2);
    for name in FormatName::value_variants() {
        if name.check(&sample::SESSIONS).is_err() {
            continue;
        }
        let text = sample::text(*name, &sample::SESSIONS, records);
        assert_eq!(find_unescaped(&text), None, "{name}");
        match name {
            FormatName::Csv => csv_holds(&text, records),
            FormatName::Plain => plain_holds(&text, records),
            FormatName::Table => table_holds(records),
            FormatName::Json => {
                json_holds(&serde_json::from_str::<Vec<_>>(&text).expect("JSON"), records);
            }
            FormatName::Jsonl => {
                let rows: Result<Vec<_>, _> = text.lines().map(serde_json::from_str).collect();
                json_holds(&rows.expect("JSON"), records);
            }
            FormatName::Prometheus => {}
        }
    }
}

#[test]
fn the_known_ones_do_none() {
    for text in nasty() {
        holds(&[sample::session("3f2a91c07d5e", &text, &text, &text)]);
    }
}

proptest! {
    #[test]
    fn no_name_does_any(records in listing()) {
        holds(&records);
    }
}
