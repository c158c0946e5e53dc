//! Writes a corpus for the `log_*` targets: the small files as this program writes them, and a
//! directory of two segments with an aborted transaction, an idempotent producer and checkpoints.

use std::fs;
use std::path::Path;

use log::{MetaProperties, TopicPartition, checkpoint, clean_shutdown, partition_metadata};
use records::BatchBuilder;
use wire::Uuid;

fn main() -> std::io::Result<()> {
    let topic = TopicPartition::new("t", 0);
    let offsets = checkpoint::encode_offsets([(&topic, 4)].into_iter());
    let epochs = checkpoint::encode_leader_epochs([(0, 0), (2, 5)].into_iter());
    let marker = clean_shutdown::encode(7);
    let identity = partition_metadata::encode(Uuid([7; 16]));
    let properties = MetaProperties::new("MkU3OEVBNTcwNTJENDM2Qk", 1, Uuid([8; 16])).encode();
    let snapshot = snapshot();
    let aborted = aborted();
    let files = [&offsets, &epochs, &marker, &identity, &properties, &snapshot, &aborted];
    for (kind, file) in files.into_iter().enumerate() {
        write("log_files", &format!("kind-{kind}"), &[&[kind as u8], &file[..]].concat())?;
    }

    let first = segment(0, 5);
    let second = segment(5, 3);
    let whole: &[(u8, &[u8])] = &[(0, &first), (5, &second), (10, &epochs), (11, &identity)];
    write("log_directory", "unclean", &directory(whole))?;
    write("log_directory", "torn", &directory(&[(0, &first), (5, &second[..second.len() - 9])]))?;
    let clean: &[(u8, &[u8])] = &[
        (0, &first),
        (3, &aborted),
        (5, &second),
        (9, &snapshot),
        (10, &epochs),
        (11, &identity),
        (14, &offsets),
        (16, &marker),
    ];
    write("log_directory", "clean", &directory(clean))?;
    write("log_directory", "swap", &directory(&[(0, &first), (12, &second), (13, &second)]))
}

/// A segment with `count` batches of one record each from `base_offset` on.
fn segment(base_offset: i64, count: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for offset in base_offset..base_offset + count {
        let mut builder = BatchBuilder::new(offset);
        builder.push_key_value(1_700_000_000_000 + offset, Some(b"k"), Some(b"value"));
        bytes.extend_from_slice(&builder.build());
    }
    bytes
}

/// A producer snapshot without producers: version, checksum, count.
fn snapshot() -> Vec<u8> {
    log::producer_snapshot::encode([].into_iter())
}

/// One entry of a transaction index: version, producer, first, last and last stable offset.
fn aborted() -> Vec<u8> {
    let fields = [9_i64, 1, 3, 1].map(i64::to_be_bytes).concat();
    [&[0, 0], &fields[..]].concat()
}

/// Files as the `log_directory` target reads them: which, length, bytes.
fn directory(files: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, file) in files {
        bytes.push(*name);
        bytes.extend_from_slice(&(file.len() as u16).to_be_bytes());
        bytes.extend_from_slice(file);
    }
    bytes
}

fn write(target: &str, name: &str, seed: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), seed)
}
