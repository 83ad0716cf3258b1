//! Tests of `output::table`.

use sessctl::output::record::{Column, Record, Schema, Value, Visibility};
use sessctl::output::{FormatName, Style};

use super::sample;

#[test]
fn a_wide_terminal_shows_rows() {
    insta::assert_snapshot!(sample::sessions_at(Some(80)), @r#"
    HANDLE        USER                 TASK  CLIENT                     STATE   IDLE
    3f2a91c07d5e  anna.smith           imap  192.0.2.17                 idle   2h05m
    b81d77e0a942  a\u{1b}[2J\u{202e}b  http  -                          idle   2h05m
    c0ffee00c0de  李雷                 http  =HYPERLINK("http://x")...  idle   2h05m
    "#);
    insta::assert_snapshot!(sample::sessions_at(None), @r#"
    HANDLE        USER                 TASK  CLIENT                                    STATE   IDLE
    3f2a91c07d5e  anna.smith           imap  192.0.2.17                                idle   2h05m
    b81d77e0a942  a\u{1b}[2J\u{202e}b  http  -                                         idle   2h05m
    c0ffee00c0de  李雷                 http  =HYPERLINK("http://x") says, at length, a client without manners  idle   2h05m
    "#);
    insta::assert_snapshot!(sample::stat_at(Some(80)), @r#"
    TASK      USER  ACTIVE  IDLE  OLDEST
    imap            98,112     7    3d4h
              anna       3
              bo b       1
    say "hi"             0     0       -
    "#);
}

#[test]
fn a_narrow_one_shows_blocks() {
    insta::assert_snapshot!(sample::sessions_at(Some(40)), @r#"
    handle     3f2a91c07d5e
    user       anna.smith
    task       imap
    client     192.0.2.17
    state      idle
    idle       2h05m
    last used  2026-06-15T12:00:00Z
    ended      -

    handle     b81d77e0a942
    user       a\u{1b}[2J\u{202e}b
    task       http
    client     -
    state      idle
    idle       2h05m
    last used  2026-06-15T12:00:00Z
    ended      -

    handle     c0ffee00c0de
    user       李雷
    task       http
    client     =HYPERLINK("http://x") say...
    state      idle
    idle       2h05m
    last used  2026-06-15T12:00:00Z
    ended      -
    "#);
    insta::assert_snapshot!(sample::stat_at(Some(16)), @r#"
    task    imap
    active  98,112
    idle    7
    oldest  3d4h

      user    anna
      active  3

      user    bo b
      active  1

    task    say "hi"
    active  0
    idle    0
    oldest  -
    "#);
}

#[test]
fn one_record_stands_alone() {
    insta::assert_snapshot!(sample::session_at(Some(80)), @r#"
    handle     c0ffee00c0de
    user       李雷
    task       http
    client     =HYPERLINK("http://x") says, at length, a client without manners
    state      idle
    idle       2h05m
    last used  2026-06-15T12:00:00Z
    ended      -
    "#);
    insta::assert_snapshot!(sample::session_at(Some(40)), @r#"
    handle     c0ffee00c0de
    user       李雷
    task       http
    client     =HYPERLINK("http://x") say...
    state      idle
    idle       2h05m
    last used  2026-06-15T12:00:00Z
    ended      -
    "#);
}

#[test]
fn a_cut_counts_columns_of_the_terminal() {
    for (name, shown) in [
        ("abcdefgh", "abcdefgh"),
        ("ab def hij", "ab de..."),
        ("李雷和韩", "李雷和韩"),
        ("李雷和韩梅梅", "李雷..."),
    ] {
        let narrow =
            Style { color: false, width: Some("last used  ".len() + 8), ..Style::default() };
        let records = [sample::session("3f2a91c07d5e", name, "imap", "")];
        let text = sample::look(FormatName::Table, narrow, &sample::SESSION, &records);
        let line = format!("user       {shown}");
        assert_eq!(text.lines().nth(1), Some(line.as_str()));
    }
}

#[test]
fn colors_are_for_words_and_only_on_request() {
    insta::assert_snapshot!(sample::colored().replace('\u{1b}', "ESC"), @r#"
    ESC[1mHANDLE        USER                 TASK  CLIENT      STATE   IDLEESC[0m
    3f2a91c07d5e  anna.smith           imap  192.0.2.17  ESC[33midleESC[0m   2h05m
    b81d77e0a942  a\u{1b}[2J\u{202e}b  http  ESC[2m-ESC[0m           ESC[33midleESC[0m   2h05m
    "#);
}

#[test]
fn nothing_is_said_about_no_records() {
    assert_eq!(sample::nothing_in(FormatName::Table), "");
}

#[test]
fn a_terminal_has_optional_columns_if_they_have_values_and_room() {
    static WITH_AGENT: Schema = Schema::many(
        "sessions",
        &[
            Column::row("user", "user"),
            Column::row("client", "client"),
            Column::row("agent", "agent").at(Visibility::Filled),
        ],
    );
    let record = |agent: Value| {
        let text = |text: &str| Value::text(Some(text));
        Record::new(["a"], vec![text("alice@example.org"), text("2001:db8::8a2e:370:7334"), agent])
    };
    let agent = Value::shortened(Some("Mozilla/5.0 (X11) Firefox/52.0"), |_| {
        "Firefox, some system".to_owned()
    });
    let header = |width: usize, agent: &Value| {
        let style = Style { color: false, width: Some(width), ..Style::default() };
        let table = sample::look(FormatName::Table, style, &WITH_AGENT, &[record(agent.clone())]);
        table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Three texts of 14 characters need 46 columns, and the other two alone 8 characters each.
    assert_eq!(header(80, &agent), "USER CLIENT AGENT");
    assert_eq!(header(46, &agent), "USER CLIENT AGENT");
    assert_eq!(header(45, &agent), "USER CLIENT");
    assert_eq!(header(18, &agent), "USER CLIENT");
    assert!(header(17, &agent).starts_with("user "));
    assert_eq!(header(80, &Value::Absent), "USER CLIENT");
}
