//! Keys and signals, from a thread that waits for them.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::{flag, low_level};

use crate::cli::interrupt::Signal;
use crate::cli::top::live::model::{Key, KeyParser};

/// Time within which the bytes of one key come.
const KEY_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    /// Its size may have changed, or something else has written to it.
    Changed,
    Suspend,
    Ended(Signal),
    /// The terminal is gone.
    Gone,
}

/// Flags of signals that have come, with what they mean.
struct Flags(Vec<(Arc<AtomicBool>, Input)>);

impl Flags {
    fn register(wake: &UnixStream) -> io::Result<Self> {
        let meanings = [
            (SIGWINCH, Input::Changed),
            (SIGCONT, Input::Changed),
            (SIGTSTP, Input::Suspend),
            (SIGINT, Input::Ended(Signal::Interrupt)),
            (SIGTERM, Input::Ended(Signal::Terminate)),
            (SIGHUP, Input::Ended(Signal::HangUp)),
        ];
        let mut flags = Vec::new();
        for (signal, meaning) in meanings {
            let flag = Arc::new(AtomicBool::new(false));
            flag::register(signal, Arc::clone(&flag))?;
            low_level::pipe::register(signal, wake.try_clone()?)?;
            flags.push((flag, meaning));
        }
        Ok(Self(flags))
    }

    fn take(&self) -> impl Iterator<Item = Input> {
        let come = self.0.iter().filter(|(flag, _)| flag.swap(false, Ordering::SeqCst));
        come.map(|(_, meaning)| *meaning)
    }
}

/// Starts the thread. It ends with the terminal, or when nobody takes what it has.
///
/// # Errors
/// If signals cannot be received, or the thread cannot be started.
pub fn listen(send: impl Fn(Input) -> bool + Send + 'static) -> io::Result<()> {
    let (woken, wake) = UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    let flags = Flags::register(&wake)?;
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        // The signals keep their end of the stream.
        let _wake = wake;
        pass_on(&woken, &flags, &send);
    })?;
    Ok(())
}

/// Passes on keys and signals, until the terminal is gone or nobody takes them.
fn pass_on(woken: &UnixStream, flags: &Flags, send: &impl Fn(Input) -> bool) {
    let mut parser = KeyParser::default();
    loop {
        let limit = parser.is_waiting().then_some(&KEY_TIME);
        let (keys, signals) = wait(woken, limit);
        if signals.contains(PollFlags::IN) {
            drain(woken);
        }
        if !flags.take().all(send) {
            return;
        }
        if keys.contains(PollFlags::IN) {
            let mut bytes = [0; 256];
            let keys = match rustix::io::read(io::stdin(), &mut bytes) {
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Vec::new(),
                Ok(0) | Err(_) => {
                    send(Input::Gone);
                    return;
                }
                Ok(length) => parser.push(&bytes[..length]),
            };
            if !keys.into_iter().all(|key| send(Input::Key(key))) {
                return;
            }
        } else if !keys.is_empty() {
            send(Input::Gone);
            return;
        } else if limit.is_some()
            && signals.is_empty()
            && let Some(key) = parser.flush()
            && !send(Input::Key(key))
        {
            return;
        }
    }
}

/// What has come from the terminal and from signals.
fn wait(woken: &UnixStream, limit: Option<&Timespec>) -> (PollFlags, PollFlags) {
    let stdin = io::stdin();
    let mut polled = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    match poll(&mut polled, limit) {
        Ok(_) => (polled[0].revents(), polled[1].revents()),
        // Interrupted by a signal, which has written to the stream.
        Err(_) => (PollFlags::empty(), PollFlags::IN),
    }
}

fn drain(woken: &UnixStream) {
    let mut bytes = [0; 64];
    while rustix::io::read(woken, &mut bytes).is_ok_and(|length| length == bytes.len()) {}
}
