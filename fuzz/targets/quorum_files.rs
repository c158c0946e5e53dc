//! What the quorum reads from its directory and from a leader: `quorum-state`, snapshots, batches
//! with control records.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use quorum_node::quorum_state;
use quorum_node::snapshot::SnapshotContents;
use records::{BatchView, crc32c};

// The first byte chooses the kind, the rest is the file.
fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => state(data),
        1 => {
            let _ = SnapshotContents::decode(&with_checksums(data));
        }
        _ => {
            let bytes = with_checksums(data);
            if let Ok(fetched) = quorum_node::fetched(bytes.clone()) {
                assert!(fetched.bytes.len() <= bytes.len());
            }
        }
    }
});

/// What is accepted reads back the same.
fn state(data: &[u8]) {
    let Ok(election) = quorum_state::decode(data) else { return };
    let written = quorum_state::encode(&election, 1, &[]);
    assert_eq!(quorum_state::decode(&written), Ok(election));
}

/// The same with valid checksums, which random bytes never have.
fn with_checksums(data: &[u8]) -> Bytes {
    let mut data = data.to_vec();
    let mut position = 0;
    while let Ok(Some(batch)) = BatchView::first(&data[position..]) {
        let (size, is_v2) = (batch.size(), batch.is_v2());
        let crc = is_v2.then(|| crc32c(&batch.bytes()[21..]));
        if let Some(crc) = crc {
            data[position + 17..position + 21].copy_from_slice(&crc.to_be_bytes());
        }
        position += size;
    }
    data.into()
}
