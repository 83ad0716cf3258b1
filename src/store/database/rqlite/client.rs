//! HTTP client that tries the nodes of a cluster in turn.

use std::io::{self, Read};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderValue, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

use super::error::{MAX_RESPONSE_BYTES, NodeError, NodeErrors, RequestAttempt};
use super::json;
use super::json::{ParsedResponse, StatementResult};
use super::shared::NodeMemory;
use crate::domain::error::{Error, Result};
use crate::storage::consistency::{LeaderContact, ReadFreshness};
use crate::store::cluster::{CaCertificates, Cluster, Credentials};
use crate::store::database::sqlite::reason_to_stop;

/// Initial and maximum backoff before all nodes are tried again.
const MIN_BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_millis(500);
const MIN_REMAINING: Duration = Duration::from_millis(50);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// Path and query, with at least one parameter.
    pub(super) path: &'a str,
    pub(super) body: &'a str,
    /// True for a write. It is repeated when the response was lost, so it must be idempotent.
    pub(super) writes: bool,
}

pub(super) struct NodeResponse {
    /// Results, or the error message of SQLite.
    pub(super) outcome: std::result::Result<Vec<StatementResult>, String>,
    /// True if an earlier attempt may have been applied, too.
    pub(super) is_in_doubt: bool,
    /// Time until the response, with all attempts.
    pub(super) hold: Duration,
}

pub(super) struct Client {
    cluster: Cluster,
    display_name: String,
    /// Value of the `Authorization` header.
    authorization: Option<String>,
}

