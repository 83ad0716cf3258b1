//! The directory for state that all users of a machine share. It is the system's own, so
//! each test has another one in its place, in a mount namespace.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::three;
use crate::support::{Finished, Sandbox};

/// Runs a script as root, with nothing in /var/lib. `owner` runs a command as the user who
/// owns the database and everything beside it, and `root` as root; both have a home.
const BEGIN: &str = r#"
set -eu
mount -t tmpfs -o mode=755 none /var/lib
mkdir home rootshome
chown -R 4242:4243 .
chown 0:0 rootshome
S=$PWD/program
in_env() { env -i PATH="$PATH" SESSCTL_DB=app.db SESSCTL_PROFILE=django TZ=UTC "$@"; }
owner() { in_env HOME="$PWD/home" setpriv --reuid=4242 --regid=4243 --clear-groups "$S" "$@"; }
root() { in_env HOME="$PWD/rootshome" "$S" "$@"; }
mode() { stat -c '%n %U:%G %u:%g %a' "$@" | sed 's/ [A-Za-z]*:[A-Za-z]* / /'; }
"#;

#[track_caller]
fn script(sandbox: &Sandbox, text: &str) -> String {
    sandbox.copy_program();
    std::fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &format!("{BEGIN}{text}")]);
    let ran = Finished(command.current_dir(sandbox.path(".")).output().unwrap());
    ran.succeeds().stdout()
}

#[test]
#[ignore = "needs root"]
fn root_makes_the_owners_directory() {
    let said = script(
        &three(),
        "root show stat -q >out; root purge --dry-run -q; root cycle --all --dry-run -q\n \
         test ! -e /var/lib/sessctl\n umask 077\n root purge 2>err\n \
         mode /var/lib/sessctl /var/lib/sessctl/*; root purge 2>err; ls -A /var/lib/sessctl",
    );
    assert_eq!(said, "/var/lib/sessctl 0:0 755\n/var/lib/sessctl/4242 4242:4243 700\n4242\n");
}

#[test]
#[ignore = "needs root"]
fn root_makes_a_directory_for_its_own_databases_too() {
    let said = script(
        &three(),
        "chown 0:0 . app.db; root purge; mode /var/lib/sessctl/*; root show runs -o csv | wc -l; \
         ls -A rootshome",
    );
    assert_eq!(said, "/var/lib/sessctl/root 0:0 700\n2\n");
}

#[test]
#[ignore = "needs root"]
fn state_in_the_owners_home_is_moved_once_the_shared_directory_is_there() {
    let said = script(
        &three(),
        "(cat /etc/passwd; echo clerk:x:4242:4243::$PWD/home:/bin/sh) > passwd\n \
         mount --bind passwd /etc/passwd\n \
         owner purge; ls home/.local/state/sessctl | wc -l; root purge 2>err; owner purge\n \
         ls home/.local/state/sessctl | wc -l; ls /var/lib/sessctl/clerk/*.db | wc -l\n \
         owner show runs --json | grep -c '\"run\": *1,'; owner show stat --json",
    );
    let (counts, stat) = said.split_once('[').unwrap();
    assert_eq!(counts, "1\n0\n1\n1\n");
    let stat: serde_json::Value = serde_json::from_str(&format!("[{stat}")).unwrap();
    assert_eq!(stat[0]["ended_expired"], 2, "{stat}");
}

#[test]
#[ignore = "needs root"]
fn state_of_a_user_who_had_no_name_is_moved_to_the_directory_of_the_name() {
    let said = script(
        &three(),
        "root purge 2>err; owner purge; ls /var/lib/sessctl/4242/*.db | wc -l\n \
         (cat /etc/passwd; echo clerk:x:4242:4243::/:/bin/sh) > passwd\n \
         mount --bind passwd /etc/passwd\n \
         root purge 2>err; owner purge; ls /var/lib/sessctl/clerk/*.db | wc -l\n \
         ls -A /var/lib/sessctl/4242; owner show runs --json | grep -c '\"run\": *1,'",
    );
    assert_eq!(said, "1\n1\n1\n");
}

#[test]
#[ignore = "needs root"]
fn a_directory_that_root_is_told_to_make_is_the_owners() {
    let said = script(
        &three(),
        "ln -s /var/lib /var/lib/own; mkdir /var/lib/named\n \
         root --state-dir /var/lib/own/named/state purge 2>err\n \
         mode /var/lib/named /var/lib/named/state\n \
         owner --state-dir /var/lib/named/state purge; ls /var/lib/named/state/*.db | wc -l",
    );
    assert_eq!(said, "/var/lib/named 0:0 755\n/var/lib/named/state 4242:4243 700\n1\n");
}

#[test]
#[ignore = "needs root"]
fn root_makes_no_directory_where_others_could_lead_it_elsewhere() {
    let said = script(
        &three(),
        "mkdir /var/lib/roots /var/lib/open; chmod 1777 /var/lib/open\n \
         ln -s /var/lib/roots link; chown -h 4242 link; ln -s /var/lib/roots /var/lib/open/link\n \
         chown -h 4242 /var/lib/open/link\n \
         for name in link/state $PWD/link/state mine/state /var/lib/open/link/state; do\n \
         root --state-dir $name purge 2>err || true; done; find /var/lib/roots -mindepth 1\n \
         find . -name state -user 0; find . -name mine -user 0",
    );
    assert_eq!(said, "");
}

#[test]
#[ignore = "needs root"]
fn the_system_directory_is_not_used_where_it_is_a_link_or_open_to_all() {
    let said = script(
        &three(),
        "mkdir /var/lib/roots; ln -s /var/lib/roots /var/lib/sessctl; root purge 2>err\n \
         ls /var/lib/roots; rm /var/lib/sessctl; mkdir -m 777 /var/lib/sessctl\n \
         root purge 2>err; ls /var/lib/sessctl; owner purge 2>err\n \
         grep -c 'writable by all users' err; ls home/.local/state/sessctl/*.db | wc -l",
    );
    assert_eq!(said, "1\n1\n");
}

#[test]
#[ignore = "needs root"]
fn state_that_root_made_is_not_the_owners_and_the_warning_says_whose_it_is() {
    let said = script(
        &three(),
        "mkdir -m 700 /var/lib/old; owner --state-dir /var/lib/old purge 2>err; cat err\n \
         owner --state-dir /var/lib/old show stat -q 2>err; cat err",
    );
    assert_eq!(said.matches("permission denied on \"/var/lib/old\"").count(), 2, "{said}");
    assert_eq!(
        said.matches("run sessctl as its owner (root), e.g. with sudo").count(),
        2,
        "{said}"
    );
    assert!(!said.contains("chown"), "{said}");
}

#[test]
#[ignore = "needs root"]
fn a_directory_of_the_owner_that_the_group_may_write_to_is_used() {
    let said = script(
        &three(),
        "mkdir sh; chown 4242 sh; chmod 2770 sh; owner --state-dir sh purge\n \
         owner --state-dir sh purge; owner --state-dir sh show runs -o csv | wc -l",
    );
    assert_eq!(said, "3\n");
}
