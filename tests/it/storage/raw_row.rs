//! Tests of `storage::raw_row`.

use sessctl::storage::raw_row::{RawRow, TableDiff, TableHasher};

fn row(id: &str) -> RawRow {
    RawRow {
        id: id.to_owned(),
        user: Some(b"o'hara".to_vec()),
        task: b"imap".to_vec(),
        client: None,
        created_at: 1,
        last_used_at: 20,
        idle_timeout: Some(1800),
        marked_at: None,
        ended_at: None,
        end_reason: None,
        agent: None,
    }
}

fn ended(at: i64) -> RawRow {
    RawRow { ended_at: Some(at), end_reason: Some(b"closed".to_vec()), ..row("a") }
}

#[test]
fn a_row_reads_as_sqlite_quotes_it() {
    let mut text = Vec::new();
    row("a").append_to(&mut text);
    RawRow { agent: Some(b"curl/8".to_vec()), ..ended(30) }.append_to(&mut text);
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "'a','o''hara','imap',NULL,1,20,1800,NULL,NULL,NULL,NULL\n\
         'a','o''hara','imap',NULL,1,20,1800,NULL,30,'closed','curl/8'\n"
    );
}

#[test]
fn newer_is_what_was_used_later_or_has_ended_or_has_ended_later() {
    let used = |at| RawRow { last_used_at: at, ..row("a") };
    assert!(used(21).is_newer_than(&used(20)) && !used(20).is_newer_than(&used(20)));
    assert!(ended(20).is_newer_than(&used(20)) && !used(20).is_newer_than(&ended(20)));
    assert!(ended(31).is_newer_than(&ended(30)) && !ended(30).is_newer_than(&ended(30)));
    // One was used after the other had ended.
    assert!(ended(20).is_newer_than(&used(21)) && used(21).is_newer_than(&ended(20)));
}

#[test]
fn each_row_differs_in_one_way_or_in_none() {
    let older = RawRow { user: None, ..row("c") };
    let newer = RawRow { last_used_at: 21, ..row("d") };
    let here = [row("a"), row("b"), row("c"), row("d"), row("f")];
    let there = [row("b"), older, newer, row("e")];
    let expected = TableDiff {
        missing: vec![&here[0], &here[4]],
        older: vec![&here[2]],
        newer: vec![&here[3]],
        extra: vec![&there[3]],
    };
    assert_eq!(TableDiff::between(&here, &there), expected);
}

#[test]
fn content_does_not_depend_on_the_portions() {
    let rows = [row("a"), row("b"), row("c")];
    let content = |portions: &[&[RawRow]]| {
        let mut intake = TableHasher::default();
        for portion in portions {
            intake.take(portion);
        }
        intake.content()
    };
    assert_eq!(content(&[&rows]), content(&[&rows[..1], &[], &rows[1..]]));
    assert_ne!(content(&[&rows]), content(&[&rows[1..]]));
}
