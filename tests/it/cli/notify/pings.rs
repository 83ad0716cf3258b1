//! Pings over the network: what is sent, in which order, and what a server cannot cause.

use std::net::TcpListener;
use std::ops::{Deref, DerefMut};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sessctl::cli::all_databases::events::{RunEvents, Unit};
use sessctl::cli::notify::http::Client;
use sessctl::cli::notify::ping::PingLimits;
use sessctl::cli::notify::{Notifier, NotifyLimits, Scope};
use sessctl::config::NotifyOptions;

use super::server::{PingServer, Reply};
use super::{job, result, scope};
use crate::support::processes::until;

/// Time that no test waits for: what has it as its limit ends by itself.
const LONG: Duration = Duration::from_mins(10);
/// Limit that each server exceeds which does not answer.
const SHORT: Duration = Duration::from_millis(300);

/// A notifier whose messages are collected.
struct Collecting {
    notifier: Notifier,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Collecting {
    /// Waits for all pings. Returns what has failed since the last call.
    fn take_messages(&mut self) -> Vec<String> {
        self.notifier.finish();
        std::mem::take(&mut *self.messages.lock().unwrap())
    }
}

impl Deref for Collecting {
    type Target = Notifier;

    fn deref(&self) -> &Notifier {
        &self.notifier
    }
}

impl DerefMut for Collecting {
    fn deref_mut(&mut self) -> &mut Notifier {
        &mut self.notifier
    }
}

fn notifier(scopes: impl IntoIterator<Item = Scope>, limit: Duration) -> Collecting {
    let ping = PingLimits { start: limit, end: limit, pause: Duration::from_millis(1) };
    let limits = NotifyLimits { ping, ..NotifyLimits::default() };
    let messages = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&messages);
    let report = Arc::new(move |message: &str| collected.lock().unwrap().push(message.to_owned()));
    let notifier = Notifier::new(scopes, None, limits, Client::new(false), report);
    Collecting { notifier, messages }
}

fn scope_with_ping(url: &str) -> Scope {
    scope(NotifyOptions { ping: Some(url.to_owned()), ..NotifyOptions::default() })
}

