//! Asking a transaction's coordinator before the first batch of it is appended (KIP-890).

use std::collections::BTreeMap;

use records::BatchHeader;

use crate::ProducerError;

/// Stands for one question to a transaction coordinator. No two questions about a partition share
/// one, so an answer that comes after the transaction ended is recognised as stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerificationGuard(u64);

/// What a batch that is to be appended in a transaction shows for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// The question that was answered with yes; none if nothing was asked.
    pub guard: Option<VerificationGuard>,
    /// Whether a transaction may only begin in a partition with a guard
    /// (`transaction.partition.verification.enable`).
    pub is_required: bool,
}

/// The questions that are under way about the producers of one partition, and those whose batch
/// has not come. A partition without transactions costs no memory beyond this struct.
#[derive(Debug, Default)]
pub struct Verifications {
    by_producer: BTreeMap<i64, Verification>,
    asked: u64,
}

#[derive(Debug)]
struct Verification {
    guard: VerificationGuard,
    epoch: i16,
    /// The smallest sequence number that wanted to begin a transaction. Higher ones wait for it:
    /// a batch that was overtaken could never be appended.
    lowest_sequence: i32,
    /// The partition is added to the transaction by this broker, not by the client.
    bumps_epoch: bool,
    since_ms: i64,
}

impl Verifications {
    /// Begins to ask about a producer, or joins in a question under way. `base_sequence` is the one
    /// of the batch that waits for the answer, -1 for a coordinator's.
    pub fn begin(
        &mut self,
        producer_id: i64,
        epoch: i16,
        base_sequence: i32,
        bumps_epoch: bool,
        now_ms: i64,
    ) -> VerificationGuard {
        let asked = &mut self.asked;
        let entry = self.by_producer.entry(producer_id).or_insert_with(|| {
            *asked += 1;
            Verification {
                guard: VerificationGuard(*asked),
                epoch,
                lowest_sequence: base_sequence,
                bumps_epoch,
                since_ms: now_ms,
            }
        });
        if epoch > entry.epoch {
            entry.epoch = epoch;
            entry.lowest_sequence = base_sequence;
        } else if epoch == entry.epoch {
            entry.lowest_sequence = entry.lowest_sequence.min(base_sequence);
        }
        entry.guard
    }

    /// A batch of a transaction was appended: the transaction is open and needs no guard.
    pub fn on_appended(&mut self, producer_id: i64) {
        self.by_producer.remove(&producer_id);
    }

    /// A marker was appended: answers to earlier questions no longer count. A question of the
    /// producer's next transaction, which has the epoch of the marker, goes on.
    pub fn on_end(&mut self, producer_id: i64, epoch: i16) {
        let is_next = |entry: &Verification| entry.bumps_epoch && entry.epoch == epoch;
        if self.by_producer.get(&producer_id).is_some_and(|entry| !is_next(entry)) {
            self.by_producer.remove(&producer_id);
        }
    }

    /// Forgets questions whose batch never came.
    pub fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        self.by_producer.retain(|_, entry| now_ms.saturating_sub(entry.since_ms) < expiration_ms);
    }

    /// Forgets everything: this replica does not lead any more.
    pub fn clear(&mut self) {
        self.by_producer = BTreeMap::new();
    }

    /// Whether the guard is the one of the question that is under way.
    pub(super) fn confirm(&self, producer_id: i64, guard: Option<VerificationGuard>) -> bool {
        guard.is_some() && self.by_producer.get(&producer_id).map(|entry| entry.guard) == guard
    }

    /// Holds back a client's batch that would overtake another one.
    pub(super) fn check_sequence(
        &self,
        batch: &BatchHeader<'_>,
        producer_is_new: bool,
    ) -> Result<(), ProducerError> {
        if self.by_producer.is_empty() {
            return Ok(());
        }
        let producer_id = batch.producer_id();
        let Some(entry) = self.by_producer.get(&producer_id) else { return Ok(()) };
        let base_sequence = batch.base_sequence();
        let misses_the_first = entry.bumps_epoch && base_sequence != 0 && producer_is_new;
        if misses_the_first || base_sequence > entry.lowest_sequence {
            let last_sequence = if misses_the_first { -1 } else { entry.lowest_sequence - 1 };
            return Err(ProducerError::OutOfOrderSequence {
                producer_id,
                base_sequence,
                last_sequence,
            });
        }
        Ok(())
    }
}
