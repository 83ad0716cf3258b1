//! Reports of each session that ends.

use std::collections::BTreeSet;

use super::{domino, sorted};
use crate::support::{HOUR, MINUTE, handle, row};
use crate::systems::command::System;

#[test]
fn d9_a_session_that_times_out_gets_the_line_of_one_that_is_cycled_with_its_reason() {
    // Given a task with sessions in use and sessions of clients that are gone
    let domino = domino();
    let line = |token: &str, rest: &str| format!("{}  imap  alice  {rest}", handle(token));
    let is_as = |lines: &str, wanted: [(String, &str); 2]| {
        let (lines, wanted) = (sorted(lines.lines()), BTreeSet::from(wanted));
        assert_eq!(lines.len(), wanted.len(), "{lines:?}");
        let mut pairs = lines.iter().zip(&wanted);
        assert!(pairs.all(|(line, (begin, end))| line.starts_with(begin) && line.ends_with(end)));
    };
    // When a purge releases these, then it reports each
    let purged = domino.run(&["purge", "--each"]).succeeds().stdout();
    let idle = [("yesterday", "10.1.0.8  idle 40m"), ("long gone", "[2001:db8::7]:993  idle 3h")];
    is_as(&purged, idle.map(|(token, rest)| (line(token, rest), "  expired")));
    // And a cycle of the others has the same line, with its own reason
    let cycled = domino.run(&["cycle", "imap"]).succeeds().stdout();
    let bob = format!("{}  imap  bob  10.0.0.9:143  idle 2m", handle("bob"));
    is_as(&cycled, [(line("new", "10.0.0.7  idle 1m"), "  cycled"), (bob, "  cycled")]);
    // And a purge that is not asked for reports says nothing
    domino.run(&["purge"]).succeeds().is_silent();
}

/// A purge and a cycle, of which the first reports to standard output.
const JOBS: &str = "
[[job]]
name = \"release idle sessions\"
every = \"15m\"
do = \"purge\"
each = \"stdout\"

[[job]]
name = \"restart imap\"
every = \"24h\"
do = \"cycle\"
task = \"imap\"
";

#[test]
fn d9_jobs_report_each_session_that_they_end() {
    for (args, reported) in [
        (&["run"][..], &["release idle sessions"][..]),
        (&["run", "--each"], &["release idle sessions", "restart imap"]),
    ] {
        // Given a purge and a cycle that are due
        let domino = System::with_config(JOBS);
        domino.jobs_have_waited(&["mail1"]);
        domino.insert(&row("gone").idle(HOUR));
        domino.insert(&row("in use").idle(MINUTE));
        // When they run
        let rows = domino.json(args);
        // Then those that are to report do, and each session is named by the job that ended it
        let reason = |row: &serde_json::Value| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("handle"), text("end_reason"), text("job"))
        };
        let all = [
            (handle("gone"), "expired".to_owned(), "release idle sessions".to_owned()),
            (handle("in use"), "cycled".to_owned(), "restart imap".to_owned()),
        ];
        let wanted: Vec<_> =
            all.into_iter().filter(|(_, _, job)| reported.contains(&job.as_str())).collect();
        assert_eq!(rows.as_array().unwrap().iter().map(reason).collect::<Vec<_>>(), wanted);
        // And both have ended
        assert_eq!(["gone", "in use"].map(|token| domino.fate(token)), ["expired", "cycled"]);
    }
}
