//! Result of one operation, and its text format.

use std::fmt;
use std::str::FromStr;

use anyhow::Context as _;

/// Outcome of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Success.
    Done,
    /// `SQLITE_BUSY` after the busy timeout.
    Busy,
    /// No row changed although the session should have been live.
    Lost,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Done, Self::Busy, Self::Lost];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Busy => "busy",
            Self::Lost => "lost",
        }
    }
}

/// One operation, passed from a worker to the coordinator as a line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Time at which the operation was due, in Unix microseconds.
    pub due: u64,
    /// Time from then until the completion, in microseconds.
    pub latency: u64,
    /// Outcome of the operation.
    pub outcome: Outcome,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.due, self.latency, self.outcome.as_str())
    }
}

impl FromStr for Sample {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let read = || {
            let [due, latency, word] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)?;
            Some(Self { due: due.parse().ok()?, latency: latency.parse().ok()?, outcome })
        };
        read().with_context(|| format!("{line:?} is not a sample of the load generator"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_survives_formatting_and_parsing() {
        for outcome in Outcome::ALL {
            let sample = Sample { due: 1_700_000_000_123_456, latency: 42, outcome };
            assert_eq!(sample.to_string().parse::<Sample>().unwrap(), sample);
        }
    }

    #[test]
    fn an_invalid_line_is_quoted_in_the_error() {
        for line in ["", "1 2", "1 2 gone", "a 2 done", "1 2 done 3"] {
            let error = line.parse::<Sample>().unwrap_err().to_string();
            assert!(error.contains(&format!("{line:?}")), "{error}");
        }
    }
}
