//! Committed records in order, for whoever builds something from them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use env::Env;
use log::{LogReader, ReadRequest};
use quorum::SnapshotId;
use records::batches;
use tokio::sync::watch;

use crate::control::values;
use crate::error::Error;
use crate::snapshot::{SnapshotContents, SnapshotStore};
use crate::status::Status;

/// About how many bytes are read at once.
const READ_BYTES: u32 = 1 << 20;

/// What happens to the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuorumEvent {
    /// Somebody else leads, or nobody, or this node. If it is this node, everything committed
    /// before was delivered, and so was the beginning of its epoch: the controller may be active.
    /// Changes that came and went while the subscriber was busy are left out.
    LeaderChange {
        /// The epoch.
        epoch: i32,
        /// Its leader.
        leader: Option<i32>,
    },
    /// A batch was committed.
    Commit(CommittedBatch),
    /// Everything known so far is to be replaced by this.
    LoadSnapshot(LoadedSnapshot),
}

/// A batch that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBatch {
    /// Offset of its first record; the others follow without gaps.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Epoch of the leader that wrote it.
    pub epoch: i32,
    /// When that leader appended it, milliseconds since 1970.
    pub append_time_ms: i64,
    /// Its records, framed as metadata records; none in a batch of control records.
    pub records: Vec<Bytes>,
}

/// A snapshot to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSnapshot {
    /// It covers everything below this offset.
    pub id: SnapshotId,
    /// Append time of the last record covered, milliseconds since 1970.
    pub last_contained_log_timestamp: i64,
    /// Its records, framed as metadata records.
    pub records: Vec<Bytes>,
}

/// What subscriptions read from.
pub(crate) struct SubscriptionSource {
    pub(crate) env: Env,
    pub(crate) reader: LogReader,
    pub(crate) snapshots: SnapshotStore,
}

/// One subscriber's place. A slow subscriber holds up nobody: it reads at its own pace.
pub struct Subscription {
    source: Arc<SubscriptionSource>,
    status: watch::Receiver<Status>,
    next_offset: i64,
    /// Epoch and leader that the subscriber knows of.
    announced: (i32, Option<i32>),
    ready: VecDeque<CommittedBatch>,
    /// Whether it has come up with the high watermark once: what it reads from then on is in the
    /// page cache.
    is_current: bool,
}

impl Subscription {
    pub(crate) fn new(source: Arc<SubscriptionSource>, status: watch::Receiver<Status>) -> Self {
        Self {
            source,
            status,
            next_offset: 0,
            announced: (0, None),
            ready: VecDeque::new(),
            is_current: false,
        }
    }

    /// Everything below this offset was delivered.
    pub fn next_offset(&self) -> i64 {
        self.ready.front().map_or(self.next_offset, |batch| batch.base_offset)
    }

    /// Waits for the next event. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the node has stopped; or what was found on the disk is corrupt.
    pub async fn next(&mut self) -> Result<QuorumEvent, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(QuorumEvent::Commit(batch));
            }
            let status = *self.status.borrow_and_update();
            if let Some(event) = self.leader_change(&status) {
                return Ok(event);
            }
            if let Some(id) = self.snapshot_needed(&status) {
                if let Some(event) = self.load(id, &status).await? {
                    return Ok(event);
                }
            } else if self.next_offset < status.high_watermark {
                self.read(status.high_watermark).await?;
            } else {
                self.is_current = true;
                self.status.changed().await.map_err(|_| Error::Stopped)?;
            }
        }
    }

    fn leader_change(&mut self, status: &Status) -> Option<QuorumEvent> {
        let (epoch, leader) = (status.epoch, status.leader);
        let is_ready = !status.is_leader || self.next_offset > status.epoch_start_offset;
        if self.announced == (epoch, leader) || !is_ready {
            return None;
        }
        self.announced = (epoch, leader);
        Some(QuorumEvent::LeaderChange { epoch, leader })
    }

    /// A snapshot is the way for a newcomer, and for one whose next records are gone.
    fn snapshot_needed(&self, status: &Status) -> Option<SnapshotId> {
        let latest = status.latest_snapshot?;
        let is_needed =
            self.next_offset == 0 || self.next_offset < self.source.reader.log_start_offset();
        (is_needed && latest.offset > self.next_offset).then_some(latest)
    }

    async fn load(
        &mut self,
        id: SnapshotId,
        status: &Status,
    ) -> Result<Option<QuorumEvent>, Error> {
        let store = self.source.snapshots.clone();
        let contents = match self.source.env.blocking(move || store.read(id)).await {
            Ok(contents) => contents,
            // A newer one came and this one went.
            Err(_) if self.status.borrow().latest_snapshot != status.latest_snapshot => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let SnapshotContents { last_contained_log_timestamp, records, .. } = contents;
        self.next_offset = id.offset;
        let snapshot = LoadedSnapshot { id, last_contained_log_timestamp, records };
        Ok(Some(QuorumEvent::LoadSnapshot(snapshot)))
    }

    async fn read(&mut self, high_watermark: i64) -> Result<(), Error> {
        let (reader, from) = (self.source.reader.clone(), self.next_offset);
        let read = move || read_batches(&reader, from, high_watermark);
        let batches = if self.is_current { read() } else { self.source.env.blocking(read).await };
        let batches = match batches {
            // The log was started anew from a snapshot meanwhile.
            Err(Error::Log(log::Error::OffsetOutOfRange { log_start_offset, .. }))
                if log_start_offset > from =>
            {
                return Ok(());
            }
            batches => batches?,
        };
        if let Some(last) = batches.last() {
            self.next_offset = last.last_offset + 1;
        }
        self.ready = batches.into();
        Ok(())
    }
}

/// The batches from an offset on that lie below the high watermark, at least one.
fn read_batches(
    reader: &LogReader,
    from: i64,
    high_watermark: i64,
) -> Result<Vec<CommittedBatch>, Error> {
    let request = ReadRequest {
        offset: from,
        bound: high_watermark,
        max_bytes: READ_BYTES,
        at_least_one_batch: true,
    };
    let buffer =
        reader.read(request)?.read_bytes().map_err(|source| Error::ReadLog { from, source })?;
    let mut committed = Vec::new();
    for batch in batches(&buffer) {
        let batch = batch.map_err(|error| Error::corrupt_log(from, error))?;
        let base_offset = batch.base_offset();
        let corrupt = |error: crate::BatchError| Error::corrupt_log(base_offset, error);
        batch.verify_crc().map_err(|error| corrupt(error.into()))?;
        if batch.last_offset() < from {
            continue;
        }
        committed.push(CommittedBatch {
            base_offset,
            last_offset: batch.last_offset(),
            epoch: batch.partition_leader_epoch(),
            append_time_ms: batch.max_timestamp(),
            records: values(&buffer, &batch).map_err(corrupt)?,
        });
    }
    if committed.is_empty() {
        return Err(Error::corrupt_log(from, "the batch there is not complete"));
    }
    Ok(committed)
}
