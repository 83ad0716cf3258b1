//! Tests of `cli::exit`.

use sessctl::cli::exit::{Exit, exit_code, redact_credentials, worst_code};
use sessctl::cli::interrupt::Signal;

#[test]
fn no_password_of_an_address_is_shown() {
    for (text, shown) in [
        (
            "no database at rqlite://bob:a/b@c@db1:4001, or so",
            "no database at rqlite://…@db1:4001, or so",
        ),
        ("http://db1:4001 and x@y", "http://db1:4001 and x@y"),
        ("'http://a:b@c' http://d 'https://e@f'", "'http://…@c' http://d 'https://…@f'"),
        ("nobody@home", "nobody@home"),
    ] {
        assert_eq!(redact_credentials(text), shown);
    }
}

#[test]
fn the_worst_of_several_exit_codes_is_the_same_in_any_order() {
    let by_severity = [143, 12, 1, 2, 10, 11, 4, 5, 3, 0];
    for (index, worse) in by_severity.into_iter().enumerate() {
        for better in &by_severity[index..] {
            assert_eq!(worst_code(worse, *better), worse);
            assert_eq!(worst_code(*better, worse), worse);
        }
    }
    let exits = [
        Exit::Interrupted(Signal::Terminate),
        Exit::Failed,
        Exit::Misconfigured,
        Exit::Busy,
        Exit::Refused,
        Exit::NoSession,
        Exit::StoppedEarly,
        Exit::Done,
    ];
    for (index, worse) in exits.into_iter().enumerate() {
        for better in &exits[index..] {
            assert_eq!(worse.max_severity(*better), worse);
            assert_eq!(exit_code(better.max_severity(worse)), exit_code(worse));
        }
    }
}
