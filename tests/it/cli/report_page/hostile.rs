//! Hostile names in every field.

use rusqlite::params;
use sessctl::cli::report_page::form::Form;

use super::databases::{host, page_of_all};
use super::sandbox::{report, with_history};
use crate::support::{NOW, Sandbox, external_programs, fixtures};

/// Texts that end elements, attributes, comments or styles, that act, or that are long.
pub const NAMES: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=http://sessctl-test.invalid/x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "]]></style></svg></title><!--",
    "--><iframe src=http://sessctl-test.invalid/y>",
    "&lt;b&gt; &#60; &copy",
    "nul\0 esc\u{1b}[2J bidi\u{202e}gnp.exe\u{2066}",
    "url(http://sessctl-test.invalid/z)",
    "LONG",
];

pub fn hostile() -> Sandbox {
    let sandbox = with_history(4);
    let long = "x<".repeat(5_000);
    let db = sandbox.db();
    for (name, number) in NAMES.iter().zip(0..) {
        let name = if *name == "LONG" { long.as_str() } else { name };
        for copy in 0..20 - number {
            db.execute(
                "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
                 VALUES (?1, ?2, ?2, ?2, ?3, ?3, 1800)",
                params![format!("f{number:031x}{copy:032x}"), name, NOW.0 - 60],
            )
            .unwrap();
        }
        db.execute(
            "INSERT INTO runs (holder, account, work, planned_at, started_at, missed, host, pid,
                 version, outcome, finished_at, reason, job, user, why)
             VALUES (?1, '', 'purge', ?2, ?2, 0, ?1, 1, ?1, 'failed', ?2, ?1, ?1, ?1, ?1)",
            params![name, NOW.0 - 600 + number],
        )
        .unwrap();
    }
    sandbox
}

fn acts(c: char) -> bool {
    c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn no_name_becomes_markup() {
    let sandbox = hostile();
    let page = report(&sandbox, Form::Html);
    for word in ["<script", "<img", "<iframe", "<!--", " onmouseover='", "]]>", "--><"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"), "the names are there");
    assert!(!page.contains(acts));
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert!(!report(&sandbox, Form::Text).contains(acts));
}

#[test]
fn no_name_of_a_profile_becomes_markup() {
    let sandbox = Sandbox::without_database();
    let (title, table) = ("</p><script>alert(1)</script>", "<img src=x onerror=alert(1)>");
    let profile = include_str!("../../../../profiles/django.toml");
    sandbox.file("mine.toml", profile.replace("title = \"Django\"", &format!("title = {title:?}")));
    let schema = fixtures::named("django").sql.replace("django_session", table);
    sandbox.db().execute_batch(&schema).unwrap();
    let options = ["--profile", "./mine.toml", "--table", table, "--state-dir", "state", "report"];
    let page = sandbox.run(options).succeeds().stdout();
    assert!(!page.contains(title) && !page.contains(table), "{page}");
    let shown = "&lt;img src=x onerror=alert(1)&gt; of &lt;/p&gt;&lt;script&gt;alert(1)";
    assert!(page.contains(shown), "{page}");
}

#[test]
#[ignore = "needs html5lib"]
fn pages_are_valid_html() {
    let pages = [
        ("hostile", report(&hostile(), Form::Html)),
        ("large", report(&with_history(30), Form::Html)),
        ("empty", report(&Sandbox::new(), Form::Html)),
        ("databases", page_of_all(&host())),
    ];
    for (name, page) in pages {
        let sandbox = Sandbox::without_database();
        sandbox.file("page.html", page);
        let checked =
            external_programs::python("check_html.py", &sandbox).arg("page.html").output();
        let checked = checked.unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{name}: {said}");
    }
}
