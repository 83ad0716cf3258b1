use sessctl::domain::archive_name::ArchiveName;
use sessctl::domain::time::{Span, UnixTime};

use crate::support::NOW;

fn name(text: &str) -> ArchiveName {
    text.parse().unwrap()
}

#[test]
fn a_name_ends_in_jsonl_and_may_have_a_date_that_begins_with_the_year() {
    for valid in ["a.jsonl", "/var/a.jsonl.zst", "a-%Y.jsonl", "%Y-%m-%d.jsonl", "%Y%m%dT%H.jsonl"]
    {
        assert_eq!(name(valid).as_str(), valid);
    }
    for invalid in ["a", "a.json", ".jsonl", "/var/.jsonl.zst", "a.jsonl.gz", "", "jsonl"] {
        let error = invalid.parse::<ArchiveName>().unwrap_err().to_string();
        assert!(error.contains("use a name that ends in .jsonl or .jsonl.zst"), "{error}");
    }
    for invalid in ["%d.jsonl", "%Y-%d.jsonl", "%Y%Y.jsonl", "%Y/a.jsonl", "%y.jsonl", "100%.jsonl"]
    {
        let error = invalid.parse::<ArchiveName>().unwrap_err().to_string();
        assert!(error.contains("a date is %Y-%m-%d"), "{error}");
    }
}

#[test]
fn the_date_is_that_of_the_run_in_utc() {
    assert_eq!(name("a/b-%Y-%m-%d.jsonl").at(NOW), "a/b-2026-06-15.jsonl");
    assert_eq!(name("%Y%m%dT%H.jsonl.zst").at(NOW), "20260615T12.jsonl.zst");
    assert_eq!(name("a.jsonl").at(NOW), "a.jsonl");
}

#[test]
fn a_file_expires_when_its_whole_time_is_older_than_the_retention() {
    let days = |days: i64| UnixTime(NOW.0 + days * 86_400);
    let is_expired =
        |pattern: &str, file: &str, now| name(pattern).is_expired(file, Span::days(30), now);
    // The day ends twelve hours after noon.
    assert!(!is_expired("/x/a-%Y-%m-%d.jsonl", "a-2026-06-15.jsonl", days(30)));
    assert!(is_expired("/x/a-%Y-%m-%d.jsonl", "a-2026-06-15.jsonl", days(31)));
    assert!(!is_expired("a-%Y-%m.jsonl", "a-2026-06.jsonl", days(45)));
    assert!(is_expired("a-%Y-%m.jsonl", "a-2026-06.jsonl", days(46)));
    assert!(is_expired("a-%Y.jsonl", "a-2024.jsonl", days(0)));
    assert!(!is_expired("a-%Y.jsonl", "a-2025.jsonl", UnixTime(1_767_225_600)));
    for other in [
        "a-2020-02-30.jsonl",
        "a-2020-02-0x.jsonl",
        "b-2020-02-03.jsonl",
        "a-2020-02-03.jsonl.zst",
        "a-2020-02-03.jsonl.bak",
        "a-+020-02-03.jsonl",
        "a-2020.jsonl",
    ] {
        assert!(!is_expired("a-%Y-%m-%d.jsonl", other, days(0)), "{other}");
    }
    assert!(!is_expired("a.jsonl", "a.jsonl", days(9_999)));
    // Without any retention, the current file stays.
    assert!(!name("%Y.jsonl").is_expired("2026.jsonl", Span::ZERO, NOW));
    assert!(name("%Y.jsonl").is_expired("2025.jsonl", Span::ZERO, NOW));
}
