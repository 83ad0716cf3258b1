//! HTML, written so that a text cannot become markup.

use crate::output::sanitize;

/// Name and value of an attribute.
pub type Attribute<'a> = (&'static str, &'a str);

/// Markup of a part of a page. Names of elements and attributes are constants; everything else is
/// escaped, and acting characters are made visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an element around what the function adds.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        content: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        content(self);
        self.0.extend(["</", name, ">"]);
    }

    /// Adds an element that holds a text.
    pub fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |html| html.text(text));
    }

    /// Adds an element that has no content and no end tag, such as `meta`.
    pub fn open(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.0.extend(["<", name]);
        for (name, value) in attributes {
            self.0.extend([" ", name, "=\""]);
            self.escape(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    pub fn text(&mut self, text: &str) {
        self.escape(text);
    }

    /// Adds markup or styles of this program.
    pub fn constant(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Breaks the line of the source.
    pub fn line(&mut self) {
        self.0.push('\n');
    }

    pub fn into_string(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) {
        for c in sanitize::escape(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}
