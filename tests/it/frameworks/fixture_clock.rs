//! Each fixture at its clock, through the library.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sessctl::Error;
use sessctl::domain::filter::Filter;
use sessctl::storage::VisitResult;

use crate::frameworks::harness::{Application, all, assert_same_ids, named, purgeable, without};
use crate::support::NOW;

#[test]
fn exactly_the_expired_rows_of_each_fixture_are_deleted() {
    for framework in purgeable() {
        let name = framework.profile.clone();
        for application in
            [Application::new(framework.clone()), Application::new(framework.clone()).with_log()]
        {
            let (before, frame) = (application.ids(), application.fingerprint());
            let summary = application.purge(NOW).unwrap();
            assert_same_ids(&name, &application.ids(), &without(&before, &framework.expected));
            let over = framework.expected.len() as u64;
            assert_eq!((summary.done.ended, summary.done.deleted), (over, over), "{name}");
            assert_eq!(summary.stopped, None, "{name}");
            assert_eq!(application.fingerprint(), frame, "{name}");
            // And nothing is left for another one.
            assert_eq!(application.purge(NOW).unwrap().done.ended, 0, "{name}");
        }
    }
}

#[test]
fn the_fixtures_say_the_same_in_sql() {
    for framework in all() {
        let application = Application::new(framework.clone());
        let over = application.ids_where(&framework.predicate);
        assert_same_ids(&framework.profile, &over, &framework.expected);
    }
}

#[test]
fn listing_due_sessions_changes_no_byte() {
    for framework in all() {
        let application = Application::new(framework.clone());
        let (bytes, name) = (application.bytes(), &framework.profile);
        let service = application.service(framework.read()).unwrap();
        let mut due = 0;
        let mut count = |_, _| -> VisitResult {
            due += 1;
            Ok(ControlFlow::Continue(()))
        };
        service.due(&Filter::default(), NOW, &mut count).unwrap();
        assert_eq!(due, framework.expected.len(), "{name}");
        assert!(application.bytes() == bytes, "{name}");
    }
}

#[test]
fn the_table_of_gitea_is_never_purged() {
    let application = Application::new(named("gitea"));
    let before = application.ids();
    let refusal = application.purge(NOW).unwrap_err();
    assert!(matches!(refusal, Error::Refused(_)), "{refusal}");
    assert_eq!(application.ids(), before);
}

#[test]
fn a_missing_lifetime_is_never_guessed() {
    for profile in ["laravel", "rails", "gitea"] {
        let mut framework = named(profile);
        framework.parameters.clear();
        let application = Application::new(framework);
        let before = application.ids();
        let refusal = application.purge(NOW).unwrap_err();
        assert!(matches!(&refusal, Error::Refused(_)), "{profile}: {refusal}");
        assert_eq!(application.ids(), before, "{profile}");
    }
}

#[test]
fn the_children_of_a_spring_session_go_with_it() {
    let application = Application::new(named("spring-session"));
    let children = "INSERT INTO SPRING_SESSION_ATTRIBUTES \
                    SELECT PRIMARY_ID, 'cart', x'00' FROM SPRING_SESSION";
    application.db().execute(children, []).unwrap();
    application.purge(NOW).unwrap();
    let sql = "SELECT group_concat(SESSION_PRIMARY_ID) FROM SPRING_SESSION_ATTRIBUTES";
    let left: String = application.db().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left.split(',').collect::<BTreeSet<_>>(), BTreeSet::from(["p1", "p3"]));
}

#[test]
fn sessions_that_a_table_refers_to_are_kept_and_the_others_go() {
    // Given a table of the application's own that refers to one of the sessions
    for action in ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION"] {
        let application = Application::new(named("spring-session"));
        let audit = format!(
            "CREATE TABLE audit (session REFERENCES SPRING_SESSION (PRIMARY_ID) {action});
             INSERT INTO audit VALUES ('p2');
             INSERT INTO SPRING_SESSION SELECT 'p9', 's9', CREATION_TIME, LAST_ACCESS_TIME,
                 MAX_INACTIVE_INTERVAL, EXPIRY_TIME, PRINCIPAL_NAME FROM SPRING_SESSION
                 WHERE PRIMARY_ID = 'p2'"
        );
        application.db().execute_batch(&audit).unwrap();
        let before = application.ids();
        // When it is purged, then the other one goes
        let summary = application.purge(NOW).unwrap();
        assert_eq!((summary.done.deleted, summary.kept.referenced_rows()), (1, 1), "{action}");
        assert!(summary.kept.referenced.keys().all(|referrer| referrer.table == "audit"));
        assert_eq!(application.ids().len(), before.len() - 1, "{action}");
    }
}
