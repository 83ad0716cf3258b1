//! Missing, malformed and unexpected responses.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cluster_faults::fake_node::{FakeNode, Reaction, cluster_url, json, native, status};
use crate::cluster_faults::{default_timeouts, refusal, run, short_timeouts};

const OPEN: [&str; 5] = ["open", "--user", "alice", "--task", "imap"];

/// Outputs for these reactions, run in parallel because each waits for a second.
fn outputs_in_parallel(
    acts: impl IntoIterator<Item = Reaction>,
    said: impl Fn(Reaction) -> String + Sync,
) -> String {
    let said = &said;
    std::thread::scope(|scope| {
        let begun: Vec<_> = acts.into_iter().map(|act| scope.spawn(move || said(act))).collect();
        begun.into_iter().map(|each| each.join().unwrap()).collect()
    })
}

/// Output of `list` with this reaction to each request.
#[track_caller]
fn output_of_list(act: Reaction, code: i32) -> String {
    let fake = FakeNode::always(act);
    // An answer that settles it ends the wait.
    let sandbox = if code == 11 { short_timeouts() } else { default_timeouts() };
    let ran = run(&sandbox, &fake.url, ["list"]);
    refusal(&ran, code, &fake.url)
}

/// Output of `open` with this reaction to each write.
#[track_caller]
fn output_of_open(act: Reaction, code: i32) -> String {
    let fake = FakeNode::with_writes(act);
    let ran = run(&short_timeouts(), &fake.url, OPEN);
    refusal(&ran, code, &fake.url)
}

fn no_leader() -> Reaction {
    status("503 Service Unavailable", "text/plain; charset=utf-8", "leader not found\n")
}

fn page(line: &str) -> Reaction {
    status(line, "text/html", "<html><body>Welcome</body></html>\n")
}

#[test]
fn an_unreachable_node_is_reported() {
    let closed = "http://127.0.0.1:1";
    insta::assert_snapshot!(refusal(&run(&short_timeouts(), closed, ["list"]), 10, closed), @r#"sessctl: no database at "CLUSTER": connection refused"#);
    insta::assert_snapshot!(refusal(&run(&short_timeouts(), closed, OPEN), 10, closed), @r#"sessctl: no database at "CLUSTER": connection refused"#);
    let ran = run(&short_timeouts(), "http://nowhere.invalid", ["list"]);
    insta::assert_snapshot!(ran.is_refused_with(10).stderr(), @r#"sessctl: no database at "http://nowhere.invalid:4001": the name does not resolve"#);
    let ran = run(&short_timeouts(), "http://nowhere.invalid,127.0.0.1:1", ["list"]);
    insta::assert_snapshot!(ran.is_refused_with(10).stderr(), @r#"sessctl: no database at "http://nowhere.invalid:4001,127.0.0.1:1": nowhere.invalid:4001: the name does not resolve; 127.0.0.1:1: connection refused"#);
}

#[test]
fn a_server_with_other_answers_is_reported_as_not_rqlite() {
    let acts = [
        page("200 OK"),
        json("{\"hello\": [1]}"),
        json("[]"),
        page("404 Not Found"),
        page("501 Unsupported method"),
        status("400 Bad Request", "text/plain", "Client sent an HTTP request\nto an HTTPS server."),
        Reaction::SendAndClose(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into(),
        ),
        Reaction::SendAndClose(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into(),
        ),
        Reaction::SendAndClose("SSH-2.0-OpenSSH_9.6\r\n".into()),
    ];
    insta::assert_snapshot!(outputs_in_parallel(acts, |act| output_of_list(act, 10)), @r#"
    sessctl: "CLUSTER" cannot be used: the server is not rqlite
    sessctl: "CLUSTER" cannot be used: the server is not rqlite
    sessctl: "CLUSTER" cannot be used: the server is not rqlite
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 404)
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 501)
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 400: Client sent an HTTP request to an HTTPS server.)
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 302)
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 307)
    sessctl: "CLUSTER" cannot be used: the server did not respond with HTTP
    "#);
}

