//! The events of a call, reported to those who want to know.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cli::all_databases::events::{RunEvents, RunResult, Unit};
use crate::cli::exit::eprint_line;
use crate::cli::priority::Priority;
use crate::cli::reap_children;
use crate::config::NotifyOptions;
use crate::domain::time::UnixTime;
use crate::output::sanitize::escape;

use super::command::{self, CommandInput};
use super::http::Client;
use super::locks::EndedDatabases;
use super::means::{FailureReport, Means, NotifyLimits};
use super::payload::Verdict;
use super::ping::Pinger;
use super::scope::Scope;
use super::state::{StateChange, StateDirectory};
use super::url::{PingRequest, PingSignal, PingUrl};

/// A scope, and what is under way in it.
struct ActiveScope {
    scope: Scope,
    url: Option<PingUrl>,
    started: Option<Instant>,
    pinger: Option<Pinger>,
}

/// Reports the events of a call.
pub struct Notifier {
    scopes: Vec<ActiveScope>,
    /// `None`: no state is known.
    directory: Option<StateDirectory>,
    means: Means,
    ended: EndedDatabases,
    pings: Vec<Pinger>,
    commands: Vec<JoinHandle<()>>,
}

impl Notifier {
    /// Notifies of these scopes, and prints what it cannot do.
    pub fn of(scopes: Vec<Scope>) -> Self {
        let report: FailureReport = Arc::new(|message| {
            eprint_line(Priority::Warning, &escape(&format!("sessctl: warning: {message}")));
        });
        let (directory, limits) = (StateDirectory::of_process(), NotifyLimits::default());
        Self::new(scopes, directory, limits, Client::new(true), report)
    }

    pub fn new(
        scopes: impl IntoIterator<Item = Scope>,
        directory: Option<StateDirectory>,
        limits: NotifyLimits,
        client: Client,
        report: FailureReport,
    ) -> Self {
        let means = Means { limits, client: Arc::new(client), report };
        let active = |scope: Scope| {
            let url = scope.options.ping.as_deref().map(PingUrl::parse).transpose();
            let url = url.unwrap_or_else(|why| {
                means.report(&scope, &format!("ping is not used: {why}"));
                None
            });
            ActiveScope { scope, url, started: None, pinger: None }
        };
        let scopes = scopes.into_iter().map(active).collect();
        let ended = EndedDatabases::default();
        Self { scopes, directory, means, ended, pings: Vec::new(), commands: Vec::new() }
    }
}

impl RunEvents for Notifier {
    fn started(&mut self, unit: &Unit) {
        let mut scopes = self.scopes.iter_mut();
        let Some(active) = scopes.find(|active| active.scope.unit == *unit) else { return };
        active.started = Some(Instant::now());
        let Some(url) = &active.url else { return };
        let facts = active.scope.facts.started();
        if let Some(request) = url.request(PingSignal::Start, &facts, "", 0) {
            active.pinger = self.means.pinger(&active.scope, url);
            active.pinger.iter_mut().for_each(|pinger| pinger.start(request.clone()));
        }
    }

    fn ended(&mut self, unit: &Unit, result: &RunResult) {
        self.pings.retain(|pinger| !pinger.is_finished());
        self.commands.retain(|command| !command.is_finished());
        let subjects = self.ended.subjects(unit, result);
        let mut scopes = self.scopes.iter_mut();
        let Some(active) = scopes.find(|active| active.scope.unit == *unit) else { return };
        let duration = result.duration(active.started.take());
        let directory = self.directory.as_ref();
        let locked_out = active.scope.locked_out(result, &subjects, directory, &self.means);
        let (verdict, result) = match &locked_out {
            Some(failed) => (Verdict::Failure, failed),
            None => (Verdict::of(result.exit_code), result),
        };
        self.pings.extend(active.end_pings(verdict, result, duration, &self.means));
        let is_failed = match verdict {
            Verdict::Success => false,
            Verdict::Failure => true,
            Verdict::Neither => return,
        };
        let change = active.scope.record(is_failed, result, directory, &self.means);
        if let Some(change) = change {
            let means = &self.means;
            let command = active.scope.announce(change, result, duration, directory, means);
            self.commands.extend(command);
        }
    }

