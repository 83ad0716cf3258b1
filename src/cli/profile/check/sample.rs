//! Sample rows, and what a profile makes of them.

use crate::domain::profile::Expiry;
use crate::domain::time::UnixTime;
use crate::store::adopted::Sample;

use crate::output::record::{Column, Record, Schema, Severity, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleVerdict {
    NoSession,
    /// Valid until this time; `None`: forever.
    Live(Option<UnixTime>),
    /// Expired since this time, if it has one.
    Expired(Option<UnixTime>),
    Unreadable,
}

impl SampleVerdict {
    pub fn of(sample: &Sample, now: UnixTime) -> Self {
        match sample.expiry {
            None => Self::NoSession,
            Some(Expiry::Unknown) => Self::Unreadable,
            Some(expiry) if expiry.is_expired(now) => Self::Expired(expiry.last_moment()),
            Some(expiry) => Self::Live(expiry.last_moment()),
        }
    }

    const fn word(self) -> (&'static str, Severity) {
        match self {
            Self::NoSession => ("no session", Severity::Dim),
            Self::Live(_) => ("live", Severity::Good),
            Self::Expired(_) => ("expired", Severity::Bad),
            Self::Unreadable => ("unreadable", Severity::Warn),
        }
    }

    fn moment(self) -> Option<UnixTime> {
        match self {
            Self::Live(moment) | Self::Expired(moment) => moment,
            Self::NoSession | Self::Unreadable => None,
        }
    }

    fn sentence(self) -> String {
        match self {
            Self::NoSession => "no session".to_owned(),
            Self::Live(Some(until)) => format!("live until {until}"),
            Self::Live(None) => "live forever".to_owned(),
            Self::Expired(Some(since)) => format!("expired since {since}"),
            Self::Expired(None) => "expired".to_owned(),
            Self::Unreadable => "kept: cannot be read".to_owned(),
        }
    }
}

const HANDLE: Column = Column::row("handle", "handle");
const USER: Column = Column::row("user", "user");
const TIME: Column = Column::row("time", "time");
const VALUE: Column = Column::row("value", "value");
const MEANS: Column = Column::row("means", "means").time();
const VERDICT: Column = Column::row("verdict", "verdict");

static TIMES: Schema = Schema::many("times of a row", &[TIME, VALUE, MEANS]);

/// A sample with its times in it, for programs.
pub static SAMPLES: Schema = Schema::many(
    "sample rows",
    &[HANDLE, USER, VERDICT, Column::row("expires_at", "expires").time()],
)
.with_children("times", &TIMES);

pub fn record(sample: &Sample, now: UnixTime) -> Record {
    let verdict = SampleVerdict::of(sample, now);
    let key = vec!["sample".to_owned(), sample.handle.clone()];
    let time = |(name, value, means): &(String, String, Option<UnixTime>)| {
        let values = vec![
            Value::text(Some(name.as_str())),
            Value::text(Some(value.as_str())),
            Value::time(*means),
        ];
        Record::new([key.clone(), vec![name.clone()]].concat(), values)
    };
    let (word, tone) = verdict.word();
    let values = vec![
        Value::word(sample.handle.clone()),
        Value::text(sample.user.as_deref()),
        Value::Word(word.into(), tone),
        Value::time(verdict.moment()),
    ];
    Record { children: sample.times.iter().map(time).collect(), key, values }
}

/// A row for each time of a sample, for people.
pub static ROWS: Schema = Schema::many("sample rows", &[HANDLE, USER, TIME, VALUE, MEANS, VERDICT]);

pub fn rows(sample: &Sample, now: UnixTime) -> Vec<Record> {
    let (verdict, key) = (SampleVerdict::of(sample, now), ["sample"]);
    let tone = verdict.word().1;
    let sentence = Value::Word(verdict.sentence().into(), tone);
    let [handle, user] = [Value::word(sample.handle.clone()), Value::text(sample.user.as_deref())];
    let blank = || Value::word("");
    if sample.times.is_empty() {
        let values = vec![handle, user, Value::Absent, Value::Absent, Value::Absent, sentence];
        return vec![Record::new(key, values)];
    }
    // The verdict of the row is shown next to the first of its times.
    let mut once = Some((handle, user, sentence));
    let row = |(name, value, means): &(String, String, Option<UnixTime>)| {
        let (handle, user, sentence) = once.take().unwrap_or_else(|| (blank(), blank(), blank()));
        let (name, value) = (Value::text(Some(name.as_str())), Value::text(Some(value.as_str())));
        Record::new(key, vec![handle, user, name, value, Value::time(*means), sentence])
    };
    sample.times.iter().map(row).collect()
}
