//! The page and the text on databases of different sizes and kinds.

use sessctl::cli::report_page::form::Form;
use sessctl::output::sparkline::Ramp;

use super::sandbox::{report, text, with_history};
use rusqlite::Connection;

use crate::support::{HOUR, MINUTE, Sandbox, fixtures, row};

#[test]
fn the_text_has_80_columns_and_all_sections() {
    let text = text(&with_history(10), Ramp::Ascii);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_page_is_reproducible_and_small() {
    let sandbox = with_history(30);
    let page = report(&sandbox, Form::Html);
    assert_eq!(page, report(&sandbox, Form::Html));
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert_eq!(page.matches("<h1").count(), 1);
    // Live and expired, deleted rows, durations, holds, two tasks, and the file.
    assert_eq!(page.matches("<svg class=\"plot\"").count(), 7);
    assert_eq!(page.matches("<desc id=").count(), 7);
    assert_eq!(page.matches("<summary>Values</summary>").count(), 7);
    for text in [
        "timeout 30m",
        "48 ms, 11 Jun",
        "the disk is full",
        "run 620 of job &quot;nightly purge&quot; on mail1",
        "<time datetime=\"2026-06-16T01:15:00Z\">2026-06-16 03:15</time>",
    ] {
        assert!(page.contains(text), "{text:?} is missing");
    }
}

#[test]
fn the_page_loads_nothing() {
    let page = report(&with_history(3), Form::Html);
    assert!(
        page.contains("content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;\"")
    );
    for word in ["://", "src=", "href", "@import", "<script", "<link", "javascript:"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn an_empty_database_has_a_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.run(["report"]);
    let page = page.succeeds().stdout();
    assert!(page.contains("<h1 class=\"note\">no rows; never purged</h1>"), "{page}");
    assert!(page.contains("There is no history since"), "{page}");
    assert!(!page.contains("class=\"plot\""), "{page}");
}

#[test]
fn a_single_row_and_a_single_sample_have_a_page() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").idle(MINUTE));
    sandbox.run(["purge"]).succeeds();
    let page = sandbox.run(["report"]).succeeds().stdout();
    assert!(page.contains("1 row, live; last purge "), "{page}");
}

#[test]
fn other_formats() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").idle(HOUR));
    let json = sandbox.run(["report", "--json"]).succeeds().json();
    assert_eq!(json["tasks"][0]["task"], "imap");
    assert_eq!(json["users"][0]["user"], "alice");
    assert_eq!(json["headline"], "1 row, not live; never purged");
    assert!(
        sandbox
            .run(["report", "-o", "plain"])
            .succeeds()
            .stdout()
            .starts_with("Sessions in app.db\n")
    );
    for format in ["table", "csv", "jsonl", "prometheus"] {
        let refused = sandbox.run(["report", "-o", format]);
        refused.is_refused_with(2);
        assert!(refused.stderr().contains("use plain or json"), "{}", refused.stderr());
    }
}

#[test]
fn nothing_is_changed() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").idle(HOUR));
    sandbox.run(["purge"]).succeeds();
    let before = sandbox.files();
    sandbox.run(["report"]).succeeds();
    assert_eq!(sandbox.files()["app.db"], before["app.db"]);
}

fn with_framework(name: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    let db = Connection::open(sandbox.path("app.db")).unwrap();
    db.execute_batch(&fixtures::named(name).sql).unwrap();
    sandbox
}

#[test]
fn a_table_of_a_framework_has_a_page() {
    let sandbox = with_framework("django");
    let options = ["--profile", "django", "--state-dir", "state"];
    let page = sandbox.run([&options[..], &["report"]].concat()).succeeds().stdout();
    for text in ["django_session of Django", "The last use of a session is unknown"] {
        assert!(page.contains(text), "{text:?} is missing in {page}");
    }
}

#[test]
fn a_state_file_that_cannot_be_read_leaves_the_past_unknown() {
    let sandbox = with_framework("django");
    let report = ["--profile", "django", "--state-dir", "state", "report"];
    sandbox.run(["--profile", "django", "--state-dir", "state", "purge"]).succeeds();
    assert!(sandbox.run(report).succeeds().stdout().contains("; last purge "));
    for entry in std::fs::read_dir(sandbox.path("state")).unwrap() {
        std::fs::write(entry.unwrap().path(), "garbage, which is no database").unwrap();
    }
    let page = sandbox.run(report).succeeds().stdout();
    assert!(page.contains("; it is unknown when it was last purged</h1>"), "{page}");
    assert!(page.contains("The history is unknown"), "{page}");
}
