//! The control records of the metadata log that steer the quorum itself.

use crate::types::NodeId;
use crate::voters::VoterSet;

/// A control record, as written by leaders and read by everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlRecord {
    /// First record of a leader's epoch.
    LeaderChange {
        /// The leader.
        leader: NodeId,
        /// The voters at that time.
        voters: Vec<NodeId>,
        /// Those that voted for it.
        granting: Vec<NodeId>,
    },
    /// From here on `kraft.version` is this.
    KRaftVersion(i16),
    /// From here on these are the voters.
    Voters(VoterSet),
}
