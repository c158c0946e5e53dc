//! Control records: what brokers and controllers write into logs for themselves.

use bytes::{Buf, Bytes};

use crate::error::{DecodeError, EncodeError};
use crate::primitives::{Reader, Writer};
use crate::stored::raft::{
    ControlRecordTypeSchema, EndTxnMarker, KRaftVersionRecord, LeaderChangeMessage,
    SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
};

/// The one record of a control batch (kafka-storage 3.2).
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord {
    /// A transaction was aborted.
    Abort(EndTxnMarker),
    /// A transaction was committed.
    Commit(EndTxnMarker),
    /// A KRaft leader was elected.
    LeaderChange(LeaderChangeMessage),
    /// First record of a snapshot.
    SnapshotHeader(SnapshotHeaderRecord),
    /// Last record of a snapshot.
    SnapshotFooter(SnapshotFooterRecord),
    /// The quorum's `kraft.version`.
    KRaftVersion(KRaftVersionRecord),
    /// The quorum's voters.
    Voters(VotersRecord),
    /// Of a newer release; readers pass over it.
    Unknown {
        /// Its type.
        record_type: i16,
    },
}

/// Version of keys, of transaction markers and of the messages of the quorum: Kafka writes and
/// reads nothing else.
const VERSION: i16 = 0;

impl ControlRecord {
    /// The type in the key.
    pub fn record_type(&self) -> i16 {
        match self {
            Self::Abort(_) => 0,
            Self::Commit(_) => 1,
            Self::LeaderChange(_) => 2,
            Self::SnapshotHeader(_) => 3,
            Self::SnapshotFooter(_) => 4,
            Self::KRaftVersion(_) => 5,
            Self::Voters(_) => 6,
            Self::Unknown { record_type } => *record_type,
        }
    }

    /// Key and value of the record.
    pub fn encode(&self) -> Result<(Bytes, Bytes), EncodeError> {
        let mut key = Writer::contiguous();
        key.i16(VERSION);
        ControlRecordTypeSchema { r#type: self.record_type() }.encode(&mut key, VERSION)?;
        let mut value = Writer::contiguous();
        match self {
            Self::Abort(marker) | Self::Commit(marker) => {
                value.i16(VERSION);
                marker.encode(&mut value, VERSION)?;
            }
            Self::LeaderChange(message) => message.encode(&mut value, VERSION)?,
            Self::SnapshotHeader(message) => message.encode(&mut value, VERSION)?,
            Self::SnapshotFooter(message) => message.encode(&mut value, VERSION)?,
            Self::KRaftVersion(message) => message.encode(&mut value, VERSION)?,
            Self::Voters(message) => message.encode(&mut value, VERSION)?,
            Self::Unknown { .. } => {}
        }
        Ok((key.into_bytes(), value.into_bytes()))
    }

    /// Reads key and value. As in Kafka, a version above the known one is read as the known one,
    /// and what a newer release may have put behind the fields is passed over.
    pub fn decode(key: &Bytes, value: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(key.clone());
        check_version("ControlRecordTypeSchema", reader.i16()?)?;
        let record_type = ControlRecordTypeSchema::decode(&mut reader, VERSION)?.r#type;
        let mut r = Reader::new(value);
        Ok(match record_type {
            0 => Self::Abort(marker(&mut r)?),
            1 => Self::Commit(marker(&mut r)?),
            2 => Self::LeaderChange(LeaderChangeMessage::decode(&mut r, VERSION)?),
            3 => Self::SnapshotHeader(SnapshotHeaderRecord::decode(&mut r, VERSION)?),
            4 => Self::SnapshotFooter(SnapshotFooterRecord::decode(&mut r, VERSION)?),
            5 => Self::KRaftVersion(KRaftVersionRecord::decode(&mut r, VERSION)?),
            6 => Self::Voters(VotersRecord::decode(&mut r, VERSION)?),
            record_type => Self::Unknown { record_type },
        })
    }

    /// The type in a key, without reading the value.
    pub fn peek_type(mut key: &[u8]) -> Result<i16, DecodeError> {
        if key.len() < 4 {
            return Err(DecodeError::Truncated { wanted: 4, remaining: key.len(), position: 0 });
        }
        check_version("ControlRecordTypeSchema", key.get_i16())?;
        Ok(key.get_i16())
    }
}

fn marker(r: &mut Reader) -> Result<EndTxnMarker, DecodeError> {
    check_version(EndTxnMarker::NAME, r.i16()?)?;
    EndTxnMarker::decode(r, VERSION)
}

fn check_version(message: &'static str, version: i16) -> Result<(), DecodeError> {
    if version < 0 {
        return Err(DecodeError::UnsupportedVersion { message, version: version.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back() {
        let records = [
            ControlRecord::Abort(EndTxnMarker { coordinator_epoch: 3 }),
            ControlRecord::Commit(EndTxnMarker { coordinator_epoch: -1 }),
            ControlRecord::LeaderChange(LeaderChangeMessage {
                leader_id: 1,
                ..LeaderChangeMessage::default()
            }),
            ControlRecord::SnapshotHeader(SnapshotHeaderRecord {
                last_contained_log_timestamp: 7,
                ..SnapshotHeaderRecord::default()
            }),
            ControlRecord::SnapshotFooter(SnapshotFooterRecord::default()),
            ControlRecord::KRaftVersion(KRaftVersionRecord {
                kraft_version: 1,
                ..KRaftVersionRecord::default()
            }),
            ControlRecord::Voters(VotersRecord::default()),
            ControlRecord::Unknown { record_type: 77 },
        ];
        for record in records {
            let (key, value) = record.encode().expect("encodes");
            assert_eq!(ControlRecord::peek_type(&key), Ok(record.record_type()));
            assert_eq!(ControlRecord::decode(&key, value), Ok(record));
        }
    }

    #[test]
    fn a_transaction_marker_has_kafkas_bytes() {
        // kafka-storage 3.2
        let marker = ControlRecord::Commit(EndTxnMarker { coordinator_epoch: 5 });
        let (key, value) = marker.encode().expect("encodes");
        assert_eq!(&key[..], [0, 0, 0, 1]);
        assert_eq!(&value[..], [0, 0, 0, 0, 0, 5]);
    }

    #[test]
    fn newer_versions_are_read_as_the_known_one() {
        let key = Bytes::from_static(&[0, 9, 0, 0, 1]);
        let value = Bytes::from_static(&[0, 9, 0, 0, 0, 5, 42]);
        let record = ControlRecord::decode(&key, value);
        assert_eq!(record, Ok(ControlRecord::Abort(EndTxnMarker { coordinator_epoch: 5 })));
        assert!(
            ControlRecord::decode(&Bytes::from_static(&[0xff, 0, 0, 0]), Bytes::new()).is_err()
        );
        assert!(ControlRecord::decode(&Bytes::from_static(&[0, 0, 0]), Bytes::new()).is_err());
    }
}
