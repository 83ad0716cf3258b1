//! Enums whose variants have names in files, arguments and formats.

/// Conversions between the variants of an enum and their names.
macro_rules! string_enum {
    ($type:ident, $what:literal, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// All variants, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name of the variant in tables, files and formats.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::domain::variants::UnknownVariant;

            fn from_str(word: &str) -> std::result::Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    Self::Err { what: $what, word: word.to_owned(), known: &[$($word),+] }
                })
            }
        }
    };
}
pub(crate) use string_enum;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", invalid_value(word, what, &known.join(", ")))]
pub struct UnknownVariant {
    pub(crate) what: &'static str,
    pub(crate) word: String,
    pub(crate) known: &'static [&'static str],
}

pub fn invalid_value(word: &str, what: &str, valid: &str) -> String {
    format!("{word:?} is not a valid {what}; valid values: {valid}")
}
