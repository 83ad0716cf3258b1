//! Errors of nodes, and the resulting error of the cluster.

use std::io;

use crate::domain::error::{Absence, Error, ForeignContent};

/// Maximum size of a response, in bytes: four times that of a page of rows. Parsed, it takes
/// about ten times as much memory.
pub(super) const MAX_RESPONSE_BYTES: u64 = 32 << 20;
/// Maximum length of a message from a node.
const MAX_MESSAGE_CHARS: usize = 200;

/// Failed attempt on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeError {
    /// Message without a subject.
    pub(super) why: String,
    /// True if a write may have been applied.
    pub(super) may_have_applied: bool,
    pub(super) kind: NodeErrorKind,
}

/// Kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeErrorKind {
    /// No server responds.
    Unreachable,
    /// The server is not rqlite.
    NotRqlite,
    /// Authentication, permission or certificate error.
    Denied,
    /// Temporary failure.
    Transient,
}

/// Context of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// True if a write was sent completely.
    pub(super) may_have_applied: bool,
    pub(super) has_credentials: bool,
    /// True if any node has answered before.
    pub(super) has_answered_before: bool,
}

impl NodeError {
    fn new(kind: NodeErrorKind, why: impl Into<String>) -> Self {
        Self { why: why.into(), may_have_applied: false, kind }
    }

    fn may_have_applied(self, may_have_applied: bool) -> Self {
        Self { may_have_applied, ..self }
    }

    /// Maps an error of the HTTP client.
    pub(super) fn from_ureq(error: &ureq::Error, attempt: Attempt) -> Self {
        let error = match error {
            ureq::Error::HostNotFound => {
                Self::new(NodeErrorKind::Unreachable, "the name does not resolve")
            }
            ureq::Error::Timeout(_) => {
                Self::new(NodeErrorKind::Transient, "timed out waiting for a response")
            }
            ureq::Error::Io(error) => Self::from_io(error),
            ureq::Error::Rustls(error) => Self::from_tls(error),
            ureq::Error::Tls(why) => Self::from_tls(why),
            ureq::Error::BodyExceedsLimit(_) => {
                let most = MAX_RESPONSE_BYTES >> 20;
                Self::new(NodeErrorKind::Denied, format!("its response is longer than {most} MiB"))
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                Self::new(NodeErrorKind::NotRqlite, "the server did not respond with HTTP")
            }
            error => Self::new(NodeErrorKind::Transient, to_one_line(&error.to_string())),
        };
        error.may_have_applied(attempt.may_have_applied)
    }

    fn from_io(error: &io::Error) -> Self {
        use io::ErrorKind::{
            AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset,
            HostUnreachable, InvalidData, NetworkUnreachable, UnexpectedEof,
        };
        match (error.kind(), error.get_ref()) {
            (ConnectionRefused, _) => Self::new(NodeErrorKind::Unreachable, "connection refused"),
            (HostUnreachable | NetworkUnreachable | AddrNotAvailable, _) => {
                Self::new(NodeErrorKind::Unreachable, "no route to host")
            }
            (BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof, _) => {
                Self::new(NodeErrorKind::Transient, "connection reset")
            }
            // Wrapped by the TLS library.
            (InvalidData, Some(cause)) => Self::from_tls(&cause),
            // `std` has no kind for it.
            _ if error.to_string().starts_with("failed to lookup address") => {
                Self::new(NodeErrorKind::Unreachable, "the name does not resolve")
            }
            _ => Self::new(NodeErrorKind::Transient, to_one_line(&error.to_string())),
        }
    }

    /// Maps a TLS error by its text, because the library does not expose its type.
    fn from_tls(error: &impl ToString) -> Self {
        let error = error.to_string();
        let why = if error.contains("UnknownIssuer") {
            "its certificate is signed by an unknown authority: configure the CA certificate"
                .to_owned()
        } else if error.contains("CaUsedAsEndEntity") {
            "its certificate is a CA certificate: it needs a server certificate signed by that CA"
                .to_owned()
        } else if error.contains("not valid for name") {
            "its certificate is not valid for this host name".to_owned()
        } else if error.contains("certificate expired") {
            "its certificate has expired".to_owned()
        } else if error.contains("corrupt message") {
            "it does not use TLS: write http://".to_owned()
        } else {
            format!("TLS handshake failed: {}", to_one_line(&error))
        };
        Self::new(NodeErrorKind::Denied, why)
    }

