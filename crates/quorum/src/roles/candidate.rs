//! Candidate: asks for votes in a new epoch of its own, having voted for itself.

use crate::election::Tally;
use crate::types::Millis;

/// Collects votes.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// When to give up.
    pub(crate) election_deadline: Millis,
    /// The votes.
    pub(crate) tally: Tally,
}
