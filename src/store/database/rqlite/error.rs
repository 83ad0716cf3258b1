//! What keeps a node from answering, and what follows from it for the whole cluster.

use std::io;

use super::client::LONGEST_ANSWER;
use crate::domain::error::Error;

/// The most characters of a node's own words in a message.
const WORDS: usize = 200;

/// Why a node has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeError {
    /// Without a subject, as it stands behind the name of the node or of the cluster.
    pub(super) why: String,
    /// Whether a request that writes may have been carried out all the same.
    pub(super) perhaps: bool,
    pub(super) kind: NodeErrorKind,
}

/// Whether the node would say the same in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeErrorKind {
    /// Nobody answers there.
    Unreachable,
    /// Who answers is no rqlite.
    NotRqlite,
    /// One side will not have the other.
    Denied,
    /// It may be better soon.
    Transient,
}

/// What a node was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether it may have been carried out: it writes, and has gone out as a whole.
    pub(super) perhaps: bool,
    pub(super) has_credentials: bool,
    /// Whether any node has answered a request of this user's before.
    pub(super) has_met: bool,
}

impl NodeError {
    fn new(kind: NodeErrorKind, why: impl Into<String>) -> Self {
        Self { why: why.into(), perhaps: false, kind }
    }

    fn perhaps(self, perhaps: bool) -> Self {
        Self { perhaps, ..self }
    }

    /// Why no answer has come, or only a part of one.
    pub(super) fn of_error(error: &ureq::Error, asked: Asked) -> Self {
        let fault = match error {
            ureq::Error::HostNotFound => {
                Self::new(NodeErrorKind::Unreachable, "the name does not resolve")
            }
            ureq::Error::Timeout(_) => Self::new(NodeErrorKind::Transient, "no answer in time"),
            ureq::Error::Io(error) => Self::of_io(error),
            ureq::Error::Rustls(error) => Self::of_tls(error),
            ureq::Error::Tls(why) => Self::of_tls(why),
            ureq::Error::BodyExceedsLimit(_) => {
                let most = LONGEST_ANSWER >> 20;
                Self::new(NodeErrorKind::Denied, format!("its answer is longer than {most} MiB"))
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                Self::new(NodeErrorKind::NotRqlite, "what answers there speaks no HTTP")
            }
            error => Self::new(NodeErrorKind::Transient, in_one_line(&error.to_string())),
        };
        fault.perhaps(asked.perhaps)
    }

    fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind::{
            AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset,
            HostUnreachable, InvalidData, NetworkUnreachable, UnexpectedEof,
        };
        match (error.kind(), error.get_ref()) {
            (ConnectionRefused, _) => Self::new(NodeErrorKind::Unreachable, "connection refused"),
            (HostUnreachable | NetworkUnreachable | AddrNotAvailable, _) => {
                Self::new(NodeErrorKind::Unreachable, "no way leads there")
            }
            (BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof, _) => {
                Self::new(NodeErrorKind::Transient, "the connection broke off")
            }
            // Wrapped by the TLS library.
            (InvalidData, Some(cause)) => Self::of_tls(&cause),
            // Of a kind that has no name.
            _ if error.to_string().starts_with("failed to lookup address") => {
                Self::new(NodeErrorKind::Unreachable, "the name does not resolve")
            }
            _ => Self::new(NodeErrorKind::Transient, in_one_line(&error.to_string())),
        }
    }

    /// What is wrong with the connection's encryption. The library's own words have no
    /// types that could be told apart here.
    fn of_tls(error: &impl ToString) -> Self {
        let error = error.to_string();
        let why = if error.contains("UnknownIssuer") {
            "its certificate is by nobody who is trusted: name its authority with --ca-file"
                .to_owned()
        } else if error.contains("CaUsedAsEndEntity") {
            "its certificate is that of an authority: it needs one of its own, signed by that"
                .to_owned()
        } else if error.contains("not valid for name") {
            "its certificate is for another name than this address has".to_owned()
        } else if error.contains("certificate expired") {
            "its certificate has expired".to_owned()
        } else if error.contains("corrupt message") {
            "no TLS is spoken there: write http://".to_owned()
        } else {
            format!("no encrypted connection comes about: {}", in_one_line(&error))
        };
        Self::new(NodeErrorKind::Denied, why)
    }

    /// What an answer means that is none of rqlite's: its status, and its text if that
    /// is one for people.
    pub(super) fn of_status(status: u16, text: Option<&str>, asked: Asked) -> Self {
        let text = text.map(in_one_line).filter(|text| !text.is_empty());
        let said = match &text {
            Some(text) => format!("status {status}: {text}"),
            None => format!("status {status}"),
        };
        match status {
            200..300 => Self::new(NodeErrorKind::NotRqlite, "what answers there is no rqlite")
                .perhaps(asked.perhaps),
            401 | 403 if !asked.has_credentials => Self::new(
                NodeErrorKind::Denied,
                "it wants a user and a password: give them with --credentials",
            ),
            401 if !asked.has_met => {
                Self::new(NodeErrorKind::Denied, "it does not accept this user and password")
            }
            401 | 403 => {
                Self::new(NodeErrorKind::Denied, "this user has no permission for it there")
            }
            // It waits for something.
            408 | 425 | 429 => Self::new(NodeErrorKind::Transient, said),
            // A server that knows no such request at all.
            501 | 505 => {
                Self::new(NodeErrorKind::NotRqlite, format!("no rqlite answers there ({said})"))
            }
            503 => Self::of_words(text.as_deref().unwrap_or(&said), asked.perhaps),
            500.. => Self::new(NodeErrorKind::Transient, said).perhaps(asked.perhaps),
            _ => Self::new(NodeErrorKind::NotRqlite, format!("no rqlite answers there ({said})")),
        }
    }

    /// What rqlite itself says: that it could not do it, or does not know what came of
    /// it.
    pub(super) fn of_words(words: &str, perhaps: bool) -> Self {
        let is_certain = NOT_DONE.iter().any(|certain| words.contains(certain));
        Self::new(NodeErrorKind::Transient, in_one_line(words)).perhaps(perhaps && !is_certain)
    }

    /// An answer of rqlite's that is not whole.
    pub(super) fn cut_off(asked: Asked) -> Self {
        Self::new(NodeErrorKind::Transient, "the answer broke off").perhaps(asked.perhaps)
    }
}

/// Words of rqlite's after which nothing has been done: there is no leader, the leader
/// was not reached, or it would not begin.
const NOT_DONE: &[&str] = &[
    "leader not found",
    "not leader",
    ": dial tcp ",
    "timed out enqueuing operation",
    "store not open",
    "store not ready",
];

/// A text from the network, as a part of one line.
pub(super) fn in_one_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What the nodes have said in answer to one request.
pub(super) struct NodeErrors {
    /// The last of each node, in the order of the nodes; `None`: it was not asked.
    last: Vec<Option<NodeError>>,
    /// Why it is not known, since then, whether the request has been carried out.
    doubt: Option<String>,
}

impl NodeErrors {
    pub(super) fn of(nodes: usize) -> Self {
        Self { last: vec![None; nodes], doubt: None }
    }

    pub(super) fn note(&mut self, node: usize, fault: NodeError) {
        if fault.perhaps && self.doubt.is_none() {
            self.doubt = Some(fault.why.clone());
        }
        if let Some(last) = self.last.get_mut(node) {
            *last = Some(fault);
        }
    }

    /// Whether the request may have been carried out.
    pub(super) fn leave_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Whether all nodes would say the same in a minute. Once one has answered, those
    /// that are gone may come back.
    pub(super) fn are_final(&self, has_met: bool) -> bool {
        let is_final = |fault: &NodeError| match fault.kind {
            NodeErrorKind::Transient => false,
            NodeErrorKind::Denied => true,
            NodeErrorKind::Unreachable | NodeErrorKind::NotRqlite => !has_met,
        };
        !self.leave_doubt() && self.last.iter().all(|last| last.as_ref().is_some_and(is_final))
    }

