//! The set of voters, and which set held from which offset on.

use std::collections::BTreeMap;

use crate::control::ControlRecord;
use crate::types::{Endpoint, KRaftVersions, NodeId, Offset, ReplicaKey};

/// One voter as the voter set knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Node and directory. With `kraft.version` 0 the directory is not known.
    pub key: ReplicaKey,
    /// Its listeners, in the order of `controller.listener.names`.
    pub endpoints: Vec<Endpoint>,
    /// The versions of `kraft.version` it supports.
    pub kraft_versions: KRaftVersions,
}

impl Voter {
    /// Its endpoint for the listener, or its first one when the name is not among them (a set
    /// from `controller.quorum.voters` has no names).
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|e| e.name == listener).or_else(|| self.endpoints.first())
    }
}

/// The voters of the quorum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoterSet {
    voters: BTreeMap<NodeId, Voter>,
}

impl FromIterator<Voter> for VoterSet {
    /// Of two voters with one id the later stays.
    fn from_iter<T: IntoIterator<Item = Voter>>(voters: T) -> Self {
        Self { voters: voters.into_iter().map(|v| (v.key.id, v)).collect() }
    }
}

impl VoterSet {
    /// How many voters.
    pub fn len(&self) -> usize {
        self.voters.len()
    }

    /// Whether nobody votes, as on a node that has not learned the set yet.
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// How many voters make a decision.
    pub fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// The voter with that node id.
    pub fn get(&self, id: NodeId) -> Option<&Voter> {
        self.voters.get(&id)
    }

    /// Whether the replica is a voter: its id is in the set, with its directory or with none.
    pub fn contains(&self, replica: &ReplicaKey) -> bool {
        self.get(replica.id).is_some_and(|voter| voter.key.accepts(replica))
    }

    /// Whether the replica is the only voter.
    pub fn is_only(&self, replica: &ReplicaKey) -> bool {
        self.len() == 1 && self.contains(replica)
    }

    /// All voters by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = &Voter> {
        self.voters.values()
    }

    /// The ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.voters.keys().copied()
    }

    /// All voters but the node itself.
    pub fn others(&self, id: NodeId) -> impl Iterator<Item = &Voter> {
        self.voters.values().filter(move |voter| voter.key.id != id)
    }

    /// The set with the voter put in, in place of an older entry of the same id.
    pub fn with(&self, voter: Voter) -> Self {
        let mut voters = self.voters.clone();
        voters.insert(voter.key.id, voter);
        Self { voters }
    }

    /// The set without the node.
    pub fn without(&self, id: NodeId) -> Self {
        let mut voters = self.voters.clone();
        voters.remove(&id);
        Self { voters }
    }
}

/// `kraft.version` and the voter set by offset, the uncommitted ones included: both take effect as
/// soon as they are appended, and go again when the log is truncated (KIP-853).
#[derive(Clone, Debug, Default)]
pub struct Membership {
    static_voters: VoterSet,
    voter_sets: BTreeMap<Offset, VoterSet>,
    kraft_versions: BTreeMap<Offset, i16>,
}

impl Membership {
    /// The offset of what a snapshot or the formatter brought: just before `end_offset`.
    pub const fn before(end_offset: Offset) -> Offset {
        end_offset - 1
    }

    /// A history that starts with the voters of `controller.quorum.voters`, maybe none.
    pub fn new(static_voters: VoterSet) -> Self {
        Self { static_voters, ..Self::default() }
    }

    /// The voter set in effect: the last one appended, or the static one.
    pub fn voters(&self) -> &VoterSet {
        self.voter_sets.values().next_back().unwrap_or(&self.static_voters)
    }

    /// The voter set that the one in effect replaced, if it is still remembered.
    pub fn previous_voters(&self) -> Option<&VoterSet> {
        self.voter_sets.values().rev().nth(1)
    }

    /// The offset of the record of the set in effect; `None` for static voters.
    pub fn voters_offset(&self) -> Option<Offset> {
        self.voter_sets.keys().next_back().copied()
    }

    /// `kraft.version` in effect; 0 before any record says otherwise.
    pub fn kraft_version(&self) -> i16 {
        self.kraft_versions.values().next_back().copied().unwrap_or(0)
    }

    /// What held at the end of a log cut at `end_offset`, for a snapshot: the version and, from
    /// version 1 on, the voters.
    pub fn at(&self, end_offset: Offset) -> (i16, Option<&VoterSet>) {
        let version = self.kraft_versions.range(..end_offset).next_back().map_or(0, |(_, v)| *v);
        (version, self.voter_sets.range(..end_offset).next_back().map(|(_, set)| set))
    }

    /// The log has this record at `offset`.
    pub fn apply(&mut self, offset: Offset, record: &ControlRecord) {
        match record {
            ControlRecord::LeaderChange { .. } => {}
            ControlRecord::KRaftVersion(version) => {
                self.kraft_versions.insert(offset, *version);
            }
            ControlRecord::Voters(voters) => {
                self.voter_sets.insert(offset, voters.clone());
            }
        }
    }

    /// The log was cut: forgets what lay at `end_offset` and above.
    pub(crate) fn truncate_end(&mut self, end_offset: Offset) {
        self.voter_sets.split_off(&end_offset);
        self.kraft_versions.split_off(&end_offset);
    }

    /// The log now starts at `start_offset`: forgets sets that a later one replaced before it.
    pub(crate) fn truncate_start(&mut self, start_offset: Offset) {
        fn keep_last_below<T>(map: &mut BTreeMap<Offset, T>, start_offset: Offset) {
            if let Some(last) = map.range(..start_offset).next_back().map(|(offset, _)| *offset) {
                *map = map.split_off(&last);
            }
        }
        keep_last_below(&mut self.voter_sets, start_offset);
        keep_last_below(&mut self.kraft_versions, start_offset);
    }

    /// Everything came anew from a snapshot that ends at `end_offset`.
    pub fn reset(&mut self, end_offset: Offset, version: i16, voters: Option<VoterSet>) {
        self.voter_sets.clear();
        self.kraft_versions.clear();
        let offset = Self::before(end_offset);
        if version > 0 {
            self.kraft_versions.insert(offset, version);
        }
        if let Some(voters) = voters {
            self.voter_sets.insert(offset, voters);
        }
    }
}
