//! Records that are stored: in the metadata log, the Raft log, internal topics and files.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use wire::principal::DefaultPrincipalData;
use wire::stored::group::GroupRecord;
use wire::stored::metadata::MetadataRecord;
use wire::stored::raft::QuorumStateData;
use wire::stored::remote::RemoteLogRecord;
use wire::stored::share::ShareRecord;
use wire::stored::storage::ProducerSnapshot;
use wire::stored::txn::TransactionRecord;
use wire::{ControlRecord, DecodeError, Message, Reader, Writer};

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let rest = Bytes::copy_from_slice(rest);
    match kind {
        0 => {
            let Ok((record, version)) = MetadataRecord::decode(rest) else { return };
            let written = record.encode(version).expect("what was read can be written");
            let (again, version) = match MetadataRecord::decode(written.clone()) {
                // The shortest form may be shorter than what came, and so has the smaller budget.
                Err(DecodeError::OverBudget { .. }) => return,
                again => again.expect("what was written reads"),
            };
            assert_eq!(again.encode(version).expect("writes again"), written);
        }
        1 => {
            let Ok((record, version)) = RemoteLogRecord::decode(rest) else { return };
            let written = record.encode(version).expect("what was read can be written");
            let (again, version) = match RemoteLogRecord::decode(written.clone()) {
                // The shortest form may be shorter than what came, and so has the smaller budget.
                Err(DecodeError::OverBudget { .. }) => return,
                again => again.expect("what was written reads"),
            };
            assert_eq!(again.encode(version).expect("writes again"), written);
        }
        2 => keyed(rest, GroupRecord::decode),
        3 => keyed(rest, TransactionRecord::decode),
        4 => keyed(rest, ShareRecord::decode),
        5 => keyed(rest, |key, value| ControlRecord::decode(&key, value.unwrap_or_default())),
        6 => versioned::<QuorumStateData>(rest),
        7 => versioned::<ProducerSnapshot>(rest),
        8 => versioned::<ConsumerProtocolSubscription>(rest),
        9 => versioned::<ConsumerProtocolAssignment>(rest),
        10 => versioned::<DefaultPrincipalData>(rest),
        _ => {}
    }
});

/// The key's length, key and value.
fn keyed<T>(data: Bytes, decode: impl Fn(Bytes, Option<Bytes>) -> Result<T, DecodeError>) {
    let Some(&length) = data.first() else { return };
    let end = data.len().min(1 + usize::from(length));
    let (key, value) = (data.slice(1..end), data.slice(end..));
    let _ = decode(key.clone(), None);
    let _ = decode(key, Some(value));
}

/// The version and a message.
fn versioned<M: Message>(data: Bytes) {
    let mut r = Reader::new(data);
    let Ok(version) = r.i16() else { return };
    let Ok(message) = M::decode(&mut r, version) else { return };
    let write = |message: &M| {
        let mut w = Writer::contiguous();
        message.encode(&mut w, version).expect("what was read can be written");
        w.into_bytes()
    };
    let written = write(&message);
    // The shortest form may be shorter than what came, and so has the smaller budget.
    let again = M::decode(&mut Reader::with_budget(written.clone(), usize::MAX), version);
    assert_eq!(write(&again.expect("what was written reads")), written);
}
