//! SIGINT and SIGTERM: the work stops after the current batch, at the second
//! one at once.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

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
pub struct Interrupt {
    noted: Arc<AtomicUsize>,
    /// Whether the next signal is not just noted.
    at_once: Arc<AtomicBool>,
}

const NONE: usize = 0;

/// The signals of this process, once it listens.
static LISTENING: OnceLock<Interrupt> = OnceLock::new();

impl Interrupt {
    /// From now on, signals are noted instead of ending the process.
    pub fn listen() -> io::Result<Self> {
        let noted = Arc::new(AtomicUsize::new(NONE));
        let at_once = Arc::new(AtomicBool::new(false));
        for (number, signal) in [(SIGINT, Signal::Interrupt), (SIGTERM, Signal::Terminate)] {
            let exit_code = i32::from(signal.exit_code());
            // The order matters: no signal gets lost in between, and the first one
            // must find the flag not yet set.
            flag::register_usize(number, Arc::clone(&noted), usize::from(signal.exit_code()))?;
            flag::register_conditional_shutdown(number, exit_code, Arc::clone(&at_once))?;
            flag::register(number, Arc::clone(&at_once))?;
        }
        let interrupt = Self { noted, at_once };
        // A process listens once.
        let _ = LISTENING.set(interrupt.clone());
        Ok(interrupt)
    }

    /// The signal that came to this process, if it listens and one did.
    pub fn of_process() -> Option<Signal> {
        LISTENING.get().and_then(Self::signal)
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<Signal> {
        [Signal::Interrupt, Signal::Terminate]
            .into_iter()
            .find(|signal| usize::from(signal.exit_code()) == self.noted.load(Ordering::Relaxed))
    }

    /// Waits for something that leaves nothing half done, such as input: then
    /// the first signal, too, ends the process at once. Nothing comes where one
    /// has come before.
    pub fn wait_for<T>(&self, what: impl FnOnce() -> T) -> Option<T> {
        self.at_once.store(true, Ordering::Relaxed);
        let come = self.signal().is_none().then(what);
        self.at_once.store(false, Ordering::Relaxed);
        come
    }

    /// Go on unless one did.
    pub fn go_on(&self) -> ControlFlow<()> {
        if self.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Sleeps, and wakes up when a signal comes.
pub struct Sleeper {
    wake: UnixStream,
}

impl Sleeper {
    /// One that signals wake up from now on.
    pub fn new() -> io::Result<Self> {
        let (wake, waker) = UnixStream::pair()?;
        low_level::pipe::register(SIGINT, waker.try_clone()?)?;
        low_level::pipe::register(SIGTERM, waker)?;
        Ok(Self { wake })
    }

    /// Sleeps for so long, or until a signal comes, also one that has come since it
    /// last slept.
    pub fn sleep(&mut self, length: Duration) -> io::Result<()> {
        self.wake.set_read_timeout(Some(length))?;
        // Whether a byte comes or the time is up makes no difference.
        let _ = self.wake.read(&mut [0]);
        Ok(())
    }
}
