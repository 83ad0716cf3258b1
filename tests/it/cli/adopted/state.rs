//! The state of a framework's table: its location, and the configuration of both.

use sessctl::cli::context::{advice, user_of_state};
use sessctl::domain::state_file::{StateConsequence, StateFault, StateProblem};

use super::{OVER, django, laravel, run, three};
use crate::support::{Finished, Sandbox, files_in};

/// Directories in which a purge with these settings has stored its state.
fn remembered(sandbox: &Sandbox, args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = sandbox.command([args, &["purge"]].concat());
    for (name, value) in environment {
        command.env(name, value);
    }
    Finished(command.output().unwrap()).succeeds();
    let folders = ["flag", "file", "one", "two"];
    let is_used = |folder: &&str| {
        let path = sandbox.path(folder);
        path.is_dir() && !files_in(&path).is_empty()
    };
    let used = folders.into_iter().filter(is_used).map(str::to_owned).collect();
    for folder in folders {
        let _ = std::fs::remove_dir_all(sandbox.path(folder));
    }
    used
}

#[test]
fn the_state_directory_follows_the_order_of_precedence() {
    let sandbox = three();
    sandbox.file("c.toml", "state_dir = \"file\"\n");
    let path = |name: &str| sandbox.path(name).display().to_string();
    let both = format!("{}:{}", path("one"), path("two"));
    let (xdg, home) = (path("xdg"), path("home"));
    let around = [("STATE_DIRECTORY", both.as_str()), ("XDG_STATE_HOME", &xdg), ("HOME", &home)];
    let config = ["--config", "c.toml"];
    let flag = [&config[..], &["--state-dir", "flag"]].concat();
    assert_eq!(remembered(&sandbox, &flag, &around), ["flag"]);
    assert_eq!(remembered(&sandbox, &config, &around), ["file"]);
    assert_eq!(remembered(&sandbox, &[], &around), ["one"]);
    // The application's folder is left alone in each case.
    let names: Vec<String> = sandbox.files().into_keys().collect();
    assert_eq!(names, ["app.db", "c.toml"]);
}

#[test]
fn the_configuration_names_a_profile_and_its_parameters() {
    let sandbox = laravel();
    sandbox.file("c.toml", "profile = \"laravel\"\n[parameters]\nlifetime = \"2h\"\n");
    let expired = |args: &[&'static str]| {
        let args = [&["--config", "c.toml"], args, &["show", "stat", "--json"]].concat();
        run(&sandbox, args).succeeds().json()[0]["expired"].clone()
    };
    assert_eq!(expired(&[]), 2);
    // What is typed goes before it.
    assert_eq!(expired(&["--param", "lifetime=36500d"]), 0);
    assert_eq!(expired(&["--profile", "laravel"]), 2);
    // The lifetime of one framework is not taken for that of another.
    let laravel = sandbox.run(["show", "profiles", "laravel"]).succeeds().stdout();
    sandbox.file("mine.toml", laravel.replacen("name = \"laravel\"", "name = \"mine\"", 1));
    let mut command = sandbox.command(["--config", "c.toml", "list"]);
    let ran = Finished(command.env("SESSCTL_PROFILE", "mine.toml").output().unwrap());
    let reason = ran.is_refused_with(2).stderr();
    assert!(reason.starts_with("sessctl: profile mine needs --param lifetime="), "{reason}");
    let check = ["--config", "c.toml", "profile", "check"];
    run(&sandbox, check.into_iter().chain(["mine.toml"])).is_refused_with(2);
    run(&sandbox, check.into_iter().chain(["laravel"])).succeeds();
    sandbox.file("c.toml", "profile = \"django\"\n[parameters]\nlifetime = \"2h\"\n");
    let reason = run(&sandbox, ["--config", "c.toml", "list"]).is_refused_with(2).stderr();
    assert!(reason.contains("takes no parameter \"lifetime\""), "{reason}");
}

#[test]
fn a_file_named_in_the_configuration_is_relative_to_it() {
    let sandbox = three();
    std::fs::create_dir(sandbox.path("etc")).unwrap();
    let django = sandbox.run(["show", "profiles", "django"]).succeeds().stdout();
    std::fs::write(
        sandbox.path("etc/mine.toml"),
        django.replacen("name = \"django\"", "name = \"mine\"", 1),
    )
    .unwrap();
    std::fs::write(sandbox.path("etc/c.toml"), "profile = \"mine.toml\"\n").unwrap();
    let stat = run(&sandbox, ["--config", "etc/c.toml", "show", "stat", "--json"]);
    assert_eq!(stat.succeeds().json()[0]["profile"], "mine");
}

#[test]
fn a_policy_that_the_table_cannot_carry_is_a_mistake_in_the_file() {
    let sandbox = django(&[("a", OVER)]);
    sandbox.file("c.toml", "[policy.django]\ntimeout = \"30m\"\n");
    let before = sandbox.files();
    let reason = run(&sandbox, ["--config", "c.toml", "purge"]).is_refused_with(2).stderr();
    assert!(reason.starts_with("sessctl: c.toml:2: policy.django.timeout: "), "{reason}");
    assert!(sandbox.files() == before);
}

