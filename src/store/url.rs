//! Addresses of databases in the notation of frameworks.

const SERVERS: &[(&str, &str)] = &[
    ("cockroachdb", "CockroachDB"),
    ("libsql", "libSQL"),
    ("mariadb", "MariaDB"),
    ("memcached", "Memcached"),
    ("mongodb", "MongoDB"),
    ("mssql", "SQL Server"),
    ("mysql", "MySQL"),
    ("mysql2", "MySQL"),
    ("oracle", "Oracle"),
    ("pgsql", "PostgreSQL"),
    ("postgis", "PostgreSQL"),
    ("postgres", "PostgreSQL"),
    ("postgresql", "PostgreSQL"),
    ("redis", "Redis"),
    ("rediss", "Redis"),
    ("sqlserver", "SQL Server"),
    ("valkey", "Valkey"),
    ("wss", "libSQL"),
];
const FILES: &[&str] = &["file", "sqlite", "sqlite3", "jdbc:sqlite"];

/// Reports whether a name begins like a URL.
pub(super) fn has_scheme(name: &str) -> bool {
    scheme(name).is_some()
}

/// Kind of the server that an address belongs to. A driver may follow the scheme, as in
/// `postgresql+psycopg`.
pub(super) fn server(name: &str) -> Option<&'static str> {
    let scheme = scheme(name)?.to_ascii_lowercase();
    let kind = scheme.trim_start_matches("jdbc:").split('+').next();
    SERVERS.iter().find(|(known, _)| Some(*known) == kind).map(|(_, server)| *server)
}

fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once("://")?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b':' | b'-');
    (!scheme.is_empty() && scheme.bytes().all(is_part)).then_some(scheme)
}

/// The paths that the address of an SQLite file may stand for. `SQLAlchemy` reads what follows
/// three slashes as a relative path, others as an absolute one.
pub(super) fn file_paths(name: &str) -> Option<Vec<String>> {
    let is_before = |scheme: &&&str| {
        let rest = name.get(scheme.len()..);
        name.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with('+'))
    };
    let scheme = FILES.iter().find(is_before)?;
    let (_, address) = name.get(scheme.len()..)?.split_once(':')?;
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (path, is_url) = path.strip_prefix("//").map_or((path, false), |path| (path, true));
    if path.trim_matches('/').is_empty() {
        return None;
    }
    let absolute = format!("/{}", path.trim_start_matches('/'));
    let is_ambiguous = is_url && path.starts_with('/') && *scheme != "file";
    Some(match path.strip_prefix('/') {
        Some(relative) if is_ambiguous && !relative.starts_with('/') => {
            vec![relative.to_owned(), absolute]
        }
        Some(_) => vec![absolute],
        None => vec![path.to_owned()],
    })
}
