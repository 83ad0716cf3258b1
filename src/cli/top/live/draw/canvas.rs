//! A place to draw: text within limits, everything escaped.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};

use crate::output::record::Severity;
use crate::output::sanitize::escape;
use crate::output::sparkline::Ramp;

/// Means of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub has_colors: bool,
    pub ramp: Ramp,
}

pub struct Canvas<'b> {
    buffer: &'b mut Buffer,
    look: Look,
}

impl<'b> Canvas<'b> {
    pub const fn new(buffer: &'b mut Buffer, look: Look) -> Self {
        Self { buffer, look }
    }

    /// Characters of sparklines.
    pub const fn ramp(&self) -> Ramp {
        self.look.ramp
    }

    /// A character of the view itself, or what stands for it in a locale without Unicode.
    pub const fn sign(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.look.ramp {
            Ramp::Blocks => unicode,
            Ramp::Ascii => ascii,
        }
    }

    pub const fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Draws a text from this place up to the column `end`, and returns the column behind it. What
    /// is cut ends with an ellipsis.
    pub fn text(&mut self, at: (u16, u16), end: u16, text: &str, style: Style) -> u16 {
        let (x, y) = at;
        let end = end.min(self.area().right());
        if x >= end || y >= self.area().bottom() {
            return x;
        }
        let text = escape(text);
        let room = usize::from(end - x);
        let is_cut = textwrap::core::display_width(&text) > room;
        let limit = if is_cut { room - 1 } else { room };
        let (next, _) = self.buffer.set_stringn(x, y, &text, limit, style);
        if is_cut {
            let sign = self.sign("…", "~");
            return self.buffer.set_stringn(next, y, sign, 1, style).0;
        }
        next
    }

    /// Draws several texts one after the other.
    pub fn texts<'t>(
        &mut self,
        at: (u16, u16),
        end: u16,
        texts: impl IntoIterator<Item = (&'t str, Style)>,
    ) -> u16 {
        let (mut x, y) = at;
        for (text, style) in texts {
            x = self.text((x, y), end, text, style);
        }
        x
    }

    /// Sets the style of a whole line.
    pub fn shade(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Empties a part of the screen.
    pub fn clear(&mut self, area: Rect) {
        for y in area.top()..area.bottom() {
            self.buffer.set_stringn(
                area.x,
                y,
                " ".repeat(area.width.into()),
                area.width.into(),
                Style::reset(),
            );
        }
    }

    fn colored(&self, color: Color, otherwise: Modifier) -> Style {
        let style = Style::new().add_modifier(otherwise);
        if self.look.has_colors { style.fg(color) } else { style }
    }

    pub fn tone(&self, severity: Severity) -> Style {
        match severity {
            Severity::Plain => Style::new(),
            Severity::Good => self.colored(Color::Green, Modifier::empty()),
            Severity::Warn => self.colored(Color::Yellow, Modifier::empty()),
            Severity::Bad => self.colored(Color::Red, Modifier::BOLD),
            Severity::Dim => dim(),
        }
    }

    pub fn accent(&self) -> Style {
        self.colored(Color::Cyan, Modifier::BOLD)
    }

    /// Style of a sparkline or a bar.
    pub fn graph(&self) -> Style {
        self.colored(Color::Cyan, Modifier::empty())
    }
}

pub const fn plain() -> Style {
    Style::new()
}

pub const fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

pub const fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

pub const fn reversed() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}
