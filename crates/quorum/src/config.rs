//! What the machine is told about its node.

use crate::types::{Endpoint, KRaftVersions, Millis, ReplicaKey};
use crate::voters::Voter;

/// The node's place in the quorum and its patience.
#[derive(Clone, Debug)]
pub struct Config {
    /// This replica.
    pub local: ReplicaKey,
    /// Whether the node has the controller role: only then it may vote and stand.
    pub can_be_voter: bool,
    /// The listeners of this node that other controllers reach it by; the first is the one the
    /// quorum speaks over.
    pub endpoints: Vec<Endpoint>,
    /// Name of the listener the quorum speaks over: the first of `controller.listener.names`.
    pub listener: String,
    /// `controller.quorum.bootstrap.servers`: whom to ask as long as no leader is known.
    pub bootstrap_servers: Vec<Endpoint>,
    /// `controller.quorum.auto.join.enable`: an observer with the controller role makes itself a
    /// voter.
    pub auto_join: bool,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// `controller.quorum.fetch.max.bytes`.
    pub fetch_max_bytes: u32,
    /// `controller.quorum.fetch.snapshot.max.bytes`.
    pub fetch_snapshot_max_bytes: u32,
}

impl Config {
    /// This node as it would stand in a voter set.
    pub fn as_voter(&self) -> Voter {
        Voter {
            key: self.local,
            endpoints: self.endpoints.clone(),
            kraft_versions: KRaftVersions::SUPPORTED,
        }
    }
}

/// Spans of time, all in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// `controller.quorum.election.timeout.ms`: an election is given up after this to twice this.
    pub election: Millis,
    /// `controller.quorum.election.backoff.max.ms`: the most that a less preferred successor of a
    /// leader that resigned waits before it stands.
    pub election_backoff_max: Millis,
    /// `controller.quorum.fetch.timeout.ms`: a voter that could not fetch for so long stands; a
    /// leader that a majority has not fetched from for 1.5 times as long resigns.
    pub fetch: Millis,
    /// `controller.quorum.request.timeout.ms`: how long to wait for an answer.
    pub request: Millis,
    /// `controller.quorum.retry.backoff.ms`: pause after a request that failed.
    pub retry_backoff: Millis,
    /// How long a leader may hold a fetch that has nothing to return. Not a setting in Kafka.
    pub fetch_wait_max: Millis,
    /// How long a voter change may take until it is given up. Not a setting in Kafka.
    pub change: Millis,
    /// An observer that has not fetched for so long is forgotten. Not a setting in Kafka.
    pub observer_session: Millis,
}

impl Default for Timeouts {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            election: 1_000,
            election_backoff_max: 1_000,
            fetch: 2_000,
            request: 2_000,
            retry_backoff: 20,
            fetch_wait_max: 500,
            change: 30_000,
            observer_session: 300_000,
        }
    }
}

/// What the machine remembers at most, whatever peers send.
pub(crate) mod limits {
    /// Observers with a state of their own; further ones are served but not listed.
    pub(crate) const OBSERVERS_MAX: usize = 10_000;
    /// Fetches that wait for records; a further one is answered at once.
    pub(crate) const PARKED_FETCHES_MAX: usize = 10_000;
    /// Rounds of decisions in one turn; more means that two rules chase each other.
    pub(crate) const ROUNDS_MAX: usize = 32;
    /// Longest wait a fetch may ask for, in milliseconds.
    pub(crate) const FETCH_WAIT_MAX_MS: u32 = 60_000;
}
