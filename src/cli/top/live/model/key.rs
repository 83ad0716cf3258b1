//! Keys, as terminals send them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// With the key Ctrl; the letter is lower case.
    Ctrl(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// F5.
    Refresh,
    /// F1.
    Help,
}

impl Key {
    /// The rows by which a key moves.
    pub fn steps(self, page: usize) -> Option<isize> {
        let page = isize::try_from(page).unwrap_or(isize::MAX).max(1);
        Some(match self {
            Self::Up | Self::Char('k') => -1,
            Self::Down | Self::Char('j') => 1,
            Self::PageUp => -page,
            Self::PageDown => page,
            Self::Home => isize::MIN / 2,
            Self::End => isize::MAX / 2,
            _ => return None,
        })
    }
}

/// Finds keys in what a terminal sends.
#[derive(Debug, Default)]
pub struct KeyParser {
    pending: Vec<u8>,
}

/// Bytes of a sequence that is longer than any known one.
const MAX_SEQUENCE: usize = 32;

impl KeyParser {
    /// Adds bytes, and returns the keys that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some((key, length)) = first_key(&self.pending) {
            self.pending.drain(..length);
            keys.extend(key);
        }
        keys
    }

    /// Reports whether more bytes may complete a key.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Ends a sequence that has not gone on: a single escape is the key.
    pub fn flush(&mut self) -> Option<Key> {
        let pending = std::mem::take(&mut self.pending);
        (pending == [ESCAPE]).then_some(Key::Escape)
    }
}

const ESCAPE: u8 = 0x1b;

/// The first key, if its bytes are all there, and their number. Unknown sequences are no key.
fn first_key(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let (first, rest) = bytes.split_first()?;
    match *first {
        ESCAPE => match rest.first() {
            None => None,
            Some(b'[') => control_sequence(bytes),
            Some(b'O') => rest.get(1).map(|letter| (letter_key(*letter), 3)),
            // Escape, and then another key.
            Some(_) => Some((Some(Key::Escape), 1)),
        },
        b'\r' | b'\n' => Some((Some(Key::Enter), 1)),
        b'\t' => Some((Some(Key::Tab), 1)),
        0x08 | 0x7f => Some((Some(Key::Backspace), 1)),
        code @ 0x01..=0x1a => Some((Some(Key::Ctrl(char::from(code + b'a' - 1))), 1)),
        0..0x20 => Some((None, 1)),
        _ => character(bytes),
    }
}

/// A sequence such as `ESC [ 5 ~`, with its parameters.
fn control_sequence(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let body = &bytes[2..];
    let Some(end) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return (body.len() > MAX_SEQUENCE).then_some((None, bytes.len()));
    };
    let (parameters, last) = (&body[..end], body[end]);
    // F1 to F5 of the Linux console.
    if last == b'[' && parameters.is_empty() {
        let letter = body.get(end + 1)?;
        let key = match letter {
            b'A' => Some(Key::Help),
            b'E' => Some(Key::Refresh),
            _ => None,
        };
        return Some((key, end + 4));
    }
    let key = match (parameters, last) {
        (b"1" | b"7", b'~') => Some(Key::Home),
        (b"4" | b"8", b'~') => Some(Key::End),
        (b"3", b'~') => Some(Key::Delete),
        (b"5", b'~') => Some(Key::PageUp),
        (b"6", b'~') => Some(Key::PageDown),
        (b"11", b'~') => Some(Key::Help),
        (b"15", b'~') => Some(Key::Refresh),
        (b"", letter) => letter_key(letter),
        _ => None,
    };
    Some((key, end + 3))
}

const fn letter_key(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'P' => Key::Help,
        b'Z' => Key::BackTab,
        b'M' => Key::Enter,
        _ => return None,
    })
}

fn character(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let length = match bytes[0] {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => return Some((None, 1)),
    };
    let bytes = bytes.get(..length)?;
    let text = std::str::from_utf8(bytes).ok();
    let char = text.and_then(|text| text.chars().next());
    // A sequence that is no character counts one byte, so that nothing behind it is lost.
    Some(char.map_or((None, 1), |char| (Some(Key::Char(char)), length)))
}