    /// Maps an HTTP status and a plain-text body.
    pub(super) fn from_status(status: u16, text: Option<&str>, attempt: Attempt) -> Self {
        let text = text.map(to_one_line).filter(|text| !text.is_empty());
        let said = match &text {
            Some(text) => format!("status {status}: {text}"),
            None => format!("status {status}"),
        };
        match status {
            200..300 => Self::new(NodeErrorKind::NotRqlite, "the server is not rqlite")
                .may_have_applied(attempt.may_have_applied),
            401 | 403 if !attempt.has_credentials => Self::new(
                NodeErrorKind::Denied,
                "it requires authentication: configure a user and a password",
            ),
            401 if !attempt.has_answered_before => {
                Self::new(NodeErrorKind::Denied, "it rejected the user and password")
            }
            401 | 403 => {
                Self::new(NodeErrorKind::Denied, "the user lacks permission for this request")
            }
            // Retryable statuses.
            408 | 425 | 429 => Self::new(NodeErrorKind::Transient, said),
            // Statuses that rqlite never sends.
            501 | 505 => {
                Self::new(NodeErrorKind::NotRqlite, format!("the server is not rqlite ({said})"))
            }
            503 => Self::from_message(text.as_deref().unwrap_or(&said), attempt.may_have_applied),
            500.. => {
                Self::new(NodeErrorKind::Transient, said).may_have_applied(attempt.may_have_applied)
            }
            _ => Self::new(NodeErrorKind::NotRqlite, format!("the server is not rqlite ({said})")),
        }
    }

    /// Maps an error message of rqlite.
    pub(super) fn from_message(words: &str, may_have_applied: bool) -> Self {
        let is_not_applied = NOT_APPLIED.iter().any(|certain| words.contains(certain));
        Self::new(NodeErrorKind::Transient, to_one_line(words))
            .may_have_applied(may_have_applied && !is_not_applied)
    }

    /// Error for a truncated response.
    pub(super) fn cut_off(attempt: Attempt) -> Self {
        Self::new(NodeErrorKind::Transient, "the response was truncated")
            .may_have_applied(attempt.may_have_applied)
    }
}

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
pub(super) fn to_one_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Errors of all nodes for one request.
pub(super) struct NodeErrors {
    /// Last error of each node; `None` if it was not tried.
    last: Vec<Option<NodeError>>,
    /// Message of the first error after which the write may have been applied.
    first_uncertain: Option<String>,
}

impl NodeErrors {
    pub(super) fn new(nodes: usize) -> Self {
        Self { last: vec![None; nodes], first_uncertain: None }
    }

    pub(super) fn record(&mut self, node: usize, error: NodeError) {
        if error.may_have_applied && self.first_uncertain.is_none() {
            self.first_uncertain = Some(error.why.clone());
        }
        if let Some(last) = self.last.get_mut(node) {
            *last = Some(error);
        }
    }

    /// True if the write may have been applied.
    pub(super) fn may_have_applied(&self) -> bool {
        self.first_uncertain.is_some()
    }

    /// True if all errors are permanent. Once any node has answered, unreachable nodes may come
    /// back.
    pub(super) fn are_permanent(&self, has_answered_before: bool) -> bool {
        let is_final = |error: &NodeError| match error.kind {
            NodeErrorKind::Transient => false,
            NodeErrorKind::Denied => true,
            NodeErrorKind::Unreachable | NodeErrorKind::NotRqlite => !has_answered_before,
        };
        !self.may_have_applied() && self.last.iter().all(|last| last.as_ref().is_some_and(is_final))
    }

