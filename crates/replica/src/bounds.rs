//! Who may read what (kafka-semantics E, F).

use crate::{EpochEndOffset, LeaderEpochs, LogOffsets, Refusal, ReplicaState};

/// Who reads, which decides how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A consumer that sees all that is committed: up to the high watermark.
    ReadUncommitted,
    /// A consumer that sees decided transactions only: up to the last stable offset.
    ReadCommitted,
    /// A follower of this partition: up to the log end.
    Follower {
        /// Its broker.
        replica_id: i32,
    },
}

impl ReplicaState {
    /// Whether this replica may answer at all: the epoch the client knows is compared (KIP-320,
    /// kafka-apis 39), then leadership, if the request is for leaders only. Followers, and
    /// consumers that did not name their rack, read from leaders only (kafka-semantics 72, 73).
    ///
    /// # Errors
    /// [`Refusal::FencedLeaderEpoch`], [`Refusal::UnknownLeaderEpoch`],
    /// [`Refusal::NotLeaderOrFollower`].
    pub fn fence(
        &self,
        current_leader_epoch: Option<i32>,
        leader_only: bool,
    ) -> Result<(), Refusal> {
        if let Some(epoch) = current_leader_epoch {
            if epoch < self.leader_epoch() {
                return Err(Refusal::FencedLeaderEpoch);
            }
            if epoch > self.leader_epoch() {
                return Err(Refusal::UnknownLeaderEpoch);
            }
        }
        if leader_only { self.leading().map(|_| ()) } else { Ok(()) }
    }

    /// Whether the reader may fetch: for consumers as [`ReplicaState::fence`]; a follower must
    /// also be one that the leader knows (kafka-semantics 70).
    ///
    /// # Errors
    /// As [`ReplicaState::fence`].
    pub fn admit_fetch(
        &self,
        reader: Reader,
        current_leader_epoch: Option<i32>,
        leader_only: bool,
    ) -> Result<(), Refusal> {
        let Reader::Follower { replica_id } = reader else {
            return self.fence(current_leader_epoch, leader_only);
        };
        self.fence(current_leader_epoch, true)?;
        let is_known = self.remote_replicas().iter().any(|remote| remote.broker_id == replica_id);
        match current_leader_epoch {
            _ if is_known => Ok(()),
            // The follower may know of a newer assignment than this leader: it tries again.
            Some(_) => Err(Refusal::UnknownLeaderEpoch),
            None => Err(Refusal::NotLeaderOrFollower),
        }
    }

    /// The offset the reader may read up to, exclusive (kafka-semantics 45, 72, 78).
    /// `last_stable_offset` is [`crate::ProducerStates::last_stable_offset`] at this high
    /// watermark.
    pub fn read_bound(&self, reader: Reader, log: LogOffsets, last_stable_offset: i64) -> i64 {
        match reader {
            Reader::ReadUncommitted => self.high_watermark(),
            Reader::ReadCommitted => last_stable_offset,
            Reader::Follower { .. } => log.log_end_offset,
        }
    }

    /// Whether a leader may answer a consumer's `ListOffsets` for the latest offset or by
    /// timestamp. Not while its high watermark is behind the start of its epoch: it may yet grow
    /// past offsets that consumers have seen from the leader before (kafka-semantics 46).
    ///
    /// # Errors
    /// [`Refusal::OffsetNotAvailable`].
    pub fn admit_list_offsets(&self) -> Result<(), Refusal> {
        match self.leading() {
            Ok(leader) if leader.epoch_start_offset > self.high_watermark() => {
                Err(Refusal::OffsetNotAvailable)
            }
            _ => Ok(()),
        }
    }
}

impl LogOffsets {
    /// Whether a fetch from `fetch_offset` is within the log. At its end, and between a reader's
    /// bound and the end, there is nothing to read yet, which is no error (kafka-semantics 74).
    ///
    /// # Errors
    /// [`Refusal::OffsetOutOfRange`].
    pub fn check_fetch_offset(&self, fetch_offset: i64) -> Result<(), Refusal> {
        if (self.log_start_offset..=self.log_end_offset).contains(&fetch_offset) {
            Ok(())
        } else {
            Err(Refusal::OffsetOutOfRange)
        }
    }

    /// Where the log of a fetcher, whose last record is of `last_fetched_epoch`, departs from
    /// this one, if it does (kafka-semantics 64). The fetcher then gets no records but this. An
    /// epoch of -1 comes from fetchers that do not tell, and departs nowhere.
    ///
    /// # Errors
    /// [`Refusal::OffsetOutOfRange`] when the epoch is unknown here, or the offset is gone.
    pub fn divergence(
        &self,
        epochs: &LeaderEpochs,
        last_fetched_epoch: i32,
        fetch_offset: i64,
    ) -> Result<Option<EpochEndOffset>, Refusal> {
        if last_fetched_epoch < 0 {
            return Ok(None);
        }
        let end = epochs.end_offset_for(last_fetched_epoch, self.log_end_offset);
        if end == EpochEndOffset::UNDEFINED || fetch_offset < self.log_start_offset {
            return Err(Refusal::OffsetOutOfRange);
        }
        let diverges = end.epoch < last_fetched_epoch || end.end_offset < fetch_offset;
        Ok(diverges.then_some(end))
    }
}
