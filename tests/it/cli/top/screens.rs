//! The screen at several widths. Each line is one of the screen, without the blanks at its end.

use proptest::prelude::*;
use sessctl::cli::top::live::draw::{Look, screen};
use sessctl::cli::top::live::model::columns::List;
use sessctl::cli::top::live::model::{Key, Model};
use sessctl::cli::top::live::parts;
use sessctl::domain::time::UnixTime;
use sessctl::output::record::Value;

use sessctl::output::sparkline::Ramp;

use super::{NOW, facts, fill, model, session, task, user};

const LOOK: Look = Look { has_colors: false, ramp: Ramp::Blocks };

fn lines(model: &Model, width: u16, height: u16) -> String {
    let buffer = screen(model, width, height, LOOK);
    let line = |y| -> String {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap().max(1);
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn busy() -> Model {
    let mut model = model(vec![
        session("3fa94c1d2e3f", "alice", 1_500),
        session("91b4d5919e67", "bob", 1_260),
        session("717abed30382", "carol", 90),
    ]);
    let status = facts(vec![
        ("file_bytes", Value::Count(20_200_000)),
        ("log_bytes", Value::Count(4_120)),
        ("work", Value::text(Some("purge"))),
        ("by", Value::text(Some("root"))),
        ("pid", Value::Number(4_711)),
        ("started_at", Value::Time(UnixTime(NOW.0 - 42))),
        ("fraction", Value::Measure(0.41)),
        ("ended", Value::Count(12_301)),
        ("deleted", Value::Count(4_000)),
        ("last_hold_ms", Value::Measure(1.8)),
        ("longest_hold_ms", Value::Measure(4.2)),
        ("purge_log_bytes", Value::Count(1_200_000)),
    ]);
    model.take(0, parts::STATUS, vec![status]);
    for live in [1_210, 1_300, 900, 1_204] {
        model.take(0, parts::TASKS, vec![task("imap", live, 32), task("http", 96, 0)]);
    }
    model.take(
        0,
        parts::READING,
        vec![facts(vec![
            ("at", Value::Time(UnixTime(NOW.0 - 12))),
            ("cost_ms", Value::Measure(126.0)),
            ("next_at", Value::Time(UnixTime(NOW.0 + 8))),
        ])],
    );
    model
}

#[test]
fn sixty_columns() {
    insta::assert_snapshot!(lines(&busy(), 60, 20), @"");
}

#[test]
fn eighty_columns() {
    insta::assert_snapshot!(lines(&busy(), 80, 24), @"");
}

#[test]
fn a_wide_screen() {
    insta::assert_snapshot!(lines(&busy(), 120, 24), @"");
}

#[test]
fn a_low_screen_has_one_list() {
    let mut model = busy();
    model.databases[0].focus = List::Users;
    insta::assert_snapshot!(lines(&model, 60, 15), @"");
}

#[test]
fn a_confirmation() {
    let mut model = busy();
    model.press(Key::Char('t'));
    "stolen laptop".chars().for_each(|char| drop(model.press(Key::Char(char))));
    model.press(Key::Enter);
    insta::assert_snapshot!(lines(&model, 60, 20), @"");
}

#[test]
fn a_filter_with_a_mistake() {
    let mut model = busy();
    model.press(Key::Char('/'));
    "--idle-over soon".chars().for_each(|char| drop(model.press(Key::Char(char))));
    model.press(Key::Enter);
    insta::assert_snapshot!(lines(&model, 80, 15), @"");
}

#[test]
fn several_databases_of_which_one_is_locked() {
    let names = ["shop", "mail", "forum"].map(str::to_owned);
    let mut model = Model::new(names, true, NOW);
    fill(&mut model, 0, vec![session("3fa94c1d2e3f", "alice", 1_500)]);
    let reason = "database \"mail.db\" is locked by another process".to_owned();
    model.reader_failed(1, reason, UnixTime(NOW.0 + 4));
    model.press(Key::Down);
    insta::assert_snapshot!(lines(&model, 80, 15), @"");
}

#[test]
fn the_keys() {
    let mut model = busy();
    model.press(Key::Char('?'));
    insta::assert_snapshot!(lines(&model, 60, 20), @"");
}

#[test]
fn a_screen_that_is_too_small() {
    insta::assert_snapshot!(lines(&busy(), 30, 5), @"");
}

#[test]
fn hostile_names_are_visible() {
    let mut model = model(vec![
        session("3fa94c1d2e3f", "\u{1b}[31mred\u{1b}]0;title\u{7}", 90),
        session("91b4d5919e67", "\u{202e}evil", 80),
        session("717abed30382", "日本語のユーザー", 70),
        session("aa7abed30382", "a\nb\tc", 60),
    ]);
    model.take(0, parts::USERS, vec![user("\u{1b}[2J", 1), user("e\u{301}\u{301}", 2)]);
    insta::assert_snapshot!(lines(&model, 120, 20), @"");
}

#[test]
fn without_colors_no_cell_has_one() {
    let model = busy();
    let has_color = |has_colors| {
        let buffer = screen(&model, 80, 24, Look { has_colors, ..LOOK });
        buffer.content().iter().any(|cell| format!("{:?}", cell.fg) != "Reset")
    };
    assert!(!has_color(false));
    assert!(has_color(true));
}

#[test]
fn a_locale_without_unicode_has_ascii_alone() {
    let mut model = busy();
    model.press(Key::Char('?'));
    let look = Look { ramp: Ramp::Ascii, ..LOOK };
    for (width, height) in [(60, 15), (120, 30)] {
        let buffer = screen(&model, width, height, look);
        assert!(buffer.content().iter().all(|cell| cell.symbol().is_ascii()));
    }
}

proptest! {
    /// Nothing panics, and no control character reaches the terminal, at any size.
    #[test]
    fn any_name_fits_any_screen(names in prop::collection::vec(any::<String>(), 0..6), width in 0_u16..140, height in 0_u16..50, keys in "[tsr/?ux]{0,4}") {
        let sessions = names.iter().enumerate();
        let sessions = sessions.map(|(number, name)| session(&format!("{number:012x}"), name, 5));
        let mut model = model(sessions.collect());
        model.take(0, parts::USERS, names.iter().map(|name| user(name, 1)).collect());
        keys.chars().for_each(|char| drop(model.press(Key::Char(char))));
        let buffer = screen(&model, width, height, Look { has_colors: true, ..LOOK });
        for cell in buffer.content() {
            prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
        }
    }
}
