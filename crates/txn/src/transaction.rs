//! One transactional id and the transitions of its transactions.

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::Str;

use crate::error::Error;
use crate::request::InitProducerId;
use crate::version::TransactionVersion;

/// No producer id.
pub(crate) const NO_PRODUCER_ID: i64 = -1;
/// No producer epoch.
pub(crate) const NO_PRODUCER_EPOCH: i16 = -1;
/// No transaction was begun.
const NO_START: i64 = -1;
/// The timeout of transactions that have none (KIP-939).
pub(crate) const NO_TIMEOUT: i32 = i32::MAX;

/// A partition that a transaction writes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: Str,
    /// Index of the partition.
    pub partition: i32,
}

/// A producer as its broker knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdAndEpoch {
    /// The id.
    pub id: i64,
    /// The epoch.
    pub epoch: i16,
}

impl ProducerIdAndEpoch {
    /// Nobody.
    pub const NONE: Self = Self { id: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH };
}

/// The state of a transactional id's newest transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// No transaction yet.
    Empty = 0,
    /// Partitions were added.
    Ongoing = 1,
    /// To be committed: markers are being written.
    PrepareCommit = 2,
    /// To be aborted: markers are being written.
    PrepareAbort = 3,
    /// Committed everywhere.
    CompleteCommit = 4,
    /// Aborted everywhere.
    CompleteAbort = 5,
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Empty,
        Self::Ongoing,
        Self::PrepareCommit,
        Self::PrepareAbort,
        Self::CompleteCommit,
        Self::CompleteAbort,
    ];

    /// The status with a stored number.
    pub(crate) fn from_id(id: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.id() == id)
    }

    /// The number that is stored.
    pub(crate) fn id(self) -> i8 {
        self as i8
    }

    /// The name that clients see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }

    /// Whether markers are being written.
    pub(crate) fn is_prepared(self) -> bool {
        matches!(self, Self::PrepareCommit | Self::PrepareAbort)
    }

    /// Whether no transaction is under way.
    pub(crate) fn is_idle(self) -> bool {
        matches!(self, Self::Empty | Self::CompleteCommit | Self::CompleteAbort)
    }
}

/// Whether clients may filter by a state of this name. Two of them are never seen: a transactional
/// id that is being removed, and one whose producer is being fenced.
pub fn is_status_name(name: &str) -> bool {
    ["Dead", "PrepareEpochFence"].contains(&name)
        || Status::ALL.into_iter().any(|status| status.name() == name)
}

/// A transactional id as it is stored (kafka-storage 8.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The producer id.
    pub producer_id: i64,
    /// The producer id before the last change, -1 if unknown.
    pub previous_producer_id: i64,
    /// The producer id that takes over when the transaction is complete, -1 for the same.
    pub next_producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// The epoch before, by which a repeated request is recognised; -1 if unknown. Not stored.
    pub last_producer_epoch: i16,
    /// How long a transaction may take.
    pub timeout_ms: i32,
    /// What the newest transaction is at.
    pub status: Status,
    /// Partitions it writes to.
    pub partitions: Arc<BTreeSet<TopicPartition>>,
    /// When it began, -1 if it did not, ms since the epoch.
    pub start_ms: i64,
    /// When this was written, ms since the epoch.
    pub last_update_ms: i64,
    /// The version of the client that wrote.
    pub client_version: TransactionVersion,
}

