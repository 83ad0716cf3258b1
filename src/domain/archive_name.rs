//! Names of archives: a path that may contain the date.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use super::file_date::{self, PARTS};
use super::time::{Span, UnixTime};

/// Path of an archive, whose last component may contain `%Y`, `%m`, `%d` and `%H`, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArchiveName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// JSON Lines.
    Plain,
    /// JSON Lines, compressed by Zstandard.
    Zstandard,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveNameError {
    #[error("{0:?} is not a valid archive: use a name that ends in .jsonl or .jsonl.zst")]
    Suffix(String),
    #[error(
        "{0:?} is not a valid archive: a date is %Y-%m-%d or %Y-%m-%dT%H, or begins like it, and \
         is part of the file's own name"
    )]
    Date(String),
}

impl ArchiveName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Same name in another directory, unless it is absolute.
    #[must_use]
    pub fn within(&self, directory: &str) -> Self {
        if self.0.starts_with('/') || directory.is_empty() {
            return self.clone();
        }
        Self(format!("{}/{}", directory.trim_end_matches('/'), self.0))
    }

    pub fn has_date(&self) -> bool {
        file_date::count(&self.0) > 0
    }

    /// Path for rows of this time.
    pub fn at(&self, time: UnixTime) -> String {
        file_date::fill(&self.0, time)
    }

    /// Directory and pattern of the file's own name.
    pub fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').map_or((".", self.0.as_str()), |(directory, name)| {
            (if directory.is_empty() { "/" } else { directory }, name)
        })
    }

    /// Reports whether the file with this name is one of these archives, and the end of its time is
    /// longer ago than `keep`.
    pub fn is_expired(&self, name: &str, keep: Span, now: UnixTime) -> bool {
        self.end_of(name).is_some_and(|end| end.plus(keep) <= now)
    }

    /// End of the time that a file is for; `None`: it is not one of these archives.
    fn end_of(&self, name: &str) -> Option<UnixTime> {
        let (mut pattern, mut rest) = (self.split().1, name);
        let mut numbers = [None; PARTS.len()];
        while let Some(first) = pattern.chars().next() {
            if let Some(index) = PARTS.iter().position(|(part, _)| pattern.starts_with(part)) {
                let (part, length) = PARTS[index];
                let digits = rest.get(..length)?;
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                numbers[index] = digits.parse::<u32>().ok();
                (pattern, rest) = (&pattern[part.len()..], &rest[length..]);
            } else {
                rest = rest.strip_prefix(first)?;
                pattern = &pattern[first.len_utf8()..];
            }
        }
        if rest.is_empty() { period_end(numbers) } else { None }
    }

    pub fn format(&self) -> ArchiveFormat {
        if self.0.strip_suffix(".zst").is_some() {
            ArchiveFormat::Zstandard
        } else {
            ArchiveFormat::Plain
        }
    }
}

/// End of a year, a month, a day or an hour.
fn period_end([year, month, day, hour]: [Option<u32>; 4]) -> Option<UnixTime> {
    let year = i32::try_from(year?).ok()?;
    let first = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1))?;
    let end = match (month, day, hour) {
        (None | Some(12), None, _) => {
            NaiveDate::from_ymd_opt(year + 1, 1, 1)?.and_hms_opt(0, 0, 0)?
        }
        (Some(month), None, _) => {
            NaiveDate::from_ymd_opt(year, month + 1, 1)?.and_hms_opt(0, 0, 0)?
        }
        (_, _, None) => first.succ_opt()?.and_hms_opt(0, 0, 0)?,
        (_, _, Some(hour)) => first.and_hms_opt(hour, 0, 0)? + chrono::TimeDelta::hours(1),
    };
    Some(UnixTime(end.and_utc().timestamp()))
}

impl FromStr for ArchiveName {
    type Err = ArchiveNameError;

    fn from_str(text: &str) -> Result<Self, ArchiveNameError> {
        let name = Self(text.to_owned());
        let (directory, own) = name.split();
        let stem = own.strip_suffix(".jsonl").or_else(|| own.strip_suffix(".jsonl.zst"));
        if stem.is_none_or(str::is_empty) {
            return Err(ArchiveNameError::Suffix(text.to_owned()));
        }
        let is_known = file_date::is_valid(own) && !directory.contains('%');
        if is_known { Ok(name) } else { Err(ArchiveNameError::Date(text.to_owned())) }
    }
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
