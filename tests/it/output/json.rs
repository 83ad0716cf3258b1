//! Tests of `output::json`.

use sessctl::output::FormatName::{self, Json};

use super::sample;

#[test]
fn many_are_an_array_and_one_is_an_object() {
    insta::assert_snapshot!(sample::sessions_in(Json), @r#"
    [
    {"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null},
    {"handle":"b81d77e0a942","user":"a\u001b[2J\u202eb","task":"http","client":null,"state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null},
    {"handle":"c0ffee00c0de","user":"李雷","task":"http","client":"=HYPERLINK(\"http://x\") says, at length, a client without manners","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}
    ]
    "#);
    insta::assert_snapshot!(sample::stat_in(Json), @r#"
    [
    {"task":"imap","active":98112,"idle":7,"oldest_idle_seconds":273600,"users":[{"user":"anna","active":3},{"user":"bo b","active":1}]},
    {"task":"say \"hi\"","active":0,"idle":0,"oldest_idle_seconds":null,"users":[]}
    ]
    "#);
    insta::assert_snapshot!(sample::session_in(Json), @r#"{"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}"#);
    assert_eq!(sample::nothing_in(Json), "[]\n");
}

#[test]
fn a_summary_holds_the_listing() {
    insta::assert_snapshot!(sample::runs_in(Json), @r#"
    {"runs":2,"since":null,"since_unix":null,"last":[
    {"started":"2026-06-15T12:00:00Z","started_unix":1781524800,"took_ms":12.5,"complete":true},
    {"started":"2026-06-15T13:00:00Z","started_unix":1781528400,"took_ms":0.25,"complete":false}
    ]}
    "#);
    insta::assert_snapshot!(sample::no_runs_in(Json), @r#"{"runs":0,"since":null,"since_unix":null,"last":[]}"#);
}

#[test]
fn a_record_of_jsonl_is_a_line() {
    insta::assert_snapshot!(sample::runs_in(FormatName::Jsonl), @r#"
    {"started":"2026-06-15T12:00:00Z","started_unix":1781524800,"took_ms":12.5,"complete":true}
    {"started":"2026-06-15T13:00:00Z","started_unix":1781528400,"took_ms":0.25,"complete":false}
    "#);
    insta::assert_snapshot!(sample::session_in(FormatName::Jsonl), @r#"{"handle":"3f2a91c07d5e","user":"anna.smith","task":"imap","client":"192.0.2.17","state":"idle","idle_seconds":7559,"last_used":"2026-06-15T12:00:00Z","last_used_unix":1781524800,"ended":null,"ended_unix":null}"#);
    assert_eq!(sample::nothing_in(FormatName::Jsonl), "");
}
