//! Tests of `output::prometheus`.

use sessctl::output::FormatName::Prometheus;
use sessctl::output::open;
use sessctl::output::record::{Record, Value};
use sessctl::output::{FormatName, Style, UnsupportedFormat};

use super::sample;

#[test]
fn samples_stand_together_by_metric() {
    insta::assert_snapshot!(sample::stat_in(Prometheus), @r#"
    # HELP sessctl_sessions Sessions by task and state.
    # TYPE sessctl_sessions gauge
    sessctl_sessions{task="imap",state="active"} 98112
    sessctl_sessions{task="imap",state="idle"} 7
    sessctl_sessions{task="say \"hi\"",state="active"} 0
    sessctl_sessions{task="say \"hi\"",state="idle"} 0
    # HELP sessctl_oldest_idle_seconds How long the session longest unused has been so.
    # TYPE sessctl_oldest_idle_seconds gauge
    sessctl_oldest_idle_seconds{task="imap"} 273600
    "#);
}

#[test]
fn a_series_stands_once() {
    let stat = |count| Record {
        key: vec!["imap".into()],
        values: vec![Value::word("imap"), Value::Count(count)],
        children: Vec::new(),
    };
    let text = sample::text(Prometheus, &sample::STAT, &[stat(3), stat(4)]);
    assert!(text.ends_with("{task=\"imap\",state=\"active\"} 3\n"), "{text}");
}

#[test]
fn common_labels_stand_before_the_others_until_they_change() {
    let record =
        |task: &str| Record::new([task], vec![Value::word(task.to_owned()), Value::Count(1)]);
    let mut out = Vec::new();
    let mut listing = open(Prometheus, Style::default(), &mut out, &sample::STAT, None).unwrap();
    for (database, team) in [("shop", "say \"hi\""), ("blog", "b")] {
        listing.set_labels(&[
            ("database".to_owned(), database.to_owned()),
            ("team".to_owned(), team.to_owned()),
        ]);
        listing.record(&record("imap")).unwrap();
    }
    listing.end().unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    # HELP sessctl_sessions Sessions by task and state.
    # TYPE sessctl_sessions gauge
    sessctl_sessions{database="shop",team="say \"hi\"",task="imap",state="active"} 1
    sessctl_sessions{database="blog",team="b",task="imap",state="active"} 1
    "#);
}

#[test]
fn records_without_a_metric_are_refused_before_anything_is_written() {
    let mut out = Vec::new();
    let error = open(Prometheus, Style::default(), &mut out, &sample::SESSIONS, None)
        .err()
        .expect("a listing has no metric");
    let inner = error.get_ref().expect("it says why");
    assert_eq!(inner.downcast_ref(), Some(&UnsupportedFormat::without_metrics("sessions")));
    insta::assert_snapshot!(inner, @r#"-o prometheus is not available for sessions, only for show stat and purge; use table, plain, csv, json or jsonl"#);
    assert!(out.is_empty());
    assert_eq!(FormatName::Json.check(&sample::SESSIONS), Ok(()));
}
