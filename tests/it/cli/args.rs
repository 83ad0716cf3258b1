//! Tests of `cli::args`.

use sessctl::cli::args::TimeArg;
use sessctl::domain::time_zone::TimeZone;

#[test]
fn moments_are_read_in_their_zone() {
    let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
    let read = |text: &str| TimeArg::from(text).read(&berlin).unwrap().to_string();
    assert_eq!(read("2026-06-15T12:00:00Z"), "2026-06-15T12:00:00Z");
    assert_eq!(read("2026-06-15T12:00:00+05:30"), "2026-06-15T06:30:00Z");
    assert_eq!(read("2026-06-15 12:00"), "2026-06-15T10:00:00Z");
    assert_eq!(read("2026-12-15T12:00:30"), "2026-12-15T11:00:30Z");
    assert_eq!(read("1781524800"), "2026-06-15T12:00:00Z");
    assert_eq!(read("@1781524800"), "2026-06-15T12:00:00Z");
    assert_eq!(read("2026-06-15"), "2026-06-14T22:00:00Z");
    assert!(TimeArg::from("2026").read(&berlin).is_err());
    assert!(TimeArg::from("99999999999999").read(&berlin).is_err());
    assert!(TimeArg::from("tomorrow").read(&berlin).is_err());
}
