//! The three fields of a schedule, and the set of values that one holds.

use std::fmt;
use std::ops::RangeInclusive;

/// Names of the weekdays, from Monday on.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 (Monday) to 7 (Sunday).
    Weekday,
}

impl Field {
    pub const fn bounds(self) -> RangeInclusive<u8> {
        match self {
            Self::Minute => 0..=59,
            Self::Hour => 0..=23,
            Self::Weekday => 1..=7,
        }
    }

    pub const fn valid_values(self) -> &'static str {
        match self {
            Self::Minute => "0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)",
            Self::Hour => "0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)",
            Self::Weekday => {
                "1 (Monday) to 7 (Sunday) or mon to sun, *, lists (1,fri), ranges (mon-fri, 6-1) \
                 and steps (*/2)"
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Weekday => "weekday",
        })
    }
}

/// A set of small numbers, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Values(u64);

/// A part of a set that can be written shorter than value by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListItem {
    One(u8),
    Range(u8, u8),
    Steps { from: u8, to: u8, by: u8 },
}

impl Values {
    pub(super) fn all(bounds: RangeInclusive<u8>) -> Self {
        bounds.collect()
    }

    pub(super) const fn holds(self, value: u8) -> bool {
        self.0 & (1 << value) != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |value| self.holds(*value))
    }

    /// The set in as few parts as a list takes: one of equal steps, or else
    /// ranges of three and more, and single values.
    pub(super) fn parts(self) -> Vec<ListItem> {
        let values: Vec<u8> = self.iter().collect();
        if let [from, second, .., to] = values[..] {
            let by = second - from;
            if by > 1 && values.windows(2).all(|pair| pair[1] - pair[0] == by) {
                return vec![ListItem::Steps { from, to, by }];
            }
        }
        values
            .chunk_by(|left, right| left + 1 == *right)
            .flat_map(|run| match run {
                [from, _, .., to] if run.len() > 2 => vec![ListItem::Range(*from, *to)],
                _ => run.iter().copied().map(ListItem::One).collect(),
            })
            .collect()
    }
}

impl FromIterator<u8> for Values {
    fn from_iter<I: IntoIterator<Item = u8>>(values: I) -> Self {
        Self(values.into_iter().fold(0, |set, value| set | 1 << value))
    }
}

impl Extend<u8> for Values {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, values: I) {
        self.0 |= Self::from_iter(values).0;
    }
}

/// The notation of schedules and of crontabs: `0,30`, `1-5`, `10-50/20`.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().into_iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match part {
                ListItem::One(value) => write!(f, "{value}")?,
                ListItem::Range(from, to) => write!(f, "{from}-{to}")?,
                ListItem::Steps { from, to, by } => write!(f, "{from}-{to}/{by}")?,
            }
        }
        Ok(())
    }
}
