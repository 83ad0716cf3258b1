//! Tests of `store::database::rqlite::error`.

use sessctl::store::database::rqlite::error::{NodeError, NodeErrorKind, NodeErrors, to_one_line};

fn nodes() -> Vec<String> {
    ["http://db1:4001", "http://db2:4001", "http://db3:4001"].map(str::to_owned).into()
}

fn errors(said: [NodeError; 3]) -> NodeErrors {
    let mut errors = NodeErrors::new(3);
    said.into_iter().enumerate().for_each(|(node, error)| errors.record(node, error));
    errors
}

fn said(errors: &NodeErrors, has_answered_before: bool) -> String {
    errors.to_error("http://db1:4001,…", &nodes(), has_answered_before).with_causes()
}

fn refused() -> NodeError {
    NodeError::new(NodeErrorKind::Unreachable, "connection refused")
}

#[test]
fn what_all_say_is_said_once() {
    let all = errors([refused(), refused(), refused()]);
    assert!(all.are_permanent(false) && !all.are_permanent(true));
    insta::assert_snapshot!(said(&all, false), @r#"no database at "http://db1:4001,…": connection refused"#);
    insta::assert_snapshot!(said(&all, true), @r#""http://db1:4001,…" is temporarily unavailable: connection refused; this step changed nothing; try again"#);
}

#[test]
fn nodes_that_differ_are_named() {
    let no_leader = NodeError::from_message("leader not found\n", true);
    let some = errors([refused(), no_leader, refused()]);
    assert!(!some.are_permanent(false) && !some.may_have_applied());
    insta::assert_snapshot!(said(&some, true), @r#""http://db1:4001,…" is temporarily unavailable: db1:4001, db3:4001: connection refused; db2:4001: leader not found; this step changed nothing; try again"#);
}

#[test]
fn only_what_may_have_been_done_is_unknown() {
    for (words, may_have_applied) in [
        ("leader not found", false),
        (
            "node failed to process Request on remote node at h:1: pool get: dial tcp h:1: connect: connection refused",
            false,
        ),
        (
            "node failed to process Request on remote node at h:1: read tcp h:2->h:1: i/o timeout",
            true,
        ),
        ("leadership lost while committing log", true),
    ] {
        assert_eq!(
            NodeError::from_message(words, true).may_have_applied,
            may_have_applied,
            "{words}"
        );
        assert!(!NodeError::from_message(words, false).may_have_applied);
    }
}

#[test]
fn a_doubt_does_not_go_away() {
    let mut errors = NodeErrors::new(1);
    errors.record(
        0,
        NodeError::new(NodeErrorKind::Transient, "the connection was lost").may_have_applied(true),
    );
    errors.record(0, refused());
    assert!(errors.may_have_applied() && !errors.are_permanent(false));
    insta::assert_snapshot!(said(&errors, true), @r#"outcome unknown: "http://db1:4001,…" may have applied this step (the connection was lost, and since then: connection refused); check before retrying"#);
}

#[test]
fn words_from_the_network_are_one_bounded_line() {
    assert_eq!(to_one_line(" leader\r\n  not found\n"), "leader not found");
    assert_eq!(to_one_line(&"ä".repeat(500)), format!("{}…", "ä".repeat(200)));
}
