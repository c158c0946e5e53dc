//! The sequence numbers of a partition, by which a broker tells what it has.

use records::{Producer as Stamp, increment_sequence};

use super::Shared;
use super::identity::Identity;
use crate::error::Error;

/// The sequence numbers of a partition.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    identity: Option<Identity>,
    next: i32,
    broken: bool,
}

impl Sequence {
    /// Who sends the next batch, and its first number.
    pub(super) async fn stamp(&mut self, shared: &Shared) -> Result<Stamp, Error> {
        if !shared.config.idempotent {
            return Ok(Stamp::NONE);
        }
        let identity = match (&shared.transaction, self.identity) {
            // Each transaction may have an epoch of its own.
            (Some(transaction), _) => transaction.identity()?,
            (None, Some(identity)) if !self.broken => identity,
            (None, identity) => {
                let broken = identity.filter(|_| self.broken);
                shared.identities.get(&shared.cluster, broken).await?
            }
        };
        if self.identity != Some(identity) {
            *self = Self { identity: Some(identity), next: 0, broken: false };
        }
        Ok(Stamp { id: identity.id, epoch: identity.epoch, base_sequence: self.next })
    }

    /// The batch stamped last has `count` records.
    pub(super) fn advance(&mut self, count: i32) {
        self.next = increment_sequence(self.next, count);
    }

    /// A batch was given up: what follows it needs another identity, a transaction another try.
    pub(super) fn break_off(&mut self, shared: &Shared, error: &Error) {
        self.broken = true;
        if let Some(transaction) = &shared.transaction {
            transaction.fail(error);
        }
    }

    /// Whether a stamp belongs to a sequence that was broken off.
    pub(super) fn has_left(&self, stamp: Stamp) -> bool {
        let current = Some(Identity { id: stamp.id, epoch: stamp.epoch });
        self.broken || self.identity != current
    }
}
