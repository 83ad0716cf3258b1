//! SIGINT and SIGTERM: the work stops after the current batch, at the second
//! one at once.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A signal that asks the process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// From `kill`, systemd or a shutdown.
    Terminate,
}

impl Signal {
    /// What shells expect of a process that such a signal has ended.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Whether the process has been asked to end.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicUsize>);

const NONE: usize = 0;

impl Interrupt {
    /// From now on, signals are noted instead of ending the process.
    pub fn listen() -> io::Result<Self> {
        let noted = Arc::new(AtomicUsize::new(NONE));
        let asked_before = Arc::new(AtomicBool::new(false));
        for (number, signal) in [(SIGINT, Signal::Interrupt), (SIGTERM, Signal::Terminate)] {
            let exit_code = i32::from(signal.exit_code());
            // The order matters: the first signal must find the flag not yet set.
            flag::register_conditional_shutdown(number, exit_code, Arc::clone(&asked_before))?;
            flag::register(number, Arc::clone(&asked_before))?;
            flag::register_usize(number, Arc::clone(&noted), usize::from(signal.exit_code()))?;
        }
        Ok(Self(noted))
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<Signal> {
        [Signal::Interrupt, Signal::Terminate]
            .into_iter()
            .find(|signal| usize::from(signal.exit_code()) == self.0.load(Ordering::Relaxed))
    }

    /// Go on unless one did.
    pub fn go_on(&self) -> ControlFlow<()> {
        if self.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
