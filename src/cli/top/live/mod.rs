//! The live view. This process draws and opens no database: a worker for each database reads, with
//! the privileges of its owner, and a process of its own carries out what the user asks for.

pub mod draw;
pub mod filter;
pub mod model;
pub mod order;
pub mod pace;
pub mod parts;
pub mod reader;
mod readers;
mod terminal;

use std::env;
use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use ratatui_core::terminal::Terminal;

use crate::cli::all_databases::process::Event;
use crate::cli::all_databases::serve::targets;
use crate::cli::all_databases::wire::Message;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Usage};
use crate::cli::interrupt::Signal;
use crate::cli::{clock, locale};
use crate::domain::time::UnixTime;
use crate::output::sanitize::escape;
use draw::Look;
use model::{Model, Wish};
use order::Order;
use readers::Readers;
use terminal::{Ansi, Input, Screen};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(250);
/// The same after a key, which shall have an effect at once.
const KEY_FRAME: Duration = Duration::from_millis(30);
/// Longest time between two frames: the screen shows the time.
const SECOND: Duration = Duration::from_secs(1);

/// News that wait for the view; further ones make their senders wait.
const MAX_NEWS: usize = 64;

/// Call of the view.
pub struct Call {
    /// Words of the selection.
    pub words: Vec<String>,
    pub why: String,
    pub is_for_all: bool,
}

pub enum News {
    Reader(usize, Event),
    Command(u64, Event),
    Input(Input),
}

/// Shows the view until the user quits, or the terminal is gone.
///
/// # Errors
/// Mistakes of the call, and failures of the terminal.
pub fn show(call: &Call, context: &Context) -> anyhow::Result<Exit> {
    terminal::check()?;
    if context.global.output.is_some() || context.global.json {
        return Err(Usage::error("top has no output formats; `sessctl show stat` has them"));
    }
    let targets = targets(call.is_for_all, context)?;
    let names: Vec<String> = match targets.as_slice() {
        [only] if only.name.is_none() => vec![context.db()?.to_string()],
        _ => targets.iter().map(|it| it.name.clone().unwrap_or_default()).collect(),
    };
    let mut model = Model::new(names, call.is_for_all, clock::now());
    (model.words, model.why) = (call.words.clone(), call.why.clone());
    let (sender, news) = sync_channel(MAX_NEWS);
    let input = sender.clone();
    terminal::listen(move |it| input.send(News::Input(it)).is_ok())?;
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let readers = Readers::new(targets, words, sender);
    let screen = Screen::enter()?;
    let mut view = View {
        model,
        readers,
        terminal: Terminal::new(Ansi::new())?,
        look: Look { has_colors: context.has_colors(), ramp: locale::ramp() },
        drawn_at: None,
        is_changed: true,
        is_pressed: false,
    };
    let exit = view.run(&news);
    drop(screen);
    exit
}

struct View {
    model: Model,
    readers: Readers,
    terminal: Terminal<Ansi>,
    look: Look,
    drawn_at: Option<Duration>,
    /// Set if the screen shows something old.
    is_changed: bool,
    /// Set if a key has changed it.
    is_pressed: bool,
}

