//! Tests of `cli::process`.

use std::process::Command;

use sessctl::cli::process::{ProcessIdentity, ProcessStat, is_gone, numbers_are_those_of};

#[test]
fn a_name_is_read_as_it_was_written() {
    let own = ProcessIdentity::own().unwrap();
    assert_eq!(ProcessIdentity::parse(&own.name()), Some(own.clone()));
    assert!(!own.name().contains([':', '@']));
    for wrong in ["", "a/1/2/3", "a/1/2/3/4/5", "a/1/2/-3/4", "a/1/2/0/4", "a/x/2/3/4"] {
        assert_eq!(ProcessIdentity::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn this_process_and_those_out_of_reach_are_not_known_to_be_gone() {
    let own = ProcessIdentity::own().unwrap();
    assert!(!is_gone(&own.name()));
    assert!(!is_gone("of an older version"));
    let other_start = ProcessIdentity { started: own.started + 1, ..own.clone() };
    assert!(is_gone(&other_start.name()));
    // The same number in another place is another process, of which nothing is known
    for elsewhere in [
        ProcessIdentity { boot: "another".to_owned(), ..other_start.clone() },
        ProcessIdentity { numbers: own.numbers + 1, ..other_start.clone() },
        ProcessIdentity { times: own.times + 1, ..other_start.clone() },
    ] {
        assert!(!is_gone(&elsewhere.name()));
    }
}

#[test]
fn a_process_is_gone_from_when_it_ends_also_if_nobody_has_asked_how() {
    let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let started = ProcessStat::of(pid).unwrap().started;
    let name = ProcessIdentity { pid, started, ..ProcessIdentity::own().unwrap() }.name();
    assert!(!is_gone(&name));
    drop(child.stdin.take());
    while !ProcessStat::of(pid).unwrap().has_ended {
        std::thread::yield_now();
    }
    assert!(is_gone(&name));
    child.wait().unwrap();
    assert!(is_gone(&name));
}

#[test]
fn a_program_may_have_any_name() {
    let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
    let alive = ProcessStat { started: 4_711, has_ended: false };
    assert_eq!(ProcessStat::parse(&format!("7 (a) Z 1) S {rest}")), Some(alive));
    let ended = ProcessStat { started: 4_711, has_ended: true };
    assert_eq!(ProcessStat::parse(&format!("7 (a) Z {rest}")), Some(ended));
    assert_eq!(ProcessStat::parse("7 (a) S 1 2"), None);
}

#[test]
fn the_files_of_an_outer_namespace_are_told_apart() {
    assert!(numbers_are_those_of(7, "Name:\ta\nNSpid:\t7\n"));
    assert!(!numbers_are_those_of(7, "NSpid:\t4711\t7\n"));
    assert!(!numbers_are_those_of(7, "Name:\ta\n"));
}
