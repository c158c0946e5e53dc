//! Control batches: transaction markers and the quorum's own records (kafka-storage 3.2).

use bytes::Bytes;

use crate::build::{BatchBuilder, Producer};
use crate::{Error, NO_SEQUENCE, RecordView};

/// What a control record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum ControlType {
    /// The producer's transaction ends here, aborted.
    Abort = 0,
    /// The producer's transaction ends here, committed.
    Commit = 1,
    /// A quorum leader begins its epoch.
    LeaderChange = 2,
    /// First record of a snapshot.
    SnapshotHeader = 3,
    /// Last record of a snapshot.
    SnapshotFooter = 4,
    /// The quorum's feature level.
    KRaftVersion = 5,
    /// The quorum's voters.
    KRaftVoters = 6,
}

const KEY_VERSION: i16 = 0;

impl ControlType {
    const ALL: [Self; 7] = [
        Self::Abort,
        Self::Commit,
        Self::LeaderChange,
        Self::SnapshotHeader,
        Self::SnapshotFooter,
        Self::KRaftVersion,
        Self::KRaftVoters,
    ];

    /// The type in the key of a control record; `None` for types of the future, which readers
    /// ignore.
    ///
    /// # Errors
    /// [`Error::Record`] when `key` is not the key of a control record.
    pub fn of_key(key: &[u8]) -> Result<Option<Self>, Error> {
        let &[version_high, version_low, type_high, type_low, ..] = key else {
            return Err(Error::Record("key of a control record is too short"));
        };
        if i16::from_be_bytes([version_high, version_low]) < KEY_VERSION {
            return Err(Error::Record("invalid version of a control record"));
        }
        let id = i16::from_be_bytes([type_high, type_low]);
        Ok(Self::ALL.into_iter().find(|kind| *kind as i16 == id))
    }

    /// The key of a control record of this type.
    pub fn key(self) -> [u8; 4] {
        let [_, _, type_high, type_low] = (self as i32).to_be_bytes();
        [0, KEY_VERSION as u8, type_high, type_low]
    }
}

/// The end of a transaction in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// Committed, or else aborted.
    pub committed: bool,
    /// Epoch of the transaction coordinator that decided.
    pub coordinator_epoch: i32,
}

const END_TXN_MARKER_VERSION: i16 = 0;

impl EndTxnMarker {
    /// Reads the marker in a control record; `None` when it is a control record of another type.
    ///
    /// # Errors
    /// [`Error::Record`] when key or value are not those of a marker.
    pub fn read(record: &RecordView<'_>) -> Result<Option<Self>, Error> {
        let key = record.key.ok_or(Error::Record("control record without a key"))?;
        let committed = match ControlType::of_key(key)? {
            Some(ControlType::Commit) => true,
            Some(ControlType::Abort) => false,
            _ => return Ok(None),
        };
        let Some(&[version_high, version_low, a, b, c, d, ..]) = record.value else {
            return Err(Error::Record("value of a transaction marker is too short"));
        };
        if i16::from_be_bytes([version_high, version_low]) < END_TXN_MARKER_VERSION {
            return Err(Error::Record("invalid version of a transaction marker"));
        }
        Ok(Some(Self { committed, coordinator_epoch: i32::from_be_bytes([a, b, c, d]) }))
    }

    /// The value of the marker's control record.
    pub fn value(&self) -> [u8; 6] {
        let [a, b, c, d] = self.coordinator_epoch.to_be_bytes();
        [0, END_TXN_MARKER_VERSION as u8, a, b, c, d]
    }

    /// A control batch with this marker for the transaction of a producer.
    pub fn batch(&self, producer_id: i64, producer_epoch: i16, timestamp: i64) -> Bytes {
        let kind = if self.committed { ControlType::Commit } else { ControlType::Abort };
        let producer =
            Producer { id: producer_id, epoch: producer_epoch, base_sequence: NO_SEQUENCE };
        let mut builder = BatchBuilder::new(0).control().transactional().producer(producer);
        builder.push_key_value(timestamp, Some(&kind.key()), Some(&self.value()));
        builder.build()
    }
}