/// Reports a job with this exit code. Returns what failed.
fn report(url: &str, exit_code: u8, limit: Duration) -> Vec<String> {
    let mut notifier = notifier([scope_with_ping(url)], limit);
    notifier.started(&job());
    notifier.ended(&job(), &result(exit_code));
    notifier.take_messages()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_start_a_success_and_a_failure_are_posted_as_json() {
    let server = PingServer::always(Reply::ok());
    let url = server.url("/0b5?create=1");
    assert_eq!(report(&url, 0, LONG), NOTHING);
    assert_eq!(report(&url, 10, LONG), NOTHING);
    assert_eq!(report(&url, 3, LONG), NOTHING);
    assert_eq!(
        server.targets(),
        [
            "POST /0b5/start?create=1",
            "POST /0b5?create=1",
            "POST /0b5/start?create=1",
            "POST /0b5/fail?create=1",
            "POST /0b5/start?create=1",
            "POST /0b5?create=1",
        ]
    );
    let requests = server.requests();
    for (request, outcome) in
        requests.iter().zip(["started", "done", "started", "failed", "started", "partial"])
    {
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("authorization"), None);
        let version = format!("sessctl/{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(version.as_str()));
        assert_eq!(request.json()["outcome"], outcome);
        assert_eq!(request.json()["database"], "shop");
    }
    assert_eq!(requests[3].json()["exit_code"], 10);
}

#[test]
fn a_run_that_another_process_does_has_no_end() {
    for exit_code in [11, 130, 143] {
        let server = PingServer::always(Reply::ok());
        assert_eq!(report(&server.url("/0b5"), exit_code, LONG), NOTHING);
        assert_eq!(server.targets(), ["POST /0b5/start"]);
    }
}

#[test]
fn uptime_kuma_gets_one_request() {
    let server = PingServer::always(Reply::ok());
    let url = server.url("/api/push/TOKEN?status=up&msg=OK&ping=");
    assert_eq!(report(&url, 0, LONG), NOTHING);
    assert_eq!(report(&url, 1, LONG), NOTHING);
    let targets = server.targets();
    assert_eq!(targets.len(), 2);
    assert!(
        targets[0].starts_with("GET /api/push/TOKEN?status=up&msg=shop%2C%20purge%3A%20done&ping="),
        "{targets:?}"
    );
    assert!(targets[1].starts_with("GET /api/push/TOKEN?status=down&msg=shop"), "{targets:?}");
    assert!(server.requests().iter().all(|request| request.body.is_empty()));
}

#[test]
fn the_password_of_a_url_is_sent_to_its_server_alone() {
    let other = PingServer::always(Reply::ok());
    let target = other.url("/moved");
    let server = PingServer::new(move |number, _| match number {
        0 => Reply::Redirect(307, "/moved".to_owned()),
        _ => Reply::Redirect(307, target.clone()),
    });
    let url = server.url("/0b5").replace("http://", "http://user:secret@");
    let mut notifier = notifier([scope_with_ping(&url)], LONG);
    notifier.ended(&job(), &result(0));
    assert_eq!(notifier.take_messages(), NOTHING);
    let sent = |server: &PingServer| {
        let requests = server.requests();
        let sent =
            requests.iter().map(|request| request.header("authorization").map(str::to_owned));
        sent.collect::<Vec<_>>()
    };
    let basic = Some("Basic dXNlcjpzZWNyZXQ=".to_owned());
    assert_eq!(sent(&server), [basic.clone(), basic]);
    assert_eq!(sent(&other), [None]);
    assert_eq!(other.requests()[0].json()["outcome"], "done");
}

#[test]
fn a_start_does_not_hold_up_the_job_and_arrives_first() {
    // Given a server that answers the start after the job has ended
    let (answer, answers) = channel::<()>();
    let answers = Mutex::new(answers);
    let server = PingServer::new(move |number, _| {
        if number == 0 {
            let _ = answers.lock().unwrap().recv();
        }
        Reply::ok()
    });
    let mut notifier = notifier([scope_with_ping(&server.url("/0b5"))], LONG);
    // When the job begins and ends in the meantime
    notifier.started(&job());
    until(|| server.requests().len() == 1);
    notifier.ended(&job(), &result(0));
    assert_eq!(server.targets(), ["POST /0b5/start"]);
    answer.send(()).unwrap();
    // Then its end follows
    assert_eq!(notifier.take_messages(), NOTHING);
    assert_eq!(server.targets(), ["POST /0b5/start", "POST /0b5"]);
}

#[test]
fn each_scope_is_pinged_for_its_own_unit() {
    let server = PingServer::always(Reply::ok());
    let database = Unit::Database { name: "shop".to_owned() };
    let other = Unit::Job { database: Some("blog".to_owned()), job: "purge".to_owned() };
    let scopes = [
        scope_with_ping(&server.url("/job")),
        Scope { unit: database.clone(), ..scope_with_ping(&server.url("/database")) },
        Scope { unit: Unit::All, ..scope_with_ping(&server.url("/all")) },
    ];
    let mut notifier = notifier(scopes, LONG);
    let mut pinged = |unit: &Unit| {
        let before = server.targets().len();
        notifier.ended(unit, &result(0));
        assert_eq!(notifier.take_messages(), NOTHING);
        server.targets()[before..].to_vec()
    };
    assert_eq!(pinged(&job()), ["POST /job"]);
    assert_eq!(pinged(&database), ["POST /database"]);
    assert_eq!(pinged(&Unit::All), ["POST /all"]);
    assert_eq!(pinged(&other), NOTHING);
    let none = Unit::Job { database: None, job: "purge".to_owned() };
    assert_eq!(pinged(&none), NOTHING);
}

#[test]
fn a_failed_ping_is_repeated_once_if_that_may_help() {
    for (reply, why, attempts) in [
        (Reply::Status(500, "secret".to_owned()), "status 500", 2),
        (Reply::Status(429, String::new()), "status 429", 2),
        (Reply::Status(404, String::new()), "status 404", 1),
        (Reply::Status(418, String::new()), "status 418", 1),
        (
            Reply::Status(200, "OK (not found)".to_owned()),
            "the server knows no check of this URL",
            1,
        ),
        (Reply::Close, "the connection was lost", 2),
        (Reply::Noise, "the server did not answer with HTTP", 1),
        (Reply::Redirect(302, "ftp://other/secret".to_owned()), "it redirects to no valid URL", 1),
    ] {
        let server = PingServer::always(reply);
        let url = server.url("/secret").replace("http://", "http://user:secret@");
        let mut notifier = notifier([scope_with_ping(&url)], LONG);
        notifier.ended(&job(), &result(0));
        let host = server.url("");
        let expected = format!("notify of job purge of shop: could not ping {host}: {why}");
        assert_eq!(notifier.take_messages(), [expected]);
        assert_eq!(server.targets().len(), attempts, "{why}");
    }
}

#[test]
fn a_repetition_that_succeeds_is_a_success() {
    let server = PingServer::new(|number, _| match number {
        0 => Reply::Status(503, String::new()),
        _ => Reply::ok(),
    });
    let mut notifier = notifier([scope_with_ping(&server.url("/0b5"))], LONG);
    notifier.ended(&job(), &result(0));
    assert_eq!(notifier.take_messages(), NOTHING);
    assert_eq!(server.targets(), ["POST /0b5", "POST /0b5"]);
}

#[test]
fn one_server_that_fails_is_reported_once() {
    let server = PingServer::always(Reply::Status(500, String::new()));
    assert_eq!(report(&server.url("/0b5"), 0, LONG).len(), 1);
    assert_eq!(server.targets(), ["POST /0b5/start", "POST /0b5", "POST /0b5"]);
}

#[test]
fn a_service_without_a_start_needs_none() {
    let server = PingServer::new(|_, request| match request.target.as_str() {
        "/snitch" => Reply::ok(),
        _ => Reply::Status(404, String::new()),
    });
    assert_eq!(report(&server.url("/snitch"), 0, LONG), NOTHING);
    assert_eq!(report(&server.url("/snitch"), 1, LONG).len(), 1);
    assert_eq!(
        server.targets(),
        ["POST /snitch/start", "POST /snitch", "POST /snitch/start", "POST /snitch/fail"]
    );
}

#[test]
fn three_redirects_are_followed_and_no_more() {
    for (redirects, method) in [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let server = PingServer::new(move |number, _| match number {
            0..3 => Reply::Redirect(redirects, format!("/{number}")),
            _ => Reply::ok(),
        });
        let mut notifier = notifier([scope_with_ping(&server.url("/0b5"))], LONG);
        notifier.ended(&job(), &result(0));
        assert_eq!(notifier.take_messages(), NOTHING);
        let followed = (0..3).map(|number| format!("{method} /{number}"));
        assert_eq!(
            server.targets(),
            ["POST /0b5".to_owned()].into_iter().chain(followed).collect::<Vec<_>>()
        );
    }
    let server = PingServer::always(Reply::Redirect(307, "/again".to_owned()));
    let mut notifier = notifier([scope_with_ping(&server.url("/0b5"))], LONG);
    notifier.ended(&job(), &result(0));
    let why = notifier.take_messages();
    assert!(why[0].ends_with("it redirects more than 3 times"), "{why:?}");
    assert_eq!(server.targets().len(), 4);
}

#[test]
fn an_answer_without_an_end_is_not_read_to_it() {
    let server = PingServer::always(Reply::Endless);
    assert_eq!(report(&server.url("/0b5"), 0, LONG), NOTHING);
    assert_eq!(server.targets(), ["POST /0b5/start", "POST /0b5"]);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = PingServer::always(Reply::Silence);
    let why = report(&server.url("/0b5"), 0, SHORT);
    let host = server.url("");
    let expected = format!("notify of job purge of shop: could not ping {host}: no answer in time");
    assert_eq!(why, [expected]);
    // Also one that accepts nothing, once its queue is full
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/0b5", listener.local_addr().unwrap());
    assert_eq!(report(&url, 0, SHORT).len(), 1);
}

#[test]
fn a_server_that_is_absent_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let why = report(&format!("{host}/0b5"), 0, LONG);
    assert_eq!(
        why,
        [format!("notify of job purge of shop: could not ping {host}: connection refused")]
    );
}

#[test]
fn a_url_that_is_none_is_reported_and_nothing_is_sent() {
    let why = report("https://user:sec/ret@host/", 0, LONG);
    assert_eq!(why.len(), 1);
    assert!(why[0].starts_with("notify of job purge of shop: ping is not used: "), "{why:?}");
    assert!(!why[0].contains("ret@"), "{why:?}");
}

#[test]
fn a_thread_for_each_scope_pings_at_the_same_time() {
    // Given a server that answers no ping before all have arrived
    let arrived = Arc::new(std::sync::Barrier::new(4));
    let server = PingServer::new(move |_, _| {
        arrived.wait();
        Reply::ok()
    });
    let unit = |number| Unit::Database { name: format!("{number}") };
    let scope = |number| Scope { unit: unit(number), ..scope_with_ping(&server.url("/0b5")) };
    let mut notifier = notifier((0..4).map(scope), LONG);
    for number in 0..4 {
        notifier.ended(&unit(number), &result(0));
    }
    assert_eq!(notifier.take_messages(), NOTHING);
}
