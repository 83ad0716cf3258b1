//! Tables that are found without being named, and what a user is told of profiles.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::frameworks::harness::{Application, Framework, all, named, writable};
use crate::frameworks::row_formats::{RowFormat, SECOND};
use crate::support::{HOUR, Sandbox, now};

/// Creates a session that expired an hour ago, and one that expires in an hour; where the tests can
/// write no rows, those of the fixture.
fn application(framework: Framework) -> Application {
    if RowFormat::find(&framework).is_none() {
        return Application::new(framework);
    }
    let application = Application::new(framework).without_rows();
    let moments = [now() - HOUR, now() + HOUR].map(|over| over * SECOND);
    RowFormat::of(&application.framework).insert(
        &application.framework,
        &mut application.db(),
        &moments,
    );
    application
}

#[test]
fn each_table_is_recognized_and_its_profile_need_not_be_named() {
    for framework in writable() {
        let application = application(framework.clone());
        let options = framework.params();
        // It can be looked at
        let name = &framework.profile;
        let listed = application.sessctl_with(options.clone(), ["list", "--json"]);
        let listed = listed.succeeds().json();
        let states = |state: &str| {
            listed.as_array().unwrap().iter().filter(|row| row["state"] == state).count()
        };
        assert_eq!((states("active"), states("expired")), (1, 1), "{name}: {listed}");
        // It says on request what it took it for
        let loud = application.sessctl_with(options.clone(), ["-v", "list", "--json"]);
        let said = loud.succeeds().stderr();
        assert!(said.contains(&format!("profile {name}")), "{name}: {said}");
        // And it can be purged, unless it must not
        let ran = application.sessctl_with(options, ["purge"]);
        if framework.is_purgeable() {
            ran.succeeds().is_silent();
            assert_eq!(application.ids().len(), 1, "{name}");
        } else {
            ran.is_refused_with(4);
            assert_eq!(application.ids().len(), 2);
        }
    }
}

#[test]
fn read_commands_write_nothing_anywhere() {
    for framework in all() {
        let application = application(framework.clone());
        let bytes = application.bytes();
        let looks: [&[&str]; 5] = [
            &["list"],
            &["show", "stat"],
            &["show", "tasks"],
            &["show", "users"],
            &["show", "runs"],
        ];
        for look in looks {
            application.sessctl(look.iter().copied()).succeeds();
        }
        let code = if framework.is_purgeable() { 0 } else { 4 };
        application.sessctl(["purge", "--dry-run"]).exits(code);
        assert!(application.bytes() == bytes, "{}", framework.profile);
        let files: Vec<_> = application.files().into_keys().collect();
        assert_eq!(files, ["app.db"], "{}", framework.profile);
    }
}

#[test]
fn a_lifetime_that_only_the_application_knows_must_be_given() {
    for (profile, hint) in [
        ("laravel", "--param lifetime=2h"),
        ("rails", "--param lifetime="),
        ("gitea", "--param lifetime="),
    ] {
        let application = application(named(profile));
        let before = application.ids();
        // Whether the profile is named or found
        for options in [vec![], vec!["--profile", profile]] {
            let said = application.sessctl_with(options, ["purge"]).is_refused_with(2).stderr();
            assert!(said.contains(hint) && said.contains(profile), "{said}");
        }
        assert_eq!(application.ids(), before);
    }
}

#[test]
fn a_lifetime_may_stand_in_the_configuration() {
    let application = application(named("laravel"));
    application.file("sessctl.toml", "profile = \"laravel\"\n[parameters]\nlifetime = \"2h\"\n");
    application.sessctl_with(vec!["--config", "sessctl.toml"], ["purge"]).succeeds().is_silent();
    assert_eq!(application.ids().len(), 1);
}

#[test]
fn two_tables_in_one_database_leave_a_choice() {
    // Given a database of Django's with a table of tower-sessions'
    let application = Application::new(named("django"));
    application.db().execute_batch(&named("tower-sessions").sql).unwrap();
    let before = application.bytes();
    // When nobody says which, then both are named
    let said = application.sessctl_with(vec![], ["list"]).is_refused_with(2).stderr();
    assert!(said.contains("django") && said.contains("tower-sessions"), "{said}");
    assert!(application.bytes() == before);
    // And else it is that one
    application.sessctl(["list"]).succeeds();
}

