//! The metadata log on the disk: a [`Log`] with one writer and no retention of its own.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use env::Env;
use log::{FlushJob, Log, LogDir, LogDirs, LogReader, LogSettings, ReadRequest, TopicPartition};
use quorum::{ControlRecord, EpochStart};
use records::{StampedBatch, batches};
use wire::Records;

use crate::control::summarize;
use crate::door::{METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID};
use crate::error::Error;
use crate::settings::Settings;

/// About how many bytes are read at once.
const READ_BYTES: u32 = 1 << 20;

/// The log, for the driver's task.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    env: Env,
    log: Log,
}

/// What a walk through the log finds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// First offset of each epoch.
    pub(crate) epochs: Vec<EpochStart>,
    /// The control records that concern the quorum.
    pub(crate) control: Vec<(i64, ControlRecord)>,
    /// Bytes of the batches at and above the offset asked for.
    pub(crate) bytes_from: u64,
}

impl MetadataLog {
    /// Opens or makes the log, and checks all of it. Waits for the disk.
    pub(crate) fn open(
        env: &Env,
        dirs: &LogDirs,
        dir: &LogDir,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let log_settings = LogSettings {
            segment_bytes: settings.segment_bytes,
            segment_ms: settings.segment_ms,
            ..LogSettings::default()
        };
        let topic_partition = TopicPartition::new(METADATA_TOPIC, METADATA_PARTITION);
        let mut log = dirs.open_log(dir, &topic_partition, Arc::new(log_settings))?;
        if log.topic_id().is_none() {
            log.assign_topic_id(METADATA_TOPIC_ID)?;
        }
        Ok(Self { env: env.clone(), log })
    }

    fn now_ms(&self) -> i64 {
        self.env.clock().wall_ms()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.log.path()
    }

    pub(crate) fn start_offset(&self) -> i64 {
        self.log.log_start_offset()
    }

    pub(crate) fn end_offset(&self) -> i64 {
        self.log.log_end_offset()
    }

    pub(crate) fn size(&self) -> u64 {
        self.log.size()
    }

    pub(crate) fn reader(&self) -> LogReader {
        self.log.reader()
    }

    /// Walks through the whole log.
    pub(crate) fn scan(&self, bytes_from: i64) -> Result<Scan, Error> {
        let (reader, mut offset, end) = (self.reader(), self.start_offset(), self.end_offset());
        let mut scan = Scan::default();
        while offset < end {
            let request =
                ReadRequest { offset, bound: end, max_bytes: READ_BYTES, at_least_one_batch: true };
            let read = reader.read(request)?;
            let buffer =
                read.read_bytes().map_err(|source| Error::ReadLog { from: offset, source })?;
            let before = offset;
            for batch in batches(&buffer) {
                let batch = batch.map_err(|error| Error::corrupt_log(offset, error))?;
                let summary =
                    summarize(&batch).map_err(|error| Error::corrupt_log(offset, error))?;
                if scan.epochs.last().is_none_or(|last| last.epoch < summary.epoch) {
                    let start_offset = summary.base_offset.max(self.start_offset());
                    scan.epochs.push(EpochStart { epoch: summary.epoch, start_offset });
                }
                scan.control.extend(summary.control);
                if summary.base_offset >= bytes_from {
                    scan.bytes_from += batch.size() as u64;
                }
                offset = summary.last_offset + 1;
            }
            if offset == before {
                return Err(Error::corrupt_log(offset, "there is no batch"));
            }
        }
        Ok(scan)
    }

    /// The batches from `offset` on as a range of a file, for a follower that asks for about
    /// `max_bytes`.
    pub(crate) fn read(&self, offset: i64, max_bytes: u32) -> Result<Records, Error> {
        let bound = self.end_offset();
        let request = ReadRequest { offset, bound, max_bytes, at_least_one_batch: true };
        let range = self.reader().read(request)?.range;
        Ok(range.map(Records::from).unwrap_or_default())
    }

    /// Appends one batch that was built for the end of the log.
    pub(crate) fn append(&mut self, batch: &Bytes) -> Result<(), Error> {
        let end_offset = self.end_offset();
        let corrupt = |reason: String| Error::corrupt_log(end_offset, reason);
        let stamped = StampedBatch::new(batch)
            .map_err(|error| corrupt(error.to_string()))?
            .ok_or_else(|| corrupt("the batch is not complete".to_owned()))?;
        assert_eq!(
            stamped.header().base_offset(),
            end_offset,
            "the machine and the metadata log disagree about its end"
        );
        self.log.append(&stamped, self.now_ms())?;
        Ok(())
    }

    /// Appends what the leader of `leader_epoch` sent.
    pub(crate) fn append_fetched(&mut self, bytes: &Bytes, leader_epoch: i32) -> Result<(), Error> {
        self.log.append_follower(bytes, leader_epoch, self.now_ms())?;
        Ok(())
    }

    /// What brings the log onto the disk; `None` if it is there.
    pub(crate) fn flush(&mut self) -> Option<FlushJob> {
        let now_ms = self.now_ms();
        self.log.flush(now_ms)
    }

    /// The flush found no room on the disk.
    pub(crate) fn flush_postponed(&mut self, job: FlushJob) {
        self.log.flush_postponed(job);
    }

    pub(crate) fn flushed(&mut self, job: &FlushJob) {
        self.log.flushed(job);
    }

    pub(crate) fn truncate(&mut self, end_offset: i64) -> Result<(), Error> {
        self.log.truncate_to(end_offset, self.now_ms())?;
        Ok(())
    }

    /// Starts anew, empty, where a snapshot ends.
    pub(crate) fn restart_at(&mut self, offset: i64) -> Result<(), Error> {
        self.log.truncate_fully_and_start_at(offset, self.now_ms())?;
        Ok(())
    }

    /// Gives up what lies below `offset`, which a snapshot covers.
    pub(crate) fn advance_start(&mut self, offset: i64) -> Result<(), Error> {
        self.log.advance_log_start_offset(offset)?;
        Ok(())
    }

    /// Ends the log's use.
    pub(crate) fn close(mut self) -> Result<(), Error> {
        let now_ms = self.now_ms();
        self.log.close(now_ms)?;
        Ok(())
    }
}
