//! Options of the scheduled command.

use super::printed;
use crate::support::Sandbox;

fn refusal(options: &[&str]) -> String {
    let sandbox = Sandbox::without_database();
    let print = ["schedule", "print", "cron", "15 * *", "--"].into_iter();
    sandbox
        .run(print.chain(options.iter().copied()).collect::<Vec<_>>())
        .is_refused_with(2)
        .stderr()
}

#[test]
fn options_of_the_purge_are_repeated_with_full_paths() {
    let sandbox = Sandbox::without_database();
    let lines = [
        &["--run-time", "5m", "--task=imap"][..],
        &["--max-rows=100", "--archive", "old/%Y-%m-%d.jsonl", "--why", "100% by cron"],
        &["--metrics-file", "m.prom", "--fast", "-q"],
        &["--each=syslog", "-o", "jsonl"],
        &["--each"],
    ];
    let line =
        |options: &&[&str]| printed(&sandbox, &[&["cron", "15 * *", "--"], *options].concat());
    insta::assert_snapshot!(lines.iter().map(line).collect::<String>(), @r#"
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge --run-time 5m --task imap
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge --max-rows 100 --archive '/srv/old/\%Y-\%m-\%d.jsonl' --why '100\% by cron'
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge --fast --metrics-file /srv/m.prom --quiet
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge '--each=syslog' --output jsonl
    15 * * * * /usr/bin/sessctl --db /srv/app.db purge '--each=stdout'
    "#);
    let unit = printed(&sandbox, &["systemd", "--", "--metrics-file", "metrics/m.prom"]);
    assert!(unit.contains("purge --metrics-file /srv/metrics/m.prom\n"), "{unit}");
    assert!(unit.contains("\nReadWritePaths=/srv\nReadWritePaths=/srv/metrics\n"), "{unit}");
}

#[test]
fn options_of_a_run_are_those_of_run() {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", "[[job]]\nname = \"purge\"\nat = \"15 * *\"\ndo = \"purge\"\n");
    let with = |options: &[&str]| {
        let print = ["schedule", "print", "cron", "--config", "c.toml", "--"].into_iter();
        sandbox.run(print.chain(options.iter().copied()).collect::<Vec<_>>())
    };
    assert!(with(&["--wait", "5m"]).succeeds().stdout().ends_with(" run --wait 5m\n"));
    with(&["--run-time", "5m"]).is_refused_with(2);
    with(&["--watch"]).is_refused_with(2);
}

#[test]
fn a_mistake_is_found_when_the_schedule_is_printed() {
    let wrong = [
        &["--run-tim", "5m"][..],
        &["--run-time", "soon"],
        &["--fast", "--hold", "2ms"],
        &["--dry-run"],
        &["--accept-clock"],
        &["--user", "alice"],
        &["--db", "x.db"],
        &["purge"],
        &["--help"],
    ];
    insta::assert_snapshot!(wrong.map(refusal).concat(), @r#"
    sessctl: unknown option "--run-tim" for "purge": did you mean "--run-time"?
    sessctl: invalid --run-time "soon": use a whole number and a unit, such as 90s, 15m, 2h or 30d
    sessctl: --fast and --hold exclude each other
    sessctl: --dry-run makes no sense in a schedule: it changes nothing
    sessctl: --accept-clock makes no sense in a schedule: it would disable the guard against a wrong clock at each run
    sessctl: a purge takes all sessions that are due, or those of a --task; to list some of them, add --dry-run; to end some sessions now, use `sessctl cycle`
    sessctl: pass --db before `--`, which only options of purge follow
    sessctl: unexpected argument "purge" for "purge": did you mean "--user purge" or "--task purge"?
    sessctl: after `--`, use options of the scheduled command
    "#);
}
