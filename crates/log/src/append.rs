//! Appending: as leader one batch, as follower what the leader sent.

use std::sync::Arc;

use bytes::Bytes;
use records::{BatchHeader, BatchView, EndTxnMarker, StampedBatch, batches};

use crate::Error;
use crate::log::Log;
use crate::roll::Incoming;
use crate::segment::Segment;
use crate::txn_index;

/// Where appended batches went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Largest timestamp of the records, ms since the epoch, -1 for none.
    pub max_timestamp: i64,
    /// Bytes appended.
    pub size: usize,
    /// Whether a new segment was begun, so that the old one wants a flush
    /// ([`Log::flush_rolled`]).
    pub rolled: bool,
}

impl Log {
    /// Appends a batch that was stamped with the log end offset and the leader's epoch: writes it
    /// in one go, indexes it, and takes it into leader epochs and producer states. Whether the
    /// producer may append it was decided before ([`replica::ProducerStates::check`]).
    ///
    /// It is visible to readers when this returns, and on the disk after a flush.
    ///
    /// # Errors
    /// [`Error::AppendTooLarge`], [`Error::UnexpectedOffset`] for a batch stamped below the log
    /// end, [`Error::InvalidBatch`] for a transaction marker that is none: nothing happened.
    /// [`Error::NoSpace`]: the batch is not in the log; it may be tried again. [`Error::Io`]: the
    /// log directory is offline, and the batch is not in the log.
    pub fn append(&mut self, batch: &StampedBatch, now_ms: i64) -> Result<AppendInfo, Error> {
        self.home().check_open()?;
        let header = batch.header();
        self.check_continues(&header, self.log_end_offset())?;
        let marker = match header.is_control() {
            false => None,
            true => {
                let bytes = batch.to_bytes();
                BatchView::first(&bytes)?.map(|view| marker_of(&view)).transpose()?.flatten()
            }
        };
        let incoming = Incoming::of(&header);
        let rolled = self.prepare(&incoming, now_ms)?;
        let segment = self.active_segment();
        let position = segment.size();
        self.directory_changed |= position == 0;
        let mut slices = batch.io_slices();
        let written = segment.log().write_vectored_at(&mut slices, position.into());
        Self::undo_without_space(&segment, position, written)?;
        let interval = self.settings.index_interval_bytes;
        self.active.appended(&segment, &header, position, interval)?;
        self.take_in(&segment, &header, marker)?;
        segment.note_recent(header.base_offset(), position);
        self.publish(&segment, &incoming);
        Ok(incoming.info(rolled))
    }

