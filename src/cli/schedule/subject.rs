//! Subject of a schedule: one database, or all of a configuration.

use super::quoting::escape_name;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// All databases of a configuration, by its path, if it is named.
    All(Option<String>),
    /// A database by its full path or its address.
    Database {
        place: String,
        /// Name in the configuration.
        name: Option<String>,
        /// Table that an option names.
        table: Option<String>,
    },
}

/// Part of a name of which systemd takes 255 bytes, with the kind of the unit.
const MAX_NAME: usize = 200;

impl Subject {
    /// Name of the service and the timer, without their ending. A database that has no name in the
    /// configuration is called by its path, escaped as by `systemd-escape --path`.
    pub fn unit_name(&self) -> String {
        match self {
            Self::All(_) => "sessctl".to_owned(),
            Self::Database { name: Some(name), table: None, .. } => format!("sessctl-{name}"),
            Self::Database { place, name, table } => {
                let place = name.clone().unwrap_or_else(|| short_place(place));
                let whole: Vec<&str> =
                    [place.as_str()].into_iter().chain(table.as_deref()).collect();
                format!("sessctl-{}", shortened(escape_name(&whole.join("/"))))
            }
        }
    }

    /// First line of each file that is written: only a file with the same line is replaced.
    pub fn owner_line(&self) -> String {
        match self {
            Self::All(None) => format!("{WRITTEN_FOR} all databases"),
            Self::All(Some(config)) => format!("{WRITTEN_FOR} all databases of {config:?}"),
            Self::Database { place, table: None, .. } => {
                format!("{WRITTEN_FOR} the database {place:?}")
            }
            Self::Database { place, table: Some(table), .. } => {
                format!("{WRITTEN_FOR} the table {table:?} of the database {place:?}")
            }
        }
    }

    pub fn description(&self) -> String {
        let whose = match self {
            Self::All(_) => " of all databases".to_owned(),
            Self::Database { name: Some(name), .. } => format!(" of {name}"),
            Self::Database { place, .. } if is_plain(place) => format!(" of {place}"),
            Self::Database { .. } => String::new(),
        };
        format!("End and purge unused sessions{}", whose.replace('%', "%%"))
    }
}

/// Beginning of an [owner line](Subject::owner_line).
pub const WRITTEN_FOR: &str = "# Written by sessctl schedule print for";

/// Reports whether a description shows a path as it is: systemd removes some spaces, and
/// continues a line after a backslash.
fn is_plain(path: &str) -> bool {
    !path.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\')
}

/// A path without its first slash, or the nodes of an address. Colons of an address, which
/// `systemd-analyze` takes for the beginning of an alias, are hyphens.
fn short_place(place: &str) -> String {
    match place.split_once("://") {
        Some((_, nodes)) if !place.starts_with('/') => nodes.replace([':', ','], "/"),
        _ => place.trim_matches('/').to_owned(),
    }
}

/// A name within the limit, which a digest of the whole keeps unique.
fn shortened(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let digest = name
        .bytes()
        .fold(FNV_OFFSET, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    // What escape_name makes is ASCII.
    let end = &name[name.len() - (MAX_NAME - 17)..];
    let end = end.trim_start_matches(['-', '\\']);
    format!("{digest:016x}-{end}")
}

/// Constants of the hash FNV-1a: the same name comes of the same path in each version.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
