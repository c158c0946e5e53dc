//! The state of the quorum for people: what DescribeQuorum answers.

use crate::types::{Endpoint, LeaderEpoch, NodeId, Offset, ReplicaKey};

/// The quorum as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumDescription {
    /// The leader, which is the node that answers.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The high watermark, if one is established in this epoch.
    pub high_watermark: Option<Offset>,
    /// The voters by id.
    pub voters: Vec<ReplicaState>,
    /// The observers by id and directory.
    pub observers: Vec<ReplicaState>,
    /// Where the voters listen.
    pub nodes: Vec<(NodeId, Vec<Endpoint>)>,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// The replica.
    pub key: ReplicaKey,
    /// Its log end as of its last fetch; -1 if unknown.
    pub log_end_offset: Offset,
    /// Leader's wall clock at its last fetch; -1 if unknown. The present for the leader itself.
    pub last_fetch_timestamp: i64,
    /// Leader's wall clock when it last had everything; -1 if unknown. The present for the leader
    /// itself.
    pub last_caught_up_timestamp: i64,
}
