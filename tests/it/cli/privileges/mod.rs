//! Root works on a database with the privileges of the file's owner.

mod exchanged_directories;
mod helper;
mod identity;
mod watch;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Finished, HOUR, MINUTE, Sandbox, row, set_mode};

/// Two users that no system has an entry for.
const APP: u32 = 1_234_567;
const OTHER: u32 = 1_234_568;

/// The directory of an application, `srv`, which belongs to [`APP`] with all that is in it.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    /// With a database of the application's in which one session of three is due.
    fn new() -> Self {
        let sandbox = Sandbox::new();
        set_mode(&sandbox.path("."), 0o755);
        for (token, idle) in [("live", MINUTE), ("also live", MINUTE), ("due", HOUR)] {
            sandbox.insert(&row(token).idle(idle));
        }
        let host = Self { sandbox };
        fs::create_dir(host.path("srv")).unwrap();
        host.move_to(APP, "app.db", "srv/app.db");
        chown(host.path("srv"), Some(APP), Some(APP)).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    /// Moves a file, and gives it to a user.
    fn move_to(&self, user: u32, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
        chown(self.path(to), Some(user), Some(user)).unwrap();
    }

    /// A directory that belongs to a user.
    fn directory_of(&self, user: u32, name: &str) -> PathBuf {
        fs::create_dir(self.path(name)).unwrap();
        chown(self.path(name), Some(user), Some(user)).unwrap();
        self.path(name)
    }

    fn run(&self, args: &str) -> Finished {
        self.sandbox.run(args.split_whitespace())
    }

    fn count_of_rows(&self, db: &str) -> i64 {
        let db = rusqlite::Connection::open(self.path(db)).unwrap();
        db.query_row("SELECT count(*) FROM sessions WHERE ended_at IS NULL", [], |row| row.get(0))
            .unwrap()
    }
}

/// The owners of all files in a directory, by their names.
fn owners(directory: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut owners: Vec<_> = entries
        .map(|entry| {
            let found = fs::symlink_metadata(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), found.uid())
        })
        .collect();
    owners.sort();
    owners
}

#[test]
#[ignore = "needs root"]
fn a_purge_by_root_works_with_the_privileges_of_the_owner() {
    let host = Host::new();
    host.sandbox.file(
        "c.toml",
        "[hooks]\non_end = [\"sh\", \"-c\", \"id -u > srv/hook; cat > /dev/null\"]\n",
    );
    let purged = host.run("--db srv/app.db --config c.toml purge -v");
    purged.succeeds();
    assert_eq!(
        purged.stderr().lines().next().unwrap(),
        format!("sessctl: working with the privileges of user {APP}, the owner of the database")
    );
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
    assert_eq!(fs::read_to_string(host.path("srv/hook")).unwrap(), format!("{APP}\n"));
    assert!(owners(&host.path("srv")).iter().all(|(_, owner)| *owner == APP));
    let runs = host.run("--db srv/app.db show runs --json").succeeds().json();
    assert_eq!(runs[0]["user"], APP.to_string());
    let settings = host.run("--db srv/app.db show config --json").succeeds().json();
    let user = settings.as_array().unwrap().iter().find(|row| row["key"] == "user").unwrap();
    assert_eq!(
        (&user["value"], &user["from"]),
        (&format!("user {APP}").into(), &"owner of srv/app.db".into())
    );
}

#[test]
#[ignore = "needs root"]
fn a_job_of_root_writes_its_report_as_the_owner() {
    let host = Host::new();
    let run = |directory: &str| {
        let file = host.path(directory).join("r.html");
        // A job that is new runs if one of its times is in the last minute.
        let job = format!(
            "[[job]]\nname = {directory:?}\nat = \"* * *\"\ndo = \"report\"\nfile = {file:?}\n"
        );
        host.sandbox.file("jobs.toml", job);
        host.run("--db srv/app.db --config jobs.toml run")
    };
    run("srv").succeeds().is_silent();
    let report = fs::metadata(host.path("srv/r.html")).unwrap();
    assert_eq!((report.uid(), report.mode() & 0o777), (APP, 0o644));
    // What only root may write is not written.
    host.directory_of(0, "root");
    let told = run("root").exits(1).stderr();
    assert!(told.contains("could not write the report"), "{told}");
    assert_eq!(fs::read_dir(host.path("root")).unwrap().count(), 0);
}