impl Client {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            display_name: cluster.to_string(),
            authorization: cluster.credentials.as_ref().map(authorization),
            cluster: cluster.clone(),
        }
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub(super) fn display_name(&self) -> &str {
        &self.display_name
    }

    fn memory(&self) -> &NodeMemory {
        &self.cluster.shared.0
    }

    fn has_answered_before(&self) -> bool {
        self.memory().has_answered_before.load(Ordering::Relaxed)
    }

    fn first_node(&self) -> usize {
        self.memory().first_node.load(Ordering::Relaxed) % self.cluster.nodes.len().max(1)
    }

    fn node(&self, at: usize) -> &str {
        self.cluster.nodes.get(at).map_or("", String::as_str)
    }

    fn agent(&self) -> &Agent {
        self.memory().agent.get_or_init(|| {
            let roots = match &self.cluster.authorities {
                Some(authorities) => RootCerts::new_with_certs(&certificates(authorities)),
                None => RootCerts::WebPki,
            };
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(None)
                .user_agent(concat!("sessctl/", env!("CARGO_PKG_VERSION")))
                .tls_config(TlsConfig::builder().root_certs(roots).build())
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .timeout_global(Some(self.cluster.timeout));
            config.build().new_agent()
        })
    }

    /// Sends a request to one node after another until one responds, or the retry time has passed.
    ///
    /// Each node gets a share of the remaining time, so that an unresponsive node leaves time
    /// for the others; it is tried last from then on. Permanent errors end the retries at once.
    pub(super) fn execute(
        &self,
        request: Request<'_>,
        is_lossless: impl Fn(usize) -> bool,
    ) -> Result<NodeResponse> {
        let nodes = &self.cluster.nodes;
        let begun = Instant::now();
        let left = || self.cluster.retry_for.saturating_sub(begun.elapsed());
        let (mut errors, mut backoff) = (NodeErrors::new(nodes.len()), MIN_BACKOFF);
        loop {
            for nodes_left in (1..=u32::try_from(nodes.len()).unwrap_or(u32::MAX)).rev() {
                let limit = self.cluster.timeout.min(left() / nodes_left).max(MIN_REMAINING);
                let at = self.first_node();
                let respond = |outcome| NodeResponse {
                    outcome,
                    is_in_doubt: errors.may_have_applied(),
                    hold: begun.elapsed(),
                };
                let error = match self.try_node(at, request, limit, &is_lossless) {
                    Ok(ParsedResponse::Done(results)) => return Ok(respond(Ok(results))),
                    Ok(ParsedResponse::Refused(why)) => return Ok(respond(Err(why))),
                    Ok(ParsedResponse::Failed(words)) => {
                        NodeError::from_message(&words, request.writes)
                    }
                    Err(error) => error,
                };
                errors.record(at, error);
                self.prefer_node_after(at);
            }
            if let (Some(cause), false) =
                (reason_to_stop(&self.display_name), errors.may_have_applied())
            {
                let doing = format!("ask {}", self.display_name);
                return Err(Error::Interrupted { doing, cause, after: begun.elapsed() });
            }
            if left() <= backoff + MIN_REMAINING || errors.are_permanent(self.has_answered_before())
            {
                return Err(errors.to_error(&self.display_name, nodes, self.has_answered_before()));
            }
            std::thread::sleep(backoff);
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    }

    /// Starts later requests with the next node, unless another thread has changed the first node.
    fn prefer_node_after(&self, at: usize) {
        let next = (at + 1) % self.cluster.nodes.len();
        let first = &self.memory().first_node;
        let _ = first.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn try_node(
        &self,
        at: usize,
        request: Request<'_>,
        limit: Duration,
        is_lossless: &impl Fn(usize) -> bool,
    ) -> std::result::Result<ParsedResponse, NodeError> {
        let mut out = CountingBody(request.body.as_bytes());
        let sent = self.send(at, request, limit, &mut out);
        let attempt = self.attempt(request.writes && out.is_fully_sent());
        let mut response = sent.map_err(|error| NodeError::from_ureq(&error, attempt))?;
        let text =
            read_body(&mut response).map_err(|error| NodeError::from_ureq(&error, attempt))?;
        let parsed = match response.status().as_u16() {
            200 => json::parse_response(&text, is_lossless),
            _ => None,
        };
        if let Some(parsed) = parsed {
            self.memory().has_answered_before.store(true, Ordering::Relaxed);
            return Ok(parsed);
        }
        let is_ours = response.status() == 200 && text.starts_with("{\"results\"");
        if is_ours {
            return Err(NodeError::cut_off(attempt));
        }
        Err(NodeError::from_status(
            response.status().as_u16(),
            plain_text(&response, &text),
            attempt,
        ))
    }

    fn attempt(&self, may_have_applied: bool) -> RequestAttempt {
        let has_credentials = self.authorization.is_some();
        RequestAttempt {
            may_have_applied,
            has_credentials,
            has_answered_before: self.has_answered_before(),
        }
    }

    fn send(
        &self,
        at: usize,
        request: Request<'_>,
        limit: Duration,
        out: &mut CountingBody<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        // A node that forwards the request to an unresponsive leader reports that before this
        // times out.
        let forward_timeout = (limit / 5 * 4).as_millis().max(1);
        let url = format!("{}{}&timeout={forward_timeout}ms", self.node(at), request.path);
        let mut post = self.agent().post(&url).header("content-type", "application/json");
        post = post.header("content-length", request.body.len());
        if let Some(authorization) = &self.authorization {
            post = post.header("authorization", authorization);
        }
        if limit < self.cluster.timeout {
            post = post.config().timeout_global(Some(limit)).build();
        }
        post.send(SendBody::from_reader(out))
    }

    /// Freshness of the node that answered last.
    pub(super) fn freshness(&self) -> ReadFreshness {
        let node = self.node(self.first_node()).to_owned();
        let mut get = self.agent().get(format!("{node}/status?key=store.raft"));
        if let Some(authorization) = &self.authorization {
            get = get.header("authorization", authorization);
        }
        let get = get.config().timeout_global(Some(CONNECT_TIMEOUT)).build();
        let answer = get.call().ok().filter(|response| response.status() == 200);
        let text = answer.and_then(|mut response| read_body(&mut response).ok());
        let contact = text
            .and_then(|text| json::parse_leader_contact(&text))
            .unwrap_or(LeaderContact::Unknown);
        ReadFreshness { node, contact }
    }
}

fn certificates(authorities: &CaCertificates) -> Vec<Certificate<'static>> {
    authorities.der().map(|der| Certificate::from_der(der).to_owned()).collect()
}

pub fn authorization(credentials: &Credentials) -> String {
    let Credentials { user, password } = credentials;
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Invalid UTF-8 is replaced; rqlite sends none.
fn read_body(response: &mut Response<Body>) -> std::result::Result<String, ureq::Error> {
    let body = response.body_mut().with_config();
    body.limit(MAX_RESPONSE_BYTES).lossy_utf8(true).read_to_string()
}

/// Body of a plain-text response, but not of an HTML page.
fn plain_text<'t>(response: &Response<Body>, text: &'t str) -> Option<&'t str> {
    let media = response.headers().get("content-type").map(HeaderValue::as_bytes);
    let is_plain = media.is_none_or(|media| media.starts_with(b"text/plain"));
    (is_plain && !text.trim_start().starts_with('<')).then_some(text)
}

/// Unsent part of a request body. A node applies nothing before it has the whole body.
struct CountingBody<'b>(&'b [u8]);

impl CountingBody<'_> {
    fn is_fully_sent(&self) -> bool {
        self.0.is_empty()
    }
}

impl Read for CountingBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
