//! Tests of `output::report`.

use sessctl::output::FormatName;
use sessctl::output::report::{ReportSection, write_report};

use super::sample;

fn report(name: FormatName) -> String {
    let sections = [
        ReportSection { name: "none", schema: &sample::SESSIONS, records: Vec::new() },
        ReportSection { name: "tasks", schema: &sample::STAT, records: sample::stat() },
    ];
    let session = sample::session("3f2a91c07d5e", "a\u{1b}b", "imap", "192.0.2.17");
    let mut out = Vec::new();
    write_report(name, &mut out, &sample::SESSION, &session, &sections).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_report_is_an_object_with_lists_in_it() {
    insta::assert_snapshot!(report(FormatName::Json), @r#"
    {"handle":"3f2a91c07d5e","user":"a\u001bb","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null,
    "none":[],
    "tasks":[
    {"task":"imap","active":98112,"idle":7,"oldest_idle_seconds":273600,"users":[{"user":"anna","active":3},{"user":"bo b","active":1}]},
    {"task":"say \"hi\"","active":0,"idle":0,"oldest_idle_seconds":null,"users":[]}
    ]}
    "#);
    let json: serde_json::Value = serde_json::from_str(&report(FormatName::Json)).unwrap();
    assert_eq!(json["none"], serde_json::json!([]));
    let line = report(FormatName::Jsonl);
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), json);
    assert!(report(FormatName::Plain).contains("imap.active 98112\n"));
    for none in [FormatName::Csv, FormatName::Prometheus] {
        assert!(none.check_report(&sample::SESSION).is_err());
    }
}