#[test]
fn a_database_of_something_else_is_named_by_its_tables() {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch("CREATE TABLE sessions (a, b); CREATE TABLE albums (c)").unwrap();
    for args in [&["list"][..], &["purge"], &["show", "stat"]] {
        let said = sandbox.run(args.iter().copied()).is_refused_with(10).stderr();
        assert!(said.contains("sessions") && said.contains("albums"), "{said}");
    }
}

#[test]
fn an_unknown_profile_is_a_mistake_that_names_similar_ones() {
    let application = Application::new(named("django"));
    let said = application.sessctl_with(vec!["--profile", "djagno"], ["list"]).exits(2).stderr();
    assert!(said.contains("(similar: django)"), "{said}");
    let said = application.sessctl_with(vec!["--profile", "mine"], ["list"]).exits(2).stderr();
    assert!(said.contains("`sessctl show profiles`") && !said.contains("similar"), "{said}");
}

#[test]
fn every_profile_is_listed_and_prints_a_file_that_does_the_same() {
    let sandbox = Sandbox::without_database();
    let listed = sandbox.run(["show", "profiles", "--json"]).succeeds().json();
    let mut names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let expected: BTreeSet<String> = all().into_iter().map(|known| known.profile).collect();
    assert_eq!(names, expected.iter().collect::<Vec<_>>());
    for framework in writable() {
        let application = application(framework.clone());
        let printed = application.run(["show", "profiles", &framework.profile]).succeeds().stdout();
        application.file("copy.toml", printed);
        let options = [vec!["--profile", "copy.toml"], framework.params()].concat();
        let check = [vec!["profile", "check", "copy.toml"], framework.params()].concat();
        let is_refused = !framework.is_purgeable();
        application.run(check).exits(if is_refused { 4 } else { 0 });
        application.sessctl_with(options, ["purge"]).exits(if is_refused { 4 } else { 0 });
        let left = application.ids().len();
        assert_eq!(left, if is_refused { 2 } else { 1 }, "{}", framework.profile);
    }
}

#[test]
fn a_readonly_table_is_listed_and_never_changed() {
    let application = application(named("gitea"));
    let before = application.bytes();
    let listed = application.sessctl(["list", "--json"]).succeeds().json();
    let handle = listed[0]["handle"].as_str().unwrap().to_owned();
    for args in
        [&["purge"][..], &["cycle", "gitea"], &["cycle", "--all"], &["cycle", "--session", &handle]]
    {
        application.sessctl(args.iter().copied()).is_refused_with(4);
    }
    let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
    assert_eq!(stat[0]["expired"], Value::from(1), "{stat}");
    assert!(application.bytes() == before);
}

/// Reads the credentials in a table: the ids, and the tokens where they differ from the ids.
fn credentials(application: &Application) -> BTreeSet<String> {
    let framework = &application.framework;
    let mut secrets = application.ids();
    for token in framework.read().tokens {
        secrets.extend(application.values_where(&format!("\"{}\"", token.column), "TRUE"));
    }
    secrets
}

/// Runs all commands that print rows, the deleting ones last, and asserts that none prints a
/// credential; returns the outputs.
#[track_caller]
fn says_no_credentials(application: &Application) -> String {
    let secrets = credentials(application);
    assert!(secrets.len() > 1);
    let listed = application.sessctl(["list", "--json"]).succeeds().json();
    let handles: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["handle"].as_str().unwrap()).collect();
    let profile = &application.framework.profile;
    let task = application.framework.read().task;
    let mut commands: Vec<String> =
        ["list", "show stat", "show tasks", "show users", "purge --dry-run"].map(Into::into).into();
    commands.push(format!("profile check {profile}"));
    commands.extend(handles.iter().map(|handle| format!("show session {handle}")));
    commands.push(format!("cycle --session {} -v", handles[0]));
    commands.extend(["purge -v", "purge", "show runs"].map(Into::into));
    commands.push(format!("cycle {task} -v"));
    let mut all = String::new();
    for command in commands {
        for format in ["table", "json", "jsonl", "csv", "plain"] {
            let ran = application.sessctl(command.split(' ').chain(["-o", format]));
            all += &[&command, ": ", &ran.stdout(), &ran.stderr()].concat();
        }
    }
    let tokens: Vec<&str> = secrets.iter().map(String::as_str).collect();
    application.file("tokens", tokens.join("\n"));
    let ran = application.sessctl(["close", "--token-file", "tokens", "-o", "json"]);
    all += &(ran.stdout() + &ran.stderr());
    for secret in &secrets {
        assert!(!all.contains(secret.as_str()), "{profile}: {secret}: {all}");
    }
    all
}

