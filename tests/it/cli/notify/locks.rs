//! Databases that another program keeps locked.

use sessctl::cli::all_databases::events::{RunEvents, RunResult, Unit};
use sessctl::cli::notify::http::Client;
use sessctl::cli::notify::state::StateDirectory;
use sessctl::cli::notify::{Notifier, NotifyLimits, Scope};
use sessctl::config::NotifyOptions;
use tempfile::TempDir;

use super::server::{PingServer, Reply};
use super::{job, result, scope};

fn locked() -> RunResult {
    RunResult { outcome: "failed".to_owned(), ..result(11) }
}

/// A scope whose results are pinged, in calls that share its state.
struct Calls {
    server: PingServer,
    state: TempDir,
    scope: Scope,
}

impl Calls {
    fn of(unit: Unit, after: Option<u32>) -> Self {
        let server = PingServer::always(Reply::ok());
        let ping = Some(server.url("/0b5"));
        let scope = scope(NotifyOptions { ping, after, ..NotifyOptions::default() });
        Self { server, state: TempDir::new().unwrap(), scope: Scope { unit, ..scope } }
    }

    /// Reports these results in one call. Returns the targets of its pings.
    fn report(&self, results: &[(Unit, RunResult)]) -> Vec<String> {
        let before = self.server.targets().len();
        let directory = Some(StateDirectory(self.state.path().join("notify")));
        let (limits, client) = (NotifyLimits::default(), Client::new(false));
        let report = std::sync::Arc::new(|message: &str| panic!("{message}"));
        let mut notifier = Notifier::new([self.scope.clone()], directory, limits, client, report);
        for (unit, result) in results {
            notifier.ended(unit, result);
        }
        notifier.finish();
        self.server.targets()[before..].to_vec()
    }
}

fn database(name: &str) -> Unit {
    Unit::Database { name: name.to_owned() }
}

const NOTHING: [&str; 0] = [];
const FAILED: [&str; 1] = ["POST /0b5/fail"];
const DONE: [&str; 1] = ["POST /0b5"];

#[test]
fn the_nth_locked_result_in_a_row_is_a_failure() {
    for (unit, after, max) in
        [(database("shop"), None, 3), (Unit::All, Some(2), 2), (job(), Some(1), 1)]
    {
        let calls = Calls::of(unit.clone(), after);
        let report = |result: RunResult| calls.report(&[(unit.clone(), result)]);
        // Another process that does the work, an interruption and a success begin a new row.
        for (between, targets) in
            [(result(11), vec![]), (result(143), vec![]), (result(0), DONE.to_vec())]
        {
            for _ in 1..max {
                assert_eq!(report(locked()), NOTHING);
            }
            assert_eq!(report(between), targets);
        }
        for _ in 1..max {
            assert_eq!(report(locked()), NOTHING);
        }
        assert_eq!(report(locked()), FAILED);
        assert_eq!(report(locked()), FAILED);
        assert_eq!(report(result(0)), DONE);
    }
}

#[test]
fn with_0_no_number_of_locked_results_is_a_failure() {
    let calls = Calls::of(database("shop"), Some(0));
    for _ in 0..5 {
        assert_eq!(calls.report(&[(database("shop"), locked())]), NOTHING);
    }
}

#[test]
fn a_call_counts_each_of_its_databases() {
    let calls = Calls::of(Unit::All, Some(2));
    let call = |shop: RunResult, blog: RunResult| {
        calls.report(&[(database("shop"), shop), (database("blog"), blog), (Unit::All, result(0))])
    };
    assert_eq!(call(locked(), result(0)), DONE);
    assert_eq!(call(result(0), locked()), DONE);
    assert_eq!(call(locked(), result(0)), DONE);
    assert_eq!(call(locked(), locked()), FAILED);
    let sent = calls.server.requests().pop().unwrap().json();
    assert_eq!(sent["reason"], "shop: locked in 2 calls in a row");
    assert_eq!(call(result(0), locked()), FAILED);
    assert_eq!(call(result(0), result(11)), DONE);
}
