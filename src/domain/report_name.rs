//! Names of report files: a path that may contain the date and the name of the database.

use std::fmt;
use std::str::FromStr;

use super::file_date;
use super::time::UnixTime;

/// Placeholder of the name of the database.
const DATABASE: &str = "%{database}";

/// Absolute path of a report, which may contain `%{database}`, and whose last component may contain
/// `%Y`, `%m`, `%d` and `%H`, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReportName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// HTML page.
    Page,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportNameError {
    #[error("{0:?} is not a valid report: use an absolute path, like \"/var/www/report.html\"")]
    Relative(String),
    #[error(
        "{0:?} is not a valid report: use a name that ends in .html, or in .txt for plain text"
    )]
    Suffix(String),
    #[error(
        "{0:?} is not a valid report: besides %{{database}}, only a date may be part of the file's \
         own name: %Y-%m-%d or %Y-%m-%dT%H, or the beginning of one"
    )]
    Placeholder(String),
}

impl ReportName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reports whether the name still lacks that of the database.
    pub fn has_database(&self) -> bool {
        self.0.contains(DATABASE)
    }

    /// Same name with that of a database, which contains no slash and no percent sign.
    #[must_use]
    pub fn for_database(&self, name: &str) -> Self {
        Self(self.0.replace(DATABASE, name))
    }

    /// Path for a report of this time.
    pub fn at(&self, time: UnixTime) -> String {
        file_date::fill(&self.0, time)
    }

    pub fn format(&self) -> ReportFormat {
        if self.0.strip_suffix(".txt").is_some() { ReportFormat::Text } else { ReportFormat::Page }
    }
}

impl FromStr for ReportName {
    type Err = ReportNameError;

    fn from_str(text: &str) -> Result<Self, ReportNameError> {
        let Some((directory, own)) = text.rsplit_once('/').filter(|_| text.starts_with('/')) else {
            return Err(ReportNameError::Relative(text.to_owned()));
        };
        let stem = own.strip_suffix(".html").or_else(|| own.strip_suffix(".txt"));
        if stem.is_none_or(str::is_empty) {
            return Err(ReportNameError::Suffix(text.to_owned()));
        }
        let is_known = file_date::is_valid(&own.replace(DATABASE, ""))
            && !directory.replace(DATABASE, "").contains('%');
        if is_known {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReportNameError::Placeholder(text.to_owned()))
        }
    }
}

impl fmt::Display for ReportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