impl Transaction {
    /// What a transactional id is before its first record.
    pub(crate) fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            previous_producer_id: NO_PRODUCER_ID,
            next_producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            last_producer_epoch: NO_PRODUCER_EPOCH,
            timeout_ms: 0,
            status: Status::Empty,
            partitions: Arc::default(),
            start_ms: NO_START,
            last_update_ms: 0,
            client_version: TransactionVersion::V0,
        }
    }

    /// The producer.
    pub fn producer(&self) -> ProducerIdAndEpoch {
        ProducerIdAndEpoch { id: self.producer_id, epoch: self.producer_epoch }
    }

    /// Whether the next epoch is the last one, which only the coordinator may use
    /// (kafka-semantics 139).
    pub(crate) fn is_epoch_exhausted(&self) -> bool {
        is_exhausted(self.producer_epoch)
    }

    /// Whether a request that names its producer may speak for this id (kafka-semantics 138).
    pub(crate) fn is_valid_producer(&self, expected: ProducerIdAndEpoch) -> bool {
        self.producer_epoch == NO_PRODUCER_EPOCH
            || expected.id == self.producer_id
            || (expected.id == self.previous_producer_id && is_exhausted(expected.epoch))
    }

    /// This, about to change.
    fn changed(&self, now_ms: i64) -> Self {
        Self { previous_producer_id: self.producer_id, last_update_ms: now_ms, ..Self::clone(self) }
    }

    fn initialized(&self, timeout_ms: i32, now_ms: i64) -> Self {
        Self {
            timeout_ms,
            status: Status::Empty,
            partitions: Arc::default(),
            start_ms: NO_START,
            ..self.changed(now_ms)
        }
    }

    /// The producer id with its next epoch, or the same again for a request that was repeated
    /// (kafka-semantics 137, 138).
    pub(crate) fn increment_epoch(
        &self,
        request: &InitProducerId,
        now_ms: i64,
    ) -> Result<Self, Error> {
        if self.is_epoch_exhausted() {
            return Err(Error::EpochExhausted);
        }
        let next = self.initialized(request.resolved_timeout_ms(), now_ms);
        let producer_epoch = self.producer_epoch + 1;
        match request.expected {
            None => Ok(Self { producer_epoch, last_producer_epoch: NO_PRODUCER_EPOCH, ..next }),
            Some(expected)
                if self.producer_epoch == NO_PRODUCER_EPOCH
                    || expected.epoch == self.producer_epoch =>
            {
                Ok(Self { producer_epoch, last_producer_epoch: self.producer_epoch, ..next })
            }
            Some(expected) if expected.epoch == self.last_producer_epoch => Ok(next),
            Some(_) => Err(Error::ProducerFenced),
        }
    }

    /// A new producer id in place of one whose epochs are used up (kafka-semantics 139).
    pub(crate) fn rotate(&self, producer_id: i64, request: &InitProducerId, now_ms: i64) -> Self {
        let last_producer_epoch = match request.expected {
            Some(_) => self.producer_epoch,
            None => NO_PRODUCER_EPOCH,
        };
        Self {
            producer_id,
            producer_epoch: 0,
            last_producer_epoch,
            ..self.initialized(request.resolved_timeout_ms(), now_ms)
        }
    }

    /// Partitions are added.
    pub(crate) fn add(
        &self,
        partitions: BTreeSet<TopicPartition>,
        client_version: TransactionVersion,
        now_ms: i64,
    ) -> Self {
        let mut all = BTreeSet::clone(&self.partitions);
        all.extend(partitions);
        Self {
            status: Status::Ongoing,
            partitions: Arc::new(all),
            start_ms: if self.status.is_idle() { now_ms } else { self.start_ms },
            client_version,
            ..self.changed(now_ms)
        }
    }

    /// The transaction is to be ended. `next_producer_id` is set where the end uses up the epochs.
    pub(crate) fn prepare(
        &self,
        commits: bool,
        client_version: TransactionVersion,
        next_producer_id: Option<i64>,
        now_ms: i64,
    ) -> Self {
        let (producer_epoch, last_producer_epoch) = match client_version.bumps_epoch() {
            // The largest epoch cannot be bumped; an abort leaves it all the same.
            true => (self.producer_epoch.saturating_add(1), self.producer_epoch),
            false => (self.producer_epoch, self.last_producer_epoch),
        };
        Self {
            status: if commits { Status::PrepareCommit } else { Status::PrepareAbort },
            producer_epoch,
            last_producer_epoch,
            next_producer_id: next_producer_id.unwrap_or(NO_PRODUCER_ID),
            // An abort without a transaction gets one that begins now.
            start_ms: if self.status.is_idle() { now_ms } else { self.start_ms },
            client_version,
            ..self.changed(now_ms)
        }
    }

    /// An open transaction is to be aborted in place of its producer, which is fenced.
    pub(crate) fn fence(
        &self,
        version: TransactionVersion,
        next_producer_id: Option<i64>,
        now_ms: i64,
    ) -> Self {
        if version.bumps_epoch() {
            return self.prepare(false, version, next_producer_id, now_ms);
        }
        let bumped = Self {
            producer_epoch: self.producer_epoch.saturating_add(1),
            last_producer_epoch: NO_PRODUCER_EPOCH,
            ..Self::clone(self)
        };
        bumped.prepare(false, TransactionVersion::V0, None, now_ms)
    }

    /// All markers are written.
    pub(crate) fn complete(&self, now_ms: i64) -> Self {
        let rotates = self.client_version.bumps_epoch() && self.next_producer_id != NO_PRODUCER_ID;
        let (producer_id, producer_epoch) = match rotates {
            true => (self.next_producer_id, 0),
            false => (self.producer_id, self.producer_epoch),
        };
        Self {
            producer_id,
            producer_epoch,
            next_producer_id: NO_PRODUCER_ID,
            status: match self.status {
                Status::PrepareCommit => Status::CompleteCommit,
                _ => Status::CompleteAbort,
            },
            partitions: Arc::default(),
            ..self.changed(now_ms)
        }
    }

    /// Whether it has taken longer than it may (kafka-semantics 150).
    pub(crate) fn is_timed_out(&self, now_ms: i64) -> bool {
        self.status == Status::Ongoing
            && self.timeout_ms != NO_TIMEOUT
            && self.start_ms.saturating_add(i64::from(self.timeout_ms)) < now_ms
    }

    /// Whether the transactional id is forgotten (kafka-semantics 151).
    pub(crate) fn is_expired(&self, expiration_ms: i64, now_ms: i64) -> bool {
        self.status.is_idle() && self.last_update_ms <= now_ms.saturating_sub(expiration_ms)
    }
}

fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}
