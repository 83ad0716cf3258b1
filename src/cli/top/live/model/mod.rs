//! The state of the view. Keys and news come in; state and wishes come out. It knows neither the
//! terminal nor a database.

mod answer;
pub mod columns;
mod confirmation;
pub mod database;
mod key;
pub mod line;
pub mod rows;

pub use answer::Answer;
pub use confirmation::{Confirmation, Doomed};
pub use key::{Key, KeyParser};

use std::collections::BTreeMap;

use columns::List;
use database::{Database, Reader};
use line::Line;

use super::filter;
use super::order::{Order, View};
use crate::cli::all_databases::wire::TypedRecord;
use crate::domain::time::UnixTime;
use crate::output::record::Value;

/// Something that the model wants to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// An order to the reader of a database.
    Order(usize, Order),
    /// A command on a database, whose answer comes with the same number.
    Run {
        database: usize,
        number: u64,
        words: Vec<String>,
    },
    Suspend,
    Quit,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    Browse,
    Help,
    Filter {
        line: Line,
        fault: Option<String>,
    },
    Confirm(Confirmation),
    /// The answer of a command, or its beginning.
    Answer(Answer),
}

pub struct Model {
    pub databases: Vec<Database>,
    /// All configured databases are shown.
    pub is_for_all: bool,
    /// Database that is shown as a whole; `None`: all are, in a row each.
    pub opened: Option<usize>,
    /// Highlighted row of all databases.
    pub place: usize,
    pub mode: Mode,
    pub is_paused: bool,
    pub now: UnixTime,
    /// Words of the filter.
    pub words: Vec<String>,
    /// Reason that confirmations propose.
    pub why: String,
    /// Rows of a list on a page.
    pub page: usize,
    /// What the last key could not do.
    pub notice: Option<String>,
    next_number: u64,
    /// Commands that change a database, with the database.
    changing: BTreeMap<u64, usize>,
}

impl Model {
    pub fn new(names: impl IntoIterator<Item = String>, is_for_all: bool, now: UnixTime) -> Self {
        let databases: Vec<Database> = names.into_iter().map(Database::new).collect();
        Self {
            databases,
            is_for_all,
            opened: if is_for_all { None } else { Some(0) },
            place: 0,
            mode: Mode::Browse,
            is_paused: false,
            now,
            words: Vec::new(),
            why: String::new(),
            page: 10,
            notice: None,
            next_number: 1,
            changing: BTreeMap::new(),
        }
    }

    /// The database that is shown as a whole.
    pub fn database(&self) -> Option<&Database> {
        self.opened.and_then(|index| self.databases.get(index))
    }

    /// The order with which a reader begins.
    pub fn view(&self, index: usize) -> Order {
        Order::View(View {
            words: self.words.clone(),
            order: self.databases[index].sessions.read_order(),
            readers: u32::try_from(self.databases.len()).unwrap_or(u32::MAX),
        })
    }

    pub fn take(&mut self, index: usize, part: &str, records: Vec<TypedRecord>) {
        let now = self.now;
        self.databases[index].take(part, records, now);
    }

    /// Notes that a reader has ended.
    pub fn reader_failed(&mut self, index: usize, reason: String, again_at: UnixTime) {
        self.databases[index].reader = Reader::Failed { reason, again_at };
    }

    /// Takes a line of the answer of a command.
    pub fn answer_line(&mut self, number: u64, line: String) {
        if let Mode::Answer(answer) = &mut self.mode
            && answer.number == number
        {
            answer.lines.push(line);
        }
    }

    /// Notes that a command has ended. What it may have changed is read again.
    pub fn answer_ended(&mut self, number: u64, exit_code: u8) -> Vec<Wish> {
        if let Mode::Answer(answer) = &mut self.mode
            && answer.number == number
        {
            answer.exit_code = Some(exit_code);
        }
        let changed = self.changing.remove(&number);
        changed.map(|index| Wish::Order(index, Order::Read)).into_iter().collect()
    }

