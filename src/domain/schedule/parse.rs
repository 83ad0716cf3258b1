//! Parser of the fields of a schedule.

use std::ops::{Range, RangeInclusive};

use super::error::ScheduleErrorKind;
use super::field::{Field, Values, WEEKDAYS};

#[derive(Debug, Clone, Copy)]
pub(super) struct FieldToken<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

#[derive(Debug)]
pub(super) struct SpannedError {
    pub(super) place: Range<usize>,
    pub(super) kind: ScheduleErrorKind,
}

impl FieldToken<'_> {
    pub(super) const fn place(self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    fn split(self, separator: char) -> impl Iterator<Item = Self> {
        let mut at = self.at;
        self.text.split(separator).map(move |text| {
            let token = FieldToken { at, text };
            at += text.len() + separator.len_utf8();
            token
        })
    }

    fn split_once(self, separator: char) -> Option<(Self, Self)> {
        let (left, right) = self.text.split_once(separator)?;
        let at = self.at + left.len() + separator.len_utf8();
        Some((FieldToken { text: left, ..self }, FieldToken { at, text: right }))
    }

    fn error(self, kind: ScheduleErrorKind) -> SpannedError {
        SpannedError { place: self.place(), kind }
    }
}

/// The fields of a text, which any white space separates.
pub(super) fn fields(spec: &str) -> Vec<FieldToken<'_>> {
    let mut end = 0;
    spec.split_inclusive(char::is_whitespace)
        .map(|chunk| {
            let at = end;
            end += chunk.len();
            FieldToken { at, text: chunk.trim_end() }
        })
        .filter(|token| !token.text.is_empty())
        .collect()
}

pub(super) struct FieldSyntax {
    pub(super) bounds: RangeInclusive<u8>,
    /// Three letters each, in the order of the numbers from the first bound.
    pub(super) names: &'static [&'static str],
    /// Set if a range may wrap from the last value to the first.
    pub(super) wraps: bool,
}

impl From<Field> for FieldSyntax {
    fn from(field: Field) -> Self {
        let weekday = field == Field::Weekday;
        Self {
            bounds: field.bounds(),
            names: if weekday { &WEEKDAYS } else { &[] },
            wraps: weekday,
        }
    }
}

impl FieldSyntax {
    /// A star, or a list of numbers, ranges and steps.
    pub(super) fn values(&self, field: FieldToken<'_>) -> Result<Values, SpannedError> {
        if field.text == "*" {
            return Ok(Values::all(self.bounds.clone()));
        }
        let mut values = Values::default();
        for item in field.split(',') {
            values.extend(self.item(item)?);
        }
        Ok(values)
    }

    fn item(&self, item: FieldToken<'_>) -> Result<Vec<u8>, SpannedError> {
        match (item.text, item.split_once('/')) {
            ("", _) => Err(item.error(ScheduleErrorKind::EmptyItem)),
            ("*", _) => Err(item.error(ScheduleErrorKind::StarInList)),
            (_, Some((base, step))) => {
                let step = self.step(step)?;
                let values = self.stepped(base, step)?;
                Ok(values.into_iter().step_by(step.into()).collect())
            }
            (_, None) => self.range(item),
        }
    }

    /// Values of a step: all, or a range.
    fn stepped(&self, base: FieldToken<'_>, step: u8) -> Result<Vec<u8>, SpannedError> {
        if base.text == "*" {
            return Ok(self.bounds.clone().collect());
        }
        let values = self.range(base)?;
        if base.text.contains('-') {
            return Ok(values);
        }
        let meant = format!("{}-{}/{step}", base.text, self.bounds.end());
        Err(base.error(ScheduleErrorKind::StepOnNumber(meant)))
    }

    fn step(&self, step: FieldToken<'_>) -> Result<u8, SpannedError> {
        let most = self.bounds.end() - self.bounds.start();
        match digits(step.text).and_then(|digits| digits.parse().ok()) {
            None => Err(step.error(ScheduleErrorKind::StepUnknown)),
            Some(0) => Err(step.error(ScheduleErrorKind::StepZero)),
            Some(by) if by > most => {
                Err(step.error(ScheduleErrorKind::StepTooLarge { step: by, most }))
            }
            Some(by) => Ok(by),
        }
    }

    fn range(&self, range: FieldToken<'_>) -> Result<Vec<u8>, SpannedError> {
        let Some((from, to)) = range.split_once('-') else {
            return Ok(vec![self.number(range)?]);
        };
        let (from, to) = (self.number(from)?, self.number(to)?);
        if from <= to {
            return Ok((from..=to).collect());
        }
        if !self.wraps {
            return Err(range.error(ScheduleErrorKind::Backwards(range.text.to_owned())));
        }
        Ok((from..=*self.bounds.end()).chain(*self.bounds.start()..=to).collect())
    }

    fn number(&self, token: FieldToken<'_>) -> Result<u8, SpannedError> {
        let text = || token.text.to_owned();
        if token.text.is_empty() {
            return Err(token.error(ScheduleErrorKind::MissingNumber));
        }
        let named = self.names.iter().position(|name| token.text.eq_ignore_ascii_case(name));
        if let Some(value) = self.bounds.clone().nth(named.unwrap_or(usize::MAX)) {
            return Ok(value);
        }
        let all_digits = token.text.bytes().all(|byte| byte.is_ascii_digit());
        match digits(token.text).and_then(|digits| digits.parse().ok()) {
            Some(value) if self.bounds.contains(&value) => Ok(value),
            Some(_) => Err(token.error(ScheduleErrorKind::OutOfRange(text()))),
            None if all_digits => Err(token.error(ScheduleErrorKind::TooManyDigits(text()))),
            None => Err(token.error(ScheduleErrorKind::Unknown(text()))),
        }
    }
}

/// One or two ASCII digits: a sign, or a third digit, is more likely a slip than a number.
fn digits(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && text.len() <= 2).then_some(text)
}