#[test]
#[ignore = "needs root"]
fn what_the_owner_may_not_write_root_does_not_write_for_it() {
    let host = Host::new();
    set_mode(&host.path("srv/app.db"), 0o444);
    let refused = host.run("--db srv/app.db purge");
    refused.exits(1);
    assert!(refused.stderr().contains("srv/app.db"), "{}", refused.stderr());
    assert_eq!(host.count_of_rows("srv/app.db"), 3);
    host.run("--db srv/app.db --as 0 purge").succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
}

#[test]
#[ignore = "needs root"]
fn a_new_database_belongs_to_the_owner_of_its_directory() {
    let host = Host::new();
    host.run("--db srv/new.db init").succeeds();
    let made = fs::metadata(host.path("srv/new.db")).unwrap();
    assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (APP, APP, 0o600));
}

#[test]
#[ignore = "needs root"]
fn a_link_of_a_third_user_is_not_followed_to_a_database() {
    let host = Host::new();
    host.directory_of(OTHER, "home");
    symlink("../srv/app.db", host.path("home/app.db")).unwrap();
    let by_root = host.run("--db home/app.db purge");
    by_root.succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
    std::os::unix::fs::lchown(host.path("home/app.db"), Some(OTHER), Some(OTHER)).unwrap();
    for command in ["purge", "list", "cycle imap", "show stat"] {
        let reason = host.run(&format!("--db home/app.db {command}")).is_refused_with(4).stderr();
        assert!(reason.contains("passes through the symbolic link"), "{reason}");
        assert!(
            reason.contains(&OTHER.to_string()) && reason.contains(&APP.to_string()),
            "{reason}"
        );
    }
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
}

#[test]
#[ignore = "needs root"]
fn a_directory_of_a_third_user_on_the_way_is_passed_with_the_owners_privileges() {
    let host = Host::new();
    let home = host.directory_of(OTHER, "home");
    fs::rename(host.path("srv"), home.join("srv")).unwrap();
    host.run("--db home/srv/app.db purge").succeeds();
    assert_eq!(host.count_of_rows("home/srv/app.db"), 2);
    set_mode(&home, 0o700);
    let reason = host.run("--db home/srv/app.db purge").exits(1).stderr();
    assert!(reason.contains("home/srv/app.db"), "{reason}");
    set_mode(&home, 0o755);
    set_mode(&host.path("."), 0o700);
    let reason = host.run("--db home/srv/app.db purge").exits(1).stderr();
    assert!(reason.contains("no search permission for directory \"/"), "{reason}");
}

#[test]
#[ignore = "needs root"]
fn a_file_of_roots_that_others_could_replace_is_refused() {
    let host = Host::new();
    chown(host.path("srv/app.db"), Some(0), Some(0)).unwrap();
    for command in ["purge", "show stat", "init", "compact"] {
        let reason = host.run(&format!("--db srv/app.db {command}")).is_refused_with(4).stderr();
        assert!(reason.contains("but other users could replace it"), "{reason}");
        assert!(reason.contains(&format!("user {APP} owns the directory")), "{reason}");
    }
    assert_eq!(host.count_of_rows("srv/app.db"), 3);
    host.run("--db srv/app.db --as root purge").succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
}