    /// Waits until everything is sent, or its limits have passed.
    fn finish(&mut self) {
        let unfinished = self.scopes.iter_mut().filter_map(|active| active.pinger.take());
        self.pings.extend(unfinished);
        self.pings.drain(..).for_each(Pinger::finish);
        for command in self.commands.drain(..) {
            let _ = command.join();
        }
        // Children that commands have left behind would accumulate in a long run.
        reap_children::reap();
    }
}

impl ActiveScope {
    /// Sends the last ping. Returns what is under way.
    fn end_pings(
        &mut self,
        verdict: Verdict,
        result: &RunResult,
        duration: Duration,
        means: &Means,
    ) -> Option<Pinger> {
        let mut pinger = self.pinger.take();
        let Some(request) = self.last_request(verdict, result, duration) else {
            pinger.iter_mut().for_each(Pinger::close);
            return pinger;
        };
        let url = self.url.as_ref()?;
        let mut pinger = pinger.or_else(|| means.pinger(&self.scope, url))?;
        pinger.end(request);
        Some(pinger)
    }

    fn last_request(
        &self,
        verdict: Verdict,
        result: &RunResult,
        duration: Duration,
    ) -> Option<PingRequest> {
        let signal = match verdict {
            Verdict::Success => PingSignal::Success,
            Verdict::Failure => PingSignal::Failure,
            Verdict::Neither => return None,
        };
        let facts = &self.scope.facts;
        let (json, message) = (facts.finished(result, duration), facts.sentence(result));
        self.url.as_ref()?.request(signal, &json, &message, duration.as_millis())
    }
}

impl Scope {
    /// Records the state, if a command depends on it. Returns a change that is to be announced.
    fn record(
        &self,
        is_failed: bool,
        result: &RunResult,
        directory: Option<&StateDirectory>,
        means: &Means,
    ) -> Option<StateChange> {
        let NotifyOptions { on_failure, on_recovery, .. } = &self.options;
        if on_failure.is_empty() && on_recovery.is_empty() {
            return None;
        }
        let Some(directory) = directory else {
            means.report(self, NO_DIRECTORY);
            return is_failed.then_some(StateChange::Failed);
        };
        let recorded = directory.record(&self.key, is_failed, result.finished);
        means.report_any(self, recorded.warning);
        recorded.change
    }

    /// Starts the command for a change.
    fn announce(
        &self,
        change: StateChange,
        result: &RunResult,
        duration: Duration,
        directory: Option<&StateDirectory>,
        means: &Means,
    ) -> Option<JoinHandle<()>> {
        let words = match change {
            StateChange::Failed => &self.options.on_failure,
            StateChange::Recovered => &self.options.on_recovery,
        };
        if words.is_empty() {
            let unwritten = self.settle(change, result.finished, directory)(true);
            means.report_any(self, unwritten);
            return None;
        }
        let input = CommandInput {
            text: format!("{}\n", self.facts.finished(result, duration)),
            variables: self.facts.variables(result).into(),
        };
        let reporter = means.reporter(self);
        let settle = self.settle(change, result.finished, directory);
        let ended = move |ended: Result<(), String>| {
            let unwritten = settle(ended.is_ok());
            ended.err().iter().chain(&unwritten).for_each(|why| reporter(why));
        };
        match command::start(words, &self.user, input, means.limits.command, ended) {
            Ok(command) => Some(command),
            Err(error) => {
                means.report(self, &format!("{error:#}"));
                let unwritten = self.settle(change, result.finished, directory)(false);
                means.report_any(self, unwritten);
                None
            }
        }
    }

    /// Notes whether a change was delivered. What is returned may be called by a thread.
    fn settle(
        &self,
        change: StateChange,
        now: UnixTime,
        directory: Option<&StateDirectory>,
    ) -> impl FnOnce(bool) -> Option<String> + Send + use<> {
        let (key, directory) = (self.key.clone(), directory.cloned());
        move |is_delivered| directory?.settle(&key, change, is_delivered, now)
    }
}

const NO_DIRECTORY: &str = "there is no directory for the last state, so that each failure is \
                            announced: set STATE_DIRECTORY, XDG_STATE_HOME or HOME";