    /// Appends batches as the leader sent them, offsets and epochs as they are. A batch that is
    /// cut off at the end is left out, and so is everything from the first batch on whose epoch is
    /// above `leader_epoch`, the epoch this replica fetched with (kafka-semantics 52). `None` when
    /// nothing is left.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`Error::InvalidBatch`] also for a wrong checksum. When an
    /// error comes after part of the batches was appended, that part stays.
    pub fn append_follower(
        &mut self,
        bytes: &Bytes,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Option<AppendInfo>, Error> {
        self.home().check_open()?;
        let mut expected = self.log_end_offset();
        let mut groups: Vec<Group> = Vec::new();
        for batch in batches(bytes) {
            let batch = batch?;
            if batch.partition_leader_epoch() > leader_epoch {
                break;
            }
            batch.verify_crc()?;
            self.check_continues(&batch, expected)?;
            expected = batch.next_offset();
            let incoming = Incoming::of(&batch);
            let marker = marker_of(&batch)?;
            let segment_bytes = self.settings.segment_bytes;
            let last = groups.last_mut();
            if !last.is_some_and(|group| group.take(&incoming, marker, segment_bytes)) {
                groups.push(Group { incoming, markers: vec![marker] });
            }
        }
        let (mut whole, mut from): (Option<AppendInfo>, usize) = (None, 0);
        for group in groups {
            let end = from + group.incoming.size;
            let info = self.append_group(&bytes[from..end], &group, now_ms)?;
            from = end;
            whole = Some(whole.map_or(info, |whole| whole.followed_by(info)));
        }
        Ok(whole)
    }

    /// Cuts off what a write that found no room left in the file.
    fn undo_without_space(
        segment: &Arc<Segment>,
        position: u32,
        written: Result<(), Error>,
    ) -> Result<(), Error> {
        if matches!(written, Err(Error::NoSpace { .. })) {
            segment.log().set_len(position.into())?;
        }
        written
    }

    fn append_group(
        &mut self,
        bytes: &[u8],
        group: &Group,
        now_ms: i64,
    ) -> Result<AppendInfo, Error> {
        let rolled = self.prepare(&group.incoming, now_ms)?;
        let segment = self.active_segment();
        let mut position = segment.size();
        self.directory_changed |= position == 0;
        let written = segment.log().write_all_at(bytes, position.into());
        Self::undo_without_space(&segment, position, written)?;
        for (batch, marker) in batches(bytes).zip(&group.markers) {
            let batch = batch?;
            let interval = self.settings.index_interval_bytes;
            self.active.appended(&segment, &batch, position, interval)?;
            self.take_in(&segment, &batch, *marker)?;
            segment.note_recent(batch.base_offset(), position);
            position += batch.size() as u32;
        }
        self.publish(&segment, &group.incoming);
        Ok(group.incoming.info(rolled))
    }

    fn check_continues(&self, batch: &BatchHeader<'_>, expected: i64) -> Result<(), Error> {
        let offset = batch.base_offset();
        let in_order = batch.last_offset() >= offset && batch.last_offset() < i64::MAX;
        if offset < expected || !in_order {
            return Err(Error::UnexpectedOffset { offset, expected });
        }
        let (size, segment_bytes) = (batch.size(), self.settings.segment_bytes);
        if size > segment_bytes as usize {
            return Err(Error::AppendTooLarge { size, segment_bytes });
        }
        Ok(())
    }

    /// Makes the active segment one that can take what comes; whether it is a new one.
    fn prepare(&mut self, incoming: &Incoming, now_ms: i64) -> Result<bool, Error> {
        if self.log_end_offset() == self.synced_offset() {
            self.flushed_ms = now_ms;
        }
        self.roll_if_due(incoming, now_ms)
    }

    /// Lets an appended batch change what is known of leader epochs, producers and transactions.
    fn take_in(
        &mut self,
        segment: &Arc<Segment>,
        batch: &BatchHeader<'_>,
        marker: Option<EndTxnMarker>,
    ) -> Result<(), Error> {
        let epoch = batch.partition_leader_epoch();
        self.epochs_changed |= self.epochs.assign(epoch, batch.base_offset());
        match marker {
            None => self.producers.append(batch),
            Some(marker) => {
                let completed = self.producers.complete(batch, marker);
                if let Some(aborted) = completed.and_then(|completed| completed.aborted()) {
                    self.directory_changed |= !segment.has_aborted();
                    txn_index::append(segment, &aborted)?;
                }
            }
        }
        Ok(())
    }

    fn publish(&mut self, segment: &Arc<Segment>, incoming: &Incoming) {
        let next_offset = incoming.last_offset + 1;
        segment.publish(next_offset, segment.size() + incoming.size as u32);
        self.set_log_end_offset(next_offset);
        self.unflushed_bytes += incoming.size as u64;
    }
}

/// Batches that go into one segment in one write.
struct Group {
    incoming: Incoming,
    markers: Vec<Option<EndTxnMarker>>,
}

impl Group {
    /// Adds a batch if a segment can take all of them.
    fn take(&mut self, batch: &Incoming, marker: Option<EndTxnMarker>, segment_bytes: u32) -> bool {
        let size = self.incoming.size + batch.size;
        let span = batch.last_offset - self.incoming.base_offset;
        if size > segment_bytes as usize || span > i64::from(i32::MAX) {
            return false;
        }
        self.incoming.size = size;
        self.incoming.last_offset = batch.last_offset;
        self.incoming.max_timestamp = self.incoming.max_timestamp.max(batch.max_timestamp);
        self.markers.push(marker);
        true
    }
}

impl Incoming {
    fn of(batch: &BatchHeader<'_>) -> Self {
        Self {
            size: batch.size(),
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            max_timestamp: batch.max_timestamp(),
        }
    }

    fn info(&self, rolled: bool) -> AppendInfo {
        AppendInfo {
            base_offset: self.base_offset,
            last_offset: self.last_offset,
            max_timestamp: self.max_timestamp,
            size: self.size,
            rolled,
        }
    }
}

impl AppendInfo {
    fn followed_by(self, next: Self) -> Self {
        Self {
            base_offset: self.base_offset,
            last_offset: next.last_offset,
            max_timestamp: self.max_timestamp.max(next.max_timestamp),
            size: self.size + next.size,
            rolled: self.rolled || next.rolled,
        }
    }
}

/// The transaction marker in a batch, if that is what it holds.
pub(crate) fn marker_of(batch: &BatchView<'_>) -> Result<Option<EndTxnMarker>, records::Error> {
    /// Control records are a few hundred bytes; those of the quorum name all voters.
    const CONTROL_RECORD_MAX: usize = 1 << 20;
    if !batch.is_control() || !batch.has_producer_id() {
        return Ok(None);
    }
    let records = batch.records(CONTROL_RECORD_MAX)?;
    match records.iter().next().transpose()? {
        Some(record) => EndTxnMarker::read(&record),
        // Compaction may have emptied the batch.
        None => Ok(None),
    }
}
