//! The stored records of group coordinators: the keys and values of `__consumer_offsets`
//! (kafka-storage 8.1).

use wire::stored::group::{
    GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue,
};
use wire::{Bytes, EncodeError, Reader, Str, Writer};

use crate::error::JournalError;
use crate::groups::GroupType;
use crate::offsets::CommittedOffset;
use crate::part::Part;

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
    /// Part of a group that is kept as many records.
    Part {
        /// The group.
        group_id: Str,
        /// The record.
        part: Part,
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
                Some(group_type) => {
                    let group_id = reader.str(false)?;
                    match Part::decode(record_type, &mut reader, value)? {
                        Some(part) => Self::Part { group_id, part },
                        None => {
                            let (key, value) = (key.clone(), value.cloned());
                            Self::Other { group_id, group_type, key, value }
                        }
                    }
                }
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
            Self::Part { group_id, part } => {
                key.i16(part.record_type());
                key.str(group_id, false)?;
                part.encode(&mut key)?
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
        topic_id: offset.topic_id,
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

/// The version that a value begins with, and the rest of it.
pub(crate) fn value_reader(value: &Bytes) -> Result<(i16, Reader), JournalError> {
    let mut reader = Reader::new(value.clone());
    let version = reader.i16()?;
    Ok((version, reader))
}

/// A value that begins with its version.
pub(crate) fn encoded(
    version: i16,
    encode: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Bytes, JournalError> {
    let mut writer = Writer::contiguous();
    writer.i16(version);
    encode(&mut writer)?;
    Ok(writer.into_bytes())
}

/// Whether a value of a record has a version that is known.
pub(crate) fn check_version(
    record_type: i16,
    version: i16,
    highest: i16,
) -> Result<(), JournalError> {
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
        10..=15 => Some(GroupType::Share),
        17..=23 => Some(GroupType::Streams),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::Uuid;

    use super::*;

    fn hex(text: &str) -> Bytes {
        let digits: Vec<u8> = text
            .bytes()
            .filter_map(|digit| char::from(digit).to_digit(16))
            .map(|d| d as u8)
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn decode(key: &str, value: &str) -> Result<Option<Record>, JournalError> {
        let value = hex(value);
        Record::decode(Some(&hex(key)), (!value.is_empty()).then_some(&value))
    }

    /// kafka-storage 8.1: values of every version, under both key types.
    #[test]
    fn reads_offsets_of_every_version() {
        let expected = |leader_epoch, expire_timestamp_ms, topic_id| CommittedOffset {
            offset: 42,
            leader_epoch,
            metadata: Str::from("m"),
            commit_timestamp_ms: 7,
            expire_timestamp_ms,
            topic_id,
        };
        let (offset, time) = ("000000000000002a", "0000000000000007");
        let id = "000102030405060708090a0b0c0d0e0f";
        let topic_id = Uuid([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        for (value, expected) in [
            (format!("0000 {offset} 0001 6d {time}"), expected(-1, None, Uuid::ZERO)),
            (
                format!("0001 {offset} 0001 6d {time} 0000000000000009"),
                expected(-1, Some(9), Uuid::ZERO),
            ),
            (
                format!("0001 {offset} 0001 6d {time} ffffffffffffffff"),
                expected(-1, None, Uuid::ZERO),
            ),
            (format!("0002 {offset} 0001 6d {time}"), expected(-1, None, Uuid::ZERO)),
            (format!("0003 {offset} 00000005 0001 6d {time}"), expected(5, None, Uuid::ZERO)),
            (format!("0004 {offset} 00000005 02 6d {time} 00"), expected(5, None, Uuid::ZERO)),
            (
                format!("0004 {offset} 00000005 02 6d {time} 01 00 10 {id}"),
                expected(5, None, topic_id),
            ),
        ] {
            for record_type in ["0000", "0001"] {
                let record = decode(&format!("{record_type} 0001 67 0001 74 00000003"), &value);
                let Ok(Some(Record::Offset { group_id, topic, partition: 3, value: Some(read) })) =
                    record
                else {
                    panic!("{value}: {record:?}")
                };
                assert_eq!((group_id.as_str(), topic.as_str(), read), ("g", "t", expected.clone()));
            }
        }
    }

    /// The bytes are those that Apache Kafka 4.3.1 wrote for the same commits.
    #[test]
    fn writes_offsets_as_kafka_does() {
        let mut value = CommittedOffset {
            offset: 5,
            leader_epoch: -1,
            metadata: Str::new(),
            commit_timestamp_ms: 0x01a1_fd91_80ff,
            expire_timestamp_ms: None,
            topic_id: Uuid([0x95; 16]),
        };
        let record = |value: &CommittedOffset| Record::Offset {
            group_id: Str::from("g"),
            topic: Str::from("t"),
            partition: 0,
            value: Some(value.clone()),
        };
        let (key, encoded) = record(&value).encode().expect("encoded");
        assert_eq!(key, hex("0001 0001 67 0001 74 00000000"));
        let id = "95959595959595959595959595959595";
        let expected = format!("0004 0000000000000005 ffffffff 01 000001a1fd9180ff 01 00 10 {id}");
        assert_eq!(encoded, Some(hex(&expected)));
        value.topic_id = Uuid::ZERO;
        value.expire_timestamp_ms = Some(9);
        let (_, encoded) = record(&value).encode().expect("encoded");
        let expected = "0001 0000000000000005 0000 000001a1fd9180ff 0000000000000009";
        assert_eq!(encoded, Some(hex(expected)));
    }

    /// kafka-storage 8.1: what a group was created with, as Apache Kafka 4.3.1 wrote it.
    #[test]
    fn writes_groups_as_kafka_does() {
        let stored = "0003 0000 00000000 ffff ffff 000001a1fd917fd7 00000000";
        let record = decode("0002 0002 6e70", stored).expect("a record").expect("of a known type");
        let Record::Group { group_id, value: Some(value) } = &record else { panic!("{record:?}") };
        assert_eq!((group_id.as_str(), value.generation, value.members.len()), ("np", 0, 0));
        let encoded = record.encode().expect("encoded");
        assert_eq!(encoded, (hex("0002 0002 6e70"), Some(hex(stored))));
    }

    #[test]
    fn reads_groups_of_every_version() {
        let head = "0001 63 00000002 0001 72 0001 6d";
        let member = "0001 6d 0001 69 0001 68";
        let tail = "00000005 00000001 78 00000001 79";
        let time = "0000000000000007";
        let flexible = "02 63 00000002 02 72 02 6d";
        for (value, times) in [
            (format!("0000 {head} 00000001 {member} {tail}"), (-1, -1)),
            (format!("0001 {head} 00000001 {member} 00000006 {tail}"), (-1, 6)),
            (format!("0002 {head} {time} 00000001 {member} 00000006 {tail}"), (7, 6)),
            (
                format!("0003 {head} {time} 00000001 0001 6d ffff 0001 69 0001 68 00000006 {tail}"),
                (7, 6),
            ),
            (
                format!(
                    "0004 {flexible} {time} 02 02 6d 00 02 69 02 68 00000006 00000005 02 78 02 79 00 00"
                ),
                (7, 6),
            ),
        ] {
            let record = decode("0002 0001 67", &value).expect(&value);
            let Some(Record::Group { value: Some(group), .. }) = record else { panic!("{value}") };
            let member = &group.members[0];
            assert_eq!((group.current_state_timestamp, member.rebalance_timeout), times, "{value}");
            assert_eq!((group.generation, member.session_timeout), (2, 5), "{value}");
            assert_eq!((&member.subscription[..], &member.assignment[..]), (&b"x"[..], &b"y"[..]));
        }
    }

    #[test]
    fn tells_what_is_no_record() {
        assert_eq!(Record::decode(None, None), Err(JournalError::NoKey));
        assert_eq!(decode("0063 0001 67", "00"), Ok(None));
        assert!(matches!(decode("00", ""), Err(JournalError::Malformed(_))));
        assert!(matches!(decode("0001 0005 67", ""), Err(JournalError::Malformed(_))));
        assert!(matches!(decode("0003 0005 67", ""), Err(JournalError::Malformed(_))));
        for version in ["0005", "ffff"] {
            let result = decode("0001 0001 67 0001 74 00000003", version);
            assert!(matches!(result, Err(JournalError::UnknownVersion { record_type: 1, .. })));
        }
    }
}
