//! `sessctl profile check`.

use sessctl::cli::profile::check::findings::would_delete;

use super::{DJANGO, GITEA, OVER, VALID, database, django, handle, laravel, run, three};
use crate::support::Sandbox;

/// Returns the output of `profile check` with each handle replaced by a placeholder.
fn said(sandbox: &Sandbox, code: i32, args: &[&str], ids: &[&str]) -> String {
    let before = sandbox.files();
    let text = run(sandbox, [&["profile", "check"], args].concat()).exits(code).stdout();
    assert!(sandbox.files() == before);
    ids.iter().fold(text, |text, id| text.replace(&handle(id), "<handle....>"))
}

#[test]
fn a_check_explains_what_a_profile_finds() {
    insta::assert_snapshot!(said(&three(), 0, &["django"], &["key a", "key b", "key c"]), @r#"
    django is the profile of Django: django.contrib.sessions, engine db or cached_db, USE_TZ = True
    django_session has the expected columns and 3 rows

    INPUT        CLASS  SAMPLED ROWS  UNREADABLE
    expire_date  text              3           0

    HANDLE        USER  TIME         VALUE                         MEANS                 VERDICT
    <handle....>  -     expire_date  "2020-02-03 04:05:06.789000"  2020-02-03T04:05:06Z  expired since 2020-02-03T04:05:06Z
    <handle....>  -     expire_date  "2021-01-01 00:00:00"         2021-01-01T00:00:00Z  expired since 2021-01-01T00:00:00Z
    <handle....>  -     expire_date  "2999-12-31 23:59:59"         2999-12-31T23:59:59Z  live until 2999-12-31T23:59:59Z

    to find due rows if they are few:
      SEARCH django_session USING INDEX django_session_expire_date_a5c62663 (expire_date<?)

    to scan the table:
      SCAN django_session

    a purge would delete 2 of 3 sessions
    "#);
    let sandbox = laravel();
    let args = ["laravel", "--param", "lifetime=2h"];
    insta::assert_snapshot!(said(&sandbox, 0, &args, &["old", "older"]), @r"
    laravel is the profile of Laravel: SESSION_DRIVER=database
    sessions has the expected columns and 2 rows

    INPUT          CLASS    SAMPLED ROWS  UNREADABLE
    last_activity  integer             2           0

    HANDLE        USER  TIME           VALUE       MEANS                 VERDICT
    <handle....>  -     last_activity  1400000000  2014-05-13T16:53:20Z  expired since 2014-05-13T18:53:20Z
    <handle....>  7     last_activity  1500000000  2017-07-14T02:40:00Z  expired since 2017-07-14T04:40:00Z

    to find due rows if they are few:
      SCAN sessions

    to scan the table:
      SCAN sessions

    warning: all 2 sampled sessions have expired: is last_activity the time of the last use rather than of the end, or in another time zone?

    a purge would delete 2 of 2 sessions
    ");
}

#[test]
fn a_check_of_a_large_table_tells_its_share() {
    let sandbox = database(DJANGO);
    // All but one session in ten are over.
    let fill = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 19999)
                INSERT INTO django_session
                SELECT 'key ' || n, 'd', iif(n % 10, ?1, ?2) FROM n";
    sandbox.db().execute(fill, [OVER, VALID]).unwrap();
    let text = said(&sandbox, 0, &["django"], &[]);
    let last = text.lines().last().unwrap();
    let (share, sample) = last.split_once(" % of the sessions: ").unwrap();
    let share: f64 = share.strip_prefix("a purge would delete about ").unwrap().parse().unwrap();
    assert!((88.0..92.0).contains(&share), "{last}");
    let json = run(&sandbox, ["profile", "check", "django", "--json"]).succeeds().json();
    let counts = format!("{} of {} ", json["would_delete"], json["sampled"]);
    assert!(sample.starts_with(&counts), "{last}: {counts}");
    // Those that are shown are others.
    assert_eq!(json["samples"].as_array().unwrap().len(), 8);
}

#[test]
fn a_check_of_an_empty_table_reads_well() {
    insta::assert_snapshot!(said(&django(&[]), 0, &["django"], &[]), @r"
    django is the profile of Django: django.contrib.sessions, engine db or cached_db, USE_TZ = True
    django_session has the expected columns and no rows

    to find due rows if they are few:
      SEARCH django_session USING INDEX django_session_expire_date_a5c62663 (expire_date<?)

    to scan the table:
      SCAN django_session

    a purge would find no sessions
    ");
}

#[test]
fn a_check_says_why_a_purge_would_be_refused() {
    let other = database("CREATE TABLE django_session (session_key, expires, data)");
    insta::assert_snapshot!(said(&other, 4, &["django"], &[]), @r"
    django is the profile of Django: django.contrib.sessions, engine db or cached_db, USE_TZ = True
    django_session does not have the expected columns

    COLUMN        IS
    session_data  missing
    expire_date   missing
    expires       unknown
    data          unknown

    a purge would be refused: django_session is not a table of Django: it lacks session_data, expire_date; it has unexpected columns expires, data (profile django)
    ");
    let odd = django(&[("a", "1500000000"), ("b", "1500000001"), ("c", OVER)]);
    insta::assert_snapshot!(said(&odd, 4, &["django"], &["a", "b", "c"]), @r#"
    django is the profile of Django: django.contrib.sessions, engine db or cached_db, USE_TZ = True
    django_session has the expected columns and 3 rows

    INPUT        CLASS    SAMPLED ROWS  UNREADABLE
    expire_date  integer             2           2
    expire_date  text                1           0

    HANDLE        USER  TIME         VALUE                         MEANS                 VERDICT
    <handle....>  -     expire_date  "2020-02-03 04:05:06.789000"  2020-02-03T04:05:06Z  expired since 2020-02-03T04:05:06Z
    <handle....>  -     expire_date  1500000000                    -                     kept: cannot be read
    <handle....>  -     expire_date  1500000001                    -                     kept: cannot be read

    to find due rows if they are few:
      SEARCH django_session USING INDEX django_session_expire_date_a5c62663 (expire_date<?)

    to scan the table:
      SCAN django_session

    warning: 2 of 3 sampled sessions cannot be evaluated, and would be kept: their times are not in the profile's format

    a purge would be refused: 2 of 3 values of expire_date in django_session are not times in the format of profile django: 2 integer, such as 1500000000 and 1500000001
    "#);
    let looks = database(&format!("{GITEA} INSERT INTO session VALUES ('k1', x'00', 1400000000)"));
    let args = ["gitea", "--param", "lifetime=1d"];
    insta::assert_snapshot!(said(&looks, 4, &args, &["k1"]), @r"
    gitea is the profile of Gitea: Gitea or Forgejo, [session] PROVIDER = db
    session has the expected columns and 1 row

    INPUT   CLASS    SAMPLED ROWS  UNREADABLE
    expiry  integer             1           0

    HANDLE        USER  TIME    VALUE       MEANS                 VERDICT
    <handle....>  -     expiry  1400000000  2014-05-13T16:53:20Z  expired since 2014-05-14T16:53:20Z

    to find due rows if they are few:
      SCAN session

    to scan the table:
      SCAN session

    a purge would be refused: profile gitea is read-only, so nothing is deleted from session: the profile is based on Gitea's source code and was never tested on a real table; Gitea itself purges, see GC_INTERVAL_TIME
    ");
}

#[test]
fn a_check_in_json_is_one_object() {
    let sandbox = three();
    let json = run(&sandbox, ["profile", "check", "django", "--json"]).succeeds().json();
    assert_eq!((&json["profile"], &json["fits"]), (&"django".into(), &true.into()));
    assert_eq!((&json["rows"], &json["would_delete"]), (&3.into(), &2.into()));
    assert_eq!((&json["refused"], &json["refusals"]), (&false.into(), &serde_json::json!([])));
    assert_eq!(json["storage"][0]["class"], "text");
    let sample = json["samples"].as_array().unwrap().iter();
    let of = |id: &str| sample.clone().find(|row| row["handle"] == handle(id).as_str()).unwrap();
    assert_eq!(of("key a")["verdict"], "expired");
    assert_eq!(of("key a")["times"][0]["means"], "2020-02-03T04:05:06Z");
    assert_eq!(of("key b")["verdict"], "live");
    assert_eq!(of("key b")["expires_at"], "2999-12-31T23:59:59Z");
    assert!(!json["plans"].as_array().unwrap().is_empty());
    let line = run(&sandbox, ["profile", "check", "django", "-o", "jsonl"]).succeeds().stdout();
    assert_eq!(line.lines().count(), 1);
    let plain = run(&sandbox, ["profile", "check", "django", "-o", "plain"]).succeeds().stdout();
    assert!(plain.contains("check.would_delete 2\n"), "{plain}");
    for format in ["csv", "prometheus"] {
        run(&sandbox, ["profile", "check", "django", "-o", format]).is_refused_with(2);
    }
}

#[test]
fn a_check_needs_a_table_and_what_the_profile_asks_for() {
    let sandbox = three();
    run(&sandbox, ["profile", "check", "rails", "--param", "lifetime=30d"]).is_refused_with(10);
    run(&laravel(), ["profile", "check", "laravel"]).is_refused_with(2);
    // What is not a table of Laravel's needs no lifetime.
    run(&sandbox, ["profile", "check", "laravel"]).is_refused_with(10);
    let other = database("CREATE TABLE sessions (id, expires)");
    run(&other, ["profile", "check", "laravel"]).exits(4);
    run(&sandbox, ["profile", "check", "djano"]).is_refused_with(2);
    run(&sandbox, ["profile", "check"]).exits(2);
    assert!(!sandbox.path("state").exists());
}

#[test]
fn a_share_is_only_about_where_it_is_of_a_sample() {
    let said = [
        would_delete(0, 0, 0),
        would_delete(1, 1, 1),
        would_delete(2, 3, 3),
        would_delete(403, 799, 120_000),
        would_delete(798, 799, 120_000),
        would_delete(0, 800, 120_000),
        would_delete(0, 0, 120_000),
        // Not all rows are sessions.
        would_delete(0, 0, 3),
        would_delete(1, 2, 3),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    a purge would find no sessions
    a purge would delete 1 of 1 session
    a purge would delete 2 of 3 sessions
    a purge would delete about 50.4 % of the sessions: 403 of 799 spread evenly over the table
    a purge would delete about 99.8 % of the sessions: 798 of 799 spread evenly over the table
    a purge would delete few sessions or none: 0 of 800 spread evenly over the table
    a purge would find few sessions or none
    a purge would find no sessions
    a purge would delete 1 of 2 sessions
    ");
}
