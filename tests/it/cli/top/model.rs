use proptest::prelude::*;
use sessctl::cli::top::live::model::columns::List;
use sessctl::cli::top::live::model::{Key, Mode, Model, Wish};
use sessctl::cli::top::live::order::Order;
use sessctl::cli::top::live::parts;
use sessctl::domain::time::UnixTime;
use sessctl::output::record::Value;
use sessctl::storage::SortKey;

use super::{NOW, fill, model, session};

fn three() -> Model {
    model(vec![
        session("aaaa", "alice", 60),
        session("bbbb", "bob", 30),
        session("cccc", "carol", 10),
    ])
}

fn press(model: &mut Model, keys: &[Key]) -> Vec<Wish> {
    keys.iter().flat_map(|key| model.press(*key)).collect()
}

fn write(model: &mut Model, text: &str) {
    for char in text.chars() {
        assert_eq!(model.press(Key::Char(char)), []);
    }
}

/// Handles in the order of the list.
fn handles(model: &Model) -> Vec<String> {
    let rows = &model.databases[0].sessions.records;
    rows.iter().map(|row| row.record.key[0].clone()).collect()
}

/// The words of the only command that these wishes have.
fn command(wishes: &[Wish]) -> Vec<String> {
    let [Wish::Run { words, .. }] = wishes else { panic!("{wishes:?}") };
    words.clone()
}

#[test]
fn the_longest_unused_session_comes_first() {
    assert_eq!(handles(&three()), ["aaaa", "bbbb", "cccc"]);
}

#[test]
fn a_session_ends_after_a_reason_and_a_confirmation() {
    let mut model = three();
    assert_eq!(press(&mut model, &[Key::Down, Key::Char('t')]), []);
    write(&mut model, "stolen 'laptop'");
    assert_eq!(press(&mut model, &[Key::Enter]), []);
    let wishes = press(&mut model, &[Key::Char('y')]);
    let words = ["cycle", "--yes", "--session", "bbbb", "--why=stolen 'laptop'"];
    assert_eq!(command(&wishes), words);
}

#[test]
fn the_reason_of_the_call_is_proposed() {
    let mut model = three();
    model.why = "ticket 4711".to_owned();
    let wishes = press(&mut model, &[Key::Char('t'), Key::Char('y')]);
    assert_eq!(command(&wishes), ["cycle", "--yes", "--session", "aaaa", "--why=ticket 4711"]);
}

#[test]
fn a_session_may_end_without_a_reason() {
    let wishes = press(&mut three(), &[Key::Char('t'), Key::Enter, Key::Char('y')]);
    assert_eq!(command(&wishes), ["cycle", "--yes", "--session", "aaaa"]);
}

#[test]
fn nothing_ends_without_a_yes() {
    for keys in [
        vec![Key::Escape],
        vec![Key::Enter, Key::Escape],
        vec![Key::Enter, Key::Char('n')],
        vec![Key::Enter, Key::Enter, Key::Enter, Key::Enter],
        vec![Key::Char('y'), Key::Enter],
        vec![Key::Enter, Key::Char('w'), Key::Char('y')],
    ] {
        let mut model = three();
        assert_eq!(press(&mut model, &[Key::Char('t')]), []);
        assert_eq!(press(&mut model, &keys), [], "{keys:?}");
    }
}

#[test]
fn a_reason_that_is_too_long_is_refused() {
    let mut model = three();
    press(&mut model, &[Key::Char('t')]);
    write(&mut model, &"x".repeat(501));
    assert_eq!(press(&mut model, &[Key::Enter, Key::Char('y')]), []);
    let Mode::Confirm(confirmation) = &model.mode else { panic!() };
    assert!(confirmation.fault.is_some() || confirmation.is_typing);
}

