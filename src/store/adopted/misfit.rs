//! The value that keeps a row from being judged, for a report.

use super::check::is_by;
use super::rows::Reader;
use crate::domain::port::Misfit;
use crate::domain::profile::{Length, Raw, Reading, RuleKind};

/// The first value of a row by which some rule cannot say when its session is over.
pub(super) fn misfit(reader: &Reader, inputs: &[Raw<'_>]) -> Option<Misfit> {
    let profile = &reader.profile;
    let is_needed = |time: usize| profile.rules.iter().any(|rule| is_by(&rule.kind, time));
    let times = profile.times.iter().enumerate().filter(|(time, _)| is_needed(*time));
    let odd = times.filter(|(_, time)| match time.read(inputs) {
        Reading::Unreadable => true,
        Reading::Null => time.null.is_none(),
        Reading::At(_) | Reading::Never => false,
    });
    // Where all times can be read, it is a length that cannot.
    let lengths = profile.rules.iter().filter_map(|rule| match &rule.kind {
        RuleKind::After(_, Length::Input { input, .. }) => Some(*input),
        _ => None,
    });
    let input = odd.map(|(_, time)| time.input).chain(lengths).next()?;
    let value = inputs.get(input)?.to_datum();
    let shown = |value| reader.shown(input, &value);
    let value = value.map_or_else(|| "text that is not UTF-8".to_owned(), shown);
    Some(Misfit { input: reader.name_of(input), value })
}