    /// Handles a key.
    pub fn press(&mut self, key: Key) -> Vec<Wish> {
        self.notice = None;
        match (key, &self.mode) {
            (Key::Ctrl('c'), _) => return vec![Wish::Quit],
            (Key::Ctrl('z'), _) => return vec![Wish::Suspend],
            _ => {}
        }
        match &mut self.mode {
            Mode::Browse => self.browse(key),
            Mode::Help => {
                self.mode = Mode::Browse;
                Vec::new()
            }
            Mode::Filter { .. } => self.edit_filter(key),
            Mode::Confirm(_) => self.confirm(key),
            Mode::Answer(answer) => {
                if answer.press(key, self.page) {
                    self.mode = Mode::Browse;
                }
                Vec::new()
            }
        }
    }

    fn browse(&mut self, key: Key) -> Vec<Wish> {
        match key {
            Key::Escape if self.is_for_all && self.opened.is_some() => self.opened = None,
            Key::Char('q') | Key::Escape => return vec![Wish::Quit],
            Key::Char('?' | 'h') | Key::Help => self.mode = Mode::Help,
            Key::Char('p') => return self.pause(),
            Key::Char('u') | Key::Refresh => return self.order_all(&Order::Read),
            Key::Char('/') => {
                let mut line = filter::line(&self.words);
                if !line.is_empty() {
                    line.push(' ');
                }
                self.mode = Mode::Filter { line: Line::new(line), fault: None };
            }
            Key::Enter => return self.enter(),
            key => return self.browse_lists(key),
        }
        Vec::new()
    }

    fn browse_lists(&mut self, key: Key) -> Vec<Wish> {
        let Some(index) = self.opened else {
            if let Some(rows) = key.steps(self.page) {
                let last = self.databases.len().saturating_sub(1);
                self.place = self.place.saturating_add_signed(rows).min(last);
            }
            return Vec::new();
        };
        let database = &mut self.databases[index];
        let list = database.focus;
        let rows = database.rows_mut(list);
        match key {
            Key::Char('s') => rows.sort_by_next(),
            Key::Char('r') => rows.reverse(),
            Key::Char('t') => return self.ask(index),
            Key::Tab | Key::Right => database.focus = next(list, 1),
            Key::BackTab | Key::Left => database.focus = next(list, 3),
            key => {
                if let Some(by) = key.steps(self.page) {
                    rows.step(by);
                }
                return Vec::new();
            }
        }
        // The table is read again in another order.
        if matches!(key, Key::Char(_)) && list == List::Sessions {
            return vec![Wish::Order(index, self.view(index))];
        }
        Vec::new()
    }

    fn pause(&mut self) -> Vec<Wish> {
        self.is_paused = !self.is_paused;
        self.order_all(if self.is_paused { &Order::Pause } else { &Order::Resume })
    }

    fn order_all(&self, order: &Order) -> Vec<Wish> {
        (0..self.databases.len()).map(|index| Wish::Order(index, order.clone())).collect()
    }

    /// Opens what is highlighted.
    fn enter(&mut self) -> Vec<Wish> {
        let Some(index) = self.opened else {
            self.opened = Some(self.place);
            return Vec::new();
        };
        let database = &mut self.databases[index];
        let Some(row) = database.rows(database.focus).highlighted() else { return Vec::new() };
        let named = |column| row.value(column).bare().map(std::borrow::Cow::into_owned);
        let condition = match database.focus {
            List::Sessions => return self.inspect(index),
            List::Jobs => return Vec::new(),
            List::Tasks => named("task").map(|task| ["--task".to_owned(), task]),
            List::Users => named("user").map(|user| ["--user".to_owned(), user]),
        };
        let Some([option, value]) = condition else {
            self.notice = Some("these sessions have no user".to_owned());
            return Vec::new();
        };
        let words = with_option(&self.words, &option, &value);
        if let Err(fault) = filter::selection(&words) {
            self.notice = Some(fault);
            return Vec::new();
        }
        self.databases[index].focus = List::Sessions;
        self.set_filter(words)
    }

    fn set_filter(&mut self, words: Vec<String>) -> Vec<Wish> {
        self.words = words;
        (0..self.databases.len()).map(|index| Wish::Order(index, self.view(index))).collect()
    }

