//! The machine's time zone: what `TZ` says, or else `/etc/localtime`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::domain::time_zone::TimeZone;
use jiff::tz;

use super::exit::Usage;

const DATABASES: [&str; 4] =
    ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

/// The rules of a POSIX zone that names a summer time and no dates for it. The C library
/// takes these.
const DEFAULT_RULES: &str = ",M3.2.0,M11.1.0";

/// Resolves the zone of this machine.
///
/// # Errors
/// If `TZ` or `/etc/localtime` is there and names no zone, or one that cannot be read.
pub fn machine_time_zone() -> anyhow::Result<TimeZone> {
    let databases = env::var_os("TZDIR").into_iter().map(PathBuf::from);
    let databases: Vec<PathBuf> = databases.chain(DATABASES.map(PathBuf::from)).collect();
    let machine = Machine { localtime: Path::new("/etc/localtime"), databases: &databases };
    machine.zone(env::var_os("TZ").as_deref())
}

pub struct Machine<'a> {
    pub localtime: &'a Path,
    pub databases: &'a [PathBuf],
}

impl Machine<'_> {
    /// The zone by the value of `TZ`, if that is set.
    ///
    /// 1. Without `TZ`: `/etc/localtime`, and UTC where there is no such file.
    /// 2. An empty value: UTC. A colon in front makes no difference.
    /// 3. A full path: that file.
    /// 4. A name: that zone of the system's database, or of the one that is built into
    ///    this program.
    /// 5. Anything else: the rules themselves, in POSIX notation.
    pub fn zone(&self, tz: Option<&OsStr>) -> anyhow::Result<TimeZone> {
        let Some(tz) = tz else { return self.local_time() };
        let text = tz.to_str().ok_or_else(|| unknown_tz(&tz.to_string_lossy(), "is not UTF-8"))?;
        match text.strip_prefix(':').unwrap_or(text) {
            "" => Ok(TimeZone::machine(tz::TimeZone::UTC, "UTC")),
            path if path.starts_with('/') => {
                self.file(Path::new(path)).map_err(|why| unknown_tz(text, &why))
            }
            name => self.named(name).or_else(|| posix(name)).ok_or_else(|| {
                let why = "it is neither the name of a zone nor a POSIX rule".to_owned();
                let meant = name.parse::<TimeZone>().err().and_then(|error| error.meant);
                let why = meant.map_or(why.clone(), |meant| format!("{why}; use {meant:?}"));
                unknown_tz(text, &why)
            }),
        }
    }

    fn local_time(&self) -> anyhow::Result<TimeZone> {
        match fs::symlink_metadata(self.localtime) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(TimeZone::machine(tz::TimeZone::UTC, "UTC"))
            }
            _ => self.file(self.localtime).map_err(|why| {
                Usage::error(format!(
                    "could not resolve the machine's time zone: {}: {why}; make it a link to a \
                     file of /usr/share/zoneinfo, or set TZ, for example to \"Europe/Berlin\"",
                    self.localtime.display()
                ))
            }),
        }
    }

    /// The zone of a compiled file. The path that it really has may name it.
    fn file(&self, path: &Path) -> Result<TimeZone, String> {
        let data = fs::read(path).map_err(|error| error.to_string())?;
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_named = |database: &PathBuf| {
            let database = fs::canonicalize(database).unwrap_or_else(|_| database.clone());
            Some(real.strip_prefix(database).ok()?.to_str()?.to_owned())
        };
        let name = self.databases.iter().find_map(is_named).filter(|name| !name.is_empty());
        let id = name.unwrap_or_else(|| format!("file:{}", checksum(&data)));
        compiled(&data, id)
    }

    fn named(&self, name: &str) -> Option<TimeZone> {
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !name.split('/').all(is_plain) {
            return None;
        }
        let mut files =
            self.databases.iter().filter_map(|directory| fs::read(directory.join(name)).ok());
        files.find_map(|data| compiled(&data, name.to_owned()).ok()).or_else(|| built_in(name))
    }
}

fn compiled(data: &[u8], id: String) -> Result<TimeZone, String> {
    let rules = tz::TimeZone::tzif(&id, data);
    rules
        .map(|rules| TimeZone::machine(rules, id))
        .map_err(|_| "it is not a compiled time zone file".to_owned())
}

fn built_in(name: &str) -> Option<TimeZone> {
    match name.parse() {
        Ok(TimeZone::Named(rules)) => Some(TimeZone::machine(rules, name)),
        _ => None,
    }
}

fn posix(text: &str) -> Option<TimeZone> {
    let rules = tz::TimeZone::posix(text)
        .or_else(|_| tz::TimeZone::posix(&format!("{text}{DEFAULT_RULES}")))
        .ok()?;
    Some(TimeZone::machine(rules, text))
}

/// Checksum (FNV-1a) that identifies the content of a file.
fn checksum(data: &[u8]) -> String {
    let hash = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn unknown_tz(value: &str, why: &str) -> anyhow::Error {
    Usage::error(format!(
        "could not resolve the time zone TZ={value:?}: {why}; set TZ to a name such as \
         Europe/Berlin, or unset it to use /etc/localtime"
    ))
}
