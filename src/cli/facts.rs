//! Facts that the help, the manual and docs/reference.md share: exit codes, environment
//! variables, files and the first examples.

/// A row of a table: a term and its meaning.
pub type Fact = (&'static str, &'static str);

/// Date of the version in Cargo.toml, in the manual.
pub const RELEASED: &str = "2026-11-29";

/// Width of the help, as `max_term_width`.
pub const HELP_WIDTH: usize = 100;

/// Exit codes of all commands except `check`.
pub const EXIT_CODES: &[Fact] = &[
    ("0", "success, including nothing to do"),
    (
        "1",
        "failure; also if a cluster refuses the user, or its certificate is not trusted; or a job \
         was incomplete three times in a row",
    ),
    (
        "2",
        "usage error: an invalid argument, schedule or configuration; or the profile, the table, \
         a parameter or the user has to be named, because several may be meant or one is missing",
    ),
    (
        "3",
        "incomplete: work remains, because the command stopped early or rows changed meanwhile; \
         a session was kept that should have been ended or deleted, or could not be restored (a \
         purge or a job reports as many kept sessions only once); a \
         hook failed; it is unknown whether a cluster applied a step; with --user, the user of \
         some sessions could not be read; doctor has findings; or discover could not examine a part",
    ),
    (
        "4",
        "refused: by the guard, because the clock has moved, by a limit on open sessions, because \
         a framework table does not support the operation or does not match its profile, because \
         another user could change or redirect a file, or because the database is a replica of \
         LiteFS",
    ),
    (
        "5",
        "no such session: nothing matches the selection; a task, a user, a handle or a token is \
         unknown; or the session has already ended",
    ),
    (
        "10",
        "no database, no node at the address of a cluster, or a database without a table of \
         sessions that sessctl recognizes",
    ),
    (
        "11",
        "busy: the database is locked, another process is doing the same work or uses a file that \
         is to be rebuilt, or a cluster is temporarily unavailable",
    ),
    ("12", "the database is corrupt"),
    ("129", "interrupted by SIGHUP, after the current batch"),
    ("130", "interrupted by SIGINT, after the current batch"),
    ("143", "interrupted by SIGTERM, after the current batch"),
];

pub const ENVIRONMENT: &[Fact] = &[
    ("SESSCTL_DB", "as --db"),
    ("SESSCTL_CONFIG", "as --config"),
    ("SESSCTL_PROFILE", "as --profile"),
    ("SESSCTL_CA_FILE", "as --ca-file"),
    ("SESSCTL_CREDENTIALS_FILE", "as --credentials"),
    ("SESSCTL_CREDENTIALS", "the credentials themselves, USER:PASSWORD"),
    ("SESSCTL_HOST", "the name of this machine, for host in a job and for the ledger"),
    ("STATE_DIRECTORY", "the state directory, as systemd sets it"),
    (
        "JOURNAL_STREAM",
        "as systemd sets it: if it names standard error, each line begins with its priority",
    ),
    ("XDG_STATE_HOME", "where the state directory of a user is; default: ~/.local/state"),
    ("TZ", "the local time zone"),
    ("TZDIR", "where the zone database is"),
    ("SQLITE_TMPDIR", "where compact --full writes temporary files"),
    ("TMPDIR", "the same, if SQLITE_TMPDIR is not set"),
    ("PATH", "where the program of a hook or a notification is found"),
    ("ALL_PROXY", "the proxy for pings; also HTTPS_PROXY and HTTP_PROXY"),
    ("NO_PROXY", "hosts that are pinged without the proxy"),
    ("SSL_CERT_FILE", "the certificates that pings trust; default: those that browsers trust"),
    ("SESSCTL_DATABASE", "set for the commands of notifications: the database"),
    ("SESSCTL_JOB", "the same: the job"),
    ("SESSCTL_OUTCOME", "the same: the outcome"),
    ("SESSCTL_EXIT_CODE", "the same: the exit code"),
    ("SESSCTL_REASON", "the same: the reason for the outcome"),
    ("TERM", "no colors and no live view, if dumb"),
    ("NO_COLOR", "no colors, if not empty"),
];

pub const FILES: &[Fact] = &[
    ("/etc/sessctl.toml", "the configuration, unless --config or SESSCTL_CONFIG names another"),
    (
        "/var/lib/sessctl/OWNER",
        "the state directory of framework tables whose database belongs to OWNER, if root has \
         created it",
    ),
    (
        "/var/lib/sessctl/notify",
        "the states that notifications have announced, if root runs sessctl",
    ),
    ("~/.local/state/sessctl", "otherwise, the state directory of framework tables"),
    ("/etc/localtime", "the local time zone, unless TZ names one"),
];

pub const EXAMPLES: &[Fact] = &[
    ("sessctl demo", "try it on a demo database"),
    ("sessctl --db app.db init", "create an empty database"),
    ("sessctl --db app.db purge --dry-run", "show which sessions would end or be deleted, and why"),
    ("sessctl --db app.db purge", "end and delete them"),
    ("sessctl --db app.db show stat", "count sessions by task and state"),
    ("sessctl --db app.db cycle imap", "end all sessions of a task now"),
    ("sessctl --db app.db restore cycled.jsonl", "undo a cycle that was archived"),
    ("sessctl --db app.db compact", "free the space of deleted rows"),
    ("sessctl --db db.sqlite3 show stat", "count the sessions of a framework's table"),
    ("sessctl --db http://db1,db2,db3 show stat", "count sessions on an rqlite cluster"),
    ("sessctl --db app.db doctor", "show what is wrong, and what solves it"),
    ("sessctl discover /srv", "find databases with session tables"),
    ("sessctl show profiles", "list the supported frameworks"),
    ("sessctl schedule print cron '15 * *'", "print a crontab line for an hourly purge"),
];

const MANUAL: &str = "Manual: sessctl man | man -l -; terms and configuration: docs/reference.md; \
                      docs/sql-contract.md for applications.";

/// The end of `sessctl --help`.
pub fn help() -> String {
    format!("Exit codes:\n{}\nExamples:\n{}\n{MANUAL}", table(EXIT_CODES, 5), table(EXAMPLES, 45))
}

/// Rows whose meanings begin in one column.
fn table(facts: &[Fact], width: usize) -> String {
    let indent = " ".repeat(2 + width);
    let row = |(term, meaning): &Fact| {
        let head = format!("  {term:width$}");
        let options =
            textwrap::Options::new(HELP_WIDTH).initial_indent(&head).subsequent_indent(&indent);
        textwrap::fill(meaning, options) + "\n"
    };
    facts.iter().map(row).collect()
}
