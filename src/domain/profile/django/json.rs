//! JSON as Python's `json` module reads it, looked through as it arrives.
//!
//! Sessions hold what an application puts into them, and Python reads more than JSON's
//! standard knows: `NaN`, lone surrogates, numbers of any length, a nesting that few other
//! readers follow. No tree is built here and no function calls itself: memory grows with
//! the nesting alone, by a byte for each container that is open.

/// Maximum nesting. Python gives up far earlier.
const DEEPEST: usize = 1 << 20;

/// The longest value that is kept, in bytes.
const MAX_TEXT: usize = 1 << 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// Missing, or the text is not an object.
    Missing,
    /// `null`.
    Null,
    /// Text. A lone surrogate in it is replaced.
    Text(String),
    /// A whole number, as Python prints it.
    Integer(String),
    /// A number with a fraction, a truth value, a list, an object, or what is too long.
    Other,
}

/// Incremental scanner.
#[derive(Debug)]
pub struct Scan {
    name: &'static str,
    state: State,
    /// The containers that are open: whether each is an object.
    open: Vec<bool>,
    /// Set if the next value is that of the member.
    is_wanted: bool,
    /// Role of the string or number that is being read.
    role: Role,
    text: Text,
    found: Member,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// A value, or the end of a list that is still empty.
    Value {
        or_end: bool,
    },
    /// A name, or the end of an object that is still empty.
    Name {
        or_end: bool,
    },
    Colon,
    /// End of a value.
    After,
    String,
    Escape,
    /// More digits of `\uXXXX`: how many have come, and what they say.
    Unicode(u8, u16),
    Number(Number),
    /// The rest of `null` and its like.
    Word(&'static [u8]),
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Skipped.
    Rest,
    /// Name in a nested object, which is skipped as well.
    OtherName,
    /// The name of a member of the object at the top.
    Name,
    /// The value of the member.
    Value,
}

impl Role {
    const fn is_skipped(self) -> bool {
        matches!(self, Self::Rest | Self::OtherName)
    }
}

impl Scan {
    /// A text in which the object at the top may have a member of this name.
    pub fn of(name: &'static str) -> Self {
        Self {
            name,
            state: State::Value { or_end: false },
            open: Vec::new(),
            is_wanted: false,
            role: Role::Rest,
            text: Text::default(),
            found: Member::Missing,
        }
    }

