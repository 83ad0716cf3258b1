//! Tests of `cli::kept_rows`.

use sessctl::cli::kept_rows::{Wording, sentences};
use sessctl::storage::{KeptRows, ReferencingTable, RejectedRow};

fn referrer(may_be_null: bool) -> ReferencingTable {
    ReferencingTable {
        table: "basket".to_owned(),
        columns: vec!["session".to_owned()],
        targets: vec!["id".to_owned()],
        through: None,
        may_be_null,
    }
}

fn said(kept: &KeptRows, dry_run: bool) -> String {
    sentences(kept, Wording::purge(dry_run)).join("\n")
}

#[test]
fn what_refers_to_kept_rows_is_named_with_both_remedies() {
    let mut kept = KeptRows::default();
    kept.refer(&referrer(true), 1_204);
    insta::assert_snapshot!(said(&kept, false), @r#"1,204 expired sessions were kept because rows of basket refer to them in column session; to delete those rows, too, add [[dependents]] with table = "basket", column = "session", references = "id", action = "delete" to the profile; action = "set null" keeps them without the reference"#);
    let mut kept = KeptRows::default();
    kept.refer(&referrer(false), 1);
    kept.refer(&ReferencingTable { through: Some("device".to_owned()), ..referrer(true) }, 2);
    insta::assert_snapshot!(said(&kept, true), @r#"
    1 expired session would be kept because rows of basket refer to it in column session; to delete those rows, too, add [[dependents]] with table = "basket", column = "session", references = "id", action = "delete" to the profile; action = "set null" would keep them, but session is NOT NULL
    2 expired sessions would be kept because rows of basket refer in column session to rows of device that would be deleted with them: remove those rows of basket first
    "#);
    assert_eq!(said(&KeptRows::default(), false), "");
}

#[test]
fn rows_that_the_database_rejects_are_named() {
    let mut kept = KeptRows::default();
    for number in 0..12 {
        let why = if number == 1 { "no way" } else { "FOREIGN KEY constraint failed" };
        kept.reject(|| RejectedRow { handle: format!("{number:04}"), why: why.to_owned() });
    }
    insta::assert_snapshot!(said(&kept, false), @"12 expired sessions could not be deleted: FOREIGN KEY constraint failed (0000, 0002, 0003, 0004, 0005, 0006, 0007, 0008, 0009); no way (0001); and 2 more");
}
