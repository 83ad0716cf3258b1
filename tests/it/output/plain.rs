//! Tests of `output::plain`.

use sessctl::output::FormatName::Plain;

use super::sample;

#[test]
fn a_fact_is_a_line() {
    insta::assert_snapshot!(sample::sessions_in(Plain), @r#"
    3f2a91c07d5e.anna\.smith.handle 3f2a91c07d5e
    3f2a91c07d5e.anna\.smith.user anna.smith
    3f2a91c07d5e.anna\.smith.task imap
    3f2a91c07d5e.anna\.smith.client 192.0.2.17
    3f2a91c07d5e.anna\.smith.state idle
    3f2a91c07d5e.anna\.smith.idle_seconds 7559
    3f2a91c07d5e.anna\.smith.last_used 2026-06-15T12:00:00Z
    b81d77e0a942.a\u{1b}[2J\u{202e}b.handle b81d77e0a942
    b81d77e0a942.a\u{1b}[2J\u{202e}b.user a\u{1b}[2J\u{202e}b
    b81d77e0a942.a\u{1b}[2J\u{202e}b.task http
    b81d77e0a942.a\u{1b}[2J\u{202e}b.state idle
    b81d77e0a942.a\u{1b}[2J\u{202e}b.idle_seconds 7559
    b81d77e0a942.a\u{1b}[2J\u{202e}b.last_used 2026-06-15T12:00:00Z
    c0ffee00c0de.李雷.handle c0ffee00c0de
    c0ffee00c0de.李雷.user 李雷
    c0ffee00c0de.李雷.task http
    c0ffee00c0de.李雷.client =HYPERLINK("http://x") says, at length, a client without manners
    c0ffee00c0de.李雷.state idle
    c0ffee00c0de.李雷.idle_seconds 7559
    c0ffee00c0de.李雷.last_used 2026-06-15T12:00:00Z
    "#);
    insta::assert_snapshot!(sample::stat_in(Plain), @r#"
    imap.task imap
    imap.active 98112
    imap.idle 7
    imap.oldest_idle_seconds 273600
    imap.user.anna.user anna
    imap.user.anna.active 3
    imap.user.bo\u{20}b.user bo b
    imap.user.bo\u{20}b.active 1
    say\u{20}"hi".task say "hi"
    say\u{20}"hi".active 0
    say\u{20}"hi".idle 0
    "#);
    insta::assert_snapshot!(sample::runs_in(Plain), @r#"
    run.1781524800.started 2026-06-15T12:00:00Z
    run.1781524800.took_ms 12.5
    run.1781524800.complete true
    run.1781528400.started 2026-06-15T13:00:00Z
    run.1781528400.took_ms 0.25
    run.1781528400.complete false
    runs 2
    "#);
    assert_eq!(sample::nothing_in(Plain), "");
}
