//! One call, or one pass of a call that keeps running, over the databases.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::rc::Rc;

use super::call::{Call, Target, Work};
use super::codes;
use super::events::RunEvents;
use super::figures::Figures;
use super::items::{EndedDatabase, Item, Output};
use super::log::RunLog;
use super::order::Ordering;
use super::outputs;
use super::parent::run_workers;
use super::process::{Event, WorkerCall, WorkerEnd};
use super::tracker::{EndedJob, Tracker};
use super::wire::{Instruction, Message};
use crate::cli::context::{Context, terminal_width};
use crate::cli::exit::{Exit, Usage, eprint_line, exit_code};
use crate::cli::interrupt::Interrupt;
use crate::cli::notify::{self, Notifier};
use crate::cli::priority::Priority;
use crate::output::FormatName;
use crate::output::sanitize::escape;

const STOPPING: &str = "sessctl: stopping after the current batch of each database";

/// Length that an item counts if it has not been measured.
const ITEM_SIZE: usize = 256;

/// Serves the databases of a call once. Returns the worst of their exit codes.
///
/// # Errors
/// Errors of the configuration, and a format that the command does not have. What fails for one
/// database is printed.
pub fn serve(
    call: &Call,
    words: &[OsString],
    interrupt: &Interrupt,
    context: &Context,
) -> anyhow::Result<Exit> {
    let targets = targets(call.is_for_all, context)?;
    let output = outputs::of(call, context)?;
    let has_failed = Rc::new(Cell::new(false));
    let events = receivers(call, context, &has_failed)?;
    let names = targets.iter().map(|target| target.name.clone());
    let calls: Vec<_> = targets.iter().map(|it| worker_call(call, it, words, context)).collect();
    let mut pass = Pass {
        tracker: Tracker::new(names, events),
        ordering: Ordering::new(targets.len()),
        figures: Figures::new(call.work, targets.len()),
        invalid: vec![false; targets.len()],
        targets,
        output,
        worst: 0,
        found: 0,
        ended: vec![false; calls.len()],
        is_watch: matches!(call.work, Work::Run { watch: true, .. }) && !call.is_for_all,
    };
    let mut handle = |index, event| pass.handle(index, event);
    run_workers(&calls, call.parallel, interrupt, &mut handle, &|| {
        let changes = matches!(call.work, Work::Purge { .. } | Work::Run { .. });
        if changes && call.is_for_all && (context.global.verbose || io::stderr().is_terminal()) {
            context.print_notice(STOPPING);
        }
    });
    pass.finish(call, interrupt, &has_failed, context)
}

/// The databases of a call.
///
/// # Errors
/// Errors of the configuration, and one that names no database.
pub fn targets(is_for_all: bool, context: &Context) -> anyhow::Result<Vec<Target>> {
    if !is_for_all {
        let name = context.database_name().map(ToString::to_string);
        return Ok(vec![Target { name, labels: Vec::new() }]);
    }
    let databases = context.databases()?;
    if databases.is_empty() {
        return Err(Usage::error(match context.report_config_faults() {
            Exit::Done => "no databases are configured: add a [[database]] with a name and a path \
                           to the configuration, or pass --db PATH|URL"
                .to_owned(),
            _ => "no configured database can be used: correct the configuration".to_owned(),
        }));
    }
    Ok(databases.iter().map(Target::of).collect())
}

fn receivers(
    call: &Call,
    context: &Context,
    has_failed: &Rc<Cell<bool>>,
) -> anyhow::Result<Vec<Box<dyn RunEvents>>> {
    let mut receivers: Vec<Box<dyn RunEvents>> = Vec::new();
    if matches!(call.work, Work::Purge { dry_run: true, .. }) {
        return Ok(receivers);
    }
    if let Some(path) = &call.log {
        let database = context.db().ok().filter(|_| !call.is_for_all);
        let database = database.map(|database| database.to_string());
        receivers.push(Box::new(RunLog::new(path, database.as_deref(), Rc::clone(has_failed))));
    }
    let scopes = notify::scopes(call, context)?;
    if !scopes.is_empty() {
        receivers.push(Box::new(Notifier::of(scopes)));
    }
    Ok(receivers)
}

/// The original arguments, with those of a worker before them.
fn worker_call(call: &Call, target: &Target, words: &[OsString], context: &Context) -> WorkerCall {
    let name = target.name.as_deref().unwrap_or_default();
    let mut args = vec![OsString::from(format!("--worker-for={name}"))];
    if call.is_for_all {
        args.push("--journal-priorities".into());
    }
    let format = context.requested_format();
    let is_page = matches!(call.work, Work::Doctor | Work::Purge { .. } | Work::Run { .. });
    let format = match format.unwrap_or(FormatName::Table) {
        FormatName::Table if is_page => None,
        FormatName::Prometheus => Some(FormatName::Prometheus),
        _ => Some(FormatName::Jsonl),
    };
    let instruction = if call.is_for_all {
        Instruction { collects: true, format, width: terminal_width(), command: None }
    } else {
        Instruction { collects: false, ..Instruction::default() }
    };
    args.push(format!("--worker-instruction={}", instruction.to_text()).into());
    args.extend(words.iter().cloned());
    WorkerCall { args, instruction }
}

