//! SIGINT, SIGTERM and SIGHUP: the work stops after the current batch, at the second
//! one at once. A service reads its configuration again on SIGHUP instead.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fs, process};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// From `kill`, systemd or a shutdown.
    Terminate,
    /// From the kernel, when the terminal of the session closes.
    HangUp,
}

impl Signal {
    pub const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    const fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
        }
    }

    /// Returns the exit code that shells use for a process ended by this signal.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// Asks for a reload, as SIGHUP does, on behalf of another process.
pub fn request_reload() {
    if let Some(interrupt) = LISTENING.get() {
        interrupt.reload.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone)]
pub struct Interrupt {
    noted: Arc<AtomicUsize>,
    /// Set if the next signal ends the process.
    at_once: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

const NONE: usize = 0;

/// The signals of this process, once it listens.
static LISTENING: OnceLock<Interrupt> = OnceLock::new();

/// Exit code of a signal that another process has passed on.
static PASSED_ON: AtomicUsize = AtomicUsize::new(NONE);

/// Takes note of a signal that another process has passed on. It counts as one with a signal of
/// the same kind that came by itself: the process is not ended at once.
pub fn pass_on(signal: Signal) {
    let exit_code = signal.exit_code();
    PASSED_ON.store(exit_code.into(), Ordering::SeqCst);
    if LISTENING.get().is_none() {
        process::exit(exit_code.into());
    }
}

impl Interrupt {
    /// Starts to record signals instead of ending the process. SIGHUP stays ignored if it was
    /// ignored when the process started, as `nohup` arranges.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::listen_for_the_end()?;
        if !ignores_hang_up() {
            interrupt.note(Signal::HangUp)?;
        }
        // A process listens once.
        let _ = LISTENING.set(interrupt.clone());
        Ok(interrupt)
    }

    /// Listens as a service, which SIGHUP asks to read its configuration again.
    pub fn listen_as_service() -> io::Result<Self> {
        let interrupt = Self::listen_for_the_end()?;
        if !ignores_hang_up() {
            flag::register(SIGHUP, Arc::clone(&interrupt.reload))?;
        }
        let _ = LISTENING.set(interrupt.clone());
        Ok(interrupt)
    }

    /// The signal that came to this process, if it listens and one did.
    pub fn of_process() -> Option<Signal> {
        LISTENING.get().and_then(Self::signal)
    }

    fn listen_for_the_end() -> io::Result<Self> {
        let interrupt = Self {
            noted: Arc::new(AtomicUsize::new(NONE)),
            at_once: Arc::new(AtomicBool::new(false)),
            reload: Arc::new(AtomicBool::new(false)),
        };
        interrupt.note(Signal::Interrupt)?;
        interrupt.note(Signal::Terminate)?;
        Ok(interrupt)
    }

    fn note(&self, signal: Signal) -> io::Result<()> {
        let (number, exit_code) = (signal.number(), signal.exit_code());
        // The order matters: no signal gets lost in between, and the first one
        // must find the flag not yet set.
        flag::register_usize(number, Arc::clone(&self.noted), usize::from(exit_code))?;
        let at_once = Arc::clone(&self.at_once);
        flag::register_conditional_shutdown(number, i32::from(exit_code), at_once)?;
        flag::register(number, Arc::clone(&self.at_once))?;
        Ok(())
    }

    pub fn signal(&self) -> Option<Signal> {
        let noted = match self.noted.load(Ordering::Relaxed) {
            NONE => PASSED_ON.load(Ordering::SeqCst),
            noted => noted,
        };
        Signal::ALL.into_iter().find(|signal| usize::from(signal.exit_code()) == noted)
    }

    /// Reports whether a signal has asked for a reload since the last call.
    pub fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }

    /// Waits for something that can be abandoned, such as input: even the first signal ends
    /// the process at once. Returns `None` if a signal has arrived before.
    pub fn wait_for<T>(&self, what: impl FnOnce() -> T) -> Option<T> {
        self.at_once.store(true, Ordering::Relaxed);
        let come = self.signal().is_none().then(what);
        self.at_once.store(false, Ordering::Relaxed);
        come
    }

    pub fn go_on(&self) -> ControlFlow<()> {
        if self.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

pub fn ignore() -> io::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

pub struct Sleeper {
    wake: UnixStream,
}

impl Sleeper {
    pub fn new() -> io::Result<Self> {
        let (wake, waker) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        if !ignores_hang_up() {
            low_level::pipe::register(SIGHUP, waker)?;
        }
        Ok(Self { wake })
    }

    /// Sleeps for this time, or until a signal arrives, including one since the last sleep.
    pub fn sleep(&mut self, length: Duration) -> io::Result<()> {
        self.wake.set_read_timeout(Some(length))?;
        // Whether a byte comes or the time is up makes no difference.
        let _ = self.wake.read(&mut [0]);
        Ok(())
    }
}

/// Reports whether the process ignores SIGHUP, as the kernel says. Where it says nothing, the
/// process does not.
fn ignores_hang_up() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_ignored(&status, SIGHUP)
}

/// Reports whether the text of `/proc/PID/status` has a signal among those that are ignored.
pub fn is_ignored(status: &str, signal: i32) -> bool {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0);
    set >> (signal - 1) & 1 == 1
}
