//! Intervals of jobs without fixed times.

use crate::domain::policy::{ExpiryMode, Policies, Policy};
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

/// Time from the end of a run to the start of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    Fixed(Span),
    /// Length that follows from the longest timeout in force.
    Auto,
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(span) => write!(f, "{span}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// A number of seconds from 0 to 29 by which the automatic intervals of different
/// machines differ, so that not all of them purge at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jitter(i64);

impl Jitter {
    /// Jitter of a machine or a process, from any number that distinguishes it.
    pub const fn from_number(number: u64) -> Self {
        #[expect(clippy::cast_possible_wrap, reason = "it is less than 30")]
        Self((number % 30) as i64)
    }
}

impl Interval {
    /// Minimum that can be set: the clock of jobs counts in seconds.
    pub const MIN: Span = Span::seconds(1);
    /// Below this, a run costs more than it gains.
    pub const RECOMMENDED_MIN: Span = Span::seconds(60);

    /// An automatic interval follows the longest timeout T of the policies of the tasks that are
    /// meant, in seconds, with a jitter r from 0 to 29:
    ///
    /// 1. T up to 900: 60 + r.
    /// 2. Above: 300 + 2 r.
    ///
    /// A policy under which nothing times out does not count; where none counts,
    /// the first line holds.
    pub fn length(self, policies: &Policies, task: Option<&TaskPattern>, jitter: Jitter) -> Span {
        let r = jitter.0;
        Span::seconds(match (self, longest_timeout(policies, task).as_seconds()) {
            (Self::Fixed(span), _) => span.as_seconds(),
            (Self::Auto, ..=900) => 60 + r,
            (Self::Auto, _) => 300 + 2 * r,
        })
    }

    /// Length of the interval for a process that looks for due jobs once in each `poll`:
    /// the automatic one is rounded to the nearest multiple, so that 60 + r stays a minute
    /// where cron calls each minute. A `poll` of zero rounds nothing.
    pub fn length_polled(self, length: Span, poll: Span) -> Span {
        let poll = poll.as_seconds();
        if self != Self::Auto || poll <= 0 {
            return length;
        }
        let polls = (length.as_seconds() + poll / 2) / poll;
        Span::seconds(polls.max(1) * poll)
    }
}

fn longest_timeout(policies: &Policies, task: Option<&TaskPattern>) -> Span {
    let timeout = |policy: &Policy| match policy.expire {
        ExpiryMode::TwoPass | ExpiryMode::Never => Span::ZERO,
        ExpiryMode::Timeout | ExpiryMode::Abandoned => policy.timeout.unwrap_or(Span::ZERO),
    };
    let policies = policies.matching(task).map(|(_, policy)| policy);
    policies.map(timeout).max().unwrap_or(Span::ZERO)
}
