//! Requests under way: per peer at most one fetch and one other request, a pause after a failure,
//! and an end to waiting for an answer.

use std::collections::BTreeMap;

use crate::message::RequestId;
use crate::types::{LeaderEpoch, Millis, NodeId, Offset, SnapshotId};

/// What was sent, as far as its answer needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Vote { pre_vote: bool },
    BeginQuorumEpoch,
    EndQuorumEpoch,
    Fetch { offset: Offset },
    FetchSnapshot { id: SnapshotId, position: u64 },
    Membership,
    SupportedVersions,
}

/// A peer has two lanes, so that a fetch the leader holds does not keep a vote from being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Fetch,
    Other,
}

impl Sent {
    pub(crate) fn lane(self) -> Lane {
        match self {
            Self::Fetch { .. } | Self::FetchSnapshot { .. } => Lane::Fetch,
            _ => Lane::Other,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum LaneState {
    Waiting { request_id: RequestId, sent: Sent, epoch: LeaderEpoch, deadline: Millis },
    Backoff { until: Millis },
}

/// All peers; one that is not in the map is ready.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    lanes: BTreeMap<(NodeId, Lane), LaneState>,
    next_request_id: u64,
}

/// The request that an answer belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) peer: NodeId,
    pub(crate) sent: Sent,
    pub(crate) epoch: LeaderEpoch,
}

impl Peers {
    /// Requests without an answer count as failed from their deadline on.
    pub(crate) fn expire(&mut self, now: Millis, backoff: Millis) {
        for state in self.lanes.values_mut() {
            if let LaneState::Waiting { deadline, .. } = state
                && *deadline <= now
            {
                *state = LaneState::Backoff { until: *deadline + backoff };
            }
        }
        self.lanes.retain(|_, s| !matches!(s, LaneState::Backoff { until } if *until <= now));
    }

    /// Whether a request can be sent now.
    pub(crate) fn is_ready(&self, peer: NodeId, lane: Lane) -> bool {
        !self.lanes.contains_key(&(peer, lane))
    }

    /// Whether the last request failed a moment ago.
    pub(crate) fn is_backing_off(&self, peer: NodeId, lane: Lane) -> bool {
        matches!(self.lanes.get(&(peer, lane)), Some(LaneState::Backoff { .. }))
    }

    /// Whether any peer's fetch lane waits for an answer.
    pub(crate) fn is_fetching(&self) -> bool {
        self.lanes
            .iter()
            .any(|((_, lane), s)| *lane == Lane::Fetch && matches!(s, LaneState::Waiting { .. }))
    }

    /// Notes a request that leaves now.
    pub(crate) fn sent(
        &mut self,
        peer: NodeId,
        sent: Sent,
        epoch: LeaderEpoch,
        deadline: Millis,
    ) -> RequestId {
        self.next_request_id += 1;
        let request_id = RequestId(self.next_request_id);
        let state = LaneState::Waiting { request_id, sent, epoch, deadline };
        self.lanes.insert((peer, sent.lane()), state);
        request_id
    }

    /// An answer, or the news that there will be none, has come. `None` if nobody waits for it.
    pub(crate) fn answered(
        &mut self,
        id: RequestId,
        failed_until: Option<Millis>,
    ) -> Option<Answered> {
        let (key, answered) = self.lanes.iter().find_map(|(key, state)| match state {
            LaneState::Waiting { request_id, sent, epoch, .. } if *request_id == id => {
                Some((*key, Answered { peer: key.0, sent: *sent, epoch: *epoch }))
            }
            _ => None,
        })?;
        match failed_until {
            Some(until) => self.lanes.insert(key, LaneState::Backoff { until }),
            None => self.lanes.remove(&key),
        };
        Some(answered)
    }

    /// Puts a peer on hold: it answered, but not with anything useful.
    pub(crate) fn back_off(&mut self, peer: NodeId, lane: Lane, until: Millis) {
        self.lanes.insert((peer, lane), LaneState::Backoff { until });
    }

    /// When the next wait or pause ends.
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        self.lanes
            .values()
            .map(|state| match state {
                LaneState::Waiting { deadline, .. } => *deadline,
                LaneState::Backoff { until } => *until,
            })
            .min()
    }
}
