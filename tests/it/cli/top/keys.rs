use proptest::prelude::*;
use sessctl::cli::top::live::model::{Key, KeyParser};

/// Keys in these bytes, which come in one piece.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut parser = KeyParser::default();
    let keys = parser.push(bytes);
    keys.into_iter().chain(parser.flush()).collect()
}

#[test]
fn keys_of_common_terminals() {
    let known: &[(&[u8], Key)] = &[
        (b"q", Key::Char('q')),
        ("é".as_bytes(), Key::Char('é')),
        ("日".as_bytes(), Key::Char('日')),
        (b"\x03", Key::Ctrl('c')),
        (b"\x1a", Key::Ctrl('z')),
        (b"\r", Key::Enter),
        (b"\t", Key::Tab),
        (b"\x1b[Z", Key::BackTab),
        (b"\x7f", Key::Backspace),
        (b"\x08", Key::Backspace),
        (b"\x1b[3~", Key::Delete),
        (b"\x1b", Key::Escape),
        (b"\x1b[A", Key::Up),
        (b"\x1bOA", Key::Up),
        (b"\x1b[B", Key::Down),
        (b"\x1b[C", Key::Right),
        (b"\x1b[D", Key::Left),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1b[H", Key::Home),
        (b"\x1b[1~", Key::Home),
        (b"\x1b[F", Key::End),
        (b"\x1b[4~", Key::End),
        (b"\x1b[15~", Key::Refresh),
        (b"\x1b[[E", Key::Refresh),
        (b"\x1bOP", Key::Help),
    ];
    for (bytes, key) in known {
        assert_eq!(keys(bytes), [*key], "{bytes:?}");
    }
}

#[test]
fn a_key_that_comes_in_pieces_is_one_key() {
    let mut parser = KeyParser::default();
    assert_eq!(parser.push(b"\x1b"), []);
    assert!(parser.is_waiting());
    assert_eq!(parser.push(b"[5"), []);
    assert_eq!(parser.push(b"~x"), [Key::PageUp, Key::Char('x')]);
    assert!(!parser.is_waiting());
}

#[test]
fn an_unknown_sequence_is_no_key() {
    // A mouse, a report of the terminal, and a function key.
    assert_eq!(keys(b"\x1b[<0;10;5Mx"), [Key::Char('x')]);
    assert_eq!(keys(b"\x1b[24;80Rx"), [Key::Char('x')]);
    assert_eq!(keys(b"\x1b[19~x"), [Key::Char('x')]);
    assert_eq!(keys(b"\xff\xfex"), [Key::Char('x')]);
}

proptest! {
    #[test]
    fn text_comes_through(text in "[a-z0-9 äöü日本]{0,40}") {
        let chars: Vec<Key> = text.chars().map(Key::Char).collect();
        prop_assert_eq!(keys(text.as_bytes()), chars);
    }

    #[test]
    fn pieces_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 0_usize..60) {
        let (one, other) = bytes.split_at(cut.min(bytes.len()));
        let mut parser = KeyParser::default();
        let mut pieces = parser.push(one);
        pieces.extend(parser.push(other));
        pieces.extend(parser.flush());
        prop_assert_eq!(pieces, keys(&bytes));
    }
}
