//! Random values of all of SQLite's storage classes.

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value, whose text need not be UTF-8.
#[derive(Debug, Clone)]
pub enum Any {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl ToSql for Any {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Values among which many are the same, are shown alike, or become one another where a
/// column has an affinity.
pub fn any_value() -> impl Strategy<Value = Any> {
    const MANY: i64 = (1 << 53) + 1;
    let integers = prop_oneof![-2..8_i64, any::<i64>(), Just(i64::MIN), Just(MANY), Just(MANY + 1)];
    let reals = prop_oneof![
        (-2..8_i32).prop_map(f64::from),
        (-2..8_i32).prop_map(|half| f64::from(half) / 2.0),
        any::<f64>().prop_filter("NaN is NULL", |real| !real.is_nan()),
        prop::sample::select(vec![-0.0, 1e300, 9_007_199_254_740_994.0, 1e19]),
        prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::MIN, f64::MAX]),
    ];
    let words = [
        "7",
        "07",
        "+7",
        " 7",
        "7 ",
        "7.0",
        "-0",
        "0",
        "0.0",
        "1e1",
        "01x",
        "inf",
        "Inf",
        "9e999",
        "",
        "a",
        "A",
        "a ",
        "a\0b",
        "é",
        "\u{fffd}",
        "0aff",
        "0AFF",
        "9007199254740993",
        "9223372036854775808",
        "0x7",
    ];
    let words = prop::sample::select(words.map(|word| word.as_bytes().to_vec()).to_vec());
    let garbled = vec(prop::sample::select(vec![b'a', b'7', b' ', 0, 0x80, 0xff]), 1..4);
    let bytes = prop::sample::select(vec![vec![], vec![7], vec![10, 255], vec![0], b"a".to_vec()]);
    prop_oneof![
        1 => Just(Any::Null),
        4 => integers.prop_map(Any::Integer),
        4 => reals.prop_map(Any::Real),
        6 => words.prop_map(Any::Text),
        3 => garbled.prop_map(Any::Text),
        2 => bytes.prop_map(Any::Blob),
    ]
}
