//! Asking the nodes of a cluster, one after the other, until one has an answer.

use std::cell::{Cell, OnceCell};
use std::time::{Duration, Instant};

use ureq::Agent;

use super::wire::{self, Outcome, Reply};
use crate::domain::error::{Error, Result};
use crate::store::location::Cluster;

/// How long to wait before all nodes are asked once more: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// A node of a cluster is near.
const CONNECT: Duration = Duration::from_secs(2);
/// The most that one answer may have, in bytes.
const LONGEST_ANSWER: u64 = 256 << 20;

/// What one request is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// What comes behind the node's address.
    pub(super) path: &'a str,
    pub(super) body: &'a str,
    /// Whether it changes anything. It is then repeated all the same where its answer
    /// was lost, so that it must be one that can be.
    pub(super) writes: bool,
}

/// What came of a list of statements that a node has answered.
pub(super) enum Answered {
    Done(Vec<Outcome>),
    /// SQLite has refused it as a whole, in these words; and whether an earlier attempt
    /// may have been carried out.
    Refused(String, bool),
}

/// Why a node has not answered.
struct Fault {
    why: String,
    /// Whether the request may have been carried out all the same.
    perhaps: bool,
    /// Whether the node would say the same in a minute.
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody answers there.
    Absent,
    /// It is no rqlite.
    Stranger,
    /// It will not have this user.
    Barred,
    /// It may be better soon.
    Passing,
}

/// A cluster's nodes.
pub(super) struct Client {
    cluster: Cluster,
    place: String,
    agent: OnceCell<Agent>,
    /// The node that is asked first.
    at: Cell<usize>,
    /// Whether any node has ever answered.
    has_met: Cell<bool>,
}

impl Client {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            place: cluster.to_string(),
            cluster: cluster.clone(),
            agent: OnceCell::new(),
            at: Cell::new(0),
            has_met: Cell::new(false),
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The node that answered last.
    pub(super) fn node(&self) -> &str {
        self.cluster.nodes.get(self.at.get()).map_or("", String::as_str)
    }

    fn agent(&self) -> &Agent {
        self.agent.get_or_init(|| {
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .proxy(None)
                .timeout_connect(Some(CONNECT.min(self.cluster.timeout)))
                .timeout_global(Some(self.cluster.timeout));
            config.build().new_agent()
        })
    }

    /// Sends a request to one node after the other until one answers it, or patience
    /// is at its end.
    pub(super) fn ask(
        &self,
        request: Request<'_>,
        exact: impl Fn(usize) -> bool,
    ) -> Result<Answered> {
        let (begun, mut wait, mut perhaps) = (Instant::now(), FIRST_WAIT, false);
        loop {
            let mut faults = Vec::new();
            for _ in 0..self.cluster.nodes.len() {
                match self.ask_node(request, &exact) {
                    Ok(Reply::Done(outcomes)) => return Ok(Answered::Done(outcomes)),
                    Ok(Reply::Refused(why)) => return Ok(Answered::Refused(why, perhaps)),
                    Ok(Reply::Failed(why)) => {
                        faults.push(Fault { why, perhaps: request.writes, kind: Kind::Passing });
                    }
                    Err(fault) => faults.push(fault),
                }
                perhaps |= faults.last().is_some_and(|fault| fault.perhaps);
                self.at.set((self.at.get() + 1) % self.cluster.nodes.len());
            }
            let is_hopeless = faults.iter().all(|fault| fault.kind != Kind::Passing);
            let is_over = begun.elapsed() + wait >= self.cluster.patience;
            if is_over || (is_hopeless && !perhaps && !self.has_met.get()) {
                return Err(self.given_up(&faults, perhaps, request.writes));
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn ask_node(
        &self,
        request: Request<'_>,
        exact: &impl Fn(usize) -> bool,
    ) -> std::result::Result<Reply, Fault> {
        let url = format!("{}{}", self.node(), request.path);
        let sent =
            self.agent().post(&url).header("content-type", "application/json").send(request.body);
        let fault = |error: ureq::Error| fault(&error, request.writes);
        let mut response = sent.map_err(fault)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string();
        let text = body.map_err(fault)?;
        let stranger = || Fault {
            why: "it does not answer as rqlite does".to_owned(),
            perhaps: false,
            kind: Kind::Stranger,
        };
        match status {
            200 => {
                let reply = wire::reply(&text, exact).ok_or_else(stranger)?;
                self.has_met.set(true);
                Ok(reply)
            }
            401 | 403 => Err(Fault {
                why: "it does not accept this user and password".to_owned(),
                perhaps: false,
                kind: Kind::Barred,
            }),
            // No leader, most likely.
            503 => Err(Fault { why: text.trim().to_owned(), perhaps: false, kind: Kind::Passing }),
            500.. => {
                let why = format!("it answers {status}: {}", text.trim());
                Err(Fault { why, perhaps: request.writes, kind: Kind::Passing })
            }
            _ => Err(stranger()),
        }
    }

    /// What it means that nobody has answered.
    fn given_up(&self, faults: &[Fault], perhaps: bool, writes: bool) -> Error {
        let at = self.place.clone();
        let why = faults.first().map_or_else(String::new, |fault| fault.why.clone());
        let all = |kind| faults.iter().all(|fault| fault.kind == kind);
        if writes && perhaps {
            Error::Unknown { at, why }
        } else if all(Kind::Absent) {
            Error::Missing { at, hint: why }
        } else if all(Kind::Barred) {
            Error::failed(format!("ask {at}"), why)
        } else if all(Kind::Stranger) {
            Error::NotOurs { at, found: why }
        } else {
            Error::Unavailable { at, why }
        }
    }
}

/// Why a request has not come to an answer.
fn fault(error: &ureq::Error, writes: bool) -> Fault {
    let (why, perhaps, kind) = match error {
        ureq::Error::HostNotFound => ("its name does not resolve".to_owned(), false, Kind::Absent),
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
            ("it refuses connections".to_owned(), false, Kind::Absent)
        }
        error => (error.to_string(), writes, Kind::Passing),
    };
    Fault { why, perhaps, kind }
}
