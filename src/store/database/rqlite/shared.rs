use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};

use ureq::Agent;

/// State of a cluster that all its connections share.
#[derive(Clone, Default)]
pub struct SharedState(pub(super) Arc<NodeMemory>);

#[derive(Default)]
pub(super) struct NodeMemory {
    pub(super) agent: OnceLock<Agent>,
    /// Index of the node to try first: the last one that answered.
    pub(super) first_node: AtomicUsize,
    /// True once any node has answered.
    pub(super) has_answered_before: AtomicBool,
}

/// Ignored when clusters are compared.
impl PartialEq for SharedState {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SharedState {}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedState")
    }
}
