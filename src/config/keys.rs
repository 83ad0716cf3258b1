//! The keys of a policy: one entry each, for reading, showing and listing them.

use toml::de::DeValue;

use super::values::{count, flag, span, span_or, word};
use crate::domain::policy::Policy;
use crate::domain::time::Span;

/// A key of `[policy]` and `[policy.TASK]`.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) read: fn(&mut Policy, &DeValue<'_>) -> Result<(), String>,
    pub(super) show: fn(&Policy) -> String,
}

pub(super) const POLICY: &[Key] = &[
    Key {
        name: "expire",
        read: |policy, value| set(&mut policy.expire, word(value)),
        show: |policy| policy.expire.to_string(),
    },
    Key {
        name: "timeout",
        read: |policy, value| set(&mut policy.timeout, span_or(value, "never")),
        show: |policy| or_never(policy.timeout),
    },
    Key {
        name: "min_timeout",
        read: |policy, value| set(&mut policy.min_timeout, span(value)),
        show: |policy| policy.min_timeout.to_string(),
    },
    Key {
        name: "max_timeout",
        read: |policy, value| set(&mut policy.max_timeout, span_or(value, "never")),
        show: |policy| or_never(policy.max_timeout),
    },
    Key {
        name: "abandoned",
        read: |policy, value| set(&mut policy.abandoned, span(value)),
        show: |policy| policy.abandoned.to_string(),
    },
    Key {
        name: "lifetime",
        read: |policy, value| set(&mut policy.lifetime, span_or(value, "never")),
        show: |policy| or_never(policy.lifetime),
    },
    Key {
        name: "delay",
        read: |policy, value| set(&mut policy.delay, span(value)),
        show: |policy| policy.delay.to_string(),
    },
    Key {
        name: "limit",
        read: |policy, value| set(&mut policy.limit, count(value)),
        show: |policy| policy.limit.to_string(),
    },
    Key {
        name: "user_limit",
        read: |policy, value| set(&mut policy.user_limit, count(value)),
        show: |policy| policy.user_limit.to_string(),
    },
    Key {
        name: "when_full",
        read: |policy, value| set(&mut policy.when_full, word(value)),
        show: |policy| policy.when_full.to_string(),
    },
    Key {
        name: "strict",
        read: |policy, value| set(&mut policy.strict, flag(value)),
        show: |policy| policy.strict.to_string(),
    },
    Key {
        name: "touch_resolution",
        read: |policy, value| set(&mut policy.touch_resolution, span(value)),
        show: |policy| policy.touch_resolution.to_string(),
    },
    Key {
        name: "retention",
        read: |policy, value| set(&mut policy.retention, span_or(value, "forever")),
        show: |policy| or_forever(policy.retention),
    },
];

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

pub(super) fn or_never(span: Option<Span>) -> String {
    span.map_or_else(|| "never".to_owned(), |span| span.to_string())
}

pub(super) fn or_forever(span: Option<Span>) -> String {
    span.map_or_else(|| "forever".to_owned(), |span| span.to_string())
}