impl View {
    fn run(&mut self, news: &Receiver<News>) -> anyhow::Result<Exit> {
        loop {
            let now = clock::uptime();
            for index in self.readers.start_due(now) {
                let view = self.model.view(index);
                self.readers.send(index, &view);
                if self.model.is_paused {
                    self.readers.send(index, &Order::Pause);
                }
            }
            if self.next_frame() <= now && self.draw(now).is_err() {
                return Ok(Exit::Interrupted(Signal::HangUp));
            }
            let next = self.readers.next_start().unwrap_or(Duration::MAX).min(self.next_frame());
            let wait = next.saturating_sub(clock::uptime());
            let first = match news.recv_timeout(wait) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Done),
            };
            for it in std::iter::once(first).chain(news.try_iter()) {
                self.is_changed = true;
                if let Some(exit) = self.handle(it)? {
                    return Ok(exit);
                }
            }
        }
    }

    fn next_frame(&self) -> Duration {
        let Some(drawn_at) = self.drawn_at else { return Duration::ZERO };
        drawn_at
            + match (self.is_pressed, self.is_changed) {
                (true, _) => KEY_FRAME,
                (_, true) => FRAME,
                _ => SECOND,
            }
    }

    fn draw(&mut self, now: Duration) -> io::Result<()> {
        self.model.now = clock::now();
        let (model, look) = (&self.model, self.look);
        let mut page = 1;
        self.terminal.draw(|frame| page = draw::render(model, frame.buffer_mut(), look))?;
        self.model.page = page;
        (self.drawn_at, self.is_changed, self.is_pressed) = (Some(now), false, false);
        Ok(())
    }

    /// Handles news. Returns the exit of the command at its end.
    fn handle(&mut self, news: News) -> anyhow::Result<Option<Exit>> {
        match news {
            News::Reader(index, event) => self.handle_reader(index, event),
            News::Command(number, event) => self.handle_command(number, event),
            News::Input(Input::Key(key)) => {
                self.is_pressed = true;
                for wish in self.model.press(key) {
                    match wish {
                        Wish::Quit => return Ok(Some(Exit::Done)),
                        wish => self.grant(wish)?,
                    }
                }
            }
            News::Input(Input::Changed) => {
                self.terminal.clear()?;
                self.is_pressed = true;
            }
            News::Input(Input::Suspend) => self.suspend()?,
            News::Input(Input::Ended(signal)) => return Ok(Some(Exit::Interrupted(signal))),
            News::Input(Input::Gone) => return Ok(Some(Exit::Interrupted(Signal::HangUp))),
        }
        Ok(None)
    }

    fn handle_reader(&mut self, index: usize, event: Event) {
        match event {
            Event::Message(Message::Part(part, records), _) => {
                self.readers.works(index);
                self.model.take(index, &part, records);
            }
            Event::Message(Message::Failed { reason }, _) => {
                self.readers.note_reason(index, reason);
            }
            Event::Ended(end) if end.exit_code == 0 => {
                self.readers.restart(index, clock::uptime());
            }
            Event::Ended(end) => {
                let (reason, wait) = self.readers.failed(index, clock::uptime());
                let reason = reason.or(end.fault).unwrap_or_else(|| {
                    format!("the process that reads has ended with exit code {}", end.exit_code)
                });
                let wait = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
                let again_at = UnixTime(clock::now().0.saturating_add(wait));
                self.model.reader_failed(index, reason, again_at);
            }
            // Its warnings are those of `show stat`.
            _ => {}
        }
    }

    fn handle_command(&mut self, number: u64, event: Event) {
        match event {
            Event::Output(line) | Event::Error(line) => self.model.answer_line(number, line),
            Event::Ended(end) => {
                self.readers.command_ended(number);
                if let Some(fault) = end.fault {
                    self.model.answer_line(number, escape(&fault).into_owned());
                }
                for wish in self.model.answer_ended(number, end.exit_code) {
                    let _ = self.grant(wish);
                }
            }
            _ => {}
        }
    }

    fn grant(&mut self, wish: Wish) -> anyhow::Result<()> {
        match wish {
            Wish::Order(index, order) => self.readers.send(index, &order),
            Wish::Run { database, number, words } => {
                let width = usize::from(self.terminal.size()?.width).saturating_sub(8).min(100);
                if let Err(error) = self.readers.run(database, number, words, width) {
                    let line = format!("could not start a process: {error}");
                    self.model.answer_line(number, line);
                    self.model.answer_ended(number, 1);
                }
            }
            Wish::Suspend => self.suspend()?,
            Wish::Quit => {}
        }
        Ok(())
    }

    /// Gives the terminal back and stops, until a shell continues the process.
    fn suspend(&mut self) -> anyhow::Result<()> {
        if !terminal::can_suspend() {
            self.model.notice = Some("no shell is there that could continue it".to_owned());
            return Ok(());
        }
        let databases = 0..self.model.databases.len();
        databases.clone().for_each(|index| self.readers.send(index, &Order::Pause));
        terminal::leave();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        terminal::enter()?;
        self.terminal.clear()?;
        if !self.model.is_paused {
            databases.for_each(|index| self.readers.send(index, &Order::Resume));
        }
        Ok(())
    }
}
