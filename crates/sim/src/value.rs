//! The records of a run: each has a number, and all of it follows from the number, so that whoever
//! reads one knows whether it is whole.

use bytes::Bytes;
use client::{ConsumedRecord, ProducerRecord};
use records::Header;
use wire::Str;

use crate::history::Sent;

const HEADER: &[u8] = b"n";

/// Values of up to this many bytes.
const LEN_MAX: u64 = 300;

/// The record of a number.
pub(crate) fn record(id: u64, sent: &Sent, timestamp: i64) -> ProducerRecord {
    ProducerRecord {
        topic: Str::copy_from(&sent.partition.0),
        partition: Some(sent.partition.1),
        timestamp: Some(timestamp),
        key: sent.key.as_ref().map(|key| Bytes::copy_from_slice(key.as_bytes())),
        value: (!sent.tombstone).then(|| value(id)),
        headers: vec![Header {
            key: Bytes::from_static(HEADER),
            value: Some(Bytes::from(id.to_string())),
        }],
    }
}

fn value(id: u64) -> Bytes {
    let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let len = (mixed >> 40) % LEN_MAX;
    let letter = |at: u64| b'a' + ((mixed >> (at % 48)) % 26) as u8;
    let mut value = format!("{id}:").into_bytes();
    value.extend((0..len).map(letter));
    Bytes::from(value)
}

/// The number a record claims to have.
pub(crate) fn number(record: &ConsumedRecord) -> Result<u64, String> {
    let header = record.headers.iter().find(|header| header.key == HEADER);
    let text = header.and_then(|header| header.value.as_deref()).unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    text.parse().map_err(|_| format!("no number, but {text:?}"))
}

/// Whether it is what was sent under that number.
pub(crate) fn check(record: &ConsumedRecord, id: u64, sent: &Sent) -> Result<(), String> {
    let key = record.key.as_deref();
    if key != sent.key.as_deref().map(str::as_bytes) {
        return Err(format!("number {id} has the key {key:?}, not {:?}", sent.key));
    }
    let expected = (!sent.tombstone).then(|| value(id));
    if record.value != expected {
        return Err(format!("number {id} has another value: {:?}", record.value));
    }
    Ok(())
}
