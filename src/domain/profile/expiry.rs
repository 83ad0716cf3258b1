//! Expiry of a session in a framework's table: the reference for the store.

use super::definition::Profile;
use super::encoding::DecodedTime;
use super::rule::{Length, NullMeaning, Rule, RuleKind};
use super::timestamp::Timestamp;
use super::value::SqlValueRef;
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    At {
        moment: Timestamp,
        /// Set if the session is over at that very moment, and not only after it.
        inclusive: bool,
    },
    /// The session is over at any time.
    Expired,
    Never,
    /// Unknown: a time is malformed. Such a row is kept.
    Unknown,
}

impl Expiry {
    /// Reports whether the session is over at the beginning of this second.
    pub fn is_expired(self, now: UnixTime) -> bool {
        match self {
            Self::At { moment, inclusive: true } => moment <= now.into(),
            Self::At { moment, inclusive: false } => moment < now.into(),
            Self::Expired => true,
            Self::Never | Self::Unknown => false,
        }
    }

    /// The second in which it is over.
    pub fn last_moment(self) -> Option<UnixTime> {
        match self {
            Self::At { moment, .. } => Some(moment.second()),
            Self::Expired | Self::Never | Self::Unknown => None,
        }
    }

    /// The earlier of two expiries. Unknown prevails.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Expired, _) | (_, Self::Expired) => Self::Expired,
            (Self::Never, rule) | (rule, Self::Never) => rule,
            (Self::At { moment, inclusive }, Self::At { moment: later, inclusive: also }) => {
                let earlier = moment.min(later);
                let inclusive = (inclusive && earlier == moment) || (also && earlier == later);
                Self::At { moment: earlier, inclusive }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStatus {
    /// Not a session: the filter excludes it.
    NoSession,
    Session(Expiry),
}

impl Profile {
    /// Decides on the row with these [inputs](Profile::inputs).
    ///
    /// 1. A row is not a session if one of the conditions of `filter` does not hold.
    /// 2. A session is over by each rule whose conditions, `when`, all hold. A rule names a
    ///    moment: a time, or a time and a length, plus `grace`. The earliest moment counts. If
    ///    no rule applies, the session is never over.
    /// 3. At that very moment it is over if the rule is inclusive, and otherwise still valid.
    /// 4. A time that is NULL has the meaning that the profile gives it. A value that the
    ///    profile lists under `never` means never, and so does a length of that kind. With a
    ///    value listed under `over`, the session is over, whatever the length.
    /// 5. If a time or a length that a rule needs cannot be read, or a value that is compared
    ///    with a number is not a number, the expiry is unknown, whatever the other rules say.
    /// 6. While a [parameter](Profile::missing) is missing, no session is ever over.
    pub fn judge(&self, inputs: &[SqlValueRef<'_>]) -> RowStatus {
        if !self.filter.iter().all(|condition| condition.holds(inputs)) {
            return RowStatus::NoSession;
        }
        let rules = self.rules.iter().filter(|rule| rule.may_apply(inputs));
        let expiries = rules.map(|rule| self.by_rule(rule, inputs));
        let expiry = expiries.fold(Expiry::Never, Expiry::or);
        let is_complete = self.missing.is_empty() || expiry == Expiry::Unknown;
        RowStatus::Session(if is_complete { expiry } else { Expiry::Never })
    }

    /// The moment that one of its times has in a row, as far as it has one.
    pub fn time(&self, time: Option<usize>, inputs: &[SqlValueRef<'_>]) -> Option<UnixTime> {
        match self.times.get(time?)?.read(inputs) {
            DecodedTime::At(moment) => Some(moment.second()),
            DecodedTime::Null
            | DecodedTime::Never
            | DecodedTime::Expired
            | DecodedTime::Unreadable => None,
        }
    }

    /// Time without use after which each session is over or due: the shortest that a rule without
    /// conditions or the [stricter rules](Profile::stricter) state. `None`: there is none, or
    /// each row has its own.
    pub fn idle_timeout(&self) -> Option<Span> {
        let of_rule = |rule: &Rule| match &rule.kind {
            RuleKind::After(time, Length::Fixed(span))
                if Some(*time) == self.used && rule.when.is_empty() =>
            {
                Some(Span::seconds(span.as_seconds().saturating_add(rule.grace.as_seconds())))
            }
            _ => None,
        };
        self.rules.iter().filter_map(of_rule).chain(self.stricter.timeout).min()
    }

    /// Reports whether the row was opened or used after a moment, as far as its inputs tell.
    pub fn is_after(&self, moment: UnixTime, inputs: &[SqlValueRef<'_>]) -> bool {
        [self.used, self.created]
            .into_iter()
            .any(|time| time.is_some() && self.time(time, inputs) > Some(moment))
    }

    fn by_rule(&self, rule: &Rule, inputs: &[SqlValueRef<'_>]) -> Expiry {
        if !rule.when.iter().all(|condition| condition.is_decidable(inputs)) {
            return Expiry::Unknown;
        }
        match &rule.kind {
            RuleKind::NotNull(input) => match inputs.get(*input) {
                None | Some(SqlValueRef::Null) => Expiry::Never,
                Some(_) => Expiry::Expired,
            },
            RuleKind::At(time) => self.at(*time, Some(0), rule, inputs),
            RuleKind::After(time, length) => match length.read(inputs) {
                Ok(length) => self.at(*time, length, rule, inputs),
                Err(()) => Expiry::Unknown,
            },
        }
    }

    /// Expiry this number of nanoseconds after a time; `None`: forever after.
    fn at(
        &self,
        time: usize,
        after: Option<i128>,
        rule: &Rule,
        inputs: &[SqlValueRef<'_>],
    ) -> Expiry {
        let Some(time) = self.times.get(time) else {
            return Expiry::Unknown;
        };
        match (time.read(inputs), after) {
            (DecodedTime::Unreadable, _) => Expiry::Unknown,
            (DecodedTime::Never, _) | (DecodedTime::At(_), None) => Expiry::Never,
            (DecodedTime::Expired, _) => Expiry::Expired,
            (DecodedTime::Null, _) => match time.null {
                Some(NullMeaning::Expired) => Expiry::Expired,
                Some(NullMeaning::Never) => Expiry::Never,
                None => Expiry::Unknown,
            },
            (DecodedTime::At(moment), Some(after)) => Expiry::At {
                moment: Timestamp(moment.0.saturating_add(after)).plus(rule.grace),
                inclusive: rule.inclusive,
            },
        }
    }
}
