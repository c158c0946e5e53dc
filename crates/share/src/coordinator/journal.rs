//! The stored records of the share coordinator: the keys and values of `__share_group_state`
//! (kafka-storage 8.3).

use wire::stored::share::{
    ShareSnapshotKey, ShareSnapshotValue, ShareUpdateKey, ShareUpdateValue, share_snapshot_value,
    share_update_value,
};
use wire::{Bytes, Reader, Writer};

use super::error::JournalError;
use crate::batch::StateBatch;
use crate::key::ShareKey;

/// A record about a share partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The share partition.
    pub key: ShareKey,
    /// What is said of it.
    pub stored: Stored,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// Everything, whatever was said before.
    Snapshot(Box<Snapshot>),
    /// What changed.
    Update(Update),
    /// There is no state any more.
    Tombstone,
}

/// The whole state of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Grows with every snapshot.
    pub snapshot_epoch: i32,
    /// How often the state began.
    pub state_epoch: i32,
    /// The epoch of the leader that wrote last.
    pub leader_epoch: i32,
    /// Everything below is done.
    pub start_offset: i64,
    /// Records from there on whose delivery is complete; -1 if unknown.
    pub delivery_complete_count: i32,
    /// When the state was written last by its leader, ms.
    pub create_timestamp_ms: i64,
    /// When the snapshot was written, ms.
    pub write_timestamp_ms: i64,
    /// What is known of offsets.
    pub batches: Vec<StateBatch>,
}

/// What changed since the records before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// That of the snapshot before.
    pub snapshot_epoch: i32,
    /// The epoch of the leader that wrote; -1 leaves it as it is.
    pub leader_epoch: i32,
    /// Everything below is done; -1 leaves it as it is.
    pub start_offset: i64,
    /// Records from there on whose delivery is complete; -1 if unknown.
    pub delivery_complete_count: i32,
    /// What is known of offsets now.
    pub batches: Vec<StateBatch>,
}

/// Record types, the first two bytes of a key.
const SNAPSHOT: i16 = 0;
const UPDATE: i16 = 1;
/// The version of values that is written.
const VALUE_VERSION: i16 = 0;

impl Record {
    /// Reads a record. None if its type or the version of its value is not known: newer brokers may
    /// have left it.
    pub fn decode(
        key: Option<&Bytes>,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let mut reader = Reader::new(key.ok_or(JournalError::NoKey)?.clone());
        let record_type = reader.i16()?;
        let key = match record_type {
            // The key of an update has the same fields.
            SNAPSHOT | UPDATE => ShareSnapshotKey::decode(&mut reader, 0)?,
            _ => return Ok(None),
        };
        let ShareSnapshotKey { group_id, topic_id, partition } = key;
        let key = ShareKey { group_id: group_id.detach(), topic_id, partition };
        let Some(value) = value else {
            let tombstone = Self { key, stored: Stored::Tombstone };
            return Ok((record_type == SNAPSHOT).then_some(tombstone));
        };
        let mut reader = Reader::new(value.clone());
        let version = reader.i16()?;
        if !(0..=VALUE_VERSION).contains(&version) {
            return Ok(None);
        }
        let stored = match record_type {
            SNAPSHOT => {
                let value = ShareSnapshotValue::decode(&mut reader, version)?;
                Stored::Snapshot(Box::new(value.into()))
            }
            _ => Stored::Update(ShareUpdateValue::decode(&mut reader, version)?.into()),
        };
        Ok(Some(Self { key, stored }))
    }

    /// Key and value as they are stored.
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), JournalError> {
        let ShareKey { group_id, topic_id, partition } = self.key.clone();
        let mut key = Writer::contiguous();
        let mut value = Writer::contiguous();
        value.i16(VALUE_VERSION);
        match &self.stored {
            Stored::Update(update) => {
                key.i16(UPDATE);
                ShareUpdateKey { group_id, topic_id, partition }.encode(&mut key, 0)?;
                ShareUpdateValue::from(update).encode(&mut value, VALUE_VERSION)?;
            }
            Stored::Snapshot(snapshot) => {
                key.i16(SNAPSHOT);
                ShareSnapshotKey { group_id, topic_id, partition }.encode(&mut key, 0)?;
                ShareSnapshotValue::from(&**snapshot).encode(&mut value, VALUE_VERSION)?;
            }
            Stored::Tombstone => {
                key.i16(SNAPSHOT);
                ShareSnapshotKey { group_id, topic_id, partition }.encode(&mut key, 0)?;
                return Ok((key.into_bytes(), None));
            }
        }
        Ok((key.into_bytes(), Some(value.into_bytes())))
    }
}

