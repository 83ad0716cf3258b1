//! The jobs of a configuration file, and what is wrong with them.

use super::all_said_of;

/// A job that lacks nothing but these keys.
fn with(keys: &str) -> String {
    format!("[[job]]\nname = \"x\"\n{keys}")
}

fn all_said_with(keys: &[&str]) -> String {
    let texts: Vec<String> = keys.iter().map(|keys| with(keys)).collect();
    all_said_of(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_job_that_lacks_something_is_named_by_the_line_on_which_it_begins() {
    let said = all_said_of(&[
        "# jobs\n[[job]]\nat = \"0 3 *\"\ndo = \"purge\"\n",
        "[[job]]\nname = \"purge\"\nat = \"0 3 *\"\ndo = \"purge\"\n\n\
         [[job]]\nname = \"other\"\ndo = \"purge\"\n",
        &with("at = \"0 3 *\"\n"),
        &with("at = \"0 3 *\"\ndo = \"cycle\"\n"),
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:2: job.name: is required: each job needs a unique name
    c.toml:6: job.at: is required: a job needs at, like "0 3 *", or every, like "5m"
    c.toml:1: job.do: is required: one of purge, cycle, report
    c.toml:1: job.task: is required: a cycle needs the task, or "*" for all tasks
    "#);
}

#[test]
fn a_job_runs_at_times_or_at_an_interval() {
    let said = all_said_with(&[
        "at = \"0 3 *\"\nevery = \"5m\"\ndo = \"purge\"\n",
        "every = \"5m\"\nat = \"0 3 *\"\ndo = \"purge\"\n",
        "every = 300\ndo = \"purge\"\n",
        "every = \"often\"\ndo = \"purge\"\n",
        "at = 3\ndo = \"purge\"\n",
        "do = \"cycle\"\ntask = \"*\"\nevery = \"auto\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:4: job.every: cannot be combined with at
    c.toml:3: job.every: cannot be combined with at
    c.toml:3: job.every: must be a duration in quotes, like "30m", not the integer 300; or use "auto"
    c.toml:3: job.every: "often" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "auto"
    c.toml:3: job.at: must be a string in quotes, not the integer 3
    c.toml:5: job.every: "auto" depends on the timeouts, which a cycle ignores: use at, or every with a duration
    "#);
}

#[test]
fn an_invalid_schedule_is_explained_in_one_line() {
    let said = all_said_with(&[
        "at = \"60 * *\"\n",
        "at = \"0 2,,4 *\"\n",
        "at = \"0 3 8\"\n",
        "at = \"0 3\"\n",
        "at = \"\"\n",
        "at = \"30 2 * * 0\"\n",
        "at = \"\"\"0\n3\\u001b \\u00e9\"\"\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:3: job.at: "60 * *", at character 1: minute 60 is out of range; minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    c.toml:3: job.at: "0 2,,4 *", at character 5: hour list has an empty item; hour holds 0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)
    c.toml:3: job.at: "0 3 8", at character 5: weekday 8 is out of range; weekday holds 1 (Monday) to 7 (Sunday) or mon to sun, *, lists (1,fri), ranges (mon-fri, 6-1) and steps (*/2)
    c.toml:3: job.at: "0 3": it has 2 fields, not three; a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    c.toml:3: job.at: "": it is empty; a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    c.toml:3: job.at: "30 2 * * 0": it has 5 fields like a crontab line, not three; a schedule is <minute> <hour> <weekday>: use 30 2 7
    c.toml:3: job.at: "0 3\u{1b} \u{e9}", at character 3: hour 3\u{1b} is not valid; hour holds 0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)
    "#);
}

#[test]
fn a_value_that_a_job_cannot_have_is_named() {
    let said = all_said_with(&[
        "do = \"restart\"\n",
        "do = true\n",
        "task = \"\"\n",
        "task = [\"imap\"]\n",
        "host = \" \"\n",
        "enabled = \"no\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:3: job.do: "restart" is not a valid job action; valid values: purge, cycle, report
    c.toml:3: job.do: must be a string in quotes, not a boolean
    c.toml:3: job.task: must not be empty
    c.toml:3: job.task: must be a string in quotes, not an array
    c.toml:3: job.host: must not be empty
    c.toml:3: job.enabled: must be true or false, not a string
    "#);
    let said = all_said_of(&["[[job]]\nname = \"\"\n", "[[job]]\nname = 1\n"]);
    insta::assert_snapshot!(said, @r"
    c.toml:2: job.name: must not be empty
    c.toml:2: job.name: must be a string in quotes, not the integer 1
    ");
}

#[test]
fn no_two_jobs_have_the_same_name() {
    let job = with("at = \"0 3 *\"\ndo = \"purge\"\n");
    insta::assert_snapshot!(all_said_of(&[&format!("{job}{job}")]), @r#"c.toml:6: job.name: job name "x" is already in use"#);
}

#[test]
fn jobs_are_a_list_of_tables() {
    let said = all_said_of(&[
        "\n[job]\nname = \"purge\"\n",
        "[job.purge]\nat = \"0 3 *\"\n",
        "job = \"purge\"\n",
        "job = [1]\n",
    ]);
    insta::assert_snapshot!(said, @r"
    c.toml:2: job: must be an array of tables, like [[job]], not a table
    c.toml:1: job: must be an array of tables, like [[job]], not a table
    c.toml:1: job: must be an array of tables, like [[job]], not a string
    c.toml:1: job: must be an array of tables, like [[job]], not the integer 1
    ");
}

#[test]
fn w5_an_interval_below_a_second_is_refused() {
    let said = all_said_with(&["every = \"0s\"\ndo = \"purge\"\n", "every = \"0\"\n"]);
    insta::assert_snapshot!(said, @r"
    c.toml:3: job.every: must be at least 1s, not 0s
    c.toml:3: job.every: must be at least 1s, not 0s
    ");
}

#[test]
fn d11_how_late_a_cycle_may_begin_is_a_duration_or_forever() {
    let cycle = "at = \"0 4 *\"\ndo = \"cycle\"\ntask = \"imap\"\n";
    let late = |late: &str| format!("{cycle}late = {late}\n");
    let said = all_said_with(&[
        &late("\"59s\""),
        &late("\"0\""),
        &late("\"never\""),
        &late("60"),
        "at = \"0 4 *\"\nlate = \"1h\"\ndo = \"purge\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:6: job.late: must be at least 1m, not 59s; jobs are checked once a minute
    c.toml:6: job.late: must be at least 1m, not 0s; jobs are checked once a minute
    c.toml:6: job.late: "never" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "forever"
    c.toml:6: job.late: must be a duration in quotes, like "30m", not the integer 60; or use "forever"
    c.toml:4: job.late: is only allowed with do = "cycle": a missed purge is always made up for, once
    "#);
}

#[test]
fn a_report_needs_a_file_and_has_no_keys_of_jobs_that_end_sessions() {
    let report = |keys: &str| format!("at = \"0 7 1\"\ndo = \"report\"\n{keys}");
    let file = |path: &str| report(&format!("file = \"{path}\"\n"));
    let keys = |keys: &str| file("/srv/r.html") + keys;
    let said = all_said_with(
        &[
            report(""),
            file("r.html"),
            file("/srv/r.pdf"),
            file("/srv/%Y/r.html"),
            file("/srv/%{db}.html"),
            keys("task = \"imap\"\n"),
            keys("max_rows = 1\n"),
            keys("late = \"1h\"\n"),
            keys("each = \"stdout\"\n"),
            keys("archive = \"a.jsonl\"\n"),
            keys("user = \"alice\"\n"),
            keys("since = \"1m\"\n"),
            keys(
                "[[job]]\nname = \"y\"\nat = \"0 7 *\"\ndo = \"report\"\nfile = \"/srv/r.html\"\n",
            ),
            "every = \"auto\"\ndo = \"report\"\nfile = \"/srv/r.html\"\n".to_owned(),
            "every = \"1h\"\ndo = \"purge\"\nfile = \"/srv/r.html\"\n".to_owned(),
            "every = \"1h\"\ndo = \"cycle\"\ntask = \"*\"\nsince = \"7d\"\n".to_owned(),
        ]
        .each_ref()
        .map(String::as_str),
    );
    insta::assert_snapshot!(said, @r#"
    c.toml:1: job.file: is required: where the report is written, like "/var/www/report.html"
    c.toml:5: job.file: "r.html" is not a valid report: use an absolute path, like "/var/www/report.html"
    c.toml:5: job.file: "/srv/r.pdf" is not a valid report: use a name that ends in .html, or in .txt for plain text
    c.toml:5: job.file: "/srv/%Y/r.html" is not a valid report: besides %{database}, only a date may be part of the file's own name: %Y-%m-%d or %Y-%m-%dT%H, or the beginning of one
    c.toml:5: job.file: "/srv/%{db}.html" is not a valid report: besides %{database}, only a date may be part of the file's own name: %Y-%m-%d or %Y-%m-%dT%H, or the beginning of one
    c.toml:6: job.task: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.max_rows: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.late: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.each: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.archive: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.user: is not allowed with do = "report": a report is about all sessions, ends none of them, and is made up for, once, if it was missed
    c.toml:6: job.since: must be at least 1h, not 1m
    c.toml:10: job.file: is already that of the job "x"
    c.toml:3: job.every: "auto" depends on the timeouts, which a report ignores: use at, or every with a duration
    c.toml:5: job.file: is only allowed with do = "report"
    c.toml:6: job.since: is only allowed with do = "report"
    "#);
}
