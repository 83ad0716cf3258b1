use std::io;

use crate::domain::error::{Absence, Denial, Error, ForeignContent};

/// Maximum size of a response, in bytes: four times that of a page of rows. Parsed, it takes
/// about ten times as much memory.
pub(super) const MAX_RESPONSE_BYTES: u64 = 32 << 20;
const MAX_MESSAGE_CHARS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeError {
    /// Message without a subject.
    pub(super) why: String,
    pub may_have_applied: bool,
    pub(super) kind: NodeErrorKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeErrorKind {
    Unreachable,
    NotRqlite,
    /// Authentication, permission or certificate error.
    Denied(Denial),
    Transient,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RequestAttempt {
    /// True if a write was sent completely.
    pub(super) may_have_applied: bool,
    pub(super) has_credentials: bool,
    pub(super) has_answered_before: bool,
}

impl NodeError {
    pub fn new(kind: NodeErrorKind, why: impl Into<String>) -> Self {
        Self { why: why.into(), may_have_applied: false, kind }
    }

    fn unreachable(why: &str) -> Self {
        Self::new(NodeErrorKind::Unreachable, why)
    }

    fn not_rqlite(why: impl Into<String>) -> Self {
        Self::new(NodeErrorKind::NotRqlite, why)
    }

    fn denied(why: impl Into<String>) -> Self {
        Self::new(NodeErrorKind::Denied(Denial::Other), why)
    }

    fn transient(why: impl Into<String>) -> Self {
        Self::new(NodeErrorKind::Transient, why)
    }

    pub fn may_have_applied(self, may_have_applied: bool) -> Self {
        Self { may_have_applied, ..self }
    }

    pub(super) fn from_ureq(error: &ureq::Error, attempt: RequestAttempt) -> Self {
        let error = match error {
            ureq::Error::HostNotFound => Self::unreachable(UNRESOLVED),
            ureq::Error::Timeout(_) => Self::transient("timed out waiting for a response"),
            ureq::Error::Io(error) => Self::from_io(error),
            ureq::Error::Rustls(error) => Self::from_tls(error),
            ureq::Error::Tls(why) => Self::from_tls(why),
            ureq::Error::BodyExceedsLimit(_) => {
                let most = MAX_RESPONSE_BYTES >> 20;
                Self::denied(format!("its response is longer than {most} MiB"))
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                Self::not_rqlite("the server did not respond with HTTP")
            }
            error => Self::transient(to_one_line(&error.to_string())),
        };
        error.may_have_applied(attempt.may_have_applied)
    }

    fn from_io(error: &io::Error) -> Self {
        use io::ErrorKind::{
            AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset,
            HostUnreachable, InvalidData, NetworkUnreachable, UnexpectedEof,
        };
        match (error.kind(), error.get_ref()) {
            (ConnectionRefused, _) => Self::unreachable("connection refused"),
            (HostUnreachable | NetworkUnreachable | AddrNotAvailable, _) => {
                Self::unreachable("no route to host")
            }
            (BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof, _) => {
                Self::transient("the connection was lost")
            }
            // Wrapped by the TLS library.
            (InvalidData, Some(cause)) => Self::from_tls(&cause),
            // `std` has no kind for it.
            _ if error.to_string().starts_with("failed to lookup address") => {
                Self::unreachable(UNRESOLVED)
            }
            _ => Self::transient(to_one_line(&error.to_string())),
        }
    }

    /// Maps a TLS error by its text, because the library does not expose its type.
    fn from_tls(error: &impl ToString) -> Self {
        let error = error.to_string();
        let known = TLS_ERRORS.iter().find(|(text, _)| error.contains(text));
        match known {
            Some((UNKNOWN_ISSUER, why)) => {
                Self::new(NodeErrorKind::Denied(Denial::UnknownAuthority), *why)
            }
            Some((_, why)) => Self::denied(*why),
            None => Self::denied(format!("TLS handshake failed: {}", to_one_line(&error))),
        }
    }

    pub(super) fn from_status(status: u16, text: Option<&str>, attempt: RequestAttempt) -> Self {
        let RequestAttempt { may_have_applied, has_credentials, has_answered_before } = attempt;
        let text = text.map(to_one_line).filter(|text| !text.is_empty());
        let said = match &text {
            Some(text) => format!("status {status}: {text}"),
            None => format!("status {status}"),
        };
        match status {
            200..300 => {
                Self::not_rqlite("the server is not rqlite").may_have_applied(may_have_applied)
            }
            401 | 403 if !has_credentials => {
                let kind = NodeErrorKind::Denied(Denial::CredentialsRequired);
                Self::new(kind, "it requires authentication")
            }
            401 if !has_answered_before => Self::denied("it rejected the user and password"),
            401 | 403 => Self::denied("the user lacks permission for this request"),
            // Retryable statuses.
            408 | 425 | 429 => Self::transient(said),
            503 => Self::from_message(text.as_deref().unwrap_or(&said), may_have_applied),
            // Statuses that rqlite never sends.
            ..=499 | 501 | 505 => Self::not_rqlite(format!("the server is not rqlite ({said})")),
            _ => Self::transient(said).may_have_applied(may_have_applied),
        }
    }

    pub fn from_message(words: &str, may_have_applied: bool) -> Self {
        let is_not_applied = NOT_APPLIED.iter().any(|certain| words.contains(certain));
        Self::transient(to_one_line(words)).may_have_applied(may_have_applied && !is_not_applied)
    }

    pub(super) fn cut_off(attempt: RequestAttempt) -> Self {
        Self::transient("the response was truncated").may_have_applied(attempt.may_have_applied)
    }
}

const UNRESOLVED: &str = "the name does not resolve";

const UNKNOWN_ISSUER: &str = "UnknownIssuer";

/// Parts of TLS errors, and their messages.
const TLS_ERRORS: &[(&str, &str)] = &[
    (UNKNOWN_ISSUER, "its certificate is signed by an unknown authority"),
    (
        "CaUsedAsEndEntity",
        "its certificate is a CA certificate: it needs a server certificate signed by that CA",
    ),
    ("not valid for name", "its certificate is not valid for this host name"),
    ("certificate expired", "its certificate has expired"),
    ("corrupt message", "it does not use TLS: use http://"),
];

/// Messages of rqlite which imply that nothing was applied.
const NOT_APPLIED: &[&str] = &[
    "leader not found",
    "not leader",
    ": dial tcp ",
    "timed out enqueuing operation",
    "store not open",
    "store not ready",
];

/// Collapses white space, and truncates.
pub fn to_one_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

pub struct NodeErrors {
    /// Last error of each node; `None` if it was not tried.
    last: Vec<Option<NodeError>>,
    /// Message of the first error after which the write may have been applied.
    first_uncertain: Option<String>,
}

impl NodeErrors {
    pub fn new(nodes: usize) -> Self {
        Self { last: vec![None; nodes], first_uncertain: None }
    }

    pub fn record(&mut self, node: usize, error: NodeError) {
        if error.may_have_applied && self.first_uncertain.is_none() {
            self.first_uncertain = Some(error.why.clone());
        }
        if let Some(last) = self.last.get_mut(node) {
            *last = Some(error);
        }
    }

    pub fn may_have_applied(&self) -> bool {
        self.first_uncertain.is_some()
    }

    /// True if all errors are permanent. Once any node has answered, unreachable nodes may come
    /// back.
    pub fn are_permanent(&self, has_answered_before: bool) -> bool {
        let is_final = |error: &NodeError| match error.kind {
            NodeErrorKind::Transient => false,
            NodeErrorKind::Denied(_) => true,
            NodeErrorKind::Unreachable | NodeErrorKind::NotRqlite => !has_answered_before,
        };
        !self.may_have_applied() && self.last.iter().all(|last| last.as_ref().is_some_and(is_final))
    }

    pub fn to_error(&self, at: &str, nodes: &[String], has_answered_before: bool) -> Error {
        let (at, why) = (at.to_owned(), self.why(nodes));
        let denials = self.last.iter().flatten().filter_map(|error| match error.kind {
            NodeErrorKind::Denied(denial) => Some(denial),
            _ => None,
        });
        let denial = denials.min_by_key(|denial| *denial == Denial::Other);
        let of = |kind| self.last.iter().flatten().any(|error| error.kind == kind);
        match &self.first_uncertain {
            Some(first_uncertain) if *first_uncertain == why => Error::OutcomeUnknown { at, why },
            Some(first_uncertain) => Error::OutcomeUnknown {
                at,
                why: format!("{first_uncertain}, and since then: {why}"),
            },
            None if of(NodeErrorKind::Transient) => Error::Unavailable { at, why },
            None => match denial {
                Some(denial) => Error::Denied { at, why, denial },
                None if has_answered_before => Error::Unavailable { at, why },
                None if of(NodeErrorKind::NotRqlite) => {
                    Error::ForeignDatabase { at, found: why, content: ForeignContent::Other }
                }
                None => Error::Missing { at, why: Absence::Other(why) },
            },
        }
    }

    fn why(&self, nodes: &[String]) -> String {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        let said = nodes.iter().zip(&self.last);
        for (node, error) in said.filter_map(|(node, last)| Some((node, last.as_ref()?))) {
            let host = node.split_once("://").map_or(node.as_str(), |(_, host)| host);
            match groups.iter_mut().find(|(why, _)| *why == error.why) {
                Some((_, hosts)) => hosts.push(host),
                None => groups.push((&error.why, vec![host])),
            }
        }
        if let [(why, _)] = groups[..] {
            return why.to_owned();
        }
        let each = |(why, hosts): &(&str, Vec<&str>)| format!("{}: {why}", hosts.join(", "));
        groups.iter().map(each).collect::<Vec<_>>().join("; ")
    }
}