#[test]
fn only_sessions_that_have_not_ended_can_be_ended() {
    let mut ended = session("aaaa", "alice", 60);
    let place = ended.schema.columns.iter().position(|it| it.name == "ended_at").unwrap();
    ended.record.values[place] = Value::Time(NOW);
    let mut model = model(vec![ended]);
    assert_eq!(press(&mut model, &[Key::Char('t')]), []);
    assert_eq!((&model.mode, model.notice.is_some()), (&Mode::Browse, true));
    let mut model = three();
    assert_eq!(press(&mut model, &[Key::Tab, Key::Char('t')]), []);
    assert_eq!((&model.mode, model.notice.is_some()), (&Mode::Browse, true));
}

#[test]
fn the_figures_are_read_again_when_a_session_has_ended() {
    let mut model = three();
    let wishes = press(&mut model, &[Key::Char('t'), Key::Enter, Key::Char('y')]);
    let [Wish::Run { number, .. }] = wishes.as_slice() else { panic!() };
    model.answer_line(*number, "ended".to_owned());
    // Also if nobody looks at the answer.
    press(&mut model, &[Key::Enter]);
    assert_eq!(model.answer_ended(*number, 0), [Wish::Order(0, Order::Read)]);
}

#[test]
fn another_order_is_read() {
    let mut model = three();
    let wishes = press(&mut model, &[Key::Char('s')]);
    let [Wish::Order(0, Order::View(view))] = wishes.as_slice() else { panic!("{wishes:?}") };
    assert_eq!((view.order.by, view.order.reverse), (SortKey::User, false));
    let wishes = press(&mut model, &[Key::Char('r')]);
    let [Wish::Order(0, Order::View(view))] = wishes.as_slice() else { panic!("{wishes:?}") };
    assert_eq!((view.order.by, view.order.reverse), (SortKey::User, true));
    assert_eq!(handles(&model), ["cccc", "bbbb", "aaaa"]);
}

#[test]
fn the_filter_is_checked_before_it_is_applied() {
    let mut model = three();
    press(&mut model, &[Key::Char('/')]);
    write(&mut model, "--idle-over soon");
    assert_eq!(press(&mut model, &[Key::Enter]), []);
    assert!(matches!(&model.mode, Mode::Filter { fault: Some(_), .. }));
    press(&mut model, &[Key::Ctrl('u')]);
    write(&mut model, "--user alice");
    let wishes = press(&mut model, &[Key::Enter]);
    let [Wish::Order(0, Order::View(view))] = wishes.as_slice() else { panic!("{wishes:?}") };
    assert_eq!(view.words, ["--user", "alice"]);
    // Cancelled, it stays.
    press(&mut model, &[Key::Char('/'), Key::Char('x'), Key::Escape]);
    assert_eq!(model.words, ["--user", "alice"]);
}

#[test]
fn enter_on_a_user_shows_the_sessions() {
    let mut model = three();
    model.databases[0].focus = List::Users;
    press(&mut model, &[Key::Down, Key::Enter]);
    assert_eq!(model.words, ["--user=bob"]);
    model.databases[0].focus = List::Users;
    press(&mut model, &[Key::Up, Key::Enter]);
    assert_eq!(model.words, ["--user=alice"]);
    assert_eq!(model.databases[0].focus, List::Sessions);
}

#[test]
fn enter_shows_a_session() {
    assert_eq!(command(&press(&mut three(), &[Key::Enter])), ["show", "session", "aaaa"]);
}

#[test]
fn all_databases_open_one() {
    let names = ["shop", "mail"].map(str::to_owned);
    let mut model = Model::new(names, true, NOW);
    fill(&mut model, 1, vec![session("aaaa", "alice", 60)]);
    assert_eq!(press(&mut model, &[Key::Char('t')]), []);
    press(&mut model, &[Key::Down, Key::Enter]);
    assert_eq!(model.opened, Some(1));
    let wishes = press(&mut model, &[Key::Char('t'), Key::Enter, Key::Char('y')]);
    assert!(matches!(wishes.as_slice(), [Wish::Run { database: 1, .. }]), "{wishes:?}");
    press(&mut model, &[Key::Escape, Key::Escape]);
    assert_eq!(model.opened, None);
    assert_eq!(press(&mut model, &[Key::Escape]), [Wish::Quit]);
}

