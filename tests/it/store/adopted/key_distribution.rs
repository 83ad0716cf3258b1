//! Tests of `store::adopted::key_distribution`.

use sessctl::domain::profile::SqlValueRef;
use sessctl::domain::session::SessionKey;
use sessctl::store::adopted::key_distribution::{KeyDistribution, SamplePoint};

#[test]
fn sample_points_are_evenly_spaced() {
    let numbers = KeyDistribution::Numbers(i64::MIN, i64::MAX);
    assert_eq!(numbers.sample_points(1), [SamplePoint::Number(i64::MIN)]);
    let tens = KeyDistribution::Numbers(0, 40).sample_points(4);
    assert_eq!(tens, [0, 16, 22, 38].map(SamplePoint::Number));
    assert_eq!(KeyDistribution::Numbers(7, 7).sample_points(3), vec![SamplePoint::Number(7); 3]);
    let texts =
        KeyDistribution::between(SqlValueRef::Text(b"session:a"), SqlValueRef::Text(b"session:c"));
    let points = texts.sample_points(2);
    assert_eq!(points[0].value(), SqlValueRef::Text(b"session:a\0\0\0\0\0\0\0"));
    let SqlValueRef::Text(second) = points[1].value() else { panic!() };
    assert!(second.starts_with(b"session:b"), "{second:?}");
    let reals =
        KeyDistribution::between(SqlValueRef::Integer(-1), SqlValueRef::Real(3.0)).sample_points(4);
    assert_eq!(reals, [-1.0, 0.0, 1.0, 2.0].map(SamplePoint::Real));
    let mixed = KeyDistribution::between(SqlValueRef::Integer(1), SqlValueRef::Text(b"a"));
    assert_eq!((mixed.sample_points(9), mixed.clone()), (Vec::new(), KeyDistribution::Unknown));
}

#[test]
fn positions_grow_from_zero_to_one() {
    let texts = KeyDistribution::between(SqlValueRef::Text(b"2::a"), SqlValueRef::Text(b"2::e"));
    for (key, share) in [("2::a", 0.0), ("2::c", 0.5), ("2::e", 1.0), ("3", 0.0), ("", 0.0)] {
        let found = texts.position(&SessionKey::Text(key.into()));
        assert!((found - share).abs() < 0.01, "{key}: {found}");
    }
    let numbers = KeyDistribution::Numbers(10, 20);
    let row = |row_id| SessionKey::Row(row_id, Box::new(SessionKey::Integer(0)));
    assert!((numbers.position(&row(15)) - 0.5).abs() < 0.01);
    assert!((numbers.position(&row(99)) - 1.0).abs() < 0.01);
    assert!((KeyDistribution::Unknown.position(&row(1)) - 0.5).abs() < 0.01);
    let all =
        KeyDistribution::between(SqlValueRef::Real(f64::NEG_INFINITY), SqlValueRef::Real(f64::MAX));
    for (key, share) in [(f64::MIN, 0.0), (0.0, 0.5), (f64::INFINITY, 1.0)] {
        assert!((all.position(&SessionKey::Real(key)) - share).abs() < 0.01, "{key}");
    }
}
