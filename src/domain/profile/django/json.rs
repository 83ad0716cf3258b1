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
    Null,
    /// Text. A lone surrogate in it is replaced.
    Text(String),
    /// A whole number, as Python prints it.
    Integer(String),
    /// A number with a fraction, a truth value, a list, an object, or what is too long.
    Other,
}

#[derive(Debug)]
pub struct Scan {
    name: &'static str,
    state: ScanState,
    /// The containers that are open: whether each is an object.
    open: Vec<bool>,
    /// Set if the next value is that of the member.
    is_wanted: bool,
    role: StringRole,
    text: Text,
    found: Member,
}

#[derive(Debug, Clone, Copy)]
enum ScanState {
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
    /// Remaining digits of `\uXXXX`: their number, and the value so far.
    Unicode(u8, u16),
    Number(NumberState),
    /// The rest of `null` and its like.
    Word(&'static [u8]),
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberState {
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
enum StringRole {
    /// Skipped.
    Rest,
    /// Name in a nested object, which is skipped as well.
    OtherName,
    /// The name of a member of the object at the top.
    Name,
    /// The value of the member.
    Value,
}

impl StringRole {
    const fn is_skipped(self) -> bool {
        matches!(self, Self::Rest | Self::OtherName)
    }
}

impl Scan {
    /// A text in which the object at the top may have a member of this name.
    pub fn of(name: &'static str) -> Self {
        Self {
            name,
            state: ScanState::Value { or_end: false },
            open: Vec::new(),
            is_wanted: false,
            role: StringRole::Rest,
            text: Text::default(),
            found: Member::Missing,
        }
    }

    /// Continues with the next bytes. Each byte is a character, as in Django.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            if matches!(self.state, ScanState::String) && self.role.is_skipped() {
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
        if let ScanState::Number(number) = self.state {
            self.end_number(number);
        }
        (matches!(self.state, ScanState::After) && self.open.is_empty()).then_some(self.found)
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            ScanState::String => self.in_string(byte),
            ScanState::Escape => self.escaped(byte),
            ScanState::Unicode(digits, code) => self.unicode(digits, code, byte),
            ScanState::Number(number) => self.in_number(number, byte),
            ScanState::Word(rest) => self.in_word(rest, byte),
            ScanState::Broken => {}
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => {}
            ScanState::Value { or_end: true } if byte == b']' => self.close(false),
            ScanState::Value { .. } => self.begin_value(byte),
            ScanState::Name { or_end: true } if byte == b'}' => self.close(true),
            ScanState::Name { .. } if byte == b'"' => {
                let role =
                    if self.open.len() == 1 { StringRole::Name } else { StringRole::OtherName };
                self.begin(ScanState::String, role);
            }
            ScanState::Colon if byte == b':' => self.state = ScanState::Value { or_end: false },
            ScanState::After => self.after_value(byte),
            ScanState::Name { .. } | ScanState::Colon => self.state = ScanState::Broken,
        }
    }

    fn begin_value(&mut self, byte: u8) {
        let role = if self.is_wanted { StringRole::Value } else { StringRole::Rest };
        match byte {
            b'"' => self.begin(ScanState::String, role),
            b'-' => self.begin_number(NumberState::Minus, byte, role),
            b'0' => self.begin_number(NumberState::Zero, byte, role),
            b'1'..=b'9' => self.begin_number(NumberState::Whole, byte, role),
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'n' => self.begin_word(b"ull", Member::Null),
            b't' => self.begin_word(b"rue", Member::Other),
            b'f' => self.begin_word(b"alse", Member::Other),
            b'N' => self.begin_word(b"aN", Member::Other),
            b'I' => self.begin_word(b"nfinity", Member::Other),
            _ => self.state = ScanState::Broken,
        }
    }

    fn begin(&mut self, state: ScanState, role: StringRole) {
        (self.state, self.role) = (state, role);
        self.text = Text::default();
    }

    fn begin_number(&mut self, number: NumberState, byte: u8, role: StringRole) {
        self.begin(ScanState::Number(number), role);
        self.keep(byte.into());
    }

    fn begin_word(&mut self, rest: &'static [u8], meaning: Member) {
        self.found_if_wanted(meaning);
        self.state = ScanState::Word(rest);
    }

    fn found_if_wanted(&mut self, member: Member) {
        if std::mem::take(&mut self.is_wanted) {
            self.found = member;
        }
    }

    fn open(&mut self, is_object: bool) {
        self.found_if_wanted(Member::Other);
        if self.open.len() == DEEPEST {
            self.state = ScanState::Broken;
            return;
        }
        self.open.push(is_object);
        self.state = if is_object {
            ScanState::Name { or_end: true }
        } else {
            ScanState::Value { or_end: true }
        };
    }

    fn close(&mut self, is_object: bool) {
        let is_open = self.open.pop() == Some(is_object);
        self.state = if is_open { ScanState::After } else { ScanState::Broken };
    }

    fn after_value(&mut self, byte: u8) {
        match (byte, self.open.last()) {
            (b',', Some(true)) => self.state = ScanState::Name { or_end: false },
            (b',', Some(false)) => self.state = ScanState::Value { or_end: false },
            (b'}', _) => self.close(true),
            (b']', _) => self.close(false),
            _ => self.state = ScanState::Broken,
        }
    }

    fn in_string(&mut self, byte: u8) {
        match byte {
            b'"' => self.end_string(),
            b'\\' => self.state = ScanState::Escape,
            ..0x20 => self.state = ScanState::Broken,
            byte => self.keep(byte.into()),
        }
    }

    fn escaped(&mut self, byte: u8) {
        self.state = ScanState::String;
        match byte {
            b'"' | b'\\' | b'/' => self.keep(byte.into()),
            b'b' => self.keep(0x08),
            b'f' => self.keep(0x0c),
            b'n' => self.keep(0x0a),
            b'r' => self.keep(0x0d),
            b't' => self.keep(0x09),
            b'u' => self.state = ScanState::Unicode(0, 0),
            _ => self.state = ScanState::Broken,
        }
    }

    fn unicode(&mut self, digits: u8, code: u16, byte: u8) {
        let Some(digit) = char::from(byte).to_digit(16) else {
            self.state = ScanState::Broken;
            return;
        };
        // Four digits are 16 bits.
        let code = code << 4 | u16::try_from(digit).unwrap_or(0);
        if digits < 3 {
            self.state = ScanState::Unicode(digits + 1, code);
        } else {
            self.state = ScanState::String;
            self.keep(code);
        }
    }

    fn end_string(&mut self) {
        let role = std::mem::replace(&mut self.role, StringRole::Rest);
        self.state = ScanState::After;
        match role {
            StringRole::OtherName => self.state = ScanState::Colon,
            StringRole::Name => {
                self.state = ScanState::Colon;
                let text = std::mem::take(&mut self.text).finish();
                self.is_wanted = text.as_deref() == Some(self.name);
            }
            StringRole::Value => {
                let text = std::mem::take(&mut self.text).finish();
                self.found_if_wanted(text.map_or(Member::Other, Member::Text));
            }
            StringRole::Rest => {}
        }
    }

    fn in_number(&mut self, number: NumberState, byte: u8) {
        let next = match (number, byte) {
            (NumberState::Minus, b'0') => NumberState::Zero,
            (NumberState::Minus, b'1'..=b'9') | (NumberState::Whole, b'0'..=b'9') => {
                NumberState::Whole
            }
            (NumberState::Zero | NumberState::Whole, b'.') => NumberState::Point,
            (NumberState::Point | NumberState::Fraction, b'0'..=b'9') => NumberState::Fraction,
            (NumberState::Zero | NumberState::Whole | NumberState::Fraction, b'e' | b'E') => {
                NumberState::E
            }
            (NumberState::E, b'+' | b'-') => NumberState::Sign,
            (NumberState::E | NumberState::Sign | NumberState::Exponent, b'0'..=b'9') => {
                NumberState::Exponent
            }
            (NumberState::Minus, b'I') => return self.begin_word(b"nfinity", Member::Other),
            _ => {
                self.end_number(number);
                return self.take(byte);
            }
        };
        self.state = ScanState::Number(next);
        self.keep(byte.into());
    }

    fn end_number(&mut self, number: NumberState) {
        let is_whole = matches!(number, NumberState::Zero | NumberState::Whole);
        let is_complete =
            is_whole || matches!(number, NumberState::Fraction | NumberState::Exponent);
        self.state = if is_complete { ScanState::After } else { ScanState::Broken };
        self.role = StringRole::Rest;
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
            Some((next, [])) if *next == byte => ScanState::After,
            Some((next, rest)) if *next == byte => ScanState::Word(rest),
            _ => ScanState::Broken,
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
