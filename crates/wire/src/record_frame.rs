//! What is put around stored records.

use bytes::Bytes;

use crate::error::{DecodeError, EncodeError};
use crate::primitives::{Reader, Writer};

/// The only frame version there is.
const FRAME_VERSION: u32 = 1;

/// Starts a record of the metadata log or of tiered storage (kafka-storage 7).
pub(crate) fn write(w: &mut Writer, record_type: u16, version: i16) -> Result<(), EncodeError> {
    let Ok(version) = u16::try_from(version) else {
        return Err(EncodeError::UnsupportedVersion { message: "record", version });
    };
    w.uvarint(FRAME_VERSION);
    w.uvarint(u32::from(record_type));
    w.uvarint(u32::from(version));
    Ok(())
}

/// Reads what [`write`] wrote: type and version.
pub(crate) fn read(r: &mut Reader) -> Result<(u32, i16), DecodeError> {
    match r.uvarint()? {
        FRAME_VERSION => {}
        other => return Err(DecodeError::UnknownFrameVersion(other)),
    }
    let record_type = r.uvarint()?;
    let version = r.uvarint()?;
    match i16::try_from(version) {
        Ok(version) => Ok((record_type, version)),
        Err(_) => {
            let version = i32::try_from(version).unwrap_or(i32::MAX);
            Err(DecodeError::UnsupportedVersion { message: "record", version })
        }
    }
}

/// The key of a coordinator's record (kafka-storage 8).
pub(crate) fn key(
    record_type: u16,
    encode: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Bytes, EncodeError> {
    let mut w = Writer::contiguous();
    w.u16(record_type);
    encode(&mut w)?;
    Ok(w.into_bytes())
}

/// The value of a coordinator's record.
pub(crate) fn optional_value<T>(
    value: Option<&T>,
    version: i16,
    encode: impl FnOnce(&T, &mut Writer) -> Result<(), EncodeError>,
) -> Result<Option<Bytes>, EncodeError> {
    let Some(value) = value else { return Ok(None) };
    let mut w = Writer::contiguous();
    w.i16(version);
    encode(value, &mut w)?;
    Ok(Some(w.into_bytes()))
}

/// Reads what [`optional_value`] wrote.
pub(crate) fn read_optional_value<T>(
    value: Option<Bytes>,
    decode: impl FnOnce(&mut Reader, i16) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    let mut r = Reader::new(value);
    let version = r.i16()?;
    decode(&mut r, version).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Str;
    use crate::stored::group::{GroupRecord, OffsetCommitKey, OffsetCommitValue};
    use crate::stored::metadata::{FeatureLevelRecord, MetadataRecord};

    #[test]
    fn metadata_records_are_framed() {
        let record = MetadataRecord::from(FeatureLevelRecord {
            name: Str::from("metadata.version"),
            feature_level: 25,
            ..FeatureLevelRecord::default()
        });
        let bytes = record.encode(0).expect("encodes");
        assert_eq!(&bytes[..], b"\x01\x0c\x00\x11metadata.version\x00\x19\x00");
        assert_eq!(MetadataRecord::decode(bytes.clone()), Ok((record, 0)));
        let with_tail = [&bytes[..], b"x"].concat();
        let refused = MetadataRecord::decode(with_tail.into());
        assert_eq!(refused, Err(DecodeError::TrailingBytes { count: 1 }));
        let other_frame = MetadataRecord::decode(Bytes::from_static(&[2, 12, 0]));
        assert_eq!(other_frame, Err(DecodeError::UnknownFrameVersion(2)));
        assert!(matches!(
            MetadataRecord::decode(Bytes::from_static(&[1, 99, 0])),
            Err(DecodeError::UnknownRecordType { record_type: 99, .. })
        ));
    }

    #[test]
    fn coordinator_records_have_type_and_version_in_front() {
        let key = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 3 };
        let value = OffsetCommitValue { offset: 9, ..OffsetCommitValue::default() };
        let record = GroupRecord::OffsetCommit { key: key.clone(), value: Some(value) };
        let (key_bytes, value_bytes) = record.encode(3).expect("encodes");
        assert_eq!(&key_bytes[..], b"\x00\x01\x00\x01g\x00\x01t\x00\x00\x00\x03");
        assert_eq!(value_bytes.as_ref().map(|value| &value[..2]), Some(&[0, 3][..]));
        assert_eq!(GroupRecord::decode(key_bytes.clone(), value_bytes), Ok(record));
        let tombstone = GroupRecord::OffsetCommit { key, value: None };
        assert_eq!(tombstone.encode(3).expect("encodes"), (key_bytes.clone(), None));
        assert_eq!(GroupRecord::decode(key_bytes, None), Ok(tombstone));
        assert!(GroupRecord::decode(Bytes::from_static(&[0, 99]), None).is_err());
    }
}
