//! The stored records of group coordinators: the keys and values of `__consumer_offsets`
//! (kafka-storage 8.1).

use wire::stored::group::{
    GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue,
};
use wire::{Bytes, Reader, Str, Uuid, Writer};

use crate::error::JournalError;
use crate::groups::GroupType;
use crate::offsets::CommittedOffset;

/// A record of a group coordinator. No value is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A committed offset.
    Offset {
        /// The group.
        group_id: Str,
        /// The topic's name.
        topic: Str,
        /// The partition.
        partition: i32,
        /// The offset.
        value: Option<CommittedOffset>,
    },
    /// A classic group.
    Group {
        /// The group.
        group_id: Str,
        /// Its members and generation.
        value: Option<Box<GroupMetadataValue>>,
    },
    /// Part of a group of another type, which is kept but not understood.
    Other {
        /// The group.
        group_id: Str,
        /// Its type.
        group_type: GroupType,
        /// The whole key.
        key: Bytes,
        /// The whole value.
        value: Option<Bytes>,
    },
}

/// Record types, the first two bytes of a key.
const LEGACY_OFFSET_COMMIT: i16 = 0;
const OFFSET_COMMIT: i16 = 1;
const GROUP_METADATA: i16 = 2;
/// The subscription of a member of a consumer group, and the like of the other types.
const MEMBER_METADATA: [i16; 3] = [5, 10, 19];

/// Versions of values that are written.
const GROUP_METADATA_VERSION: i16 = 3;
const OFFSET_COMMIT_VERSION: i16 = 4;
/// The one version that has room for an explicit expiry.
const OFFSET_COMMIT_WITH_EXPIRY_VERSION: i16 = 1;

impl Record {
    /// Reads a record. None if its type is not known: newer brokers may have left it.
    pub fn decode(
        key: Option<&Bytes>,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let key = key.ok_or(JournalError::NoKey)?;
        let mut reader = Reader::new(key.clone());
        let record_type = reader.i16()?;
        let record = match record_type {
            LEGACY_OFFSET_COMMIT | OFFSET_COMMIT => {
                let OffsetCommitKey { group, topic, partition } =
                    OffsetCommitKey::decode(&mut reader, 0)?;
                let value = value.map(decode_offset).transpose()?;
                Self::Offset { group_id: group, topic, partition, value }
            }
            GROUP_METADATA => {
                let group_id = GroupMetadataKey::decode(&mut reader, 0)?.group;
                let value = value.map(decode_group).transpose()?.map(Box::new);
                Self::Group { group_id, value }
            }
            _ => match group_type(record_type) {
                // All keys of these types begin with the group id.
                Some(group_type) => Self::Other {
                    group_id: reader.str(false)?,
                    group_type,
                    key: key.clone(),
                    value: value.cloned(),
                },
                None => return Ok(None),
            },
        };
        Ok(Some(record))
    }

    /// Key and value as they are stored.
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), JournalError> {
        let mut key = Writer::contiguous();
        let value = match self {
            Self::Offset { group_id, topic, partition, value } => {
                key.i16(OFFSET_COMMIT);
                let (group, topic) = (group_id.clone(), topic.clone());
                OffsetCommitKey { group, topic, partition: *partition }.encode(&mut key, 0)?;
                value.as_ref().map(encode_offset).transpose()?
            }
            Self::Group { group_id, value } => {
                key.i16(GROUP_METADATA);
                GroupMetadataKey { group: group_id.clone() }.encode(&mut key, 0)?;
                value.as_deref().map(encode_group).transpose()?
            }
            Self::Other { key, value, .. } => return Ok((key.clone(), value.clone())),
        };
        Ok((key.into_bytes(), value))
    }
}

fn decode_offset(value: &Bytes) -> Result<CommittedOffset, JournalError> {
    let mut reader = Reader::new(value.clone());
    let version = reader.i16()?;
    check_version(OFFSET_COMMIT, version, OffsetCommitValue::MAX_VERSION)?;
    let value = OffsetCommitValue::decode(&mut reader, version)?;
    Ok(CommittedOffset {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: value.metadata,
        commit_timestamp_ms: value.commit_timestamp,
        expire_timestamp_ms: (value.expire_timestamp != -1).then_some(value.expire_timestamp),
        topic_id: value.topic_id,
    })
}

fn encode_offset(offset: &CommittedOffset) -> Result<Bytes, JournalError> {
    let version = match offset.expire_timestamp_ms {
        Some(_) => OFFSET_COMMIT_WITH_EXPIRY_VERSION,
        None => OFFSET_COMMIT_VERSION,
    };
    let mut writer = Writer::contiguous();
    writer.i16(version);
    OffsetCommitValue {
        offset: offset.offset,
        leader_epoch: offset.leader_epoch,
        metadata: offset.metadata.clone(),
        commit_timestamp: offset.commit_timestamp_ms,
        expire_timestamp: offset.expire_timestamp_ms.unwrap_or(-1),
        topic_id: if version == OFFSET_COMMIT_VERSION { offset.topic_id } else { Uuid::ZERO },
        ..OffsetCommitValue::default()
    }
    .encode(&mut writer, version)?;
    Ok(writer.into_bytes())
}

fn decode_group(value: &Bytes) -> Result<GroupMetadataValue, JournalError> {
    let mut reader = Reader::new(value.clone());
    let version = reader.i16()?;
    check_version(GROUP_METADATA, version, GroupMetadataValue::MAX_VERSION)?;
    Ok(GroupMetadataValue::decode(&mut reader, version)?)
}

fn encode_group(value: &GroupMetadataValue) -> Result<Bytes, JournalError> {
    let mut writer = Writer::contiguous();
    writer.i16(GROUP_METADATA_VERSION);
    value.encode(&mut writer, GROUP_METADATA_VERSION)?;
    Ok(writer.into_bytes())
}

fn check_version(record_type: i16, version: i16, highest: i16) -> Result<(), JournalError> {
    if (0..=highest).contains(&version) {
        Ok(())
    } else {
        Err(JournalError::UnknownVersion { record_type, version })
    }
}

/// The type of group a record type is part of.
fn group_type(record_type: i16) -> Option<GroupType> {
    match record_type {
        3..=8 | 16 => Some(GroupType::Consumer),
        9..=15 => Some(GroupType::Share),
        17..=23 => Some(GroupType::Streams),
        _ => None,
    }
}

/// Whether the key is that of a record which stands for a member.
pub(crate) fn is_member_key(key: &[u8]) -> bool {
    key.first_chunk().is_some_and(|bytes| MEMBER_METADATA.contains(&i16::from_be_bytes(*bytes)))
}