#[test]
fn a_pause_reaches_all_readers() {
    let mut model = Model::new(["shop", "mail"].map(str::to_owned), true, NOW);
    let both = |order: Order| vec![Wish::Order(0, order.clone()), Wish::Order(1, order)];
    assert_eq!(press(&mut model, &[Key::Char('p')]), both(Order::Pause));
    assert_eq!(press(&mut model, &[Key::Char('p')]), both(Order::Resume));
    assert_eq!(press(&mut model, &[Key::Refresh]), both(Order::Read));
}

fn any_key() -> impl Strategy<Value = Key> {
    let keys = [
        Key::Up,
        Key::Down,
        Key::Home,
        Key::End,
        Key::PageDown,
        Key::PageUp,
        Key::Tab,
        Key::BackTab,
        Key::Enter,
        Key::Escape,
        Key::Backspace,
        Key::Left,
        Key::Ctrl('u'),
        Key::Help,
    ];
    prop_oneof![
        prop::sample::select(keys.to_vec()),
        prop::sample::select("srtyn/phuw?x ".chars().collect::<Vec<_>>()).prop_map(Key::Char),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Press(Key),
    /// Other sessions have been read: handles and idle times.
    Read(Vec<(u8, i64)>),
    Fail,
}

fn any_step() -> impl Strategy<Value = Step> {
    let rows = prop::collection::vec((0..12_u8, 0..1_000_i64), 0..10);
    prop_oneof![4 => any_key().prop_map(Step::Press), 2 => rows.prop_map(Step::Read), 1 => Just(Step::Fail)]
}

fn read(rows: &[(u8, i64)]) -> Vec<sessctl::cli::all_databases::wire::TypedRecord> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup_by_key(|(handle, _)| *handle);
    rows.iter().map(|(handle, idle)| session(&format!("{handle:04x}"), "alice", *idle)).collect()
}

/// Handle that is highlighted, if a press of `t` would end it.
fn highlighted(model: &Model) -> Option<String> {
    let database = &model.databases[0];
    let is_browsing = model.mode == Mode::Browse && database.focus == List::Sessions;
    let row = database.sessions.highlighted().filter(|_| is_browsing)?;
    Some(row.record.key[0].clone())
}

proptest! {
    /// Whatever arrives in between, the session that ends is the one that was highlighted when
    /// `t` was pressed.
    #[test]
    fn what_ends_is_what_was_highlighted(steps in prop::collection::vec(any_step(), 0..80)) {
        let (mut model, mut doomed) = (three(), None);
        for step in steps {
            match step {
                Step::Press(key) => {
                    if key == Key::Char('t') && model.mode == Mode::Browse {
                        doomed = highlighted(&model);
                    }
                    for wish in model.press(key) {
                        let Wish::Run { words, .. } = wish else { continue };
                        if words[0] == "cycle" {
                            prop_assert_eq!(Some(&words[3]), doomed.as_ref());
                            doomed = None;
                        }
                    }
                }
                Step::Read(rows) => model.take(0, parts::SESSIONS, read(&rows)),
                Step::Fail => model.reader_failed(0, "locked".to_owned(), UnixTime(NOW.0 + 1)),
            }
        }
    }

    /// A row that is still there stays highlighted.
    #[test]
    fn the_highlight_follows_its_row(place in 0_usize..10, before in prop::collection::vec((0..12_u8, 0..1_000_i64), 1..10), after in prop::collection::vec((0..12_u8, 0..1_000_i64), 0..10)) {
        let mut model = model(read(&before));
        model.databases[0].sessions.step(isize::try_from(place).unwrap());
        let handle = highlighted(&model).unwrap();
        model.take(0, parts::SESSIONS, read(&after));
        let is_there = handles(&model).contains(&handle);
        prop_assert!(!is_there || highlighted(&model) == Some(handle));
        let rows = &model.databases[0].sessions;
        prop_assert!(rows.place < rows.records.len().max(1));
    }
}
