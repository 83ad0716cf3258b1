//! Flask-Session over `SQLAlchemy`: its sessions, opened and served by requests to an
//! application, with sessctl in between.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sessctl::UnixTime;

use crate::frameworks::harness::{Application, Framework, assert_same_ids, named, without};
use crate::support::{DAY, HOUR, MINUTE, NOW, external_programs};

struct Flask {
    application: Application,
}

impl Flask {
    /// With the table that Flask-Session has made.
    fn new() -> Self {
        let framework = Framework { sql: String::new(), ..named("flask-session") };
        let flask = Self { application: Application::new(framework) };
        flask.asked(None, "migrate", &[]);
        flask
    }

    #[track_caller]
    fn asked(&self, now: Option<UnixTime>, question: &str, values: &[Value]) -> Value {
        let mut command = external_programs::python("flask_sessions.py", &self.application);
        command.envs(now.map(|now| ("FROZEN", now.0.to_string())));
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let question: Vec<&str> =
            std::iter::once(question).chain(values.iter().map(String::as_str)).collect();
        external_programs::answer(command, &question)
    }

    #[track_caller]
    fn tokens(&self, now: Option<UnixTime>, question: &str, values: &[Value]) -> Vec<String> {
        serde_json::from_value(self.asked(now, question, values)).unwrap()
    }

    /// Writes the rows of an older version, whose time is missing.
    fn leaves_rows_without_a_time(&self) {
        let sql = "INSERT INTO sessions (session_id, data, expiry) \
                   VALUES ('session:old1', x'80', NULL), ('session:old2', x'80', NULL)";
        self.application.db().execute(sql, []).unwrap();
    }
}

/// The ids that the rows of these tokens have.
fn ids(tokens: &[String]) -> BTreeSet<String> {
    tokens.iter().map(|token| format!("session:{token}")).collect()
}

#[test]
#[ignore = "needs flask-session"]
fn served_sessions_survive_and_others_are_deleted() {
    let flask = Flask::new();
    let spans = [10 * MINUTE, HOUR, DAY, 400 * DAY];
    let lifetimes: Vec<i64> = spans.into_iter().flat_map(|span| [span, -span]).collect();
    let tokens = flask.tokens(None, "open", &[json!(lifetimes)]);
    flask.leaves_rows_without_a_time();
    let served = flask.tokens(None, "accepted", &[json!(tokens)]);
    assert_eq!((tokens.len(), served.len()), (8, 4));
    let frame = flask.application.fingerprint();
    // When sessctl purges
    flask.application.sessctl(["purge"]).succeeds().is_silent();
    // Then exactly those are left that Flask serves, and its own purge finds nothing
    assert_same_ids("left", &flask.application.ids(), &ids(&served));
    assert_eq!(flask.asked(None, "session_cleanup", &[]), 0);
    assert_eq!(flask.application.fingerprint(), frame);
    let users = flask.asked(None, "users", &[json!(tokens)]);
    for (place, token) in tokens.iter().enumerate() {
        let user = if served.contains(token) { format!("user{place}") } else { "nobody".into() };
        assert_eq!(users[token], user);
    }
}

#[test]
#[ignore = "needs flask-session"]
fn at_the_very_moment_sessctl_purges_what_flask_would_purge() {
    let flask = Flask::new();
    let lifetimes: Vec<f64> = (-40..=40).map(|step| f64::from(step) / 20.0).collect();
    let tokens = flask.tokens(Some(NOW), "open", &[json!(lifetimes)]);
    flask.leaves_rows_without_a_time();
    let served = flask.tokens(Some(NOW), "accepted", &[json!(tokens)]);
    assert_eq!(served.len(), 40);
    flask.application.purge(NOW).unwrap();
    assert_same_ids("left", &flask.application.ids(), &ids(&served));
    assert_eq!(flask.asked(Some(NOW), "session_cleanup", &[]), 0);
}

#[test]
#[ignore = "needs flask-session"]
fn a_purge_of_flask_s_own_leaves_nothing_but_rows_without_a_time() {
    let flask = Flask::new();
    flask.tokens(None, "open", &[json!([HOUR, -HOUR, -DAY])]);
    flask.leaves_rows_without_a_time();
    assert_eq!(flask.asked(None, "session_cleanup", &[]), 2);
    let before = flask.application.ids();
    flask.application.sessctl(["purge"]).succeeds().is_silent();
    let gone = without(&before, &flask.application.ids());
    assert_eq!(gone, BTreeSet::from(["session:old1".to_owned(), "session:old2".to_owned()]));
}

#[test]
#[ignore = "needs flask-session"]
fn closing_by_the_token_in_the_cookie_logs_the_user_out() {
    let flask = Flask::new();
    let tokens = flask.tokens(None, "open", &[json!([HOUR, HOUR])]);
    let close = ["close", "--profile", "flask-session", "--state-dir", "state"];
    flask.application.run_with_input(close, &tokens[0]).succeeds();
    let users = flask.asked(None, "users", &[json!(tokens)]);
    assert_eq!(users, json!({ &tokens[0]: "nobody", &tokens[1]: "user1" }));
}