#[test]
fn ids_are_credentials_and_never_shown() {
    for framework in writable() {
        says_no_credentials(&application(framework));
    }
}

#[test]
fn ids_are_not_shown_among_examples_of_invalid_values() {
    for (profile, column) in [
        ("django", "expire_date"),
        ("connect-sqlite3", "expired"),
        ("better-auth", "expiresAt"),
        ("spring-session", "EXPIRY_TIME"),
    ] {
        for (most, sentence) in [(1, "cannot be read"), (9, "are not times")] {
            // Given a few rows, or most, whose time is something else
            let application = application(named(profile));
            let Framework { table, id, .. } = &application.framework;
            let moments: Vec<i64> = (1..=9).map(|hours| (now() + hours * HOUR) * SECOND).collect();
            application.db().execute(&format!("DELETE FROM {table}"), []).unwrap();
            let form = RowFormat::of(&application.framework);
            form.insert(&application.framework, &mut application.db(), &moments);
            let odd = format!(
                "UPDATE {table} SET {column} = 'not ' || rowid
                 WHERE {id} IN (SELECT {id} FROM {table} LIMIT ?1)"
            );
            application.db().execute(&odd, [most]).unwrap();
            // When it is spoken of, then by the odd values
            let said = says_no_credentials(&application);
            assert!(said.contains(sentence) && said.contains("\"not "), "{profile}: {said}");
        }
    }
}

#[test]
fn an_id_that_is_taken_for_a_time_is_not_shown_either() {
    // Given a profile whose author has mistaken the column
    let mut framework = named("django");
    let mistaken = framework
        .text()
        .replace("[times.expire_date]", "[times.expire_date]\ncolumn = \"session_key\"");
    let sandbox = Sandbox::without_database();
    sandbox.file("mistaken.toml", mistaken);
    framework.profile = sandbox.path("mistaken.toml").to_str().unwrap().to_owned();
    // When all its rows are spoken of, then not by their ids
    let said = says_no_credentials(&Application::new(framework));
    assert!(said.contains("are not times") && said.contains("(an id, not shown)"), "{said}");
}

#[test]
fn operations_of_the_application_are_refused_in_one_sentence() {
    let application = application(named("django"));
    let bytes = application.bytes();
    for args in [&["open", "--user", "alice", "--task", "django"][..], &["compact"], &["touch"]] {
        let said = application.sessctl(args.iter().copied()).is_refused_with(4).stderr();
        assert!(said.contains("refused: "), "{said}");
    }
    application.sessctl(["init"]).is_refused_with(2);
    assert!(application.bytes() == bytes);
}

#[test]
fn a_policy_that_such_a_table_cannot_carry_is_a_mistake_in_its_line() {
    let application = application(named("django"));
    for (key, policy) in [
        ("limit", "[policy.django]\nlimit = 5\n"),
        ("timeout", "[policy.django]\ntimeout = \"10m\"\n"),
        ("lifetime", "[policy.django]\nlifetime = \"1h\"\n"),
    ] {
        application.file("sessctl.toml", policy);
        let options = vec!["--config", "sessctl.toml"];
        let said = application.sessctl_with(options, ["purge"]).is_refused_with(2).stderr();
        assert!(said.contains("sessctl.toml:2") && said.contains(key), "{said}");
    }
    assert_eq!(application.ids().len(), 2);
}
