//! Writes a corpus for the `group_load` target: logs with groups, offsets, transactions, tombstones
//! and records of groups of other types.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use group::{CommittedOffset, GroupType, Record};
use wire::stored::group::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use wire::{Str, Uuid};

/// Flags of an entry, as the target reads them.
const TRANSACTIONAL: u8 = 1;
const MARKER: u8 = 2;
const COMMITS: u8 = 4;
const COMMITTED: u8 = 8;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/group_load");
    fs::create_dir_all(&folder)?;
    let offset = entry(COMMITTED, &offset(Some(5)));
    let pending = entry(TRANSACTIONAL, &self::offset(Some(6)));
    let commit = vec![TRANSACTIONAL | MARKER | COMMITS, 0, 0];
    let abort = vec![TRANSACTIONAL | MARKER, 0, 0];
    let group = entry(0, &group(Some(1)));
    let other = entry(0, &other(true));
    for (name, entries) in [
        ("offset", vec![&offset]),
        ("offset-gone", vec![&offset, &entry(0, &self::offset(None))]),
        ("committed", vec![&offset, &pending, &commit]),
        ("aborted", vec![&offset, &pending, &abort]),
        ("open", vec![&pending, &group]),
        ("group", vec![&group, &offset]),
        ("group-gone", vec![&group, &entry(0, &self::group(None))]),
        ("other", vec![&other, &offset]),
        ("other-gone", vec![&offset, &other, &entry(0, &self::other(false))]),
        ("other-replaced", vec![&other, &group]),
    ] {
        fs::write(folder.join(name), entries.into_iter().flatten().copied().collect::<Vec<_>>())?;
    }
    Ok(())
}

fn entry(flags: u8, record: &Record) -> Vec<u8> {
    let (key, value) = record.encode().unwrap_or_default();
    let value = value.unwrap_or_default();
    let lengths = [flags, key.len() as u8, value.len() as u8];
    [&lengths[..], &key, &value].concat()
}

fn offset(offset: Option<i64>) -> Record {
    Record::Offset {
        group_id: Str::from("g"),
        topic: Str::from("t"),
        partition: 0,
        value: offset.map(|offset| CommittedOffset {
            offset,
            leader_epoch: 1,
            metadata: Str::from("m"),
            commit_timestamp_ms: 2,
            expire_timestamp_ms: None,
            topic_id: Uuid([7; 16]),
        }),
    }
}

fn group(generation: Option<i32>) -> Record {
    let member = MemberMetadata {
        member_id: Str::from("c-1"),
        group_instance_id: Some(Str::from("i")),
        session_timeout: 10_000,
        rebalance_timeout: 60_000,
        subscription: Bytes::from_static(b"\0\0\0\0\0\x01\0\x01t\xff\xff\xff\xff"),
        assignment: Bytes::from_static(b"a"),
        ..MemberMetadata::default()
    };
    let value = generation.map(|generation| GroupMetadataValue {
        protocol_type: Str::from("consumer"),
        generation,
        protocol: Some(Str::from("range")),
        leader: Some(Str::from("c-1")),
        current_state_timestamp: 1,
        members: vec![member],
        ..GroupMetadataValue::default()
    });
    Record::Group { group_id: Str::from("g"), value: value.map(Box::new) }
}

fn other(is_there: bool) -> Record {
    Record::Other {
        group_id: Str::from("g"),
        group_type: GroupType::Consumer,
        key: Bytes::from_static(b"\0\x03\0\x01g"),
        value: is_there.then(|| Bytes::from_static(b"\0\0\0\0\0\x01\0")),
    }
}
