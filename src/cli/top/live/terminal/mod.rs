//! The terminal: raw while the view is on it, and as it was before in the end, however that comes.

mod ansi;
mod input;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::Mutex;

use rustix::process::{getpgid, getppid, getsid};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

pub use ansi::Ansi;
pub use input::{Input, listen};

use crate::cli::exit::Usage;

/// Settings of the terminal before; `None`: they are in force.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Alternate screen, no cursor, no line wrap.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Refuses what cannot show the view.
///
/// # Errors
/// [`Usage`], with what shows the figures there.
pub fn check() -> anyhow::Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Usage::error(
            "top needs a terminal; `sessctl show stat`, `sessctl show users` and `sessctl list` \
             print the same figures once",
        ));
    }
    if env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        return Err(Usage::error(
            "top needs a terminal that can move its cursor, and TERM says that this one cannot; \
             `sessctl show stat` prints the figures once",
        ));
    }
    Ok(())
}

/// The terminal while the view is on it.
pub struct Screen(());

impl Screen {
    /// Takes the terminal, and gives it back when the screen is dropped or the program panics.
    pub fn enter() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
        enter()?;
        Ok(Self(()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal.
pub fn enter() -> io::Result<()> {
    let settings = tcgetattr(io::stdin())?;
    let mut raw = settings.clone();
    raw.make_raw();
    if let Ok(mut before) = BEFORE.lock() {
        before.get_or_insert(settings);
    }
    tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
    let mut out = io::stdout();
    out.write_all(ENTER).and_then(|()| out.flush())
}

/// Gives the terminal back. One that is gone needs nothing.
pub fn leave() {
    let Some(settings) = BEFORE.lock().ok().and_then(|mut before| before.take()) else { return };
    let mut out = io::stdout();
    let _ = out.write_all(LEAVE).and_then(|()| out.flush());
    let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &settings);
}

/// Reports whether somebody can continue this process once it is stopped: a shell with job
/// control.
pub fn can_suspend() -> bool {
    let Some(parent) = getppid() else { return false };
    let is_session = getsid(None).is_ok_and(|own| getsid(Some(parent)) == Ok(own));
    is_session && getpgid(None).is_ok_and(|own| getpgid(Some(parent)) != Ok(own))
}
