//! Transactions in one partition: questions to their coordinators, and their ends (KIP-98, KIP-890).

use records::StampedBatch;
use replica::{Refusal, TransactionEnd, VerificationGuard};

use crate::error::AppendError;
use crate::partition::{ALL, Appended, Partition};

/// A batch that is to be appended in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionalBatch {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Sequence number of its first record, -1 for a coordinator's.
    pub base_sequence: i32,
    /// This broker adds the partition to the transaction (`transaction.version` 2).
    pub bumps_epoch: bool,
}

impl Partition {
    /// Begins to ask a transaction's coordinator about a batch. `None` if there is no need: the
    /// transaction is open in this partition.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`]; a producer that was fenced.
    pub fn begin_verification(
        &self,
        batch: &TransactionalBatch,
        now_ms: i64,
    ) -> Result<Option<VerificationGuard>, AppendError> {
        let mut state = self.lock();
        if !state.replica.is_leader() {
            return Err(Refusal::NotLeaderOrFollower.into());
        }
        let TransactionalBatch { producer_id, producer_epoch, base_sequence, bumps_epoch } = *batch;
        if !state.log.producers().needs_verification(producer_id, producer_epoch)? {
            return Ok(None);
        }
        let verifications = &mut state.verifications;
        let guard =
            verifications.begin(producer_id, producer_epoch, base_sequence, bumps_epoch, now_ms);
        Ok(Some(guard))
    }

    /// Appends the marker that ends a transaction here, as leader; of `leader_epoch` if that
    /// matters. It is acknowledged by [`Partition::acknowledged`], as with acks=all.
    ///
    /// # Errors
    /// The producer or the coordinator was fenced (kafka-semantics 148), or as with any append.
    pub fn append_transaction_end(
        &self,
        end: &TransactionEnd,
        leader_epoch: Option<i32>,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let TransactionEnd { producer_id, producer_epoch, marker, .. } = *end;
        let bytes = marker.batch(producer_id, producer_epoch, now_ms);
        let not_a_batch = log::Error::InvalidBatch(records::Error::Record("no marker"));
        let batch = StampedBatch::new(&bytes).map_err(log::Error::InvalidBatch)?;
        let batch = batch.ok_or(not_a_batch)?;
        let mut state = self.lock();
        state.admit(ALL, leader_epoch)?;
        state.log.producers().check_end(end)?;
        state.verifications.on_end(producer_id, producer_epoch);
        self.write(state, batch, ALL, -1, now_ms)
    }
}
