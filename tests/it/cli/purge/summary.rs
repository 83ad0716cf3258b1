//! Tests of `cli::purge::summary`.

use sessctl::app::PurgeReport;
use sessctl::cli::purge::summary::sentence;
use sessctl::storage::UnreadableValue;

#[test]
fn one_session_is_one() {
    use sessctl::app::PurgeProgress;
    let profile = sessctl::cli::profiles::ProfileSource::built_in("django")
        .unwrap()
        .without_parameters()
        .unwrap();
    let said = |deleted, live, dry_run| {
        let done = PurgeProgress { deleted, ..PurgeProgress::default() };
        sentence(&PurgeReport { done, live, ..PurgeReport::default() }, Some(&profile), dry_run)
    };
    assert_eq!(said(1, 1, true), "would delete 1 expired session, and leave 1");
    assert_eq!(said(1_204, 0, true), "would delete 1,204 expired sessions, and leave 0");
    assert!(said(1, 1, false).starts_with("deleted 1 expired session in "));
    assert!(said(0, 1, false).starts_with("deleted 0 expired sessions in "));
    assert!(said(0, 1, false).ends_with(" ms; 1 is left"));
    assert!(said(1, 2, false).ends_with(" ms; 2 are left"));
}

#[test]
fn rows_that_nobody_can_read_are_counted_with_an_example() {
    let said = |unreadable, value: Option<&str>, dry_run| {
        let value = value.map(|value| UnreadableValue {
            input: "expire_date".to_owned(),
            value: value.to_owned(),
        });
        let summary = PurgeReport { unreadable, unreadable_value: value, ..PurgeReport::default() };
        sessctl::cli::purge::summary::unreadable(&summary, dry_run)
    };
    let is = |text: &str| Some(text.to_owned());
    assert_eq!(said(0, None, false), None);
    assert_eq!(
        said(1_204, Some("\"0000-00-00 00:00:00\""), false),
        is(
            "1,204 rows were kept: their expire_date cannot be read, such as \"0000-00-00 00:00:00\""
        )
    );
    assert_eq!(
        said(1, Some("NULL"), true),
        is("1 row would be kept: its expire_date cannot be read, such as NULL")
    );
    assert_eq!(said(3, None, false), is("3 rows were kept: their times cannot be read"));
}
