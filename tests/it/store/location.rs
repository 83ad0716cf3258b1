//! Tests of `store::location`.

use sessctl::store::Location;

fn parsed(name: &str) -> Result<Location, String> {
    Location::parse(name.as_ref()).map_err(|e| e.to_string())
}

#[test]
#[cfg(feature = "rqlite")]
fn the_nodes_of_a_cluster_share_their_scheme() {
    for (name, shown) in [
        ("http://db1:4001,db2:4002", "http://db1:4001,db2:4002"),
        ("HTTPS://db1,https://db2/ , db3:1", "https://db1:4001,db2:4001,db3:1"),
        (" http://10.0.0.1", "http://10.0.0.1:4001"),
        ("http://[::1]:5,[fe80::1]", "http://[::1]:5,[fe80::1]:4001"),
    ] {
        assert_eq!(parsed(name).unwrap().to_string(), shown, "{name}");
    }
}

#[test]
fn everything_else_is_a_file() {
    for name in ["app.db", "http", "http:/db1", "./http://db1", "", "db1:4001"] {
        assert_eq!(parsed(name), Ok(Location::File(name.into())), "{name}");
    }
}

#[test]
#[cfg(feature = "rqlite")]
fn a_node_is_a_host_and_a_port() {
    let said = |name| parsed(name).unwrap_err();
    let wrong = |node: &str| format!("invalid node {node:?}: expected HOST:PORT");
    for (name, node) in [
        ("http://", ""),
        ("http://db1,", ""),
        ("http://db1:99999", "db1:99999"),
        ("http://db1:", "db1:"),
        ("http://db1:0", "db1:0"),
        ("http://db1:+1", "db1"),
        ("http://bob:secret", "bob"),
        ("http://db1/path", "db1/path"),
        ("http://db1?x", "db1?x"),
        ("http://db 1", "db 1"),
        ("http://:4001", ":4001"),
    ] {
        assert_eq!(said(name), wrong(node), "{name}");
    }
    assert_eq!(said("http://db1,https://db2"), "all nodes of a cluster must have the same scheme");
}

#[test]
#[cfg(feature = "rqlite")]
fn no_message_repeats_a_password() {
    for name in [
        "http://bob:secret@db1",
        "http://bob:sec,ret@db1",
        "https://db1,bob:secret@db2",
        "http://bob:sec/ret@db1",
    ] {
        let said = parsed(name).unwrap_err();
        assert!(!said.contains("sec") && !said.contains("ret"), "{said}");
        assert!(said.contains("must not contain a user and a password"), "{said}");
    }
}

#[test]
fn addresses_of_other_servers_are_named() {
    for (name, server) in [
        ("postgres://bob:secret@db/app", "PostgreSQL"),
        ("postgresql+psycopg://bob:secret@db/app", "PostgreSQL"),
        ("mysql://bob:secret@db/app", "MySQL"),
        ("mariadb://db/app", "MariaDB"),
        ("redis://:secret@db:6379/0", "Redis"),
        ("MongoDB://db/app", "MongoDB"),
        ("mongodb+srv://db/app", "MongoDB"),
        ("sqlserver://db/app", "SQL Server"),
        ("jdbc:postgresql://db/app", "PostgreSQL"),
    ] {
        let said = parsed(name).unwrap_err();
        assert!(said.starts_with(&format!("the address of a {server} server: ")), "{said}");
        assert!(said.contains("SQLite") && !said.contains("secret"), "{said}");
    }
    assert!(parsed("ftp://secret@db").unwrap_err().starts_with("unsupported URL scheme: "));
}

#[test]
fn the_path_in_the_address_of_a_file_is_named() {
    for (name, paths) in [
        ("sqlite:///app.db", "app.db or /app.db"),
        ("sqlite:////srv/app.db", "/srv/app.db"),
        ("sqlite+aiosqlite:///data/app.db?timeout=5", "data/app.db or /data/app.db"),
        ("sqlite://app.db?mode=rwc", "app.db"),
        ("sqlite:app.db", "app.db"),
        ("sqlite3:db/app.sqlite3", "db/app.sqlite3"),
        ("file:./dev.db", "./dev.db"),
        ("file:///srv/app.db?cache=shared", "/srv/app.db"),
        ("jdbc:sqlite:/srv/app.db", "/srv/app.db"),
    ] {
        let said = parsed(name).unwrap_err();
        assert_eq!(said, format!("a URL instead of the path of the file, {paths}"), "{name}");
    }
}
