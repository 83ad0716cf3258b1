//! The picture of `top`: the screen of a terminal as SVG.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use super::{at, demo, is_update, kept, words};
use crate::support::processes::until;
use crate::support::{Sandbox, run_by};

const COLUMNS: u16 = 100;
const LINES: u16 = 30;
/// A minute after the demo: its sessions are still live.
const TIME: &str = "2026-06-16 14:01:00";
/// Size of a cell, and the margin around the screen.
const CELL: (u16, u16) = (8, 17);
const MARGIN: u16 = 14;

const GROUND: &str = "#0d1117";
const TEXT: &str = "#d1d7e0";
/// Colors of a terminal, the dark ones first.
const COLORS: [&str; 16] = [
    "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
    "#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
];

const JOBS: &str = "
[[job]]
name = \"nightly purge\"
at = \"0 3 *\"
do = \"purge\"

[[job]]
name = \"weekly report\"
at = \"0 7 1\"
do = \"report\"
file = \"/var/www/sessions.html\"
";

#[derive(Clone, PartialEq, Default)]
struct Look {
    color: Option<usize>,
    ground: Option<usize>,
    is_bold: bool,
    is_dim: bool,
    is_reversed: bool,
}

impl Look {
    /// Follows the parameters of an escape sequence that sets attributes.
    fn follow(&mut self, parameters: &str) {
        let mut numbers = parameters.split(';').map(|it| it.parse().unwrap_or(0_usize));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.is_bold = true,
                2 => self.is_dim = true,
                7 => self.is_reversed = true,
                22 => (self.is_bold, self.is_dim) = (false, false),
                27 => self.is_reversed = false,
                30..=37 => self.color = Some(number - 30),
                90..=97 => self.color = Some(number - 82),
                40..=47 => self.ground = Some(number - 40),
                100..=107 => self.ground = Some(number - 92),
                38 | 48 => {
                    let color = numbers.nth(1).filter(|color| *color < COLORS.len());
                    if number == 38 { self.color = color } else { self.ground = color }
                }
                39 => self.color = None,
                49 => self.ground = None,
                _ => {}
            }
        }
    }

    fn colors(&self) -> (&'static str, Option<&'static str>) {
        let color = self.color.map_or(TEXT, |color| COLORS[color]);
        let ground = self.ground.map(|color| COLORS[color]);
        if self.is_reversed { (ground.unwrap_or(GROUND), Some(color)) } else { (color, ground) }
    }
}

/// Pieces of a line with the same look.
fn pieces(line: &str) -> Vec<(String, Look)> {
    let (mut pieces, mut look): (Vec<(String, Look)>, _) = (Vec::new(), Look::default());
    for (place, part) in line.split("\x1b[").enumerate() {
        let text = match part.split_once('m') {
            Some((parameters, text)) if place > 0 => {
                look.follow(parameters);
                text
            }
            _ => part,
        };
        if !text.is_empty() {
            pieces.push((text.to_owned(), look.clone()));
        }
    }
    pieces
}

fn svg(screen: &str) -> String {
    let (width, height) = (COLUMNS * CELL.0 + 2 * MARGIN, LINES * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-size=\"13\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for (row, line) in (0_u16..).zip(screen.lines()) {
        let (mut column, top) = (0, MARGIN + row * CELL.1);
        for (text, look) in pieces(line) {
            let length = u16::try_from(text.chars().count()).unwrap() * CELL.0;
            let (x, (color, ground)) = (MARGIN + column, look.colors());
            column += length;
            if let Some(ground) = ground {
                let height = CELL.1;
                writeln!(svg, "<rect x=\"{x}\" y=\"{top}\" width=\"{length}\" height=\"{height}\" fill=\"{ground}\"/>").unwrap();
            }
            if text.trim().is_empty() {
                continue;
            }
            let bold = if look.is_bold { " font-weight=\"bold\"" } else { "" };
            let dim = if look.is_dim { " opacity=\"0.65\"" } else { "" };
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            writeln!(svg, "<text x=\"{x}\" y=\"{}\" fill=\"{color}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{bold}{dim}>{text}</text>", top + 13).unwrap();
        }
    }
    svg + "</svg>\n"
}

/// The words that a picture shows.
fn shown(svg: &str) -> BTreeSet<&str> {
    svg.split('>')
        .filter_map(|part| part.split_once('<'))
        .flat_map(|(text, _)| words(text))
        .collect()
}

/// A terminal, which ends with the test.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn run(&self, args: &[&str]) -> String {
        let output = Command::new("tmux").args(["-S", &self.socket]).args(args).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// The screen of the view, once it shows all of its parts.
fn screen(sandbox: &Sandbox) -> String {
    let terminal = Terminal { socket: sandbox.path("tmux.socket").display().to_string() };
    let view = at(TIME, sandbox, &["--config", "jobs.toml", "top"]);
    let size = [COLUMNS, LINES].map(|it| it.to_string());
    let start = ["tmux", "-S", &terminal.socket, "-f", "/dev/null", "new-session", "-d", "-x"];
    let start = [&start[..], &[&size[0], "-y", &size[1], "--"]].concat();
    let mut command = run_by(&start, &view);
    command.env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
    assert!(command.status().unwrap().success());
    let mut screen = String::new();
    until(|| {
        // Twice the same: it is not being drawn. The cost comes after all other parts.
        let before = std::mem::replace(&mut screen, terminal.run(&["capture-pane", "-e", "-p"]));
        let parts = ["failed", "weekly report", "user0300", "jmap", "Firefox", "at a cost"];
        screen == before && parts.iter().all(|text| screen.contains(text))
    });
    screen
}

#[test]
#[ignore = "needs tmux"]
fn the_picture_of_the_live_view_is_that_of_the_demo() {
    let sandbox = demo();
    sandbox.file("jobs.toml", JOBS);
    let svg = svg(&screen(&sandbox));
    if is_update() {
        std::fs::write(kept("top.svg"), &svg).unwrap();
    }
    let known = std::fs::read_to_string(kept("top.svg")).unwrap();
    assert_eq!(shown(&known), shown(&svg), "the view has changed: set SESSCTL_TEST_PICTURES");
    assert!(known.len() < 40_000, "{}", known.len());
}