#[test]
#[ignore = "needs root"]
fn a_missing_database_in_a_directory_of_everyone_is_missing_at_once() {
    let host = Host::new();
    let shared = host.path("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    // Whoever may create the file may do so between a look and the opening of it.
    host.run("--db shared/app.db purge").is_refused_with(10);
    host.run("--db shared/app.db init").succeeds();
    assert_eq!(owners(&shared), [("app.db".to_owned(), 0)]);
    host.run("--db shared/app.db purge").succeeds();
    // Whoever may create files beside it may give it a journal.
    fs::write(shared.join("app.db-journal"), "").unwrap();
    chown(shared.join("app.db-journal"), Some(OTHER), Some(OTHER)).unwrap();
    host.run("--db shared/app.db purge").is_refused_with(4);
    fs::remove_file(shared.join("app.db-journal")).unwrap();
    // Without the sticky bit they may replace it.
    set_mode(&shared, 0o777);
    host.run("--db shared/app.db purge").is_refused_with(4);
    host.run("--db shared/new.db init").is_refused_with(4);
    // But nobody else comes to a directory below one that is root's alone.
    fs::create_dir(host.path("private")).unwrap();
    set_mode(&host.path("private"), 0o700);
    fs::rename(&shared, host.path("private/shared")).unwrap();
    host.run("--db private/shared/app.db purge").succeeds();
    host.run("--db private/shared/new.db init").succeeds();
}

#[test]
#[ignore = "needs root"]
fn metrics_go_where_only_root_may_write() {
    let host = Host::new();
    fs::create_dir(host.path("metrics")).unwrap();
    set_mode(&host.path("metrics"), 0o700);
    for command in ["purge", "show stat"] {
        host.run(&format!("--db srv/app.db {command} --metrics-file metrics/s.prom")).succeeds();
        let file = host.path("metrics/s.prom");
        assert_eq!(fs::metadata(&file).unwrap().uid(), 0);
        assert!(fs::read_to_string(&file).unwrap().contains("task=\"imap\""), "{command}");
        fs::remove_file(file).unwrap();
    }
    let failed = host.run("--db srv/app.db purge --metrics-file missing/s.prom");
    failed.exits(1);
    assert!(failed.stderr().contains("could not write \"missing/s.prom\""), "{}", failed.stderr());
}

#[test]
#[ignore = "needs root"]
fn an_archive_of_root_is_out_of_the_owners_reach() {
    let host = Host::new();
    fs::create_dir(host.path("kept")).unwrap();
    set_mode(&host.path("kept"), 0o700);
    host.sandbox.file("kept/a-2020-01-01.jsonl", "{\"archive\":1,");
    host.sandbox.file("c.toml", "[archive]\nfile = \"kept/a-%Y-%m-%d.jsonl\"\nkeep = \"30d\"");
    let archives = || owners(&host.path("kept"));
    host.run("--config c.toml --db srv/app.db purge").succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 2);
    let [(name, 0)] = &archives()[..] else { panic!("{:?}", archives()) };
    let archive = host.path("kept").join(name);
    assert_eq!(fs::metadata(&archive).unwrap().mode() & 0o777, 0o600);
    host.run(&format!("--db srv/app.db restore kept/{name}")).succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 3);
    host.run("--db srv/app.db cycle --all --archive kept/cycled.jsonl.zst").succeeds();
    host.run("--db srv/app.db restore kept/cycled.jsonl.zst").succeeds();
    assert_eq!(host.count_of_rows("srv/app.db"), 3);
    // A file of the owner's is not written by root.
    host.move_to(APP, "c.toml", "srv/a.jsonl");
    let failed = host.run("--db srv/app.db cycle --all --archive srv/a.jsonl");
    assert!(failed.exits(1).stderr().contains("it belongs to"), "{}", failed.stderr());
    assert_eq!(host.count_of_rows("srv/app.db"), 3);
}

