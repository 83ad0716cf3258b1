//! Tests of `domain::schedule::error`.

use insta::assert_snapshot;
use sessctl::domain::schedule::Schedule;

fn message(spec: &str) -> String {
    spec.parse::<Schedule>().unwrap_err().to_string()
}

#[test]
fn carets_stand_under_the_mistake() {
    assert_snapshot!(message("60 * *"), @r"
    invalid schedule: minute 60 is out of range
      60 * *
      ^^
    minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    ");
    assert_snapshot!(message("0,30\n2,,4 mon-fri "), @r"
    invalid schedule: hour list has an empty item
      0,30 2,,4 mon-fri
             ^
    hour holds 0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)
    ");
    assert_snapshot!(message("5/15 * *"), @r"
    invalid schedule: minute step needs a range or *: use 5-59/15
      5/15 * *
      ^
    minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    ");
    assert_snapshot!(message("0 3"), @r"
    invalid schedule: it has 2 fields, not three
      0 3
         ^
    a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    ");
    assert_snapshot!(message("  "), @r"
    invalid schedule: it is empty
    a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00
    ");
}

#[test]
fn carets_stand_where_a_terminal_shows_the_character() {
    assert_snapshot!(message("\t0\u{2003}3\u{1b}[2J  m\u{f6}\u{202e}\u{ff15}"), @r"
    invalid schedule: hour 3\u{1b}[2J is not valid
       0 3\u{1b}[2J  m\u{f6}\u{202e}\u{ff15}
         ^^^^^^^^^^
    hour holds 0-23, *, lists (2,14), ranges (8-18) and steps (*/6, 8-18/2)
    ");
    assert_snapshot!(message("\u{661} 8-18 x"), @r"
    invalid schedule: minute \u{661} is not valid
      \u{661} 8-18 x
      ^^^^^^^
    minute holds 0-59, *, lists (0,30), ranges (1-5) and steps (*/15, 10-50/20)
    ");
}

#[test]
fn a_crontab_line_is_told_from_a_schedule() {
    assert_snapshot!(message("30 2 * * 0"), @r"
    invalid schedule: it has 5 fields like a crontab line, not three
      30 2 * * 0
           ^^^
    a schedule is <minute> <hour> <weekday>: use 30 2 7
    ");
    assert_snapshot!(message("30 2 1 * * root"), @r"
    invalid schedule: it has 6 fields like a crontab line, not three
      30 2 1 * * root
             ^^^^^^^^
    a schedule is <minute> <hour> <weekday>, weekdays from 1 (Monday) to 7 (Sunday), without a day of the month or a month
    ");
}
