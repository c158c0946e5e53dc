//! Resigned: was the leader of this epoch and is no more, until somebody starts the next.

use std::collections::BTreeSet;

use crate::types::{Millis, NodeId, ReplicaKey};

/// Tells the voters that its epoch is over.
#[derive(Debug)]
pub(crate) struct Resigned {
    /// When to stand again, or to look for a leader if it is no voter any more.
    pub(crate) election_deadline: Millis,
    /// Voters that have not confirmed that they heard of it.
    pub(crate) unacknowledged: BTreeSet<NodeId>,
    /// Voters by how far their logs were, best first.
    pub(crate) preferred: Vec<ReplicaKey>,
}