    /// Error of the request as a whole.
    pub(super) fn to_error(&self, at: &str, nodes: &[String], has_answered_before: bool) -> Error {
        let (at, why) = (at.to_owned(), self.why(nodes));
        let of = |kind| self.last.iter().flatten().any(|error| error.kind == kind);
        match &self.first_uncertain {
            Some(first_uncertain) if *first_uncertain == why => Error::OutcomeUnknown { at, why },
            Some(first_uncertain) => Error::OutcomeUnknown {
                at,
                why: format!("{first_uncertain}, and since then: {why}"),
            },
            None if of(NodeErrorKind::Transient) => Error::Unavailable { at, why },
            None if of(NodeErrorKind::Denied) => Error::failed(format!("ask {at}"), why),
            None if has_answered_before => Error::Unavailable { at, why },
            None if of(NodeErrorKind::NotRqlite) => {
                Error::ForeignDatabase { at, found: why, content: ForeignContent::Other }
            }
            None => Error::Missing { at, why: Absence::Other(why) },
        }
    }

    /// Messages of the nodes, grouped.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<String> {
        ["http://db1:4001", "http://db2:4001", "http://db3:4001"].map(str::to_owned).into()
    }

    fn errors(said: [NodeError; 3]) -> NodeErrors {
        let mut errors = NodeErrors::new(3);
        said.into_iter().enumerate().for_each(|(node, error)| errors.record(node, error));
        errors
    }

    fn said(errors: &NodeErrors, has_answered_before: bool) -> String {
        errors.to_error("http://db1:4001,…", &nodes(), has_answered_before).with_causes()
    }

    fn refused() -> NodeError {
        NodeError::new(NodeErrorKind::Unreachable, "connection refused")
    }

    #[test]
    fn what_all_say_is_said_once() {
        let all = errors([refused(), refused(), refused()]);
        assert!(all.are_permanent(false) && !all.are_permanent(true));
        insta::assert_snapshot!(said(&all, false), @"no database at http://db1:4001,…: connection refused");
        insta::assert_snapshot!(said(&all, true), @"http://db1:4001,… is temporarily unavailable: connection refused; this step changed nothing; try again");
    }

    #[test]
    fn nodes_that_differ_are_named() {
        let no_leader = NodeError::from_message("leader not found\n", true);
        let some = errors([refused(), no_leader, refused()]);
        assert!(!some.are_permanent(false) && !some.may_have_applied());
        insta::assert_snapshot!(said(&some, true), @"http://db1:4001,… is temporarily unavailable: db1:4001, db3:4001: connection refused; db2:4001: leader not found; this step changed nothing; try again");
    }

    #[test]
    fn only_what_may_have_been_done_is_unknown() {
        for (words, may_have_applied) in [
            ("leader not found", false),
            (
                "node failed to process Request on remote node at h:1: pool get: dial tcp h:1: connect: connection refused",
                false,
            ),
            (
                "node failed to process Request on remote node at h:1: read tcp h:2->h:1: i/o timeout",
                true,
            ),
            ("leadership lost while committing log", true),
        ] {
            assert_eq!(
                NodeError::from_message(words, true).may_have_applied,
                may_have_applied,
                "{words}"
            );
            assert!(!NodeError::from_message(words, false).may_have_applied);
        }
    }

    #[test]
    fn a_doubt_does_not_go_away() {
        let mut errors = NodeErrors::new(1);
        errors.record(
            0,
            NodeError::new(NodeErrorKind::Transient, "connection reset").may_have_applied(true),
        );
        errors.record(0, refused());
        assert!(errors.may_have_applied() && !errors.are_permanent(false));
        insta::assert_snapshot!(said(&errors, true), @"outcome unknown: http://db1:4001,… may have applied this step (connection reset, and since then: connection refused); check before retrying");
    }

    #[test]
    fn words_from_the_network_are_one_bounded_line() {
        assert_eq!(to_one_line(" leader\r\n  not found\n"), "leader not found");
        assert_eq!(to_one_line(&"ä".repeat(500)), format!("{}…", "ä".repeat(200)));
    }
}
