//! Values as a database holds them.

/// A value of one of the five classes that SQLite knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; it need not be UTF-8.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The same, where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Raw<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; it need not be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Datum {
    /// The value without its owner.
    pub fn raw(&self) -> Raw<'_> {
        match self {
            Self::Null => Raw::Null,
            Self::Integer(number) => Raw::Integer(*number),
            Self::Real(number) => Raw::Real(*number),
            Self::Text(bytes) => Raw::Text(bytes),
            Self::Blob(bytes) => Raw::Blob(bytes),
        }
    }

    /// Whether SQLite takes it for the same as another value: numbers by their value,
    /// text by its bytes.
    pub fn is_same(&self, other: Raw<'_>) -> bool {
        super::condition::is_same(self.raw(), other)
    }
}

impl<'a> Raw<'a> {
    /// The word for its class, as SQLite's `typeof` has it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }

    /// A value of its own.
    pub fn to_datum(self) -> Datum {
        match self {
            Self::Null => Datum::Null,
            Self::Integer(number) => Datum::Integer(number),
            Self::Real(number) => Datum::Real(number),
            Self::Text(bytes) => Datum::Text(bytes.to_vec()),
            Self::Blob(bytes) => Datum::Blob(bytes.to_vec()),
        }
    }

    /// Its text, if it is text.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}
