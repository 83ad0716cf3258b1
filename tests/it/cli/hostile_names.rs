//! Names with control characters and markup, through every command and format.

use serde_json::Value;

use crate::support::{HOUR, MINUTE, Row, Sandbox, now, row};

fn nasty() -> Vec<String> {
    [
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "one\ntwo\r\nthree\ttabbed",
        "\u{202e}gnp.exe\u{2066}",
        "\u{9b}31m\u{7f}\u{85}\u{2028}",
        "say \"hi\", 'you' `there` $(id)",
        "=HYPERLINK(\"http://x\";\"y\")",
        "+1-1@SUM(A1)|cmd",
        "back\\slash\\n\\u{1b}",
        "nul\0inside",
        "",
        "   ",
        "a.b c",
        "{label=\"x\"} 1",
        "李雷 👩\u{200d}🚀 é\u{301}\u{300}",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(["x".repeat(10_000), "\n".repeat(10_000)])
    .collect()
}

/// Rows whose user, task and client are each such a name.
fn rows() -> Vec<Row> {
    let names = nasty();
    let name = |at: usize| names[at % names.len()].as_str();
    let row = |at: usize| {
        row(&at.to_string()).user(name(at)).task(name(at + 1)).client(name(at + 2)).idle(MINUTE)
    };
    // Two of each, so that they are served repeatedly, and of which one is due.
    let live = (0..names.len()).map(row);
    let due = (0..names.len()).map(|at| row(at).keyed(&format!("{at:064x}")).idle(HOUR));
    live.chain(due).collect()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let db = sandbox.db();
    for row in rows() {
        row.insert(&db);
    }
    sandbox
}

/// Control characters, and what reorders or hides text.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

const LOOKS: [&str; 6] = [
    "list --limit 1000",
    "purge --dry-run",
    "show tasks",
    "show users",
    "show stat",
    "cycle --all --dry-run",
];

#[test]
fn no_command_lets_a_character_act_in_any_format() {
    let sandbox = sandbox();
    let shown = row("0").handle();
    let one = format!("show session {shown}");
    let config = "show config --db \u{1b}[2J\u{202e}x";
    for command in LOOKS.into_iter().chain([one.as_str(), config]) {
        for format in ["table", "plain", "csv", "json", "jsonl", "prometheus"] {
            let args = command.split(' ').chain(["-o", format]);
            let ran = sandbox.run(args.collect::<Vec<_>>());
            if format == "prometheus" && command != "show stat" {
                ran.is_refused_with(2);
                continue;
            }
            let said = ran.succeeds().stdout() + &ran.stderr();
            assert!(!said.is_empty(), "{command} {format}");
            assert_eq!(said.chars().find(|c| acts(*c)), None, "{command} {format}");
        }
    }
}

#[test]
fn a_cycle_says_one_harmless_line_for_each_session() {
    let sandbox = sandbox();
    let said = sandbox
        .run(["cycle", "--all", "--state", "active,idle,abandoned,expired"])
        .succeeds()
        .stdout();
    assert_eq!(said.lines().count(), rows().len());
    assert_eq!(said.chars().find(|c| acts(*c)), None);
    let handles: Vec<String> = sandbox.listed(["--ended-by", "cycled"]);
    for (line, handle) in said.lines().zip(handles) {
        assert!(line.starts_with(&format!("{handle}  ")), "{line}");
    }
}

#[test]
fn json_gives_back_the_exact_text() {
    let sandbox = sandbox();
    let names = nasty();
    // One moment for both lists: idle times go on.
    let at = (now() + MINUTE).to_string();
    let listed = sandbox.run(["list", "--json", "--at", &at]).succeeds().json();
    let of = |handle: &str| -> Option<&Value> {
        listed.as_array().unwrap().iter().find(|session| session["handle"] == handle)
    };
    for at in 0..names.len() {
        let session = of(&row(&at.to_string()).handle()).unwrap();
        for (field, shift) in [("user", 0), ("task", 1), ("client", 2)] {
            assert_eq!(session[field], *names[(at + shift) % names.len()], "{field}");
        }
    }
    let lines = sandbox.run(["list", "-o", "jsonl", "--at", &at]).succeeds().stdout();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), listed);
}

#[test]
fn figures_in_json_name_each_task_and_user_exactly() {
    let sandbox = sandbox();
    for (command, field) in [("tasks", "task"), ("stat", "task"), ("users", "user")] {
        let found = sandbox.run(["show", command, "--json"]).succeeds().json();
        let mut found: Vec<String> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record[field].as_str().unwrap().to_owned())
            .collect();
        let mut wanted = nasty();
        found.sort();
        wanted.sort();
        assert!(found == wanted, "{command}: {found:.100?}");
    }
}

