//! Applications in JavaScript: express-session over three stores, and better-auth. Their
//! sessions are opened and served by their own code, with sessctl in between.
//!
//! Some of them delete expired sessions as soon as they read them, so they read copies
//! where that matters.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sessctl::UnixTime;

use crate::frameworks::harness::{Application, Framework, assert_same_ids, named};
use crate::support::{DAY, HOUR, MINUTE, NOW, external_programs};

/// An application of one of the scripts.
struct Node {
    application: Application,
    script: &'static str,
    store: &'static str,
}

impl Node {
    /// An application of express-session, whose profile is called like its store.
    fn express(store: &'static str) -> Self {
        let mut framework = named("connect-sqlite3");
        framework.sql.clear();
        if store != "connect-sqlite3" {
            store.clone_into(&mut framework.profile);
        }
        Self::set_up(framework, "express_sessions.mjs", store)
    }

    fn better_auth() -> Self {
        let framework =
            Framework { sql: String::new(), id: "token".to_owned(), ..named("better-auth") };
        Self::set_up(framework, "better_auth.mjs", "")
    }

    fn set_up(framework: Framework, script: &'static str, store: &'static str) -> Self {
        let node = Self { application: Application::new(framework), script, store };
        node.asked("app.db", None, "migrate", &[]);
        node
    }

    #[track_caller]
    fn asked(&self, db: &str, now: Option<UnixTime>, question: &str, values: &[Value]) -> Value {
        let mut command = external_programs::node(self.script, &self.application);
        command.env("STORE", self.store).env("DB", db);
        command.envs(now.map(|now| ("FROZEN", now.0.to_string())));
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let question: Vec<&str> =
            std::iter::once(question).chain(values.iter().map(String::as_str)).collect();
        external_programs::answer(command, &question)
    }

    /// Opens sessions that expire this many seconds from now.
    #[track_caller]
    fn opens(&self, now: Option<UnixTime>, ages: &[f64]) -> Value {
        self.asked("app.db", now, "open", &[json!(ages)])
    }

    /// Returns the subset of these sessions that the framework accepts, read from a copy.
    #[track_caller]
    fn serves(&self, now: Option<UnixTime>, sessions: &Value) -> BTreeSet<String> {
        let copy = self.application.path("copy.db");
        drop(std::fs::remove_file(&copy));
        self.application.db().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let served = self.asked("copy.db", now, "accepted", std::slice::from_ref(sessions));
        serde_json::from_value(served).unwrap()
    }

    #[track_caller]
    fn closes(&self, token: &str) {
        let options = [self.application.framework.named(), vec!["--state-dir", "state"]].concat();
        let args = ["close"].into_iter().chain(options);
        self.application.run_with_input(args.collect::<Vec<_>>(), token).succeeds();
    }
}

/// Seconds until the expiry: ten minutes and more in the past, and in the future.
fn ages() -> Vec<f64> {
    let spans = [10 * MINUTE, 50 * MINUTE, HOUR, DAY, 6 * DAY];
    let seconds = |span: i64| f64::from(i32::try_from(span).unwrap());
    spans.into_iter().flat_map(|span| [seconds(span), -seconds(span)]).collect()
}

#[track_caller]
fn served_sessions_survive_and_others_are_deleted(node: &Node) {
    let sessions = node.opens(None, &ages());
    let served = node.serves(None, &sessions);
    assert_eq!((sessions.as_array().unwrap().len(), served.len()), (10, 5), "{}", node.store);
    assert_eq!(node.application.ids().len(), 10);
    let frame = node.application.fingerprint();
    // When sessctl purges
    node.application.sessctl(["purge"]).succeeds().is_silent();
    // Then exactly those are left that are served
    assert_same_ids(node.store, &node.application.ids(), &served);
    assert_eq!(node.serves(None, &sessions), served);
    assert_eq!(node.application.fingerprint(), frame);
}

#[test]
#[ignore = "needs node and its packages"]
fn served_sessions_of_express_survive_and_others_are_deleted() {
    for store in ["connect-sqlite3", "better-sqlite3-session-store", "connect-session-knex"] {
        let node = Node::express(store);
        served_sessions_survive_and_others_are_deleted(&node);
        // And the store's own purge finds nothing
        let left = node.application.ids();
        node.asked("app.db", None, "purge", &[]);
        assert_eq!(node.application.ids(), left, "{store}");
    }
}

#[test]
#[ignore = "needs node and its packages"]
fn signed_in_users_of_better_auth_survive_and_others_are_deleted() {
    served_sessions_survive_and_others_are_deleted(&Node::better_auth());
}

/// Both clocks stand still at the same second. At the very thousandth, connect-sqlite3 and
/// better-auth still serve.
#[test]
#[ignore = "needs node and its packages"]
fn at_the_very_moment_no_served_session_is_deleted() {
    let ages: Vec<f64> = (-12..=12).map(|step| f64::from(step) / 500.0).collect();
    for (node, is_served_then) in
        [(Node::express("connect-sqlite3"), true), (Node::better_auth(), true)]
    {
        let sessions = node.opens(Some(NOW), &ages);
        let served = node.serves(Some(NOW), &sessions);
        node.application.purge(NOW).unwrap();
        assert_eq!(served.len(), 12 + usize::from(is_served_then), "{}", node.script);
        assert_same_ids(node.script, &node.application.ids(), &served);
    }
}

#[test]
#[ignore = "needs node and its packages"]
fn closing_by_token_logs_the_user_out() {
    for (node, key) in [(Node::express("connect-sqlite3"), "id"), (Node::better_auth(), "token")] {
        let sessions = node.opens(None, &[3_600.0, 3_600.0]);
        let token = |place: usize| sessions[place][key].as_str().unwrap().to_owned();
        node.closes(&token(0));
        assert_eq!(node.serves(None, &sessions), BTreeSet::from([token(1)]), "{}", node.script);
    }
}

#[test]
#[ignore = "needs node and its packages"]
fn a_user_of_better_auth_is_signed_out_everywhere() {
    // Given two sessions of each of three users
    let node = Node::better_auth();
    let sessions = node.opens(None, &[3_600.0; 6]);
    let user = sessions[1]["user"].as_str().unwrap();
    let users = node.application.sessctl(["show", "users", "--json"]).succeeds().json();
    let load = users.as_array().unwrap().iter().find(|load| load["user"] == user).unwrap();
    assert_eq!(load["sessions"], 2, "{users}");
    // When one of them is cycled
    node.application.sessctl(["cycle", "--user", user]).succeeds();
    // Then it is signed out everywhere, and the others are not
    let served = node.serves(None, &sessions);
    let of_others = sessions.as_array().unwrap().iter().filter(|session| session["user"] != user);
    let tokens = of_others.map(|session| session["token"].as_str().unwrap().to_owned());
    assert_same_ids("signed in", &served, &tokens.collect());
}