struct Pass<'a> {
    targets: Vec<Target>,
    tracker: Tracker,
    ordering: Ordering<Item>,
    figures: Figures,
    output: Box<dyn Output + 'a>,
    /// Workers that have said something that is no message.
    invalid: Vec<bool>,
    ended: Vec<bool>,
    worst: u8,
    /// Records that have come.
    found: usize,
    /// Set if the worker makes the passes.
    is_watch: bool,
}

impl Pass<'_> {
    fn handle(&mut self, index: usize, event: Event) {
        match event {
            Event::Started => self.tracker.worker_started(index),
            Event::Message(message, bytes) => self.handle_message(index, message, bytes),
            Event::Invalid(what) => {
                if !std::mem::replace(&mut self.invalid[index], true) {
                    self.print(index, &format!("unexpected message of its process: {what}"));
                }
            }
            Event::Output(line) => {
                let bytes = line.len();
                self.put(index, Item::Line(line), bytes);
            }
            Event::Error(line) => self.print(index, &line),
            Event::Ended(end) => self.end(index, end),
        }
    }

    fn handle_message(&mut self, index: usize, message: Message, bytes: usize) {
        match message {
            Message::Record(record) => {
                self.found += 1;
                self.put(index, Item::Record(record), bytes);
            }
            Message::Report(report) => self.put(index, Item::Report(report), bytes),
            // Only the live view is one.
            Message::Part(..) => {}
            Message::Metrics(figures) => self.figures.add(index, figures, bytes),
            Message::Started { job } => self.tracker.job_started(index, &job),
            Message::Ended { job, work, result } => {
                self.tracker.job_ended(index, EndedJob { job, work, result });
            }
            Message::PassEnded { exit_code } => {
                self.tracker.database_ended(index, exit_code);
                self.tracker.all_ended();
            }
            Message::Failed { reason } => self.tracker.databases[index].failure = Some(reason),
        }
    }

    fn end(&mut self, index: usize, end: WorkerEnd) {
        let WorkerEnd { mut exit_code, fault } = end;
        self.ended[index] = true;
        if let Some(fault) = fault {
            self.print(index, &fault);
            self.tracker.databases[index].failure.get_or_insert(fault);
        }
        if self.invalid[index] {
            exit_code = codes::worse(exit_code, 1);
        }
        self.worst = codes::worse(self.worst, exit_code);
        if !self.is_watch || exit_code != 0 && self.tracker.databases[index].failure.is_some() {
            self.tracker.database_ended(index, exit_code);
        }
        self.figures.end(index, exit_code);
        let progress = &self.tracker.databases[index];
        let ended = EndedDatabase {
            exit_code,
            jobs: progress.jobs.clone(),
            failure: progress.failure.clone(),
        };
        self.put(index, Item::Ended(ended), ITEM_SIZE);
        let ready = self.ordering.end(index);
        self.write(ready);
    }

    fn put(&mut self, index: usize, item: Item, bytes: usize) {
        let ready = self.ordering.add(index, item, bytes);
        self.write(ready);
    }

    fn write(&mut self, ready: Vec<(usize, Item)>) {
        for (index, item) in ready {
            self.output.add(&self.targets[index], item);
        }
    }

    /// Prints a line of a worker with the name of its database.
    fn print(&self, index: usize, line: &str) {
        let (priority, line) = Priority::split(line);
        let line = line.strip_prefix("sessctl: ").unwrap_or(line);
        let line = match &self.targets[index].name {
            Some(name) => format!("sessctl: {name}: {line}"),
            None => format!("sessctl: {line}"),
        };
        eprint_line(priority, &escape(&line));
    }

    fn finish(
        mut self,
        call: &Call,
        interrupt: &Interrupt,
        has_failed: &Cell<bool>,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        let rest = self.ordering.take_all();
        self.write(rest);
        self.tracker.all_ended();
        let seeks = matches!(call.work, Work::Runs { seeks_sessions: true, .. });
        // What one database knows, the others need not.
        if seeks && self.found > 0 && self.worst == exit_code(Exit::NoSession) {
            self.worst = 0;
        }
        if has_failed.get() {
            self.worst = codes::worse(self.worst, exit_code(Exit::Failed));
        }
        if call.is_for_all {
            let faults = exit_code(context.report_config_faults());
            self.worst = codes::worse(self.worst, faults);
            if let Some(path) = &call.metrics_file {
                self.write_figures(path);
            }
        }
        self.report_rest();
        let written = self.output.finish();
        // Nobody waits for notifications in vain.
        self.tracker.finish();
        written?;
        Ok(interrupt.signal().map_or(Exit::Worst(self.worst), Exit::Interrupted))
    }

    /// Names the databases that a signal has kept from being served.
    fn report_rest(&self) {
        let rest = self.targets.iter().zip(&self.ended).filter(|(_, ended)| !**ended);
        let rest: Vec<&str> = rest.filter_map(|(target, _)| target.name.as_deref()).collect();
        if !rest.is_empty() {
            let rest = rest.join(", ");
            let line = format!("sessctl: interrupted before these databases: {rest}");
            eprint_line(Priority::Warning, &line);
        }
    }

    fn write_figures(&mut self, path: &Path) {
        if let Err(error) = self.figures.write(path, &self.targets) {
            eprint_line(Priority::Error, &escape(&format!("sessctl: {error:#}")));
            self.worst = codes::worse(self.worst, exit_code(Exit::Failed));
        }
    }
}
