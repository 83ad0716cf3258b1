//! Lines of an archive lose nothing.

use std::fs::File;

use proptest::prelude::*;
use sessctl::cli::archive::appender::Appender;
use sessctl::cli::archive::line::{Line, Origin, append_lines};
use sessctl::cli::archive::reader::ArchiveFile;
use sessctl::domain::profile::SqlValue;
use sessctl::storage::{ArchivedRow, ArchivedSession, NamedValue};

use crate::support::{NOW, Sandbox};

fn origin() -> Origin {
    Origin {
        at: NOW,
        work: "purge".to_owned(),
        job: None,
        host: "mail1".to_owned(),
        database: "/srv/app.db".to_owned(),
        profile: Some("laravel".to_owned()),
    }
}

fn value() -> impl Strategy<Value = SqlValue> {
    prop_oneof![
        Just(SqlValue::Null),
        any::<i64>().prop_map(SqlValue::Integer),
        any::<f64>().prop_filter("SQLite has no NaN", |n| !n.is_nan()).prop_map(SqlValue::Real),
        any::<Vec<u8>>().prop_map(SqlValue::Blob),
        any::<Vec<u8>>().prop_map(SqlValue::Text),
        any::<String>().prop_map(|text| SqlValue::Text(text.into_bytes())),
    ]
}

fn values() -> impl Strategy<Value = Vec<NamedValue>> {
    // Names differ, as those of columns do.
    proptest::collection::btree_map(".{0,5}", value(), 0..6)
        .prop_map(|map| map.into_iter().collect())
}

fn row() -> impl Strategy<Value = ArchivedRow> {
    (".{1,9}", values(), values(), any::<Option<i64>>()).prop_map(
        |(table, columns, changed, row_id)| {
            let key = columns.iter().take(1).map(|(name, _)| name.clone()).collect();
            ArchivedRow { table, key, row_id, columns, changed }
        },
    )
}

fn session() -> impl Strategy<Value = ArchivedSession> {
    ("[0-9a-f]{12}", any::<Option<String>>(), row(), proptest::collection::vec(row(), 0..3))
        .prop_map(|(handle, user, row, children)| ArchivedSession {
            handle,
            user,
            reason: None,
            row,
            children,
        })
}

proptest! {
    #[test]
    fn each_row_is_read_as_it_was_written(sessions in proptest::collection::vec(session(), 1..5)) {
        let sandbox = Sandbox::without_database();
        let mut lines = Vec::new();
        for session in &sessions {
            append_lines(&mut lines, session, &origin());
        }
        let path = sandbox.path("a.jsonl");
        let name = path.display().to_string().parse().unwrap();
        Appender::default().append(&name, NOW, &lines).unwrap();
        let archive = ArchiveFile::new(&path, File::open(&path).unwrap()).unwrap();
        let read: Vec<_> = archive.sessions().unwrap().map(Result::unwrap).collect();
        prop_assert!(read.iter().all(|one| one.at == Some(NOW) && one.database == "/srv/app.db"));
        let read: Vec<_> = read.into_iter().map(|one| one.session).collect();
        prop_assert_eq!(read, sessions);
    }
}

#[test]
fn what_json_lacks_is_an_object_with_its_class() {
    let columns = [
        ("blob", SqlValue::Blob(vec![0, 255])),
        ("text", SqlValue::Text(vec![b'a', 255])),
        ("infinity", SqlValue::Real(f64::INFINITY)),
        ("whole", SqlValue::Real(5.0)),
        ("number", SqlValue::Integer(i64::MIN)),
        ("nothing", SqlValue::Null),
    ];
    let columns = columns.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let row = ArchivedRow { table: "t".to_owned(), columns, ..ArchivedRow::default() };
    let session = ArchivedSession { handle: "3fa9".to_owned(), row, ..ArchivedSession::default() };
    let mut line = Vec::new();
    append_lines(&mut line, &session, &origin());
    insta::assert_snapshot!(String::from_utf8(line).unwrap(), @r#"{"archive":1,"at":"2026-06-15T12:00:00Z","run":"purge","host":"mail1","database":"/srv/app.db","profile":"laravel","reason":"expired","session":"3fa9","table":"t","row":{"blob":{"blob":"AP8="},"text":{"text":"Yf8="},"infinity":{"real":"inf"},"whole":5.0,"number":-9223372036854775808,"nothing":null}}"#);
    assert_eq!(Line::parse(b"{}"), None);
}