#[test]
fn show_config_says_where_the_profile_and_its_parameters_come_from() {
    let sandbox = Sandbox::without_database();
    sandbox.file(
        "c.toml",
        "profile = \"laravel\"\nstate_dir = \"remembered\"\n[parameters]\nlifetime = \"2h\"\n",
    );
    let shown = |args: &[&'static str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command([args, &["show", "config", "--json"]].concat());
        let ran = Finished(command.envs(environment.iter().copied()).output().unwrap());
        let line = |setting: &serde_json::Value| {
            let text = |name: &str| setting[name].as_str().unwrap_or("-").to_owned();
            ["key", "value", "source", "from"].map(text).join(" ")
        };
        let json = ran.succeeds().json();
        let lines = json.as_array().unwrap().iter().map(line);
        let is_one = |line: &String| {
            ["profile ", "parameters.", "state_dir "].iter().any(|key| line.starts_with(key))
        };
        lines.filter(is_one).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(shown(&[], &[]), @r"
    profile - default -
    state_dir /dev/null/state environment STATE_DIRECTORY
    ");
    insta::assert_snapshot!(shown(&["--config", "c.toml"], &[("STATE_DIRECTORY", "/var/lib/s:/x")]), @r"
    profile laravel file c.toml:1
    state_dir remembered file c.toml:2
    parameters.lifetime 2h file c.toml:4
    ");
    insta::assert_snapshot!(
        shown(
            &["--config", "c.toml", "--param", "lifetime=3h"],
            &[("SESSCTL_PROFILE", "rails")]
        ),
        @r"
    profile rails environment SESSCTL_PROFILE
    parameters.lifetime 3h flag --param
    state_dir remembered file c.toml:2
    "
    );
    insta::assert_snapshot!(
        shown(&["--profile", "x.toml", "--state-dir", "here"], &[("SESSCTL_PROFILE", "rails")]),
        @r"
    profile x.toml flag --profile
    state_dir here flag --state-dir
    "
    );
}

#[test]
fn a_printed_schedule_carries_the_options_given_here() {
    let sandbox = Sandbox::without_database();
    let args = ["--profile", "./mine.toml", "--param", "lifetime=2h", "--state-dir", "st"];
    let line =
        sandbox.run([&args[..], &["schedule", "print", "cron"]].concat()).succeeds().stdout();
    let folder = std::fs::canonicalize(sandbox.path(".")).unwrap().display().to_string();
    let line = line.replace(&folder, "/srv");
    assert!(
        line.ends_with(
            " --db /srv/app.db --profile /srv/mine.toml --param 'lifetime=2h' --state-dir /srv/st \
             purge\n"
        ),
        "{line}"
    );
    let unit = |args: &[&str]| {
        let args = [args, &["schedule", "print", "systemd"]].concat();
        sandbox.run(args).succeeds().stdout().replace(&folder, "/srv")
    };
    assert!(unit(&args).contains("\nReadWritePaths=/srv/st\n"));
    assert!(unit(&["--profile", "django"]).contains(" --profile django purge\n"));
    assert!(unit(&[]).contains("\nStateDirectory=sessctl\n"));
}

#[test]
fn the_parent_of_a_directory_that_is_given_must_exist() {
    let sandbox = three();
    let before = sandbox.files();
    for args in [&["cycle", "--all"][..], &["purge"], &["show", "runs"]] {
        let ran = sandbox.run([&["--state-dir", "nowhere/a"], args].concat());
        let said = ran.is_refused_with(2).stderr();
        assert_eq!(
            said,
            "sessctl: state directory \"nowhere/a\": its parent directory \"nowhere\" does not \
             exist; create it, or correct the path\n"
        );
    }
    sandbox.file("c.toml", "state_dir = \"nowhere/a\"\n");
    sandbox.run(["--config", "c.toml", "purge"]).is_refused_with(2);
    std::fs::remove_file(sandbox.path("c.toml")).unwrap();
    assert_eq!(sandbox.files(), before);
    sandbox.run(["--state-dir", "a", "purge"]).succeeds();
    assert!(sandbox.path("a").is_dir());
}

#[test]
fn advice_on_the_state_of_another_user_takes_nothing_away() {
    let problem = |path: &str, user| StateProblem {
        file: "/app.db".into(),
        fault: StateFault::Denied { path: path.into(), user },
        loss: StateConsequence::NothingKept,
    };
    assert_eq!(
        advice(&problem("/", 4242)),
        "run sessctl as its owner (root), e.g. with sudo, or pass another --state-dir"
    );
    assert_eq!(advice(&problem("/", 0)), "run `chmod -R u+rwX /`, or pass another --state-dir");
    assert_eq!(user_of_state(&problem("/", 4242)).as_deref(), Some("root"));
    assert_eq!(user_of_state(&problem("/", 0)), None);
}
