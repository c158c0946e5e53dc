//! Prospective: asks whether it would be elected before it disturbs anyone (KIP-996).

use crate::election::Tally;
use crate::types::Millis;

/// Collects promises in the current epoch.
#[derive(Debug)]
pub(crate) struct Prospective {
    /// When to give up.
    pub(crate) election_deadline: Millis,
    /// The promises.
    pub(crate) tally: Tally,
}
