//! The source of a manual page, in the macros of man(7) and tbl(1).

/// Longest line of the source.
const WIDTH: usize = 78;

#[derive(Default)]
pub struct Roff(String);

impl Roff {
    /// Begins a page whose tables are formatted by tbl.
    pub fn titled(title: &str, section: u8, date: &str, source: &str, manual: &str) -> Self {
        let title = escape(title);
        Self(format!(
            "'\\\" t\n.TH \"{title}\" {section} \"{date}\" \"{source}\" \"{manual}\"\n.nh\n.ad l\n"
        ))
    }

    pub fn finish(self) -> String {
        self.0
    }

    pub fn section(&mut self, heading: &str) {
        self.0.extend([".SH \"", &escape(heading), "\"\n"]);
    }

    pub fn subsection(&mut self, heading: &str) {
        self.0.extend([".SS \"", &escape(heading), "\"\n"]);
    }

    pub fn request(&mut self, request: &str) {
        self.0.extend([".", request, "\n"]);
    }

    /// Adds filled text. What is between backticks is bold.
    pub fn text(&mut self, text: &str) {
        self.filled(&inline(text));
    }

    /// Adds paragraphs that are separated by blank lines, the first without a macro before it.
    pub fn paragraphs(&mut self, text: &str) {
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if index > 0 {
                self.request("PP");
            }
            self.text(&paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    /// Adds filled text that is escaped already.
    pub fn filled(&mut self, escaped: &str) {
        for line in textwrap::wrap(escaped, options()) {
            self.0.push_str(&guarded(&line));
            // Otherwise, two spaces follow the end of a sentence if it ends the line.
            self.0.push_str(if line.ends_with(['.', '!', '?', ')']) { "\\&\n" } else { "\n" });
        }
    }

    /// Adds lines as they stand.
    pub fn literal<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.request("EX");
        for line in lines {
            self.0.push_str(&guarded(&escape(line)));
            self.0.push('\n');
        }
        self.request("EE");
    }

    /// Adds a table, whose cells are separated by tabs: terms in bold, and next to them their
    /// meanings, which are filled.
    pub fn table<'a>(&mut self, rows: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.0.push_str(".TS\nlb lx.\n");
        for (term, meaning) in rows {
            self.0.extend([&*guarded(&escape(term)), "\tT{\n"]);
            self.text(if meaning.is_empty() { "\u{a0}" } else { meaning });
            self.0.push_str("T}\n");
        }
        self.request("TE");
    }
}

fn options() -> textwrap::Options<'static> {
    textwrap::Options::new(WIDTH)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// Keeps a line from being read as a request.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// Escapes the characters that troff would take for something else, or print as another.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '"' => escaped.push_str("\\(dq"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            '\u{a0}' => escaped.push_str("\\ "),
            character if character.is_ascii() => escaped.push(character),
            other => escaped.extend(["\\[u", &format!("{:04X}", u32::from(other)), "]"]),
        }
    }
    escaped
}

pub fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escape(text))
}

pub fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escape(text))
}

/// Escapes text in which what is between two backticks is bold.
fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let marked = |(index, part): (usize, &&str)| match index % 2 {
        0 => escape(part),
        _ => bold(part),
    };
    parts.iter().enumerate().map(marked).collect()
}
