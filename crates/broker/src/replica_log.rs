//! A partition replica as the log of a coordinator's shard.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coordination::{LogError, ShardLog, Wait};
use env::Env;
use records::{StampedBatch, ValidBatch};
use replica::{ProducerError, Refusal, TransactionEnd, Verified};
use replication::{
    AppendError, Appended, Awaited, LookupError, Partition, ReadAsk, ReadError, Visibility,
};

/// A replica that this broker leads in one leader epoch.
#[derive(Debug)]
pub(crate) struct ReplicaLog {
    env: Env,
    partition: Arc<Partition>,
    leader_epoch: i32,
}

/// How long to wait for the high watermark before looking whether this broker still leads. A change
/// of leadership wakes the waiter anyway.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

impl ReplicaLog {
    pub(crate) fn new(env: Env, partition: Arc<Partition>, leader_epoch: i32) -> Self {
        Self { env, partition, leader_epoch }
    }
}

impl ShardLog for ReplicaLog {
    fn log_start_offset(&self) -> i64 {
        self.partition.log_start_offset()
    }

    fn log_end_offset(&self) -> i64 {
        self.partition.log_end_offset()
    }

    fn high_watermark(&self) -> i64 {
        self.partition.high_watermark()
    }

    fn max_batch_bytes(&self) -> usize {
        self.partition.settings().produce.max_message_bytes
    }

    fn append(&self, leader_epoch: i32, batch: Bytes, verified: Verified) -> Result<i64, LogError> {
        let invalid = || LogError::Invalid("not a batch".to_owned());
        let batch = StampedBatch::new(&batch).ok().flatten().ok_or_else(invalid)?;
        let batch = ValidBatch { batch, log_append_time: -1 };
        let now_ms = self.env.clock().wall_ms();
        let appended = self.partition.append_coordinated(batch, leader_epoch, verified, now_ms);
        appended.map(|appended| appended.base_offset).map_err(|error| append_error(&error))
    }

    fn append_end(&self, leader_epoch: i32, end: &TransactionEnd) -> Result<i64, LogError> {
        let now_ms = self.env.clock().wall_ms();
        let appended = self.partition.append_transaction_end(end, Some(leader_epoch), now_ms);
        appended.map(|appended| appended.base_offset).map_err(|error| append_error(&error))
    }

    fn committed(&self, offset: i64) -> Wait<Result<i64, LogError>> {
        let (env, partition) = (self.env.clone(), Arc::clone(&self.partition));
        let wanted = Appended {
            base_offset: offset - 1,
            last_offset: offset - 1,
            log_append_time_ms: -1,
            log_start_offset: 0,
            leader_epoch: self.leader_epoch,
            awaits: Awaited { replicas: true, disk: false },
        };
        Box::pin(async move {
            loop {
                let until = env.now() + LOOK_AGAIN_AFTER;
                match partition.acknowledged(&env, &wanted, until).await {
                    // Too few replicas have it now, but all that were in sync had.
                    Ok(()) | Err(AppendError::NotEnoughReplicasAfterAppend) => {
                        return Ok(partition.high_watermark());
                    }
                    Err(AppendError::TimedOut) => {}
                    Err(error) => return Err(append_error(&error)),
                }
            }
        })
    }

    fn read(&self, offset: i64, max_bytes: usize) -> Wait<Result<Bytes, LogError>> {
        let (partition, leader_epoch) = (Arc::clone(&self.partition), self.leader_epoch);
        let work = move || read(&partition, leader_epoch, offset, max_bytes);
        Box::pin(self.env.blocking(work))
    }
}

fn read(
    partition: &Partition,
    leader_epoch: i32,
    offset: i64,
    max_bytes: usize,
) -> Result<Bytes, LogError> {
    let ask = ReadAsk {
        offset,
        max_bytes: u32::try_from(max_bytes).unwrap_or(u32::MAX),
        at_least_one_batch: true,
        visibility: Visibility::LogEnd,
        current_leader_epoch: Some(leader_epoch),
        last_fetched_epoch: None,
        follower: None,
    };
    let outcome = partition.read(&ask).map_err(|error| read_error(&error))?;
    let Some(range) = outcome.range else { return Ok(Bytes::new()) };
    let mut buffer = vec![0; range.len as usize];
    let filled = range.source.read_range(range.offset, &mut buffer);
    filled.map_err(|error| LogError::Storage(error.to_string()))?;
    Ok(buffer.into())
}

fn append_error(error: &AppendError) -> LogError {
    match error {
        AppendError::Lookup(error) => lookup_error(error),
        AppendError::Refused(refusal) => refused(*refusal),
        AppendError::Fenced { .. } => LogError::NotLeader,
        AppendError::NotEnoughReplicasAfterAppend => LogError::NotEnoughReplicas,
        AppendError::TimedOut => LogError::TimedOut,
        AppendError::Producer(error) => producer_error(error),
        AppendError::Log(error) => log_error(error),
    }
}

fn producer_error(error: &ProducerError) -> LogError {
    match error {
        ProducerError::InvalidEpoch { .. } => LogError::InvalidProducerEpoch,
        ProducerError::CoordinatorFenced { .. } => LogError::TransactionCoordinatorFenced,
        ProducerError::NotInTransaction { .. } | ProducerError::NotTransactional { .. } => {
            LogError::InvalidTxnState
        }
        ProducerError::OutOfOrderSequence { .. } => LogError::Invalid(error.to_string()),
    }
}

fn read_error(error: &ReadError) -> LogError {
    match error {
        ReadError::Lookup(error) => lookup_error(error),
        ReadError::Refused(refusal) => refused(*refusal),
        ReadError::Log(error) => log_error(error),
    }
}

fn lookup_error(error: &LookupError) -> LogError {
    match error {
        LookupError::UnknownTopicOrPartition => LogError::UnknownPartition,
        LookupError::NotLeaderOrFollower => LogError::NotLeader,
        LookupError::Offline => LogError::Storage(error.to_string()),
    }
}

fn refused(refusal: Refusal) -> LogError {
    match refusal {
        Refusal::NotLeaderOrFollower | Refusal::FencedLeaderEpoch | Refusal::UnknownLeaderEpoch => {
            LogError::NotLeader
        }
        Refusal::NotEnoughReplicas { .. } => LogError::NotEnoughReplicas,
        Refusal::OffsetOutOfRange | Refusal::OffsetNotAvailable => {
            LogError::Invalid(refusal.to_string())
        }
    }
}

fn log_error(error: &log::Error) -> LogError {
    match error {
        log::Error::AppendTooLarge { .. } => LogError::TooLarge,
        log::Error::Closed { .. } => LogError::NotLeader,
        log::Error::Io { .. }
        | log::Error::LowSpace { .. }
        | log::Error::NoSpace { .. }
        | log::Error::Offline { .. }
        | log::Error::Malformed { .. }
        | log::Error::Locked(_)
        | log::Error::Identity { .. }
        | log::Error::NoIdentity { .. }
        | log::Error::Exists { .. } => LogError::Storage(error.to_string()),
        log::Error::OffsetOutOfRange { .. }
        | log::Error::Corrupt { .. }
        | log::Error::InvalidBatch(_)
        | log::Error::UnexpectedOffset { .. } => LogError::Invalid(error.to_string()),
    }
}