    fn inspect(&mut self, index: usize) -> Vec<Wish> {
        let Some(handle) = self.highlighted_handle(index) else { return Vec::new() };
        let words = ["show", "session", &handle].map(str::to_owned).to_vec();
        self.run(index, format!("Session {handle}"), words)
    }

    fn run(&mut self, database: usize, title: String, words: Vec<String>) -> Vec<Wish> {
        let number = self.next_number;
        self.next_number += 1;
        let answer = Answer { number, title, lines: Vec::new(), exit_code: None, first: 0 };
        self.mode = Mode::Answer(answer);
        vec![Wish::Run { database, number, words }]
    }

    fn highlighted_handle(&self, index: usize) -> Option<String> {
        let row = self.databases[index].sessions.highlighted()?;
        row.value("handle").bare().map(std::borrow::Cow::into_owned)
    }

    /// Asks whether the highlighted session shall end.
    fn ask(&mut self, index: usize) -> Vec<Wish> {
        let database = &self.databases[index];
        if database.focus != List::Sessions {
            self.notice =
                Some("only a session can be ended: press Tab for the sessions".to_owned());
            return Vec::new();
        }
        let Some(row) = database.sessions.highlighted() else { return Vec::new() };
        if row.value("ended_at") != Value::Absent {
            self.notice = Some("this session has ended".to_owned());
            return Vec::new();
        }
        let facts = ["user", "task", "client", "state", "idle_seconds"];
        let doomed = Doomed {
            database: index,
            handle: self.highlighted_handle(index).unwrap_or_default(),
            facts: facts.map(|fact| (fact, row.value(fact))).to_vec(),
        };
        self.mode = Mode::Confirm(Confirmation {
            doomed,
            why: Line::new(self.why.clone()),
            is_typing: self.why.is_empty(),
            fault: None,
        });
        Vec::new()
    }

    fn confirm(&mut self, key: Key) -> Vec<Wish> {
        let Mode::Confirm(confirmation) = &mut self.mode else { return Vec::new() };
        if key == Key::Escape {
            self.mode = Mode::Browse;
            return Vec::new();
        }
        if confirmation.is_typing {
            confirmation.type_reason(key);
            return Vec::new();
        }
        match key {
            Key::Char('y' | 'Y') => {
                let (doomed, words) = (confirmation.doomed.clone(), confirmation.words());
                self.changing.insert(self.next_number, doomed.database);
                return self.run(doomed.database, format!("End {}", doomed.handle), words);
            }
            Key::Char('n' | 'N' | 'q') => self.mode = Mode::Browse,
            Key::Char('w') | Key::Tab | Key::BackTab | Key::Up => confirmation.is_typing = true,
            _ => {
                confirmation.fault = Some("y ends it, n does not, w changes the reason".to_owned());
            }
        }
        Vec::new()
    }

    fn edit_filter(&mut self, key: Key) -> Vec<Wish> {
        let Mode::Filter { line, fault } = &mut self.mode else { return Vec::new() };
        match key {
            Key::Escape => self.mode = Mode::Browse,
            Key::Enter => match filter::parse(&line.text()) {
                Ok(words) => {
                    self.mode = Mode::Browse;
                    return self.set_filter(words);
                }
                Err(mistake) => *fault = Some(mistake),
            },
            key => {
                line.press(key);
                *fault = None;
            }
        }
        Vec::new()
    }
}

/// Words with this value of an option in place of its others.
fn with_option(words: &[String], option: &str, value: &str) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == option {
            words.next();
        } else if !word.starts_with(&format!("{option}=")) {
            kept.push(word.clone());
        }
    }
    // What begins like an option is none behind the equals sign.
    if value.starts_with('-') {
        kept.push(format!("{option}={value}"));
    } else {
        kept.extend([option.to_owned(), value.to_owned()]);
    }
    kept
}

fn next(list: List, by: usize) -> List {
    let place = List::ALL.iter().position(|known| *known == list).unwrap_or(0);
    List::ALL[(place + by) % List::ALL.len()]
}
