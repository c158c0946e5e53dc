//! What a replica is at a time, each role in a file of its own.
//!
//! ```text
//!                 +--------- higher epoch, no leader known ----------+
//!                 v                                                  |
//!            unattached --election timeout--> prospective --promises of a majority--> candidate
//!                 |                             ^     |                                |  |
//!                 | leader known                |     +--refused: back to where it     |  | votes of
//!                 v                             |        came from                     |  | a majority
//!             follower --fetch timeout----------+-----refused or timed out-------------+  v
//!                                               |                                       leader
//!                                               +--election timeout-- resigned <-- resigns
//! ```
//!
//! Observers are unattached or following, and never stand.

mod candidate;
mod follower;
mod leader;
mod prospective;
mod resigned;
mod unattached;

pub(crate) use candidate::Candidate;
pub(crate) use follower::{Follower, SnapshotDownload};
pub(crate) use leader::{Leader, ParkedFetch, VoterChange, VoterChangeKind, VoterChangeStage};
pub(crate) use prospective::Prospective;
pub(crate) use resigned::Resigned;
pub(crate) use unattached::Unattached;

use crate::types::{Millis, OffsetAndEpoch, ReplicaKey};

/// The role with its state.
#[derive(Debug)]
pub(crate) enum Role {
    Unattached(Unattached),
    Prospective(Prospective),
    Candidate(Candidate),
    Leader(Box<Leader>),
    Follower(Follower),
    Resigned(Resigned),
}

/// What a role needs to know to grant a vote or not (kafka-semantics 214, 215).
pub(crate) struct Ballot<'a> {
    pub(crate) candidate: &'a ReplicaKey,
    pub(crate) candidate_log: OffsetAndEpoch,
    pub(crate) own_log: OffsetAndEpoch,
    pub(crate) pre_vote: bool,
    /// Whom this replica voted for in the epoch.
    pub(crate) voted: Option<ReplicaKey>,
    /// Whether it knows the leader of the epoch.
    pub(crate) leader_known: bool,
}

impl Ballot<'_> {
    fn is_log_up_to_date(&self) -> bool {
        self.candidate_log >= self.own_log
    }

    /// The rule of roles that follow nobody: one vote per epoch, none once there is a leader, and
    /// only for a log that is at least as complete.
    fn granted_by_uncommitted_voter(&self) -> bool {
        if self.pre_vote {
            return self.is_log_up_to_date();
        }
        match &self.voted {
            Some(voted) => voted.accepts(self.candidate),
            None => !self.leader_known && self.is_log_up_to_date(),
        }
    }
}

impl Role {
    /// Whether this replica votes for the candidate.
    pub(crate) fn grants(&self, ballot: &Ballot<'_>) -> bool {
        match self {
            Self::Unattached(_) | Self::Prospective(_) => ballot.granted_by_uncommitted_voter(),
            // It voted for itself; but it does not stand in the way of a better one's pre-vote.
            Self::Candidate(_) | Self::Resigned(_) => ballot.pre_vote && ballot.is_log_up_to_date(),
            Self::Leader(_) => false,
            Self::Follower(follower) => {
                ballot.pre_vote && !follower.has_fetched && ballot.is_log_up_to_date()
            }
        }
    }

    /// When the role has to act by itself at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        match self {
            Self::Unattached(role) => role.election_deadline,
            Self::Prospective(role) => Some(role.election_deadline),
            Self::Candidate(role) => Some(role.election_deadline),
            Self::Leader(role) => role.next_deadline(),
            Self::Follower(role) => role.next_deadline(),
            Self::Resigned(role) => Some(role.election_deadline),
        }
    }

    /// Name for people and transcripts.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Unattached(_) => "unattached",
            Self::Prospective(_) => "prospective",
            Self::Candidate(_) => "candidate",
            Self::Leader(_) => "leader",
            Self::Follower(_) => "follower",
            Self::Resigned(_) => "resigned",
        }
    }
}
