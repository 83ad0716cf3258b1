//! Several databases in one configuration.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::Command;

use crate::support::processes::Watch;
use crate::support::{Finished, HOUR, JOBS_HAVE_WAITED, Sandbox, row, set_mode};

const BLOG: &str =
    "[[database]]\nname = \"blog\"\npath = \"../blog.db\"\nlabels = { team = \"b\" }\n";

/// With the databases shop.db, in the configuration file, and blog.db, in its directory.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    fs::copy(sandbox.path("app.db"), sandbox.path("shop.db")).unwrap();
    fs::rename(sandbox.path("app.db"), sandbox.path("blog.db")).unwrap();
    fs::create_dir(sandbox.path("c.d")).unwrap();
    sandbox.file(
        "c.toml",
        "[policy]\ntimeout = \"20m\"\n\n[[database]]\nname = \"shop\"\npath = \"shop.db\"\n\
         [database.policy]\ntimeout = \"40m\"\n",
    );
    sandbox.file("c.d/blog.toml", BLOG);
    sandbox
}

/// A command without a database in the environment.
fn command(sandbox: &Sandbox, args: &str) -> Command {
    let mut command = sandbox.command(["--config", "c.toml"].into_iter().chain(args.split(' ')));
    command.env_remove("SESSCTL_DB");
    command
}

fn run(sandbox: &Sandbox, args: &str) -> Finished {
    Finished(command(sandbox, args).output().unwrap())
}