#[test]
fn a_denied_request_says_what_is_missing() {
    let unauthorized = || status("401 Unauthorized", "application/json; charset=utf-8", "");
    let forbidden = || page("403 Forbidden");
    let mut said = vec![output_of_list(unauthorized(), 1), output_of_list(forbidden(), 1)];
    for act in [unauthorized(), forbidden()] {
        // The second lets this user read.
        let (all, writes) = (FakeNode::always(act.clone()), FakeNode::with_writes(act));
        let sandbox = default_timeouts();
        sandbox.file("credentials", "bob:secret\n");
        for (fake, command) in [(&all, "list"), (&writes, "open")] {
            let args = ["--credentials", "credentials"];
            let rest: &[&str] = if command == "open" { &OPEN } else { &["list"] };
            let ran = run(&sandbox, &fake.url, args.into_iter().chain(rest.iter().copied()));
            said.push(refusal(&ran, 1, &fake.url));
        }
    }
    insta::assert_snapshot!(said.concat(), @r#"
    sessctl: could not query "CLUSTER": it requires authentication; pass --credentials FILE
    sessctl: could not query "CLUSTER": it requires authentication; pass --credentials FILE
    sessctl: could not query "CLUSTER": it rejected the user and password
    sessctl: could not query "CLUSTER": the user lacks permission for this request
    sessctl: could not query "CLUSTER": the user lacks permission for this request
    sessctl: could not query "CLUSTER": the user lacks permission for this request
    "#);
}

#[test]
fn a_read_that_gets_no_answer_is_given_up_in_the_end() {
    let cut_off = |length: usize| {
        Reaction::SendAndClose(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{{\"results\":[{{\"colu"
        ))
    };
    let acts = [
        no_leader(),
        json(
            r#"{"results":[],"error":"node failed to process Query on remote node at db2:4002: EOF"}"#,
        ),
        page("502 Bad Gateway"),
        page("503 Service Unavailable"),
        status("500 Internal Server Error", "text/plain", "store\u{1b}[31m is\r\nnot open"),
        Reaction::Silence,
        Reaction::Close,
        cut_off(1000),
        cut_off(18),
        Reaction::SendAndClose("HTTP/1.1 200 OK\r\ncontent-ty".into()),
    ];
    insta::assert_snapshot!(outputs_in_parallel(acts, |act| output_of_list(act, 11)), @r#"
    sessctl: "CLUSTER" is temporarily unavailable: leader not found; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: node failed to process Query on remote node at db2:4002: EOF; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: status 502; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: status 503; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: status 500: store\u{1b}[31m is not open; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: timed out waiting for a response; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: the connection was lost; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: the connection was lost; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: the response was truncated; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: the connection was lost; this step changed nothing; try again
    "#);
}

#[test]
fn a_long_word_of_a_node_is_cut() {
    let said = output_of_list(
        status("500 Internal Server Error", "text/plain", &"no space left ".repeat(1000)),
        11,
    );
    assert!(said.len() < 400, "{said}");
}

#[test]
fn an_open_that_may_have_been_done_is_unknown() {
    let acts = [
        Reaction::Close,
        Reaction::Silence,
        json(r#"{"results":[],"error":"leadership lost while committing log"}"#),
        Reaction::SendAndClose(
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"results\":[".into(),
        ),
        page("200 OK"),
        page("504 Gateway Timeout"),
    ];
    insta::assert_snapshot!(outputs_in_parallel(acts, |act| output_of_open(act, 3)), @r#"
    sessctl: outcome unknown: "CLUSTER" may have applied this step (the connection was lost); check before retrying
    sessctl: outcome unknown: "CLUSTER" may have applied this step (timed out waiting for a response); check before retrying
    sessctl: outcome unknown: "CLUSTER" may have applied this step (leadership lost while committing log); check before retrying
    sessctl: outcome unknown: "CLUSTER" may have applied this step (the connection was lost); check before retrying
    sessctl: outcome unknown: "CLUSTER" may have applied this step (the server is not rqlite); check before retrying
    sessctl: outcome unknown: "CLUSTER" may have applied this step (status 504); check before retrying
    "#);
}

#[test]
fn an_open_that_cannot_have_been_done_is_unavailable() {
    let acts = [
        no_leader(),
        json(
            r#"{"results":[],"error":"node failed to process Request on remote node at db2:4002: pool get: dial tcp 10.0.0.2:4002: connect: connection refused"}"#,
        ),
    ];
    insta::assert_snapshot!(outputs_in_parallel(acts, |act| output_of_open(act, 11)), @r#"
    sessctl: "CLUSTER" is temporarily unavailable: leader not found; this step changed nothing; try again
    sessctl: "CLUSTER" is temporarily unavailable: node failed to process Request on remote node at db2:4002: pool get: dial tcp 10.0.0.2:4002: connect: connection refused; this step changed nothing; try again
    "#);
}

#[test]
fn what_sqlite_refuses_has_failed() {
    let said = output_of_list(json(r#"{"results":[{"error":"no such table: x"}]}"#), 1);
    insta::assert_snapshot!(said, @r#"sessctl: could not read "CLUSTER": no such table: x"#);
}

#[test]
fn errors_of_several_nodes_are_listed_by_node() {
    let (one, two) = (FakeNode::always(no_leader()), FakeNode::always(page("404 Not Found")));
    let db = format!("{},127.0.0.1:1", cluster_url(&[&one, &two]));
    insta::assert_snapshot!(refusal(&run(&short_timeouts(), &db, ["list"]), 11, &db), @r#"sessctl: "CLUSTER" is temporarily unavailable: db1:4001: leader not found; db2:4001: the server is not rqlite (status 404); db3:4001: connection refused; this step changed nothing; try again"#);
    let all_alike = cluster_url(&[&one, &FakeNode::always(no_leader())]);
    insta::assert_snapshot!(refusal(&run(&short_timeouts(), &all_alike, ["list"]), 11, &all_alike), @r#"sessctl: "CLUSTER" is temporarily unavailable: leader not found; this step changed nothing; try again"#);
}

#[test]
fn a_node_that_says_nothing_is_asked_once() {
    // Given one that holds its peace before one that answers
    let (silent, node) = (FakeNode::always(Reaction::Silence), FakeNode::start(native));
    let db = cluster_url(&[&silent, &node]);
    // When it takes several requests
    let sandbox = default_timeouts();
    sandbox.file("sessctl.toml", "[cluster]\ntimeout = \"1s\"\n");
    run(&sandbox, &db, ["show", "stat"]).succeeds();
    // Then only the first was its
    assert_eq!(silent.seen().len(), 1);
    assert!(node.seen().len() > 1);
}

#[test]
fn a_request_that_one_node_fails_is_sent_to_another() {
    for act in [no_leader(), Reaction::Close, page("404 Not Found"), page("401 Unauthorized")] {
        let (bad, node) = (FakeNode::always(act), FakeNode::start(native));
        run(&default_timeouts(), &cluster_url(&[&bad, &node]), ["list"]).succeeds();
    }
}

#[test]
fn a_read_whose_answer_is_lost_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let node = FakeNode::start(move |seen| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Reaction::Close,
        1 => no_leader(),
        _ => native(seen),
    });
    run(&default_timeouts(), &node.url, ["list"]).succeeds();
    assert_eq!(node.seen()[0].body, node.seen()[2].body);
}

#[test]
fn nothing_is_asked_twice_to_open_a_database() {
    let node = FakeNode::start(native);
    run(&default_timeouts(), &node.url, ["list"]).succeeds();
    let seen = node.seen();
    assert_eq!(seen.iter().filter(|seen| seen.body.contains("user_version")).count(), 1);
    assert!(seen[0].body.contains("application_id") && seen[0].body.contains("sqlite_schema"));
}

/// Endless responses, with a length and without one.
fn endless() -> [Reaction; 3] {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let text = "[0,0,0,0,0,0,0,".repeat(4_096);
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    [
        Reaction::Endless(format!("{head}content-length: 1099511627776\r\n\r\n"), text.clone()),
        Reaction::Endless(format!("{head}transfer-encoding: chunked\r\n\r\n"), chunk),
        Reaction::Endless(format!("{head}connection: close\r\n\r\n"), text),
    ]
}

#[test]
fn an_answer_without_an_end_is_given_up() {
    // With a time that is over long after the bytes are too many.
    let sandbox = || {
        let sandbox = short_timeouts();
        sandbox.file("sessctl.toml", "[cluster]\ntimeout = \"60s\"\npatience = \"60s\"\n");
        sandbox
    };
    let said = outputs_in_parallel(endless(), |act| {
        let fake = FakeNode::always(act);
        refusal(&run(&sandbox(), &fake.url, ["list"]), 1, &fake.url)
    });
    insta::assert_snapshot!(said, @r#"
    sessctl: could not query "CLUSTER": its response is longer than 32 MiB
    sessctl: could not query "CLUSTER": its response is longer than 32 MiB
    sessctl: could not query "CLUSTER": its response is longer than 32 MiB
    "#);
}
