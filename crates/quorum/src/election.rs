//! What a replica must not forget across a restart, and the count of votes.

use std::collections::BTreeMap;

use crate::types::{LeaderEpoch, NodeId, ReplicaKey};
use crate::voters::VoterSet;

/// The replica's place in the election: what `quorum-state` keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElectionState {
    /// The highest epoch seen.
    pub epoch: LeaderEpoch,
    /// Who leads in it, if known.
    pub leader: Option<NodeId>,
    /// Whom this replica voted for in it.
    pub voted: Option<ReplicaKey>,
}

impl ElectionState {
    /// A new epoch in which nothing is known and nobody was voted for.
    pub fn unknown_leader(epoch: LeaderEpoch) -> Self {
        Self { epoch, leader: None, voted: None }
    }
}

/// The votes for a candidate (or the promises to a prospective one).
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    votes: BTreeMap<NodeId, Option<bool>>,
}

impl Tally {
    /// All voters undecided except `own`, who grants.
    pub(crate) fn new(voters: &VoterSet, own: NodeId) -> Self {
        Self { votes: voters.ids().map(|id| (id, (id == own).then_some(true))).collect() }
    }

    /// Counts a vote; one from outside the set is ignored, a second one replaces the first.
    pub(crate) fn record(&mut self, id: NodeId, granted: bool) {
        if let Some(vote) = self.votes.get_mut(&id) {
            *vote = Some(granted);
        }
    }

    pub(crate) fn is_undecided(&self, id: NodeId) -> bool {
        self.votes.get(&id) == Some(&None)
    }

    pub(crate) fn granting(&self) -> Vec<NodeId> {
        self.votes.iter().filter(|(_, v)| **v == Some(true)).map(|(id, _)| *id).collect()
    }

    fn majority(&self) -> usize {
        self.votes.len() / 2 + 1
    }

    pub(crate) fn is_won(&self) -> bool {
        self.granting().len() >= self.majority()
    }

    /// Whether a majority has become impossible.
    pub(crate) fn is_lost(&self) -> bool {
        let rejected = self.votes.values().filter(|v| **v == Some(false)).count();
        self.votes.len() - rejected < self.majority()
    }
}
