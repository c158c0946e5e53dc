//! Unattached: knows the epoch but no leader to fetch from.

use crate::types::Millis;

/// Waits for a leader to appear, looks for one, and stands after the election timeout.
#[derive(Debug)]
pub(crate) struct Unattached {
    /// When to stand; `None` for an observer.
    pub(crate) election_deadline: Option<Millis>,
}
