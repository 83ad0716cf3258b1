//! Every profile with every other framework's table: refused, and nothing touched.

use sessctl::UnixTime;
use sessctl::domain::profile::Profile;

use crate::frameworks::harness::{Application, Framework, all, assert_same_ids, named, without};
use crate::support::{NOW, Sandbox};

/// Columns of the application's table.
fn columns(application: &Application) -> Vec<String> {
    let db = application.db();
    let mut columns = db.prepare("SELECT name FROM pragma_table_xinfo(?1)").unwrap();
    let columns = columns.query_map([&application.framework.table], |row| row.get(0)).unwrap();
    columns.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_profile_touches_no_other_framework_s_table() {
    let frameworks = all();
    for (table, framework) in frameworks.iter().zip(frameworks.iter().cycle().skip(1)) {
        let application = Application::new(table.clone());
        let bytes = application.bytes();
        let profile = framework.read();
        let is_there = application.db().table_exists(None, framework.table.as_str()).unwrap();
        if is_there || profile.difference(&columns(&application)).is_none() {
            continue;
        }
        let what = format!("{} at {}", framework.profile, table.fixture);
        let options = [vec!["--profile", &framework.profile], framework.params()].concat();
        let ran = application.sessctl_with(options, ["purge"]);
        // With the table's name it is another's; without, there is nothing to purge.
        let code = ran.0.status.code().unwrap();
        assert!([4, 10].contains(&code), "{what}: {}", ran.stderr());
        assert_eq!(ran.stdout(), "", "{what}");
        assert_eq!(ran.stderr().lines().count(), 1, "{what}: {}", ran.stderr());
        assert!(application.bytes() == bytes, "{what}");
    }
}

/// A profile with fewer columns, or of another version, may fit by the columns.
#[test]
fn a_profile_that_fits_another_framework_s_table_deletes_no_live_session() {
    let frameworks = all();
    let profiles: Vec<Profile> = frameworks.iter().map(Framework::read).collect();
    for table in &frameworks {
        let columns = columns(&Application::new(table.clone()));
        for (framework, profile) in frameworks.iter().zip(&profiles) {
            let is_related = framework.profile == table.profile
                || framework.must_be_named
                || table.must_be_named;
            let is_of_the_name = framework.table.eq_ignore_ascii_case(&table.table);
            if is_related || !is_of_the_name || profile.difference(&columns).is_some() {
                continue;
            }
            let application = Application::new(table.clone());
            let before = application.ids();
            // It may also be refused, because of the values. A second earlier, all agree on what has
            // expired, whatever they think of the exact time.
            let _ = application.purge_with_profile(profile.clone(), UnixTime(NOW.0 - 1));
            let gone = without(&before, &application.ids());
            let what = format!("{} at {}", framework.profile, table.fixture);
            assert!(gone.is_subset(&table.expected), "{what}: {gone:?}");
        }
    }
}

#[test]
fn a_mismatch_is_reported_by_its_columns() {
    let application = Application::new(named("laravel"));
    let ran = application.sessctl_with(named("scs").named(), ["purge"]);
    let said = ran.is_refused_with(4).stderr();
    // What it should have, and what it should not
    for column in ["token", "data", "expiry", "payload", "last_activity"] {
        assert!(said.contains(column), "{column}: {said}");
    }
}

#[test]
fn a_column_less_is_another_table() {
    for change in [
        "ALTER TABLE sessions DROP COLUMN user_agent",
        "ALTER TABLE sessions RENAME COLUMN last_activity TO last_seen",
    ] {
        let application = Application::new(named("laravel"));
        application
            .db()
            .execute_batch(&format!("DROP INDEX sessions_last_activity_index; {change}"))
            .unwrap();
        let bytes = application.bytes();
        application.sessctl(["purge"]).is_refused_with(4);
        // Nor is it found to be anything
        let lifetime = vec!["--param", "lifetime=2h"];
        application.sessctl_with(lifetime, ["purge"]).is_refused_with(10);
        assert!(application.bytes() == bytes, "{change}");
    }
}

#[test]
fn further_columns_are_ignored() {
    let application = Application::new(named("laravel"));
    application.db().execute_batch("ALTER TABLE sessions ADD COLUMN device TEXT").unwrap();
    for options in [named("laravel").named(), named("laravel").params()] {
        let stat = application.sessctl_with(options, ["show", "stat", "--json"]);
        assert_eq!(stat.succeeds().json()[0]["sessions"], 3);
    }
    application.purge(NOW).unwrap();
    let left = without(&named("laravel").expected, &application.ids());
    assert_same_ids("laravel", &left, &named("laravel").expected);
}

#[test]
fn no_profile_applies_to_sessctls_own_table() {
    let sandbox = Sandbox::new();
    let bytes = std::fs::read(sandbox.path("app.db")).unwrap();
    for profile in all() {
        let args = ["purge", "--state-dir", "state"].into_iter().chain(profile.named());
        let ran = sandbox.run(args.collect::<Vec<_>>());
        let is_there = profile.table.eq_ignore_ascii_case("sessions");
        ran.is_refused_with(if is_there { 4 } else { 10 });
        assert!(std::fs::read(sandbox.path("app.db")).unwrap() == bytes, "{}", profile.profile);
    }
}

#[test]
fn a_view_with_the_name_of_the_table_is_not_accepted() {
    let sandbox = Sandbox::without_database();
    let view = "CREATE TABLE real_sessions (session_key, session_data, expire_date);
                INSERT INTO real_sessions VALUES ('k', 'd', '2020-01-01 00:00:00');
                CREATE VIEW django_session AS SELECT * FROM real_sessions";
    sandbox.db().execute_batch(view).unwrap();
    let ran = sandbox.run(["purge", "--profile", "django", "--state-dir", "state"]);
    assert!(ran.is_refused_with(4).stderr().contains("django_session"), "{}", ran.stderr());
    let left: i64 =
        sandbox.db().query_row("SELECT count(*) FROM real_sessions", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}