/// The number of sessions that have not ended.
fn live(sandbox: &Sandbox, db: &str) -> i64 {
    let db = rusqlite::Connection::open(sandbox.path(db)).unwrap();
    db.query_row("SELECT count(*) FROM sessions WHERE ended_at IS NULL", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_database_is_selected_by_its_name() {
    let sandbox = sandbox();
    run(&sandbox, "--db shop purge").succeeds().is_silent();
    assert_eq!((live(&sandbox, "shop.db"), live(&sandbox, "blog.db")), (0, 1));
    let mut by_variable = command(&sandbox, "purge");
    by_variable.env("SESSCTL_DB", "blog");
    Finished(by_variable.output().unwrap()).succeeds();
    assert_eq!(live(&sandbox, "blog.db"), 0);
}

#[test]
fn a_name_wins_over_a_file_and_a_path_selects_its_settings() {
    let sandbox = sandbox();
    fs::copy(sandbox.path("blog.db"), sandbox.path("shop")).unwrap();
    run(&sandbox, "--db shop purge").succeeds();
    assert_eq!((live(&sandbox, "shop.db"), live(&sandbox, "shop")), (0, 1));
    let timeout = |db: &str| {
        let shown = run(&sandbox, &format!("--db {db} show config --json")).succeeds().json();
        let setting = shown.as_array().unwrap().iter().find(|it| it["key"] == "policy.timeout");
        setting.unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        ["shop", "shop.db", "./shop.db", "./shop", "blog"].map(timeout),
        ["40m", "40m", "40m", "20m", "20m"]
    );
}

#[test]
fn without_a_name_several_databases_are_listed_and_the_only_one_is_used() {
    let sandbox = sandbox();
    let refused = run(&sandbox, "purge");
    insta::assert_snapshot!(refused.is_refused_with(2).stderr(), @"sessctl: no database given: pass --db NAME, or --all-databases; configured databases: shop, blog");
    fs::remove_file(sandbox.path("c.d/blog.toml")).unwrap();
    run(&sandbox, "purge").succeeds();
    assert_eq!((live(&sandbox, "shop.db"), live(&sandbox, "blog.db")), (0, 1));
    // A broken file may contain others.
    sandbox.file("c.d/blog.toml", "x = 1\n");
    let refused = run(&sandbox, "purge");
    assert!(refused.exits(2).stderr().contains("no database given"), "{}", refused.stderr());
}

#[test]
fn all_databases_are_offered_by_the_commands_that_can_serve_them() {
    let sandbox = sandbox();
    let said = |args: &str| {
        let refused = run(&sandbox, args);
        let said = refused.stdout() + &refused.stderr();
        assert!(said.contains("no database given: pass --db NAME"), "{args}: {said}");
        assert!(said.contains("; configured databases: shop, blog"), "{args}: {said}");
        said.contains("--all-databases")
    };
    for args in ["purge", "show stat", "show runs", "show schedule", "doctor"] {
        assert!(said(args), "{args}");
        run(&sandbox, &format!("{args} --all-databases --help")).succeeds();
    }
    for args in ["list", "compact", "cycle --all", "check", "show users", "show tasks", "init"] {
        assert!(!said(args), "{args}");
        run(&sandbox, &format!("{args} --all-databases")).exits(if args == "check" {
            3
        } else {
            2
        });
    }
}

#[test]
fn init_creates_nothing_where_the_table_is_that_of_a_framework() {
    let sandbox = sandbox();
    sandbox.file(
        "c.d/wiki.toml",
        "[[database]]\nname = \"wiki\"\npath = \"../wiki.db\"\nprofile = \"django\"\n",
    );
    let refused = run(&sandbox, "--db wiki init");
    insta::assert_snapshot!(refused.is_refused_with(2).stderr(), @r#"sessctl: init creates a table of sessctl's own, and the configuration names the profile "django" for "c.d/../wiki.db", whose table its application creates: correct the path, or omit the profile"#);
    let refused = run(&sandbox, "--db new.db --profile laravel init").is_refused_with(2).stderr();
    assert!(refused.contains("--profile names the profile \"laravel\""), "{refused}");
    let mut by_variable = command(&sandbox, "--db new.db init");
    let refused = Finished(by_variable.env("SESSCTL_PROFILE", "laravel").output().unwrap());
    let refused = refused.is_refused_with(2).stderr();
    assert!(refused.contains("SESSCTL_PROFILE names the profile"), "{refused}");
    assert!(!sandbox.path("wiki.db").exists() && !sandbox.path("new.db").exists());
    run(&sandbox, "--db new.db init").succeeds();
}

#[test]
fn show_config_shows_the_file_and_the_line_of_each_value() {
    let sandbox = sandbox();
    let shown = |args: &str| {
        let ran = run(&sandbox, &format!("{args} show config"));
        let lines = ran.succeeds().stdout();
        let is_shown = |line: &&str| line.contains("database") || line.contains("  file  ");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.lines().filter(is_shown).map(words).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(shown("--db blog"), @"
    database blog flag --db
    db ../blog.db file c.d/blog.toml:3
    labels.team b file c.d/blog.toml:4
    policy.timeout 20m file c.toml:2
    ");
    insta::assert_snapshot!(shown("--db shop"), @"
    database shop flag --db
    db shop.db file c.toml:6
    policy.timeout 40m file c.toml:8
    ");
    let general = command(&sandbox, "show config").output().unwrap();
    let general = Finished(general).succeeds().stdout();
    let general: Vec<String> = general
        .lines()
        .filter(|line| line.starts_with("database"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(general.join("\n"), @"
    database.shop shop.db file c.toml:5
    database.blog ../blog.db file c.d/blog.toml:2
    ");
}

#[test]
fn a_broken_file_disables_its_databases_alone() {
    let sandbox = sandbox();
    sandbox.file("c.d/other.toml", "[[database]]\nname = \"other\"\npath = \"o.db\"\nx = 1\n");
    fs::create_dir(sandbox.path("c.d/directory.toml")).unwrap();
    sandbox.file("c.d/.hidden.toml", "x = 1\n");
    sandbox.file("c.d/notes.txt", "x = 1\n");
    let ran = run(&sandbox, "--db shop purge");
    insta::assert_snapshot!(ran.exits(2).stderr(), @r#"
    sessctl: could not read "c.d/directory.toml": it is not a regular file; the databases of this file are disabled
    sessctl: c.d/other.toml:4: database.x: unknown key; valid keys: name, path, address, as, labels, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster; the database other is disabled
    "#);
    assert_eq!(live(&sandbox, "shop.db"), 0);
    let ran = run(&sandbox, "--db other purge");
    insta::assert_snapshot!(ran.exits(2).stderr(), @r#"
    sessctl: could not read "c.d/directory.toml": it is not a regular file; the databases of this file are disabled
    sessctl: c.d/other.toml:4: database.x: unknown key; valid keys: name, path, address, as, labels, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster; the database other is disabled
    sessctl: cannot use "other" until its configuration is corrected
    "#);
    // What is worse determines the exit code, and what is not does not.
    let missing = "[[database]]\nname = \"missing\"\npath = \"m.db\"\n";
    sandbox.file("c.d/missing.toml", missing);
    run(&sandbox, "--db missing purge").exits(2);
    fs::write(sandbox.path("shop.db"), "SQLite format 3\0damaged").unwrap();
    run(&sandbox, "--db shop purge").exits(2);
}

#[test]
fn a_monitor_is_warned_of_a_broken_file() {
    let sandbox = sandbox();
    run(&sandbox, "--db shop purge").succeeds();
    run(&sandbox, "--db shop check").succeeds();
    sandbox.file("c.d/other.toml", "x = 1\n");
    let ran = run(&sandbox, "--db shop check");
    assert!(ran.exits(1).stdout().contains("mistakes in the configuration"), "{}", ran.stdout());
}

#[test]
fn a_mistyped_name_is_corrected() {
    let sandbox = sandbox();
    let said = ["shpo", "intranet", "x/shpo"]
        .map(|name| run(&sandbox, &format!("--db {name} purge")).is_refused_with(10).stderr());
    insta::assert_snapshot!(said.concat(), @r#"
    sessctl: no database at "shpo": there is no such file, and no such name is configured; did you mean shop?
    sessctl: no database at "intranet": there is no such file, and the configured names are shop, blog
    sessctl: no database at "x/shpo": directory "x" does not exist
    "#);
    // A new file may have any name.
    run(&sandbox, "--db shpo init").succeeds();
}

#[test]
fn metrics_have_the_name_and_the_labels_of_their_database() {
    let sandbox = sandbox();
    let stat = run(&sandbox, "--db blog show stat -o prometheus").succeeds().stdout();
    let series = stat.lines().filter(|line| !line.starts_with('#'));
    assert!(series.clone().count() > 3);
    for line in series {
        assert!(line.contains("{database=\"blog\",team=\"b\""), "{line}");
    }
    run(&sandbox, "--db blog purge --metrics-file m.prom").succeeds();
    let metrics = fs::read_to_string(sandbox.path("m.prom")).unwrap();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.contains("{database=\"blog\",team=\"b\""), "{line}");
    }
    let stat = run(&sandbox, "--db ./other.db init").succeeds().stdout();
    assert!(!stat.contains("database="), "{stat}");
}

#[test]
fn commands_for_schedulers_and_people_repeat_the_name() {
    let sandbox = sandbox();
    let cron = run(&sandbox, "--db blog schedule print cron").succeeds().stdout();
    assert!(cron.contains(" --db blog purge"), "{cron}");
    let words = ["__complete", "--", "--config", "c.toml", "--db", ""];
    let offered = sandbox.run(words).succeeds().stdout();
    assert_eq!(offered.lines().collect::<Vec<_>>(), ["files", "shop", "blog"]);
}

#[test]
fn a_watch_of_one_database_follows_the_files_of_all() {
    let sandbox = sandbox();
    let job = |name: &str| {
        format!("{BLOG}[[database.job]]\nname = \"{name}\"\nevery = \"30s\"\ndo = \"purge\"\n")
    };
    sandbox.file("c.d/blog.toml", job("tidy"));
    run(&sandbox, "--db blog run").succeeds();
    let db = rusqlite::Connection::open(sandbox.path("blog.db")).unwrap();
    db.execute_batch(&JOBS_HAVE_WAITED.join(";")).unwrap();
    drop(db);
    let mut watch = Watch::start(command(&sandbox, "--db blog run --watch -v"));
    watch.says("tidy: done; marked 0, ended 1, deleted 0");
    sandbox.file("c.d/other.toml", "x = 1\n");
    watch.says("other.toml:1: x: unknown key");
    watch.says("reloaded the configuration");
    sandbox.file("c.d/blog.toml", BLOG.replace("blog.db\"", "blog.db\"\nx = 1"));
    watch.says("blog.toml:4: database.x: unknown key");
    watch.says("the previous configuration stays in force");
    fs::remove_file(sandbox.path("c.d/blog.toml")).unwrap();
    watch.says("no database with the name \"blog\" is configured; the previous");
    sandbox.file("c.d/blog.toml", job("other"));
    watch.says("reloaded the configuration");
    assert_eq!(watch.stop(), Some(143));
}

/// A user without an entry anywhere.
const OTHER: u32 = 424_243;

#[test]
#[ignore = "needs root"]
fn root_refuses_a_file_that_others_can_change_and_works_on_the_others() {
    let sandbox = sandbox();
    set_mode(&sandbox.path("."), 0o755);
    chown(sandbox.path("c.d/blog.toml"), Some(OTHER), Some(OTHER)).unwrap();
    let ran = run(&sandbox, "--db shop purge");
    let said = ran.exits(2).stderr();
    assert!(said.contains("users other than root could change the configuration"), "{said}");
    assert!(said.contains("the databases of this file are disabled"), "{said}");
    assert_eq!(live(&sandbox, "shop.db"), 0);
}

#[test]
#[ignore = "needs root"]
fn root_works_as_the_user_of_the_database() {
    let sandbox = sandbox();
    set_mode(&sandbox.path("."), 0o755);
    sandbox.file("c.d/blog.toml", format!("{BLOG}as = \"{OTHER}:{OTHER}\"\n"));
    fs::create_dir(sandbox.path("new")).unwrap();
    chown(sandbox.path("new"), Some(OTHER), Some(OTHER)).unwrap();
    let text = fs::read_to_string(sandbox.path("c.d/blog.toml")).unwrap();
    sandbox.file("c.d/blog.toml", text.replace("../blog.db", "../new/blog.db"));
    run(&sandbox, "--db blog init").succeeds();
    assert_eq!(fs::metadata(sandbox.path("new/blog.db")).unwrap().uid(), OTHER);
    let ran = run(&sandbox, "--db blog -v purge");
    assert!(ran.succeeds().stderr().contains("as the configuration requests"), "{}", ran.stderr());
    let shown = run(&sandbox, "--db blog show config").succeeds().stdout();
    let user = shown.lines().find(|line| line.starts_with("user")).unwrap();
    assert!(user.ends_with("c.d/blog.toml:5"), "{user}");
    // Other databases belong to root, and the option takes precedence.
    let ran = run(&sandbox, "--db shop -v purge");
    assert!(!ran.succeeds().stderr().contains("privileges"), "{}", ran.stderr());
    let ran = run(&sandbox, "--db blog --as 0:0 show config");
    assert!(ran.exits(0).stdout().lines().any(|line| line.ends_with("--as")), "{}", ran.stdout());
}

#[test]
#[ignore = "needs root"]
fn a_watch_reads_files_again_that_only_root_may_read() {
    let sandbox = sandbox();
    set_mode(&sandbox.path("."), 0o755);
    let job = |name: &str| {
        format!("{BLOG}[[database.job]]\nname = \"{name}\"\nevery = \"30s\"\ndo = \"purge\"\n")
    };
    sandbox.file("c.d/blog.toml", job("tidy").replace("../blog.db", "../new/blog.db"));
    set_mode(&sandbox.path("c.d"), 0o700);
    fs::create_dir(sandbox.path("new")).unwrap();
    fs::rename(sandbox.path("blog.db"), sandbox.path("new/blog.db")).unwrap();
    for name in ["new", "new/blog.db"] {
        chown(sandbox.path(name), Some(OTHER), Some(OTHER)).unwrap();
    }
    let mut watch = Watch::start(command(&sandbox, "--db blog run --watch -v"));
    watch.says("working with the privileges of user");
    // It has read the files.
    watch.says("job.tidy.every");
    sandbox.file("c.d/other.toml", "x = 1\n");
    watch.says("other.toml:1: x: unknown key");
    watch.says("reloaded the configuration");
    sandbox.file("c.d/blog.toml", job("other").replace("../blog.db", "../new/blog.db"));
    watch.says("reloaded the configuration");
    assert_eq!(watch.stop(), Some(143));
}

const REPORT: &str = "[[job]]\nname = \"r\"\nat = \"0 7 1\"\ndo = \"report\"\n";

#[test]
fn two_databases_do_not_write_the_same_report() {
    let sandbox = Sandbox::without_database();
    let entry = |name: &str| format!("[[database]]\nname = \"{name}\"\npath = \"{name}.db\"\n");
    let (shop, blog) = (entry("shop"), entry("blog"));
    let report = |file: &str| format!("{REPORT}file = \"{file}\"\n");
    let settings = |text: &str| {
        sandbox.file("c.toml", text);
        sandbox.run(["--config", "c.toml", "--db", "blog", "show", "config"])
    };
    let shared = report("/srv/r.html") + &shop + &blog;
    let told = settings(&shared).is_refused_with(2).stderr();
    insta::assert_snapshot!(told, @r#"sessctl: c.toml:5: job.file: the databases "shop" and "blog" would both write "/srv/r.html": add %{database} to the path"#);
    // Each has its own.
    let named = settings(&(report("/srv/%{database}/r-%{database}.html") + &shop + &blog));
    assert!(named.succeeds().stdout().contains(" /srv/blog/r-blog.html "));
    let own =
        "[[database.job]]\nname = \"r\"\nat = \"0 7 1\"\ndo = \"report\"\nfile = \"/b.html\"\n";
    settings(&(report("/srv/r.html") + &shop + &blog + own)).succeeds();
    settings(&(report("/srv/r.html") + "enabled = false\n" + &shop + &blog)).succeeds();
    // A file of databases disables only its own.
    std::fs::create_dir(sandbox.path("c.d")).unwrap();
    sandbox.file("c.d/blog.toml", &blog);
    let told = settings(&(report("/srv/r.html") + &shop)).exits(2).stderr();
    assert!(told.contains("would both write \"/srv/r.html\""), "{told}");
    assert!(told.contains("the database blog is disabled"), "{told}");
    let shop = sandbox.run(["--config", "c.toml", "--db", "shop", "show", "config"]);
    assert!(shop.stdout().contains("/srv/r.html"));
}
