//! Worlds to run a log in, and batches to put into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::{Env, OsOptions, Sim, SimNode, TempDir};
use log::{
    AppendInfo, Error, Loaded, Log, LogDirs, LogDirsOptions, LogReader, LogSettings, ReadRequest,
    TopicPartition,
};
use records::{BatchBuilder, StampedBatch};
use wire::Uuid;

pub(crate) const TOPIC_ID: Uuid = Uuid([7; 16]);
/// A wall clock time, ms since the epoch.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// Where a node keeps its files.
pub(crate) enum World {
    Os { dir: TempDir, env: Env },
    Sim { node: SimNode },
}

impl World {
    pub(crate) fn os() -> Self {
        let options = OsOptions { control_threads: 1, blocking_threads: 2 };
        Self::Os { dir: TempDir::new().unwrap(), env: Env::os(&options).unwrap() }
    }

    pub(crate) fn sim(seed: u64) -> Self {
        let sim = Sim::new(seed);
        let node = sim.node("node");
        Self::Sim { node }
    }

    /// A process of the node: on the simulated one, after the last has died.
    pub(crate) fn start(&self) -> Node {
        let (env, dir) = match self {
            Self::Os { dir, env } => (env.clone(), dir.path().to_owned()),
            Self::Sim { node, .. } => (node.start(), PathBuf::from("/data")),
        };
        Node { env, dir }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Self::Os { env, .. } = self {
            env.shutdown(Duration::from_secs(1));
        }
    }
}

/// Runs a test on both kinds of files.
pub(crate) fn everywhere(test: impl Fn(&World)) {
    test(&World::os());
    test(&World::sim(1));
}

/// A running process.
pub(crate) struct Node {
    pub(crate) env: Env,
    pub(crate) dir: PathBuf,
}

impl Node {
    pub(crate) fn options(&self, dirs: &[&str]) -> LogDirsOptions {
        LogDirsOptions {
            dirs: dirs.iter().map(|name| self.dir.join(name)).collect(),
            node_id: 1,
            cluster_id: None,
            open_files_max: 100,
            min_free_bytes: None,
            recovery_threads_per_dir: 2,
        }
    }

    pub(crate) fn open(&self) -> LogDirs {
        LogDirs::open(&self.env, self.options(&["d"])).unwrap()
    }

    pub(crate) fn load(&self, dirs: &LogDirs, settings: &Arc<LogSettings>) -> Loaded {
        let settings = settings.clone();
        self.env.block_on(dirs.load(Arc::new(move |_: &TopicPartition| settings.clone())))
    }

    /// The log of the test partition in its only directory, made if it is not there.
    pub(crate) fn log(&self, settings: &Arc<LogSettings>) -> (LogDirs, Log) {
        let dirs = self.open();
        let mut loaded = self.load(&dirs, settings);
        assert!(loaded.failed.is_empty(), "{:?}", loaded.failed);
        let log = match loaded.logs.pop() {
            Some(loaded) => loaded.log,
            None => dirs.create(&dirs.dirs()[0], &partition(), TOPIC_ID, settings.clone()).unwrap(),
        };
        (dirs, log)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.join("d").join("t-0").join(file)
    }

    pub(crate) fn read_file(&self, path: impl AsRef<Path>) -> Vec<u8> {
        self.env.files().read(path).unwrap()
    }

    pub(crate) fn write_file(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let file = self.env.files().open(path, env::OpenOptions::truncate()).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    pub(crate) fn file_names(&self, path: impl AsRef<Path>) -> Vec<String> {
        let entries = self.env.files().read_dir(path).unwrap();
        entries.into_iter().map(|entry| entry.name).collect()
    }
}

pub(crate) fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

/// Settings that make small logs interesting.
pub(crate) fn small() -> LogSettings {
    LogSettings {
        segment_bytes: 4000,
        index_interval_bytes: 200,
        file_delete_delay_ms: 0,
        ..LogSettings::default()
    }
}

/// A batch of `count` records with values of `size` bytes, all at `timestamp`.
pub(crate) fn batch(count: usize, size: usize, timestamp: i64) -> StampedBatch {
    let mut builder = BatchBuilder::new(0);
    for index in 0..count {
        let value = vec![b'a' + (index % 26) as u8; size];
        builder.push_key_value(timestamp, None, Some(&value));
    }
    StampedBatch::new(&builder.build()).unwrap().unwrap()
}

/// Appends as the leader of epoch `epoch` does.
pub(crate) fn append(log: &mut Log, mut batch: StampedBatch, epoch: i32) -> AppendInfo {
    batch.stamp(log.log_end_offset(), epoch);
    log.append(&batch, NOW).unwrap()
}

pub(crate) fn flush(log: &mut Log) {
    if let Some(job) = log.flush(NOW) {
        job.run().unwrap();
        log.flushed(&job);
    }
}

/// What a follower would get from `offset` on, up to the log end.
pub(crate) fn read(reader: &LogReader, offset: i64, max_bytes: u32) -> Result<Bytes, Error> {
    let bound = reader.log_end_offset();
    let request = ReadRequest { offset, bound, max_bytes, at_least_one_batch: true };
    Ok(reader.read(request)?.read_bytes().unwrap())
}

/// Base offset, last offset and bytes of all batches of the log.
pub(crate) fn read_all(log: &Log) -> Vec<(i64, i64, Bytes)> {
    let reader = log.reader();
    let mut offset = reader.log_start_offset();
    let mut all = Vec::new();
    while offset < reader.log_end_offset() {
        let bytes = read(&reader, offset, 1).unwrap();
        let batch = records::BatchView::first(&bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        all.push((batch.base_offset(), batch.last_offset(), bytes.slice(..batch.size())));
        offset = batch.next_offset();
    }
    all
}

/// Ends a log and its directory as a clean stop does.
pub(crate) fn close(dirs: &LogDirs, log: &mut Log) {
    use log::OffsetCheckpoint::{LogStartOffset, RecoveryPoint};
    log.close(NOW).unwrap();
    let dir = log.dir().clone();
    let name = log.topic_partition().clone();
    let recovery_point = log.recovery_point();
    dir.write_offsets(RecoveryPoint, [(&name, recovery_point)].into_iter()).unwrap();
    let start = log.log_start_offset_to_checkpoint().map(|offset| (&name, offset));
    dir.write_offsets(LogStartOffset, start.into_iter()).unwrap();
    for dir in dirs.dirs() {
        dir.mark_clean(5).unwrap();
    }
}

/// Writes the recovery point as a timer does.
pub(crate) fn checkpoint(log: &mut Log) {
    let recovery_point = log.recovery_point();
    let name = log.topic_partition().clone();
    let entry = [(&name, recovery_point)].into_iter();
    log.dir().write_offsets(log::OffsetCheckpoint::RecoveryPoint, entry).unwrap();
}
