//! The text of some drafts.

use sessctl::domain::profile::draft::draft;
use sessctl::store::adopted;

use super::Drafted;
use crate::support::NOW;

#[test]
fn a_draft_gives_the_evidence_for_each_choice() {
    let sql = "CREATE TABLE konto (nr INTEGER PRIMARY KEY, benutzername TEXT);
     CREATE TABLE sitzung (schluessel TEXT PRIMARY KEY, konto INTEGER REFERENCES konto (nr),
         art TEXT, angelegt TEXT, zuletzt_benutzt TEXT, dauer_minuten INTEGER, beendet_am TEXT);
     CREATE TABLE korb (sitzung_schluessel TEXT, ware TEXT);
     INSERT INTO sitzung VALUES
         ('k-1', 1, 'web', '15.06.2026 09:00', '15.06.2026 13:58', 30, NULL),
         ('k-2', 2, 'web', '15.06.2026 08:00', NULL, 30, '15.06.2026 09:00'),
         ('k-3', 2, 'app', '14.06.2026 08:00', '14.06.2026 20:00', 0, NULL);";
    insta::assert_snapshot!(Drafted::of(sql, "sitzung").text, @r#"
    # A draft for the table sitzung, from its schema and its values (all of its 3 rows). The comments
    # give the evidence for each choice; where two meanings are possible, this is the one that deletes
    # less. Compare it with the source code of the application.

    name = "sitzung"
    title = "sitzung"
    about = "drafted from the table sitzung"
    table = "sitzung"

    # The primary key identifies a session.
    id = "schluessel"
    columns = ["schluessel", "konto", "art", "angelegt", "zuletzt_benutzt", "dauer_minuten", "beendet_am"]
    created = "angelegt"
    used = "zuletzt_benutzt"

    # It refers to konto.nr; 2 different values in 3 rows.
    [user]
    column = "konto"
    names = { table = "konto", key = "nr", name = "benutzername" }

    # By its name; 3 different values in 3 rows.
    [token]
    column = "schluessel"

    # The opening of the session: by its name; the newest is 5h ago, by the clock that is guessed
    # below. 3 of 3 rows have a time, from 2026-06-14T08:00:00Z to 2026-06-15T09:00:00Z, read as UTC.
    # The newest zuletzt_benutzt, read as UTC, is 1h 58m ahead of now, so these times are by a clock
    # that is 2h ahead of UTC, such as that of Europe/Berlin.
    [times.angelegt]
    encoding = "pattern"
    pattern = "%d.%m.%Y %H:%M"
    timezone = { parameter = "timezone" }

    # The last use: by its name; the newest is 2m ago, by the clock that is guessed below. 2 of 3 rows
    # have a time, from 2026-06-14T20:00:00Z to 2026-06-15T13:58:00Z, read as UTC. 1 of 3 rows has
    # NULL, which is taken for never; if it means that the session is over, write null = "expired".
    # The newest zuletzt_benutzt, read as UTC, is 1h 58m ahead of now, so these times are by a clock
    # that is 2h ahead of UTC, such as that of Europe/Berlin.
    [times.zuletzt_benutzt]
    encoding = "pattern"
    pattern = "%d.%m.%Y %H:%M"
    timezone = { parameter = "timezone" }
    null = "never"

    # A session lasts for a time after its last use, which is in a column. 2 of 3 rows have a length,
    # mostly 30; the unit is that of its name. Those under `never` are taken for unlimited, which
    # deletes nothing.
    [[expired]]
    after = "zuletzt_benutzt"
    lifetime = { column = "dauer_minuten", unit = "minutes", never = [0] }
    boundary = "<"

    # Without a value of zuletzt_benutzt, the same time after its opening: delete this rule if such
    # sessions are not meant to end.
    [[expired]]
    after = "angelegt"
    lifetime = { column = "dauer_minuten", unit = "minutes", never = [0] }
    boundary = "<"
    when = [{ column = "zuletzt_benutzt", null = true }]

    # If a session also ends some time after its opening, however much it is used:
    # [[expired]]
    # after = "angelegt"
    # lifetime = "30d"
    # boundary = "<"

    # In 1 of 3 rows, beendet_am says that the session has ended. To delete those rows at once:
    # [[expired]]
    # not_null = "beendet_am"

    # The column art has these values: "web" in 2 rows, "app" in 1 row. If only some of these rows are
    # sessions, keep their values:
    # [[filter]]
    # column = "art"
    # equals = "web"

    # korb has columns of the same name, sitzung_schluessel. If its rows belong to a session, and are
    # to be deleted with it:
    # [[dependents]]
    # table = "korb"
    # column = "sitzung_schluessel"

    [parameters.timezone]
    about = "time zone in which the application writes its times"
    example = "Europe/Berlin"
    "#);
}

#[test]
fn a_draft_proposes_what_it_does_not_use() {
    let sql = r#"CREATE TABLE sessions (sid TEXT PRIMARY KEY, expires INTEGER, data TEXT);
     INSERT INTO sessions VALUES
         ('session:a', 1781528400, '{"cookie":{"expires":"2026-06-15T13:00:00.000Z"},"user":"ann"}'),
         ('session:b', 1781521200, '{"cookie":{"expires":"2026-06-15T11:00:00.000Z"},"user":"bob"}'),
         ('session:c', 0, '{"cookie":{}}');"#;
    insta::assert_snapshot!(Drafted::of(sql, "sessions").text, @r#"
    # A draft for the table sessions, from its schema and its values (all of its 3 rows). The comments
    # give the evidence for each choice; where two meanings are possible, this is the one that deletes
    # less. Compare it with the source code of the application.

    name = "sessions"
    title = "sessions"
    about = "drafted from the table sessions"
    table = "sessions"

    # The primary key identifies a session.
    id = "sid"
    columns = ["sid", "expires", "data"]

    # By its name; 2 different values in 3 rows.
    [user]
    column = "data"
    path = "$.user"

    # By its name; 3 different values in 3 rows.
    [token]
    column = "sid"
    prefix = "session:"

    # The end of the session: by its name, and 1 of 2 values are after now, up to 1h. 2 of 3 rows have
    # a time, from 2026-06-15T11:00:00Z to 2026-06-15T13:00:00Z. 1 of 3 rows has a value that stands
    # for no time; it is taken for never, which deletes nothing; if it means that the session is over,
    # move it to `over`.
    [times.expires]
    encoding = "unix"
    unit = "seconds"
    never = [0]

    # May be an end, too: by its name, and 1 of 2 values are after now, up to 1h. 2 of 3 rows have a
    # time, from 2026-06-15T11:00:00Z to 2026-06-15T13:00:00Z. 1 of 3 rows has NULL, which is taken
    # for never; if it means that the session is over, write null = "expired".
    # [times.expires_2]
    # column = "data"
    # path = "$.cookie.expires"
    # encoding = "text"
    # separator = "T"
    # decimals = 3
    # zone = "Z"
    # null = "never"

    # A session ends at that time; at exactly that time it is still valid, unless you write "<=".
    [[expired]]
    at = "expires"
    boundary = "<"

    # If a session also ends at this time:
    # [[expired]]
    # at = "expires_2"
    # boundary = "<"
    "#);
}

#[test]
fn a_draft_of_an_empty_table_deletes_nothing() {
    let sql = "CREATE TABLE session (id INTEGER NOT NULL, session_id VARCHAR(255), data BLOB,
         expiry DATETIME, PRIMARY KEY (id), UNIQUE (session_id));";
    insta::assert_snapshot!(Drafted::of(sql, "session").text, @r#"
    # A draft for the table session, from its schema and its values (it has no rows). The comments
    # give the evidence for each choice; where two meanings are possible, this is the one that deletes
    # less. Compare it with the source code of the application.

    name = "session"
    title = "session"
    about = "drafted from the table session"
    table = "session"

    # The primary key identifies a session.
    id = "id"
    columns = ["id", "session_id", "data", "expiry"]

    # Delete this line once you have checked the times.
    readonly = "the table had no rows when this profile was drafted, so its times are guesses"

    # By its name.
    [token]
    column = "session_id"

    # The end of the session: by its name alone. The table has no rows: check the encoding once it has
    # some. No value tells by which clock these times were written.
    [times.expiry]
    encoding = "text"
    separator = "either"
    decimals = "any"
    zone = ["none", "Z", "offset"]
    timezone = { parameter = "timezone" }

    # A session ends at that time; at exactly that time it is still valid, unless you write "<=".
    [[expired]]
    at = "expiry"
    boundary = "<"

    [parameters.timezone]
    about = "time zone in which the application writes its times; no value tells which one"
    example = "UTC"
    "#);
}

#[test]
fn names_of_any_kind_are_quoted() {
    let sql = "CREATE TABLE \"my \"\"odd\"\" table\" (\"a \\ b\" TEXT PRIMARY KEY,
         \"läuft ab\" INTEGER, \"tab\there\" TEXT);
     INSERT INTO \"my \"\"odd\"\" table\" VALUES ('x', 1781528400, 'y'), ('z', 1781524700, 'y');";
    let found = Drafted::of(sql, "my \"odd\" table");
    found.says(&["name = \"my--odd--table\"", "[times.\"läuft ab\"]"]);
    found.judges(&[], "\"a \\ b\"", &["z"]);
}

#[test]
fn a_table_without_times_has_no_draft() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT, stars INTEGER);
                        INSERT INTO notes VALUES (1, 'hello', 5), (2, '12', 1700000000);",
        )
        .unwrap();
    let observed = adopted::observe(path, "notes").unwrap();
    let lack = draft(&observed, NOW).unwrap_err();
    assert_eq!((lack.table.as_str(), lack.rows), ("notes", 2));
}
