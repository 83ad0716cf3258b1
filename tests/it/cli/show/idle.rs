//! Tests of `sessctl show stat --idle`.

use rusqlite::Connection;
use sessctl::cli::show::idle::drawing::page;
use sessctl::domain::idle_times::IdleTimes;
use sessctl::domain::policy::{ExpiryMode, Policy};
use sessctl::domain::time::Span;
use sessctl::output::Style;

use crate::support::{DAY, HOUR, MINUTE, Sandbox, fixtures, row};

/// Sessions by their idle times in seconds; those beyond the timeout of 30 minutes are due.
fn times(policy: &Policy, idle: &[(i64, u32)]) -> IdleTimes {
    let mut times = IdleTimes::of_policy("imap".to_owned(), policy);
    for (seconds, sessions) in idle {
        (0..*sessions).for_each(|_| times.add(Some(Span::seconds(*seconds)), *seconds > 1_800));
    }
    times
}

fn sample() -> IdleTimes {
    let (policy, idle) =
        (Policy::default(), [(10, 1_020), (100, 300), (1_500, 40), (2_000, 1), (4_000, 204)]);
    let mut times = times(&policy, &idle);
    times.without_timeout = 2;
    times
}

#[test]
fn the_timeout_is_marked_and_bars_are_linear() {
    let page = page(&sample(), Style { unicode: true, ..Style::default() });
    insta::assert_snapshot!(page, @r"
    imap: 1,565 sessions; timeout 30m
    UNUSED FOR   LIVE  EXPIRED  WOULD END     %  █ live  ▒ expired
    up to 1m    1,020        0        545  34.8  ██████████████████████████████████
    1m - 2m       300        0        245  15.6  ██████████
    2m - 5m         0        0        245  15.6
    5m - 10m        0        0        245  15.6
    10m - 15m       0        0        245  15.6
    15m - 30m      40        0        205  13.0  █▎
    ─────────────────────────────────────────────────────────────────── timeout 30m
    30m - 1h        0        1        204  13.0  ▒
    1h - 2h         0      204          0   0.0  ▒▒▒▒▒▒▒
    2 sessions were opened without a timeout
    ");
}

#[test]
fn without_unicode_bars_are_ascii() {
    let page = page(&sample(), Style { width: Some(60), ..Style::default() });
    assert!(page.is_ascii());
    insta::assert_snapshot!(page, @r"
    imap: 1,565 sessions; timeout 30m
    UNUSED FOR   LIVE  EXPIRED  WOULD END     %
    up to 1m    1,020        0        545  34.8  ##############
    1m - 2m       300        0        245  15.6  ####
    2m - 5m         0        0        245  15.6
    5m - 10m        0        0        245  15.6
    10m - 15m       0        0        245  15.6
    15m - 30m      40        0        205  13.0  #
    ----------------------------------------------- timeout 30m
    30m - 1h        0        1        204  13.0  :
    1h - 2h         0      204          0   0.0  :::
    2 sessions were opened without a timeout
    ");
}

#[test]
fn lines_fit_into_the_terminal() {
    for width in 60..200 {
        for unicode in [false, true] {
            let page = page(&sample(), Style { width: Some(width), unicode, ..Style::default() });
            assert!(page.lines().all(|line| line.chars().count() < width), "{width}\n{page}");
        }
    }
}

#[test]
fn counts_of_eighteen_digits_leave_no_room_for_bars() {
    let mut times = IdleTimes::of_policy("imap".to_owned(), &Policy::default());
    times.ranges[0].live = 123_456_789_012_345_678;
    times.ranges[8].expired = 876_543_210_987_654_321;
    insta::assert_snapshot!(page(&times, Style::default()), @r"
    imap: 999,999,999,999,999,999 sessions; timeout 30m
    UNUSED FOR                     LIVE                  EXPIRED                WOULD END     %
    up to 1m    123,456,789,012,345,678                        0  876,543,210,987,654,321  87.6
    1m - 2m                           0                        0  876,543,210,987,654,321  87.6
    2m - 5m                           0                        0  876,543,210,987,654,321  87.6
    5m - 10m                          0                        0  876,543,210,987,654,321  87.6
    10m - 15m                         0                        0  876,543,210,987,654,321  87.6
    15m - 30m                         0                        0  876,543,210,987,654,321  87.6
    --------------------------------------------------------------------------------- timeout 30m
    30m - 1h                          0                        0  876,543,210,987,654,321  87.6
    1h - 2h                           0                        0  876,543,210,987,654,321  87.6
    2h - 4h                           0  876,543,210,987,654,321                        0   0.0
    ");
}

#[test]
fn each_policy_says_what_ends_an_unused_session() {
    let heading = |expire| {
        let policy = Policy { expire, ..Policy::default() };
        let page = page(&times(&policy, &[(10, 1)]), Style::default());
        let is_rule = |line: &&str| !line.starts_with(|c: char| c.is_ascii_digit() || c == 'U');
        page.lines()
            .filter(is_rule)
            .map(|line| line.replace("--", ""))
            .collect::<Vec<_>>()
            .join("\n")
    };
    for (expire, expected) in [
        (ExpiryMode::Timeout, "timeout 30m"),
        (ExpiryMode::Abandoned, "timeout 30m, abandoned after 2h"),
        (ExpiryMode::TwoPass, "timeout 30m, but expire = \"two-pass\": marks decide"),
        (ExpiryMode::Never, "timeout 30m, but expire = \"never\": unused sessions stay"),
    ] {
        let said = heading(expire);
        assert!(said.starts_with(&format!("imap: 1 session; {expected}\n")), "{said}");
        assert_eq!(said.contains("abandoned 2h"), expire == ExpiryMode::Abandoned, "{said}");
    }
}

#[test]
fn ranges_count_live_and_expired_sessions_and_those_unused_for_longer() {
    let sandbox = Sandbox::new();
    for row in [
        row("a").idle(30),
        row("b").idle(20 * MINUTE),
        row("c").idle(40 * MINUTE),
        row("d").timeout(None).idle(3 * HOUR),
        row("e").idle(HOUR).ended(MINUTE, "closed"),
        row("f").idle(-5 * MINUTE),
        row("g").task("http").idle(MINUTE + 1),
    ] {
        sandbox.insert(&row);
    }
    let plain = sandbox.run(["show", "stat", "--idle", "IMAP", "-o", "plain"]).succeeds().stdout();
    let fact = |key: &str| {
        let value = plain.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {key}:\n{plain}")).to_owned()
    };
    for (key, value) in [
        ("imap.idle.1m.live", "2"),
        ("imap.idle.1m.would_end", "3"),
        ("imap.idle.1m.would_end_percent", "60"),
        ("imap.idle.30m.live", "1"),
        ("imap.idle.30m.would_end", "2"),
        ("imap.idle.1h.expired", "1"),
        ("imap.idle.1h.live", "0"),
        ("imap.idle.4h.live", "1"),
        ("imap.idle.90d.would_end", "0"),
        ("imap.idle.longer.sessions", "0"),
        ("imap.idle.1m.timeout_seconds", "1800"),
    ] {
        assert_eq!(fact(key), value, "{key}");
    }
    assert!(!plain.contains("http"));
    let warned = sandbox.run(["show", "stat", "--idle"]).succeeds().stderr();
    assert!(warned.contains("1 row was used"), "{warned}");
}

#[test]
fn a_timeout_of_the_policy_is_a_limit_of_a_range() {
    let sandbox = Sandbox::new();
    let config = "[policy.imap]\ntimeout = \"20m\"\n[policy.http]\nexpire = \"abandoned\"\nabandoned = \"3h\"";
    sandbox.file("c.toml", config);
    sandbox.insert(&row("a").idle(20 * MINUTE + 1));
    sandbox.insert(&row("b").task("http").idle(DAY));
    let ran = sandbox.run(["--config", "c.toml", "show", "stat", "--idle"]);
    let page = ran.succeeds().stdout();
    for line in ["http: 1 session; timeout 30m, abandoned after 3h", "20m - 30m", "3h - 4h"] {
        assert!(page.contains(line), "{line}:\n{page}");
    }
}

#[test]
fn an_empty_table_has_no_ranges() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["show", "stat", "--idle"]);
    assert_eq!(ran.succeeds().stdout(), "");
    assert_eq!(sandbox.run(["show", "stat", "--idle", "--json"]).succeeds().stdout(), "[]\n");
    sandbox.run(["show", "stat", "--idle", "-o", "prometheus"]).exits(2);
}

#[test]
fn the_name_of_a_task_is_harmless_on_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").task("i\u{1b}[31mp").idle(MINUTE));
    let page = sandbox.run(["show", "stat", "--idle"]).succeeds().stdout();
    assert!(!page.contains('\u{1b}'), "{page}");
}

#[test]
fn a_table_without_the_last_use_is_refused() {
    let sandbox = Sandbox::without_database();
    let db = Connection::open(sandbox.path("app.db")).unwrap();
    db.execute_batch(&fixtures::named("django").sql).unwrap();
    let ran = sandbox.run(["--profile", "django", "show", "stat", "--idle"]);
    let said = ran.exits(4).stderr();
    assert!(said.contains("django_session does not record when a session was last used"), "{said}");
    assert!(said.contains("`sessctl list --sort expires`"), "{said}");
}
