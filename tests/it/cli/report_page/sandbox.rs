//! Databases with a history, at a fixed time.

use rusqlite::params;
use sessctl::app::JobOptions;
use sessctl::cli::report_page::figures::{Figures, Request};
use sessctl::cli::report_page::form::Form;
use sessctl::cli::report_page::render;
use sessctl::cli::report_page::single::page;
use sessctl::domain::time_zone::TimeZone;
use sessctl::output::sparkline::Ramp;
use sessctl::{Access, Config, SessionService};

use crate::support::{DAY, HOUR, NOW, Sandbox, later};

pub const JOBS: &str = "
[schedule]
timezone = \"Europe/Berlin\"
[[job]]
name = \"nightly purge\"
at = \"15 3 *\"
do = \"purge\"
";

/// Sessions, samples of each hour of `days` days, and their runs, of which one failed.
pub fn with_history(days: i64) -> Sandbox {
    let sandbox = Sandbox::new();
    let db = sandbox.db();
    db.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 600)
         INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
         SELECT printf('%064x', i * 7919), 'user' || (i % 40), iif(i % 3, 'http', 'imap'),
                '10.0.0.' || (i % 200), {now} - i * 20, {now} - i * 10, 1800 FROM n",
        now = NOW.0
    ))
    .unwrap();
    let mut insert = db
        .prepare(
            "INSERT INTO samples (at, runs, active, idle, abandoned, expired, total, ended_expired,
                 deleted, file_bytes, free_bytes, longest_hold, duration)
             VALUES (?1, 1, ?2, ?3, 5, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .unwrap();
    let hours = days * 24;
    for hour in (0..hours).rev() {
        let (at, age) = (NOW.0 - hour * HOUR, hours - hour);
        let live = 100 + age * 300 / hours.max(1) + hour % 24 * 4;
        let hold = if hour == 100 { 48_000 } else { 900 + hour % 7 * 100 };
        let values = params![
            at,
            live,
            live / 3,
            live / 4,
            live * 3,
            live / 5,
            live / 6,
            4_000_000 + age * 1_000,
            100_000 + hour % 24 * 1_000,
            hold,
            40 + hour % 5
        ];
        insert.execute(values).unwrap();
        add_run(&sandbox, at, if hour == 50 { "failed" } else { "done" });
    }
    sandbox
}

/// Adds a run of a purge that ended at this time.
pub fn add_run(sandbox: &Sandbox, at: i64, outcome: &str) {
    let reason = (outcome != "done").then_some("could not write: the disk is full");
    let values = params![format!("run {at}"), at - 1, outcome, at, reason];
    sandbox
        .db()
        .execute(
            "INSERT INTO runs (holder, account, work, planned_at, started_at, missed, host, pid,
                 version, outcome, finished_at, reason, job, user)
             VALUES (?1, '', 'purge', ?2, ?2, 0, 'mail1', 1, '0.2.0', ?3, ?4, ?5,
                 'nightly purge', 'sessctl')",
            values,
        )
        .unwrap();
}

/// The report of the last 30 days, at the fixed time.
pub fn report(sandbox: &Sandbox, form: Form) -> String {
    with_request(sandbox, |service, request| render(service, request, form, NOW).unwrap())
}

/// The text with this kind of sparklines, whatever the locale.
pub fn text(sandbox: &Sandbox, ramp: Ramp) -> String {
    with_request(sandbox, |service, request| {
        let figures = Figures::read(service, request, NOW).unwrap();
        page(&figures).to_text(ramp).unwrap()
    })
}

fn with_request(
    sandbox: &Sandbox,
    work: impl FnOnce(&mut SessionService, &Request<'_>) -> String,
) -> String {
    let config = Config::parse(JOBS, "sessctl.toml").unwrap();
    let store = sessctl::open(sandbox.path("app.db"), Access::Read).unwrap();
    let mut service = SessionService::new(store, config.policies.clone()).with_host("mail1");
    let zone: TimeZone = "Europe/Berlin".parse().unwrap();
    let job_options = JobOptions { zone: zone.clone(), ..crate::support::jobs::terms() };
    let request = Request {
        database: "app.db".to_owned(),
        host: "mail1".to_owned(),
        since: later(NOW, -30 * DAY),
        zone,
        jobs: &config.jobs,
        job_options: &job_options,
    };
    work(&mut service, &request)
}
