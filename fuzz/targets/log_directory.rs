//! A log directory with any bytes in any of its files: it loads or is refused, what it serves are
//! whole batches, what is appended is read back, and a restart finds the same log.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use env::{Env, Files, OpenOptions, Sim};
use libfuzzer_sys::fuzz_target;
use log::{
    Error, Log, LogDirs, LogDirsOptions, LogReader, LogSettings, ReadRequest, TopicPartition,
};
use records::{BatchBuilder, BatchView, StampedBatch, crc32c};
use wire::{Bytes, Uuid};

/// Wall clock of what is appended.
const NOW_MS: i64 = 1_800_000_000_000;
/// Batches read of one log at most; input bytes bound what there can be.
const READS_MAX: usize = 10_000;

// Files: a byte that chooses the file, its length (two bytes), its bytes.
fuzz_target!(|data: &[u8]| {
    let sim = Sim::new(1);
    let node = sim.node("node");
    let env = node.start();
    let written = write_files(env.files(), data);
    written.expect("the simulated disk has room");
    let Some((dirs, mut log)) = open(&env) else { return };
    read_all(&log);
    append_and_read(&mut log);
    let bounds = (log.log_start_offset(), log.log_end_offset());
    drop((log, dirs));
    // The process dies, its files stay.
    let env = node.start();
    let (_dirs, log) = open(&env).expect("what loaded once loads again");
    assert_eq!((log.log_start_offset(), log.log_end_offset()), bounds);
});

/// What a byte of the input can mean: files of the replica, then those of the log directory.
const NAMES: [&str; 18] = [
    "t-0/00000000000000000000.log",
    "t-0/00000000000000000000.index",
    "t-0/00000000000000000000.timeindex",
    "t-0/00000000000000000000.txnindex",
    "t-0/00000000000000000000.snapshot",
    "t-0/00000000000000000005.log",
    "t-0/00000000000000000005.index",
    "t-0/00000000000000000005.timeindex",
    "t-0/00000000000000000005.txnindex",
    "t-0/00000000000000000005.snapshot",
    "t-0/leader-epoch-checkpoint",
    "t-0/partition.metadata",
    "t-0/00000000000000000005.log.swap",
    "t-0/00000000000000000005.log.deleted",
    "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint",
    ".kafka_cleanshutdown",
    "replication-offset-checkpoint",
];

fn write_files(files: &Files, mut rest: &[u8]) -> std::io::Result<()> {
    let dir = Path::new("/data");
    files.create_dir_all(dir.join("t-0"))?;
    while let Some((&[name, high, low], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (content, after) = after.split_at(length);
        rest = after;
        let name = NAMES[usize::from(name) % NAMES.len()];
        let file = files.open(dir.join(name), OpenOptions::truncate())?;
        let segment = name.contains(".log").then(|| with_checksums(content));
        file.write_all_at(segment.as_deref().unwrap_or(content), 0)?;
    }
    Ok(())
}

/// The same with valid checksums, which random bytes never have.
fn with_checksums(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let mut position = 0;
    while let Ok(Some(batch)) = BatchView::first(&data[position..]) {
        let size = batch.size();
        let crc = batch.is_v2().then(|| crc32c(&batch.bytes()[21..]));
        if let Some(crc) = crc {
            data[position + 17..position + 21].copy_from_slice(&crc.to_be_bytes());
        }
        position += size;
    }
    data
}

fn open(env: &Env) -> Option<(LogDirs, Log)> {
    let options = LogDirsOptions {
        dirs: vec![PathBuf::from("/data")],
        node_id: 1,
        cluster_id: None,
        open_files_max: 10,
        min_free_bytes: None,
        recovery_threads_per_dir: 1,
    };
    let dirs = LogDirs::open(env, options).ok()?;
    let settings = Arc::new(LogSettings { segment_bytes: 2_000, ..LogSettings::default() });
    let of_all = Arc::clone(&settings);
    let mut loaded = env.block_on(dirs.load(Arc::new(move |_: &TopicPartition| of_all.clone())));
    if let Some(loaded) = loaded.logs.pop() {
        return Some((dirs, loaded.log));
    }
    if !loaded.failed.is_empty() {
        return None;
    }
    let name = TopicPartition::new("t", 0);
    let log = dirs.create(&dirs.dirs()[0], &name, Uuid([7; 16]), settings).ok()?;
    Some((dirs, log))
}

/// Reads from the start to the end: whole batches in order, or a refusal that names a place.
fn read_all(log: &Log) {
    let reader = log.reader();
    let mut offset = reader.log_start_offset();
    assert!(offset <= reader.log_end_offset());
    for _ in 0..READS_MAX {
        let Ok(bytes) = read(&reader, offset) else { return };
        let Ok(Some(batch)) = BatchView::first(&bytes) else { return };
        assert!(batch.last_offset() >= offset);
        offset = batch.next_offset();
    }
}

fn append_and_read(log: &mut Log) {
    let mut builder = BatchBuilder::new(0);
    builder.push_key_value(NOW_MS, Some(b"key"), Some(b"value"));
    let mut batch = StampedBatch::new(&builder.build()).expect("a batch").expect("of this program");
    let offset = log.log_end_offset();
    let epoch = log.leader_epochs().latest().map_or(0, |entry| entry.epoch);
    batch.stamp(offset, epoch);
    if log.append(&batch, NOW_MS).is_err() {
        return;
    }
    let bytes = read(&log.reader(), offset).expect("what was appended");
    let found = BatchView::first(&bytes).expect("a batch").expect("whole");
    assert_eq!(found.base_offset(), offset);
}

fn read(reader: &LogReader, offset: i64) -> Result<Bytes, Error> {
    let bound = reader.log_end_offset();
    let request = ReadRequest { offset, bound, max_bytes: 1, at_least_one_batch: true };
    Ok(reader.read(request)?.read_bytes().expect("the simulated disk reads"))
}
