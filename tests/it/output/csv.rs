//! Tests of `output::csv`.

use sessctl::output::FormatName::Csv;

use super::sample;

#[test]
fn a_header_and_rows_of_its_width() {
    insta::assert_snapshot!(sample::sessions_in(Csv), @r#"
    handle,user,task,client,state,idle_seconds,last_used,last_used_unix,ended,ended_unix
    3f2a91c07d5e,anna.smith,imap,192.0.2.17,idle,7559,2026-06-15T12:00:00Z,1781524800,,
    b81d77e0a942,a\u{1b}[2J\u{202e}b,http,,idle,7559,2026-06-15T12:00:00Z,1781524800,,
    c0ffee00c0de,李雷,http,"'=HYPERLINK(""http://x"") says, at length, a client without manners",idle,7559,2026-06-15T12:00:00Z,1781524800,,
    "#);
    insta::assert_snapshot!(sample::stat_in(Csv), @r#"
    task,user,active,idle,oldest_idle_seconds
    imap,,98112,7,273600
    imap,anna,3,7,273600
    imap,bo b,1,7,273600
    "say ""hi""",,0,0,
    "#);
    insta::assert_snapshot!(sample::runs_in(Csv), @r#"
    started,started_unix,took_ms,complete
    2026-06-15T12:00:00Z,1781524800,12.5,true
    2026-06-15T13:00:00Z,1781528400,0.25,false
    "#);
    insta::assert_snapshot!(sample::nothing_in(Csv), @r#"handle,user,task,client,state,idle_seconds,last_used,last_used_unix,ended,ended_unix"#);
}