/// The cells of each row: quoted ones may hold commas, quotes and newlines.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut characters) = (false, csv.chars().peekable());
    while let Some(c) = characters.next() {
        let row = rows.last_mut().unwrap();
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                row.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            c => row.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted);
    assert_eq!(rows.pop(), Some(vec![String::new()]));
    rows
}

#[test]
fn csv_has_as_many_cells_in_each_row_and_no_formula_in_any() {
    let sandbox = sandbox();
    for command in LOOKS {
        let args = command.split(' ').chain(["-o", "csv"]);
        let rows = cells(&sandbox.run(args.collect::<Vec<_>>()).succeeds().stdout());
        assert!(rows.len() > nasty().len());
        for row in &rows {
            assert_eq!(row.len(), rows[0].len(), "{command}");
            for cell in row {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{command}: {cell}");
            }
        }
    }
}

#[test]
fn plain_has_a_key_without_blanks_and_one_fact_a_line() {
    let sandbox = sandbox();
    let facts = |command: &str| {
        let args = command.split(' ').chain(["-o", "plain"]);
        sandbox.run(args.collect::<Vec<_>>()).succeeds().stdout()
    };
    for line in facts("show stat").lines() {
        let (key, _) = line.split_once(' ').unwrap();
        assert!(key.contains(".sessions."), "{line}");
    }
    let names: std::collections::HashSet<String> = facts("show stat")
        .lines()
        .filter_map(|line| Some(line.split_once(".sessions.live ")?.0.to_owned()))
        .collect();
    assert_eq!(names.len(), nasty().len());
}

#[test]
fn prometheus_has_one_series_for_each_task_and_state() {
    let sandbox = sandbox();
    let text = sandbox.run(["show", "stat", "-o", "prometheus"]).succeeds().stdout();
    let active: std::collections::HashSet<&str> = text
        .lines()
        .filter(|line| line.starts_with("sessctl_sessions{") && line.contains("state=\"active\""))
        .collect();
    assert_eq!(active.len(), nasty().len());
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("sessctl_")));
}

#[test]
fn a_table_has_a_line_for_each_session_whatever_its_names() {
    let sandbox = sandbox();
    let table = sandbox.run(["list", "--limit", "1000"]).succeeds().stdout();
    assert_eq!(table.lines().count(), 1 + rows().len());
    // A pipe has no width, so names are whole: only rows with one of the longest are long
    let (long, short): (Vec<&str>, Vec<&str>) =
        table.lines().partition(|line| line.chars().count() > 10_000);
    assert_eq!(long.len(), 8);
    assert!(long.iter().any(|line| line.contains(&"x".repeat(10_000))));
    assert!(short.iter().all(|line| line.chars().count() < 250));
}

#[test]
fn the_command_line_takes_such_names_and_gives_them_back() {
    let sandbox = Sandbox::new();
    let names: Vec<String> =
        nasty().into_iter().filter(|name| !name.contains('\0') && !name.is_empty()).collect();
    for name in &names {
        let args = ["open", "--json", "--user", name, "--task", name, "--client", name];
        sandbox.run(args).succeeds();
        let listed = sandbox.run(["list", "--json", "--user", name]).succeeds().json();
        assert_eq!(listed[0]["user"], **name);
        assert_eq!(listed.as_array().unwrap().len(), 1);
        let stat = sandbox.run(["show", "stat", "--json", name]).succeeds().json();
        assert_eq!(stat[0]["task"], **name);
        let cycled = sandbox.run(["cycle", "--json", "--client", name]).succeeds().json();
        assert_eq!(cycled.as_array().unwrap().len(), 1);
    }
}

#[test]
fn what_is_typed_comes_back_harmless_in_messages() {
    let sandbox = Sandbox::new();
    let esc = "\u{1b}[2J\u{202e}\nx";
    for args in [
        &["--db", esc, "list"][..],
        &["--config", esc, "list"],
        &["show", "session", esc],
        &["cycle", "--session", esc],
        &["list", "--at", esc],
        &["schedule", "check", esc],
        &["touch", "--token-file", esc],
        &["show", "stat", "--metrics-file", "no/\u{1b}[2J/x"],
    ] {
        let ran = sandbox.run(args.iter().copied());
        assert_ne!(ran.0.status.code(), Some(0));
        assert_eq!(ran.stdout(), "");
        assert_eq!(ran.stderr().chars().find(|c| acts(*c)), None, "{args:?}");
    }
    sandbox.file("sessctl.toml", "[policy]\n\"\\u001b[2J\" = 1\n");
    let ran = sandbox.run(["--config", "sessctl.toml", "list"]);
    assert_eq!(ran.is_refused_with(2).stderr().chars().find(|c| acts(*c)), None);
}