    /// Continues with the next bytes. Each byte is a character, as in Django.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            if matches!(self.state, State::String) && self.role.is_skipped() {
                let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
                let passed = bytes.iter().position(ends).unwrap_or(bytes.len());
                if passed > 0 {
                    bytes = &bytes[passed..];
                    continue;
                }
            }
            self.take(*byte);
            bytes = rest;
        }
    }

    /// The member, the last one of its name; `None`: Python could not read the text.
    pub fn finish(mut self) -> Option<Member> {
        if let State::Number(number) = self.state {
            self.end_number(number);
        }
        (matches!(self.state, State::After) && self.open.is_empty()).then_some(self.found)
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            State::String => self.in_string(byte),
            State::Escape => self.escaped(byte),
            State::Unicode(digits, code) => self.unicode(digits, code, byte),
            State::Number(number) => self.in_number(number, byte),
            State::Word(rest) => self.in_word(rest, byte),
            State::Broken => {}
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => {}
            State::Value { or_end: true } if byte == b']' => self.close(false),
            State::Value { .. } => self.begin_value(byte),
            State::Name { or_end: true } if byte == b'}' => self.close(true),
            State::Name { .. } if byte == b'"' => {
                let role = if self.open.len() == 1 { Role::Name } else { Role::OtherName };
                self.begin(State::String, role);
            }
            State::Colon if byte == b':' => self.state = State::Value { or_end: false },
            State::After => self.after_value(byte),
            State::Name { .. } | State::Colon => self.state = State::Broken,
        }
    }

    fn begin_value(&mut self, byte: u8) {
        let role = if self.is_wanted { Role::Value } else { Role::Rest };
        match byte {
            b'"' => self.begin(State::String, role),
            b'-' => self.begin_number(Number::Minus, byte, role),
            b'0' => self.begin_number(Number::Zero, byte, role),
            b'1'..=b'9' => self.begin_number(Number::Whole, byte, role),
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'n' => self.begin_word(b"ull", Member::Null),
            b't' => self.begin_word(b"rue", Member::Other),
            b'f' => self.begin_word(b"alse", Member::Other),
            b'N' => self.begin_word(b"aN", Member::Other),
            b'I' => self.begin_word(b"nfinity", Member::Other),
            _ => self.state = State::Broken,
        }
    }

    fn begin(&mut self, state: State, role: Role) {
        (self.state, self.role) = (state, role);
        self.text = Text::default();
    }

    fn begin_number(&mut self, number: Number, byte: u8, role: Role) {
        self.begin(State::Number(number), role);
        self.keep(byte.into());
    }

    fn begin_word(&mut self, rest: &'static [u8], meaning: Member) {
        self.found_if_wanted(meaning);
        self.state = State::Word(rest);
    }

    fn found_if_wanted(&mut self, member: Member) {
        if std::mem::take(&mut self.is_wanted) {
            self.found = member;
        }
    }

    fn open(&mut self, is_object: bool) {
        self.found_if_wanted(Member::Other);
        if self.open.len() == DEEPEST {
            self.state = State::Broken;
            return;
        }
        self.open.push(is_object);
        self.state =
            if is_object { State::Name { or_end: true } } else { State::Value { or_end: true } };
    }

    fn close(&mut self, is_object: bool) {
        let is_open = self.open.pop() == Some(is_object);
        self.state = if is_open { State::After } else { State::Broken };
    }

    fn after_value(&mut self, byte: u8) {
        match (byte, self.open.last()) {
            (b',', Some(true)) => self.state = State::Name { or_end: false },
            (b',', Some(false)) => self.state = State::Value { or_end: false },
            (b'}', _) => self.close(true),
            (b']', _) => self.close(false),
            _ => self.state = State::Broken,
        }
    }

    fn in_string(&mut self, byte: u8) {
        match byte {
            b'"' => self.end_string(),
            b'\\' => self.state = State::Escape,
            ..0x20 => self.state = State::Broken,
            byte => self.keep(byte.into()),
        }
    }

    fn escaped(&mut self, byte: u8) {
        self.state = State::String;
        match byte {
            b'"' | b'\\' | b'/' => self.keep(byte.into()),
            b'b' => self.keep(0x08),
            b'f' => self.keep(0x0c),
            b'n' => self.keep(0x0a),
            b'r' => self.keep(0x0d),
            b't' => self.keep(0x09),
            b'u' => self.state = State::Unicode(0, 0),
            _ => self.state = State::Broken,
        }
    }

    fn unicode(&mut self, digits: u8, code: u16, byte: u8) {
        let Some(digit) = char::from(byte).to_digit(16) else {
            self.state = State::Broken;
            return;
        };
        // Four digits are 16 bits.
        let code = code << 4 | u16::try_from(digit).unwrap_or(0);
        if digits < 3 {
            self.state = State::Unicode(digits + 1, code);
        } else {
            self.state = State::String;
            self.keep(code);
        }
    }

    fn end_string(&mut self) {
        let role = std::mem::replace(&mut self.role, Role::Rest);
        self.state = State::After;
        match role {
            Role::OtherName => self.state = State::Colon,
            Role::Name => {
                self.state = State::Colon;
                let text = std::mem::take(&mut self.text).finish();
                self.is_wanted = text.as_deref() == Some(self.name);
            }
            Role::Value => {
                let text = std::mem::take(&mut self.text).finish();
                self.found_if_wanted(text.map_or(Member::Other, Member::Text));
            }
            Role::Rest => {}
        }
    }

    fn in_number(&mut self, number: Number, byte: u8) {
        let next = match (number, byte) {
            (Number::Minus, b'0') => Number::Zero,
            (Number::Minus, b'1'..=b'9') | (Number::Whole, b'0'..=b'9') => Number::Whole,
            (Number::Zero | Number::Whole, b'.') => Number::Point,
            (Number::Point | Number::Fraction, b'0'..=b'9') => Number::Fraction,
            (Number::Zero | Number::Whole | Number::Fraction, b'e' | b'E') => Number::E,
            (Number::E, b'+' | b'-') => Number::Sign,
            (Number::E | Number::Sign | Number::Exponent, b'0'..=b'9') => Number::Exponent,
            (Number::Minus, b'I') => return self.begin_word(b"nfinity", Member::Other),
            _ => {
                self.end_number(number);
                return self.take(byte);
            }
        };
        self.state = State::Number(next);
        self.keep(byte.into());
    }

    fn end_number(&mut self, number: Number) {
        let is_whole = matches!(number, Number::Zero | Number::Whole);
        let is_complete = is_whole || matches!(number, Number::Fraction | Number::Exponent);
        self.state = if is_complete { State::After } else { State::Broken };
        self.role = Role::Rest;
        let digits = std::mem::take(&mut self.text).finish();
        self.found_if_wanted(match digits {
            // Python has a single zero.
            Some(digits) if digits == "-0" => Member::Integer("0".to_owned()),
            Some(digits) if is_whole => Member::Integer(digits),
            _ => Member::Other,
        });
    }

    fn in_word(&mut self, rest: &'static [u8], byte: u8) {
        self.state = match rest.split_first() {
            Some((next, [])) if *next == byte => State::After,
            Some((next, rest)) if *next == byte => State::Word(rest),
            _ => State::Broken,
        };
    }

    fn keep(&mut self, code: u16) {
        if !self.role.is_skipped() {
            self.text.push(code);
        }
    }
}

/// Text assembled from UTF-16 code units.
#[derive(Debug, Default)]
struct Text {
    chars: String,
    /// First half, which waits for the second.
    high: Option<u16>,
    is_too_long: bool,
}

impl Text {
    fn push(&mut self, code: u16) {
        let first = self.high.take();
        if let Some(Ok(whole)) = char::decode_utf16(first.into_iter().chain([code])).next() {
            self.push_char(whole);
        } else if first.is_some() {
            self.push_char(char::REPLACEMENT_CHARACTER);
            self.push(code);
        } else if matches!(code, 0xd800..0xdc00) {
            self.high = Some(code);
        } else {
            self.push_char(char::REPLACEMENT_CHARACTER);
        }
    }

    fn push_char(&mut self, one: char) {
        self.is_too_long |= self.chars.len() >= MAX_TEXT;
        if !self.is_too_long {
            self.chars.push(one);
        }
    }

    /// Assembled text; `None`: it is too long.
    fn finish(mut self) -> Option<String> {
        if self.high.is_some() {
            self.push_char(char::REPLACEMENT_CHARACTER);
        }
        (!self.is_too_long).then_some(self.chars)
    }
}
