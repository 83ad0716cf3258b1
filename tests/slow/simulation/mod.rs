//! A month under each of the five systems: thousands of clients open sessions, use them,
//! close them or abandon them, and return; the jobs of the configuration run as cron would
//! run them. A model with its own statement of the rules predicts the result of each step.
//!
//! `SESSCTL_TEST_CLIENTS` sets another number of clients.

mod calendar;
mod clients;
mod harness;
mod model;

use chrono::DateTime;
use sessctl::Config;
use sessctl::domain::policy::TimeoutRequest;
use sessctl::domain::session::EndReason;
use sessctl::domain::session::EndReason::{Abandoned, Closed, Cycled, Evicted, Expired};

use calendar::Plan;
use clients::{Behavior, minutes};
use harness::{Scenario, Simulation};

const DAYS: i64 = 30;

/// Default number of clients.
const CLIENTS: usize = 1_000;

fn clients() -> usize {
    let wanted = std::env::var("SESSCTL_TEST_CLIENTS");
    wanted.map_or(CLIENTS, |number| number.parse().expect("a number of clients"))
}

/// Simulates a month from a moment on, in which sessions end for no other reasons
/// than these and, with enough clients, for all of them.
fn month(text: &str, from: &str, scenario: Scenario, reasons: &[EndReason]) {
    let config = Config::parse(text, "example.toml").unwrap();
    let from = DateTime::parse_from_rfc3339(from).unwrap().timestamp();
    let enough = scenario.clients >= CLIENTS;
    let ended = Simulation::new(config, scenario, from).run(from, from + DAYS * 86_400);
    assert!(ended.iter().all(|reason| reasons.contains(reason)), "{ended:?}");
    assert!(!enough || ended.len() == reasons.len(), "{ended:?}");
}

#[test]
fn domino_releases_what_is_idle_and_restarts_a_task_each_night() {
    let behavior = Behavior {
        tasks: &["imap", "pop3", "http"],
        per_user: 2,
        mornings_only: false,
        max_days_away: 14,
        timeouts: vec![TimeoutRequest::Nothing],
    };
    let plans = vec![
        Plan::at(|_, minute| minute % 15 == 0),
        Plan::at_within(|hour, minute| (hour, minute) == (4, 0), 3_600),
        Plan::Never,
    ];
    // The clocks go forward on March 8.
    let scenario =
        Scenario { seed: 1, clients: clients(), behavior, zone: "America/New_York", plans };
    month(
        include_str!("../../../examples/domino.toml"),
        "2026-02-20T00:07:00Z",
        scenario,
        &[Closed, Expired, Cycled],
    );
}

#[test]
fn websphere_invalidates_in_intervals() {
    let behavior = Behavior {
        tasks: &["http"],
        per_user: 1,
        mornings_only: false,
        max_days_away: 14,
        timeouts: [
            [TimeoutRequest::Nothing, minutes(1), minutes(7), minutes(180)].repeat(8),
            vec![TimeoutRequest::Never],
        ]
        .concat(),
    };
    // Half an hour: 300 seconds and twice the 7 that this machine differs by.
    let plans = vec![Plan::every(314)];
    let scenario = Scenario { seed: 2, clients: clients(), behavior, zone: "UTC", plans };
    month(
        include_str!("../../../examples/websphere.toml"),
        "2026-06-01T00:07:00Z",
        scenario,
        &[Closed, Expired],
    );
}

#[test]
fn stalwart_purges_each_hour_and_evicts_what_was_least_recently_used() {
    let behavior = Behavior {
        tasks: &["jmap", "jmap", "imap"],
        per_user: 3,
        mornings_only: true,
        max_days_away: 14,
        timeouts: vec![TimeoutRequest::Nothing, minutes(10), TimeoutRequest::Never],
    };
    // The clocks go back on October 25, so that 02:15 comes twice.
    let plans = vec![Plan::at(|_, minute| minute == 15)];
    let scenario = Scenario { seed: 3, clients: clients(), behavior, zone: "Europe/Berlin", plans };
    month(
        include_str!("../../../examples/stalwart.toml"),
        "2026-10-05T00:07:00Z",
        scenario,
        &[Closed, Expired, Evicted],
    );
}

#[test]
fn transfer_marks_at_one_check_and_ends_at_a_later_one() {
    let behavior = Behavior {
        tasks: &["inbox", "wastebasket", "depot"],
        per_user: 2,
        mornings_only: false,
        max_days_away: 8,
        timeouts: vec![TimeoutRequest::Nothing],
    };
    // The clocks go forward on March 29, so that a day has 23 hours.
    let plans = vec![Plan::at(|hour, minute| (hour, minute) == (0, 0))];
    let scenario = Scenario { seed: 4, clients: clients(), behavior, zone: "Europe/Berlin", plans };
    month(
        include_str!("../../../examples/transfer.toml"),
        "2026-03-10T00:07:00Z",
        scenario,
        &[Closed, Expired],
    );
}

#[test]
fn redbex_keeps_to_its_licence() {
    let behavior = Behavior {
        tasks: &["app", "web"],
        per_user: 5,
        mornings_only: true,
        max_days_away: 14,
        timeouts: vec![
            TimeoutRequest::Nothing,
            minutes(1),
            minutes(20),
            minutes(600),
            TimeoutRequest::Never,
        ],
    };
    let plans = vec![Plan::every(300)];
    let scenario = Scenario { seed: 5, clients: clients(), behavior, zone: "UTC", plans };
    month(
        include_str!("../../../examples/redbex.toml"),
        "2026-06-01T00:07:00Z",
        scenario,
        &[Closed, Abandoned, Evicted],
    );
}
