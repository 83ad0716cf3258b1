//! A host with thirty sites of six frameworks under ten users, some of them in trouble: found by
//! one command, and purged by one timer for a day.
//!
//! The host is a root directory of its own in mounts of its own: what sessctl reads under /etc and
//! keeps under /var/lib is the host's.

mod machine;
mod site;
mod trouble;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Finished;
use crate::support::external_programs::installed;
use machine::Machine;
use site::Site;

/// First second of the day, 2026-06-15 in UTC.
const MIDNIGHT: i64 = 1_781_481_600;
const HOURS: i64 = 24;
/// Hour in which the locked database is released.
const RELEASE: i64 = 2;
/// Each database is purged at a quarter past every hour.
const LAST_PURGE: i64 = MIDNIGHT + 23 * 3_600 + 15 * 60;

const CONFIG: &str = r#"
[guard]
clock = "off" # the day passes within a minute

[[job]]
name = "purge"
at = "15 * *"
do = "purge"
"#;

/// What the administrator adds to each entry.
const ADDED: &str = r#"
[database.notify]
on_failure = ["/opt/alert", "failed"]
on_recovery = ["/opt/alert", "well"]
"#;

/// Adds a line to a file for each call, with the user that it runs as.
const ALERT: &str = "#!/bin/sh
cat > /dev/null
echo \"$SESSCTL_DATABASE $1 $(id -u)\" >> /var/log/alerts
";

#[test]
#[ignore = "needs root, unshare, faketime and promtool"]
fn a_day_of_a_host_with_many_databases() {
    let machine = Machine::new();
    let sites = site::thirty(&machine);
    machine.set_clock(MIDNIGHT);
    discover_and_review(&machine);
    let locked = trouble::begin(&machine, &sites);
    for hour in 0..HOURS {
        if hour == RELEASE {
            locked.execute_batch("ROLLBACK").unwrap();
        }
        // Nothing is due at the first call.
        for minute in [0, 15] {
            machine.set_clock(MIDNIGHT + hour * 3_600 + minute * 60);
            let ran = machine.run("run --metrics-file /var/lib/metrics/sessctl.prom");
            check_reports(&ran, hour < RELEASE, minute == 15);
        }
    }
    for site in sites.iter().filter(|site| !trouble::FAILING.contains(&&*site.name)) {
        assert_eq!(site.left(), site.not_expired_at(LAST_PURGE), "{} {}", site.name, site.profile);
    }
    check_alerts(&machine, &sites);
    check_metrics(&machine, &sites);
    check_owners(&machine.path("srv"));
}

/// Writes the entries that `discover` suggests, after a look at them, and the configuration.
fn discover_and_review(machine: &Machine) {
    machine.file("etc/sessctl.toml", CONFIG, 0o644);
    machine.file("opt/alert", ALERT, 0o755);
    machine.file("var/log/alerts", "", 0o666);
    // Another file system is searched where it is named.
    let found = machine.run("discover --toml /srv /srv/small");
    let text = found.succeeds().stdout();
    let mut blocks = text.trim_end().split("\n\n");
    let mut reviewed = blocks.next().unwrap().to_owned();
    for entry in blocks {
        let entry: Vec<String> = entry.lines().map(review).collect();
        reviewed.extend(["\n\n", &entry.join("\n"), ADDED]);
    }
    machine.file("etc/sessctl.d/found.toml", &reviewed, 0o644);
}

/// A line after the administrator has looked at it: the Django sites have `USE_TZ = True`, and the
/// others keep sessions for two days.
fn review(line: &str) -> String {
    let chosen =
        ["[[database]]", "name = ", "path = ", "profile = \"django\" ", "parameters = { lifetime"];
    let is_chosen = |text: &&str| chosen.iter().any(|start| text.starts_with(start));
    let line = line.strip_prefix("# ").filter(is_chosen).unwrap_or(line);
    line.replace("\"2h\"", "\"2d\"")
}

/// Checks that a call names each database in trouble once, and no other.
fn check_reports(ran: &Finished, is_locked: bool, is_due: bool) {
    let said = ran.stderr();
    let mut lines = BTreeMap::<&str, usize>::new();
    for line in said.lines() {
        let name = line.strip_prefix("sessctl: ").and_then(|rest| rest.split_once(": "));
        *lines.entry(name.unwrap_or_else(|| panic!("{line}")).0).or_default() += 1;
    }
    let is_in_trouble =
        |name: &&str| trouble::FAILING.contains(name) || (*name == trouble::LOCKED && is_locked);
    assert!(lines.iter().all(|(name, count)| is_in_trouble(name) && *count == 1), "{said}");
    // Only a purge reads the damaged part of the file.
    ran.exits(if is_due { 12 } else { 1 });
    assert!(!is_due || trouble::FAILING.iter().all(|name| lines.contains_key(name)), "{said}");
}

/// Checks that each failure was announced once, with the privileges of the owner.
fn check_alerts(machine: &Machine, sites: &[Site]) {
    let said = fs::read_to_string(machine.path("var/log/alerts")).unwrap();
    let mut alerts: Vec<&str> = said.lines().collect();
    alerts.sort_unstable();
    let alert = |name: &str, state: &str| {
        let site = sites.iter().find(|site| site.name == name).unwrap();
        format!("{name} {state} {}", site.owner)
    };
    let failed = trouble::FAILING.iter().chain([&trouble::LOCKED]);
    let mut expected: Vec<String> = failed.map(|name| alert(name, "failed")).collect();
    // It was locked in more than three calls, and is in order again.
    expected.push(alert(trouble::LOCKED, "well"));
    expected.sort_unstable();
    assert_eq!(alerts, expected);
}

/// Checks that the metrics of all databases are in one file without a clash.
fn check_metrics(machine: &Machine, sites: &[Site]) {
    let text = fs::read_to_string(machine.path("var/lib/metrics/sessctl.prom")).unwrap();
    for site in sites {
        assert!(text.contains(&format!("database=\"{}\"", site.name)), "{}", site.name);
    }
    let file = fs::File::open(machine.path("var/lib/metrics/sessctl.prom")).unwrap();
    let mut promtool = Command::new(installed("promtool"));
    let checked = promtool.args(["check", "metrics"]).stdin(Stdio::from(file)).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
}

/// Checks that nothing below a directory belongs to root.
fn check_owners(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let found = fs::symlink_metadata(entry.path()).unwrap();
        assert_ne!(found.uid(), 0, "{}", entry.path().display());
        if found.is_dir() {
            check_owners(&entry.path());
        }
    }
}
