//! Reading a partition as leader or follower (kafka-semantics F, kafka-apis 39–43).

use log::ReadRequest;
use replica::{AbortedTransaction, EpochEndOffset, Reader};
use wire::FileRange;

use crate::error::ReadError;
use crate::partition::Partition;
use crate::waiters::Visibility;

/// What a fetch wants of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadAsk {
    /// First offset wanted.
    pub offset: i64,
    /// Bytes wanted at most.
    pub max_bytes: u32,
    /// Give the first batch whole whatever its size.
    pub at_least_one_batch: bool,
    /// How far the reader may see.
    pub visibility: Visibility,
    /// The leader epoch the reader knows.
    pub current_leader_epoch: Option<i32>,
    /// Epoch of the last record the reader has; lets the leader find out where logs diverge.
    pub last_fetched_epoch: Option<i32>,
    /// The follower that reads; `None` for consumers.
    pub follower: Option<ReplicaFetch>,
}

/// What a follower says of itself with each fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaFetch {
    /// Its node id.
    pub id: i32,
    /// Its log start offset.
    pub log_start_offset: i64,
}

/// What a read found.
#[derive(Debug)]
pub struct ReadOutcome {
    /// The batches, as a stretch of a file.
    pub range: Option<FileRange>,
    /// As of the read.
    pub high_watermark: i64,
    /// As of the read.
    pub last_stable_offset: i64,
    /// As of the read.
    pub log_start_offset: i64,
    /// Where the reader's log parts from this one; then there is no data.
    pub diverging_epoch: Option<EpochEndOffset>,
    /// For readers of committed records: the aborted transactions in the range.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
}

impl ReadOutcome {
    /// Bytes of record data.
    pub fn bytes(&self) -> u64 {
        self.range.as_ref().map_or(0, |range| range.len)
    }
}

impl Partition {
    /// Reads from an offset on, up to what the reader may see.
    pub fn read(&self, ask: &ReadAsk) -> Result<ReadOutcome, ReadError> {
        let diverging_epoch = self.admit(ask)?;
        if diverging_epoch.is_some() {
            return Ok(ReadOutcome { diverging_epoch, ..self.nothing(ask.visibility) });
        }
        // The bounds are read before the log's range is checked: what they allow is in the log.
        let mut outcome = self.nothing(ask.visibility);
        let bound = match ask.visibility {
            Visibility::LogEnd => self.log_end_offset(),
            Visibility::HighWatermark => outcome.high_watermark,
            Visibility::LastStable => outcome.last_stable_offset,
        };
        let request = ReadRequest {
            offset: ask.offset,
            bound,
            max_bytes: ask.max_bytes,
            at_least_one_batch: ask.at_least_one_batch,
        };
        let (range, aborted) = self.with_reader(|reader| {
            let found = reader.read(request)?;
            let wanted = ask.visibility == Visibility::LastStable && !found.is_empty();
            let aborted = wanted.then(|| reader.aborted_transactions(ask.offset, &found));
            Ok((found.range, aborted.transpose()?))
        })?;
        if aborted.is_some() {
            outcome.aborted_transactions = aborted;
        }
        outcome.range = range;
        Ok(outcome)
    }

    fn nothing(&self, visibility: Visibility) -> ReadOutcome {
        ReadOutcome {
            range: None,
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
            log_start_offset: self.log_start_offset(),
            diverging_epoch: None,
            aborted_transactions: (visibility == Visibility::LastStable).then(Vec::new),
        }
    }

    /// The end offset of an epoch: the largest epoch that is not above it, and where that ended
    /// (kafka-semantics 63).
    ///
    /// # Errors
    /// Not the leader, or the client knows another leader epoch.
    pub fn end_offset_for_epoch(
        &self,
        epoch: i32,
        current_leader_epoch: Option<i32>,
    ) -> Result<EpochEndOffset, ReadError> {
        let state = self.lock();
        state.replica.fence(current_leader_epoch, true)?;
        Ok(state.log.leader_epochs().end_offset_for(epoch, state.log.log_end_offset()))
    }

    /// Checks what needs the lock: who may read, and whether the reader's log parts from this one.
    fn admit(&self, ask: &ReadAsk) -> Result<Option<EpochEndOffset>, ReadError> {
        let reader = match (&ask.follower, ask.visibility) {
            (Some(follower), _) => Reader::Follower { replica_id: follower.id },
            (None, Visibility::LastStable) => Reader::ReadCommitted,
            (None, _) => Reader::ReadUncommitted,
        };
        let state = self.lock();
        state.replica.admit_fetch(reader, ask.current_leader_epoch, true)?;
        let Some(epoch) = ask.last_fetched_epoch else { return Ok(None) };
        let offsets = state.offsets();
        Ok(offsets.divergence(state.log.leader_epochs(), epoch, ask.offset)?)
    }

    /// Whether a client that knows `current_leader_epoch` may ask for offsets; the epoch if so.
    pub(crate) fn admit_query(
        &self,
        current_leader_epoch: Option<i32>,
        leader_only: bool,
    ) -> Result<i32, ReadError> {
        let state = self.lock();
        state.replica.fence(current_leader_epoch, leader_only)?;
        Ok(state.replica.leader_epoch())
    }
}
