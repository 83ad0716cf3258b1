//! Means of pings and commands.

use std::sync::Arc;
use std::time::Duration;

use super::command;
use super::http::Client;
use super::ping::{PingLimits, Pinger};
use super::scope::Scope;
use super::url::PingUrl;

/// Receives what could not be sent or run; threads call it.
pub type FailureReport = Arc<dyn Fn(&str) + Send + Sync>;

/// Limits on what a notification may take.
#[derive(Debug, Clone, Copy)]
pub struct NotifyLimits {
    pub ping: PingLimits,
    pub command: Duration,
}

impl Default for NotifyLimits {
    fn default() -> Self {
        Self { ping: PingLimits::default(), command: command::LIMIT }
    }
}

/// Means of pings and commands.
pub struct Means {
    pub limits: NotifyLimits,
    pub client: Arc<Client>,
    pub report: FailureReport,
}

impl Means {
    pub fn report(&self, scope: &Scope, why: &str) {
        (self.report)(&format!("{}: {why}", scope.title()));
    }

    pub fn report_any(&self, scope: &Scope, why: Option<String>) {
        if let Some(why) = why {
            self.report(scope, &why);
        }
    }

    /// Reports with the name of a scope, from a thread.
    pub fn reporter(&self, scope: &Scope) -> impl Fn(&str) + Send + 'static {
        let (report, title) = (Arc::clone(&self.report), scope.title());
        move |why| report(&format!("{title}: {why}"))
    }

    pub fn pinger(&self, scope: &Scope, url: &PingUrl) -> Option<Pinger> {
        let (report, at) = (self.reporter(scope), url.to_string());
        let report = move |why: &str| report(&format!("could not ping {at}: {why}"));
        let pinger = Pinger::new(self.limits.ping, &self.client, report);
        pinger.map_err(|error| self.report(scope, &format!("could not ping {url}: {error}"))).ok()
    }
}