    /// What it means for who has asked.
    pub(super) fn meaning(&self, at: &str, nodes: &[String], has_met: bool) -> Error {
        let (at, why) = (at.to_owned(), self.why(nodes));
        let of = |kind| self.last.iter().flatten().any(|fault| fault.kind == kind);
        match &self.doubt {
            Some(doubt) if *doubt == why => Error::OutcomeUnknown { at, why },
            Some(doubt) => {
                Error::OutcomeUnknown { at, why: format!("{doubt}, and since then: {why}") }
            }
            None if of(NodeErrorKind::Transient) => Error::Unavailable { at, why },
            None if of(NodeErrorKind::Denied) => Error::failed(format!("ask {at}"), why),
            None if has_met => Error::Unavailable { at, why },
            None if of(NodeErrorKind::NotRqlite) => Error::ForeignDatabase { at, found: why },
            None => Error::Missing { at, hint: why },
        }
    }

    /// What the nodes say: one sentence if it is the same, else each with its own.
    fn why(&self, nodes: &[String]) -> String {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        let said = nodes.iter().zip(&self.last);
        for (node, fault) in said.filter_map(|(node, last)| Some((node, last.as_ref()?))) {
            let host = node.split_once("://").map_or(node.as_str(), |(_, host)| host);
            match groups.iter_mut().find(|(why, _)| *why == fault.why) {
                Some((_, hosts)) => hosts.push(host),
                None => groups.push((&fault.why, vec![host])),
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

    fn faults(said: [NodeError; 3]) -> NodeErrors {
        let mut faults = NodeErrors::of(3);
        said.into_iter().enumerate().for_each(|(node, fault)| faults.note(node, fault));
        faults
    }

    fn said(faults: &NodeErrors, has_met: bool) -> String {
        faults.meaning("http://db1:4001,…", &nodes(), has_met).with_causes()
    }

    fn refused() -> NodeError {
        NodeError::new(NodeErrorKind::Unreachable, "connection refused")
    }

    #[test]
    fn what_all_say_is_said_once() {
        let all = faults([refused(), refused(), refused()]);
        assert!(all.are_final(false) && !all.are_final(true));
        insta::assert_snapshot!(said(&all, false), @"no database at http://db1:4001,…: connection refused");
        insta::assert_snapshot!(said(&all, true), @"http://db1:4001,… is temporarily unavailable: connection refused; this step changed nothing; try again");
    }

    #[test]
    fn nodes_that_differ_are_named() {
        let no_leader = NodeError::of_words("leader not found\n", true);
        let some = faults([refused(), no_leader, refused()]);
        assert!(!some.are_final(false) && !some.leave_doubt());
        insta::assert_snapshot!(said(&some, true), @"http://db1:4001,… is temporarily unavailable: db1:4001, db3:4001: connection refused; db2:4001: leader not found; this step changed nothing; try again");
    }

    #[test]
    fn only_what_may_have_been_done_is_unknown() {
        for (words, perhaps) in [
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
            assert_eq!(NodeError::of_words(words, true).perhaps, perhaps, "{words}");
            assert!(!NodeError::of_words(words, false).perhaps);
        }
    }

    #[test]
    fn a_doubt_does_not_go_away() {
        let mut faults = NodeErrors::of(1);
        faults.note(
            0,
            NodeError::new(NodeErrorKind::Transient, "the connection broke off").perhaps(true),
        );
        faults.note(0, refused());
        assert!(faults.leave_doubt() && !faults.are_final(false));
        insta::assert_snapshot!(said(&faults, true), @"outcome unknown: http://db1:4001,… may have applied this step (the connection broke off, and since then: connection refused); check before retrying");
    }

    #[test]
    fn words_from_the_network_are_one_bounded_line() {
        assert_eq!(in_one_line(" leader\r\n  not found\n"), "leader not found");
        assert_eq!(in_one_line(&"ä".repeat(500)), format!("{}…", "ä".repeat(200)));
    }
}
