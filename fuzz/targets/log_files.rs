//! The small files of a log directory: checkpoints, markers, identity, producer snapshots, aborted
//! transactions. What is accepted is written again and reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use log::{MetaProperties, checkpoint, clean_shutdown, partition_metadata, producer_snapshot};
use log::{TopicPartition, txn_index};
use records::crc32c;

// The first byte chooses the kind, the rest is the file.
fuzz_target!(|data: &[u8]| {
    let Some((kind, file)) = data.split_first() else { return };
    match kind % 7 {
        0 => offsets(file),
        1 => leader_epochs(file),
        2 => {
            let epoch = clean_shutdown::decode(file);
            if let Some(epoch) = epoch {
                assert_eq!(clean_shutdown::decode(&clean_shutdown::encode(epoch)), Some(epoch));
            }
        }
        3 => {
            if let Ok(Some(id)) = partition_metadata::decode(file) {
                assert_eq!(
                    partition_metadata::decode(&partition_metadata::encode(id)),
                    Ok(Some(id))
                );
            }
        }
        4 => {
            if let Ok(properties) = MetaProperties::decode(file) {
                assert_eq!(MetaProperties::decode(&properties.encode()), Ok(properties));
            }
        }
        5 => {
            if let Ok(producers) = producer_snapshot::decode(&with_checksum(file)) {
                let written = producer_snapshot::encode(producers.iter().copied());
                assert_eq!(producer_snapshot::decode(&written), Ok(producers));
            }
        }
        _ => {
            if let Ok(aborted) = txn_index::decode(file) {
                assert_eq!(aborted.len() * 34, file.len());
            }
        }
    }
});

fn offsets(file: &[u8]) {
    let Ok(offsets) = checkpoint::decode_offsets(file) else { return };
    let pairs: Vec<(&TopicPartition, i64)> = offsets.iter().map(|(name, at)| (name, *at)).collect();
    let written = checkpoint::encode_offsets(pairs.into_iter());
    assert_eq!(checkpoint::decode_offsets(&written), Ok(offsets));
}

fn leader_epochs(file: &[u8]) {
    let Ok(epochs) = checkpoint::decode_leader_epochs(file) else { return };
    let written = checkpoint::encode_leader_epochs(epochs.iter().copied());
    assert_eq!(checkpoint::decode_leader_epochs(&written), Ok(epochs));
}

/// A producer snapshot with a valid checksum, which random bytes never have.
fn with_checksum(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    if file.len() >= 6 {
        let crc = crc32c(&file[6..]);
        file[2..6].copy_from_slice(&crc.to_be_bytes());
    }
    file
}