#[test]
#[ignore = "needs root"]
fn what_only_root_may_read_decides_all_the_same() {
    let host = Host::new();
    fs::create_dir(host.path("etc")).unwrap();
    host.sandbox.file("etc/c.toml", "db = \"../srv/app.db\"\n");
    set_mode(&host.path("etc"), 0o700);
    set_mode(&host.path("etc/c.toml"), 0o600);
    let mut command =
        host.sandbox.command(["--config", "etc/c.toml", "show", "stat", "-o", "plain"]);
    let stat = Finished(command.env_remove("SESSCTL_DB").output().unwrap());
    stat.succeeds();
    assert!(stat.stdout().contains("imap.sessions.live 2"), "{}", stat.stdout());
}

#[test]
#[ignore = "needs root"]
fn only_root_takes_the_privileges_of_another_user() {
    let host = Host::new();
    set_mode(&host.sandbox.copy_program(), 0o755);
    let run = |user: u32, args: &[&str]| {
        let user = user.to_string();
        let args = ["--as", &user].into_iter().chain(args.iter().copied());
        Finished(host.sandbox.command_as(APP, args).output().unwrap())
    };
    let args = ["--db", "srv/app.db", "show", "stat"];
    run(APP, &args).succeeds();
    let reason = run(OTHER, &args).is_refused_with(2).stderr();
    assert!(reason.contains("only root can take another user's privileges"), "{reason}");
    let reason = host.run("--as 0 schedule check 15").exits(2).stderr();
    assert!(reason.contains("uses no database"), "{reason}");
    let reason = host.run("--as no-such-user --db srv/app.db list").is_refused_with(2).stderr();
    assert!(reason.contains("unknown user \"no-such-user\""), "{reason}");
}

#[test]
#[ignore = "needs root"]
fn the_hook_of_an_owner_has_neither_the_terminal_nor_the_environment_of_root() {
    let host = Host::new();
    let hook = "read -r pid name state parent group session rest < /proc/$$/stat; \
                echo $$ $session ${SECRET-none} > srv/hook; cat > /dev/null";
    host.sandbox.file("c.toml", format!("[hooks]\non_end = [\"sh\", \"-c\", {hook:?}]\n"));
    let mut command = host.sandbox.command(["--db", "srv/app.db", "--config", "c.toml", "purge"]);
    Finished(command.env("SECRET", "of root").output().unwrap()).succeeds();
    let written = fs::read_to_string(host.path("srv/hook")).unwrap();
    let words: Vec<&str> = written.split_whitespace().collect();
    assert_eq!(words[0], words[1], "it leads a session of its own");
    assert_eq!(words[2..], ["none"]);
}

#[test]
#[ignore = "needs root"]
fn a_move_works_on_the_files_of_one_owner() {
    let host = Host::new();
    // Given a database of root's, and a link of the application's to another one of root's
    let roots = host.path("root");
    fs::create_dir(&roots).unwrap();
    host.run("--db root/source.db init").succeeds();
    host.run("--db root/other.db init").succeeds();
    set_mode(&roots, 0o700);
    let link = host.path("srv/copy.db");
    symlink(roots.join("other.db"), &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(APP), Some(APP)).unwrap();
    let to = |to: &str| format!("move --from root/source.db --to {to}");
    host.run(&to("srv/copy.db")).is_refused_with(4);
    let reason = host.run(&to("srv/new.db")).is_refused_with(4).stderr();
    assert!(reason.contains("pass --as USER for a user who may use both"), "{reason}");
    host.run("move --from srv/app.db --to srv/new.db").succeeds();
    assert_eq!(fs::metadata(host.path("srv/new.db")).unwrap().uid(), APP);
}

#[test]
#[ignore = "needs root"]
fn a_unit_is_not_printed_for_the_owner_of_a_strangers_link() {
    let host = Host::new();
    host.directory_of(OTHER, "home");
    symlink("../srv/app.db", host.path("home/app.db")).unwrap();
    std::os::unix::fs::lchown(host.path("home/app.db"), Some(OTHER), Some(OTHER)).unwrap();
    host.run("--db home/app.db schedule print systemd").is_refused_with(4);
}
