//! Looking up offsets by time or by name (kafka-semantics 79, 80).

use log::{LogReader, TimestampOffset};

use crate::error::ReadError;
use crate::partition::Partition;
use crate::waiters::Visibility;

/// Which offset is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The end of what the reader may see.
    Latest,
    /// The log start offset.
    Earliest,
    /// The record with the largest timestamp.
    MaxTimestamp,
    /// The first offset on local disk.
    EarliestLocal,
    /// The last offset in remote storage.
    LatestTiered,
    /// The first offset that is not in remote storage yet.
    EarliestPendingUpload,
    /// The first record at or after this time, in ms since the epoch.
    Timestamp(i64),
}

/// A look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListAsk {
    /// Which offset.
    pub spec: OffsetSpec,
    /// How far the asker may see.
    pub visibility: Visibility,
    /// The leader epoch the asker knows.
    pub current_leader_epoch: Option<i32>,
    /// Whether only the leader may answer.
    pub leader_only: bool,
}

/// A named offset has no time.
const NO_TIMESTAMP: i64 = -1;

impl Partition {
    /// The offset asked for; `None` when there is none.
    ///
    /// What a reader of this visibility could not fetch is not told to it.
    pub fn list_offset(&self, ask: &ListAsk) -> Result<Option<TimestampOffset>, ReadError> {
        let leader_epoch = self.admit_query(ask.current_leader_epoch, ask.leader_only)?;
        let bound = match ask.visibility {
            Visibility::LogEnd => self.log_end_offset(),
            Visibility::HighWatermark => self.high_watermark(),
            Visibility::LastStable => self.last_stable_offset(),
        };
        let is_of_the_end = !matches!(ask.spec, OffsetSpec::Earliest | OffsetSpec::EarliestLocal);
        if is_of_the_end && ask.visibility != Visibility::LogEnd {
            self.lock().replica.admit_list_offsets()?;
        }
        let named = |offset, leader_epoch| {
            Some(TimestampOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch })
        };
        let found = match ask.spec {
            OffsetSpec::Latest => return Ok(named(bound, leader_epoch)),
            OffsetSpec::Earliest | OffsetSpec::EarliestLocal => {
                return Ok(named(self.log_start_offset(), self.epoch_of_log_start()));
            }
            // Nothing is in remote storage.
            OffsetSpec::LatestTiered | OffsetSpec::EarliestPendingUpload => None,
            OffsetSpec::MaxTimestamp => self.with_reader(LogReader::offset_of_max_timestamp)?,
            OffsetSpec::Timestamp(timestamp) => {
                self.with_reader(|reader| reader.offset_for_timestamp(timestamp))?
            }
        };
        Ok(found.filter(|found| found.offset < bound))
    }

    /// The epoch of the first record, -1 when the log knows none.
    fn epoch_of_log_start(&self) -> i32 {
        let state = self.lock();
        let earliest = state.log.leader_epochs().earliest();
        earliest
            .filter(|entry| entry.start_offset <= state.log.log_start_offset())
            .map_or(-1, |entry| entry.epoch)
    }
}
