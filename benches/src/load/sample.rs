//! What became of one operation.

use std::fmt;
use std::str::FromStr;

use anyhow::Context as _;

/// How an operation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Done,
    /// `SQLITE_BUSY`: it waited in vain.
    Busy,
    /// A row that has to be there and live was not.
    Lost,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Done, Self::Busy, Self::Lost];

    const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Busy => "busy",
            Self::Lost => "lost",
        }
    }
}

/// One operation: a line, from the process that did it to the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it was due, in microseconds since 1970.
    pub due: u64,
    /// How many microseconds later it was done.
    pub latency: u64,
    /// How it went.
    pub outcome: Outcome,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.due, self.latency, self.outcome.word())
    }
}

impl FromStr for Sample {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let read = || {
            let [due, latency, word] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word() == word)?;
            Some(Self { due: due.parse().ok()?, latency: latency.parse().ok()?, outcome })
        };
        read().with_context(|| format!("{line:?} is no sample of the load generator"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_sample_back() {
        for outcome in Outcome::ALL {
            let sample = Sample { due: 1_700_000_000_123_456, latency: 42, outcome };
            assert_eq!(sample.to_string().parse::<Sample>().unwrap(), sample);
        }
    }

    #[test]
    fn another_line_is_an_error_that_shows_it() {
        for line in ["", "1 2", "1 2 gone", "a 2 done", "1 2 done 3"] {
            let error = line.parse::<Sample>().unwrap_err().to_string();
            assert!(error.contains(&format!("{line:?}")), "{error}");
        }
    }
}