impl From<ShareSnapshotValue> for Snapshot {
    fn from(value: ShareSnapshotValue) -> Self {
        let batches = value.state_batches.into_iter();
        Self {
            snapshot_epoch: value.snapshot_epoch,
            state_epoch: value.state_epoch,
            leader_epoch: value.leader_epoch,
            start_offset: value.start_offset,
            delivery_complete_count: value.delivery_complete_count,
            create_timestamp_ms: value.create_timestamp,
            write_timestamp_ms: value.write_timestamp,
            batches: batches
                .map(|batch| StateBatch {
                    first_offset: batch.first_offset,
                    last_offset: batch.last_offset,
                    delivery_state: batch.delivery_state,
                    delivery_count: batch.delivery_count,
                })
                .collect(),
        }
    }
}

impl From<&Snapshot> for ShareSnapshotValue {
    fn from(snapshot: &Snapshot) -> Self {
        let batches = snapshot.batches.iter();
        Self {
            snapshot_epoch: snapshot.snapshot_epoch,
            state_epoch: snapshot.state_epoch,
            leader_epoch: snapshot.leader_epoch,
            start_offset: snapshot.start_offset,
            delivery_complete_count: snapshot.delivery_complete_count,
            create_timestamp: snapshot.create_timestamp_ms,
            write_timestamp: snapshot.write_timestamp_ms,
            state_batches: batches
                .map(|batch| share_snapshot_value::StateBatch {
                    first_offset: batch.first_offset,
                    last_offset: batch.last_offset,
                    delivery_state: batch.delivery_state,
                    delivery_count: batch.delivery_count,
                    ..share_snapshot_value::StateBatch::default()
                })
                .collect(),
            ..Self::default()
        }
    }
}

impl From<ShareUpdateValue> for Update {
    fn from(value: ShareUpdateValue) -> Self {
        let batches = value.state_batches.into_iter();
        Self {
            snapshot_epoch: value.snapshot_epoch,
            leader_epoch: value.leader_epoch,
            start_offset: value.start_offset,
            delivery_complete_count: value.delivery_complete_count,
            batches: batches
                .map(|batch| StateBatch {
                    first_offset: batch.first_offset,
                    last_offset: batch.last_offset,
                    delivery_state: batch.delivery_state,
                    delivery_count: batch.delivery_count,
                })
                .collect(),
        }
    }
}

impl From<&Update> for ShareUpdateValue {
    fn from(update: &Update) -> Self {
        let batches = update.batches.iter();
        Self {
            snapshot_epoch: update.snapshot_epoch,
            leader_epoch: update.leader_epoch,
            start_offset: update.start_offset,
            delivery_complete_count: update.delivery_complete_count,
            state_batches: batches
                .map(|batch| share_update_value::StateBatch {
                    first_offset: batch.first_offset,
                    last_offset: batch.last_offset,
                    delivery_state: batch.delivery_state,
                    delivery_count: batch.delivery_count,
                    ..share_update_value::StateBatch::default()
                })
                .collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::{Str, Uuid};

    use super::*;

    fn batch(first_offset: i64, last_offset: i64) -> StateBatch {
        StateBatch { first_offset, last_offset, delivery_state: 2, delivery_count: 1 }
    }

    /// kafka-storage 8.3: both kinds of records, and the end.
    #[test]
    fn records_are_read_as_they_are_written() {
        let key = ShareKey { group_id: Str::from("g"), topic_id: Uuid::ZERO, partition: 3 };
        let snapshot = Snapshot {
            snapshot_epoch: 1,
            state_epoch: 2,
            leader_epoch: 3,
            start_offset: 4,
            delivery_complete_count: 5,
            create_timestamp_ms: 6,
            write_timestamp_ms: 7,
            batches: vec![batch(4, 8)],
        };
        let update = Update {
            snapshot_epoch: 1,
            leader_epoch: 3,
            start_offset: 9,
            delivery_complete_count: -1,
            batches: vec![batch(9, 9), batch(11, 12)],
        };
        for stored in
            [Stored::Snapshot(Box::new(snapshot)), Stored::Update(update), Stored::Tombstone]
        {
            let record = Record { key: key.clone(), stored };
            let (key, value) = record.encode().expect("encoded");
            assert_eq!(Record::decode(Some(&key), value.as_ref()), Ok(Some(record)));
        }
    }

    #[test]
    fn tells_what_is_no_record() {
        let bytes = Bytes::from_static;
        assert_eq!(Record::decode(None, None), Err(JournalError::NoKey));
        assert_eq!(Record::decode(Some(&bytes(b"\0\x09")), None), Ok(None));
        let malformed = Record::decode(Some(&bytes(b"\0\0\0\x05x")), None);
        assert!(matches!(malformed, Err(JournalError::Malformed(_))));
        let mut key = b"\0\0\0\x01g".to_vec();
        key.extend([0; 20]);
        let key = Bytes::from(key);
        assert_eq!(Record::decode(Some(&key), Some(&bytes(b"\0\x01"))), Ok(None), "of the future");
        let short = Record::decode(Some(&key), Some(&bytes(b"\0\0\0")));
        assert!(matches!(short, Err(JournalError::Malformed(_))));
    }
}
