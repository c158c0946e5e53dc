//! DescribeLogDirs: what lies in the log directories, and how much room there is (kafka-semantics
//! 239).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use log::LogDir;
use wire::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse,
    describe_log_dirs_response::{
        DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
    },
};
use wire::{ErrorCode, Str};

use crate::request::Request;

type Topics = BTreeMap<Str, Vec<DescribeLogDirsPartition>>;

/// Answers for this broker's directories; looks at their file systems off the request path.
pub(crate) async fn handle(
    request: Request,
    message: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    let mut by_dir = replicas_by_dir(&request, asked(message));
    let dirs = request.broker.replicas.dirs().dirs().to_vec();
    let files = request.broker.env.files().clone();
    let version = request.image.features.metadata_version_or_minimum();
    let is_cordoning_supported = version.is_cordoned_log_dirs_supported();
    let cordoned = request.broker.replicas.directory_settings().cordoned;
    let with_space = request.broker.env.blocking(move || {
        let space = |dir: LogDir| {
            let online = !dir.is_offline();
            let space = online.then(|| files.space(dir.path()).ok()).flatten();
            (dir, space)
        };
        dirs.into_iter().map(space).collect::<Vec<_>>()
    });
    let results = with_space.await.into_iter().map(|(dir, space)| {
        let topics = by_dir.remove(dir.path()).unwrap_or_default();
        let error = if dir.is_offline() { ErrorCode::KafkaStorageError } else { ErrorCode::None };
        let is_cordoned = is_cordoning_supported && cordoned.contains(&dir);
        let bytes = |value: Option<u64>| value.and_then(|v| i64::try_from(v).ok()).unwrap_or(-1);
        DescribeLogDirsResult {
            error_code: error.code(),
            log_dir: Str::from(absolute(dir.path()).display().to_string()),
            topics: to_wire(topics),
            total_bytes: bytes(space.as_ref().map(|space| space.total)),
            usable_bytes: bytes(space.as_ref().map(|space| space.free)),
            is_cordoned,
            ..DescribeLogDirsResult::default()
        }
    });
    DescribeLogDirsResponse { results: results.collect(), ..DescribeLogDirsResponse::default() }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The partitions asked for; `None` for all.
fn asked(message: DescribeLogDirsRequest) -> Option<BTreeSet<(Str, i32)>> {
    let topics = message.topics?.into_iter();
    let pairs = topics.flat_map(|topic| {
        let name = topic.topic;
        topic.partitions.into_iter().map(move |index| (name.clone(), index))
    });
    Some(pairs.collect())
}

fn replicas_by_dir(
    request: &Request,
    asked: Option<BTreeSet<(Str, i32)>>,
) -> BTreeMap<PathBuf, Topics> {
    let mut by_dir: BTreeMap<PathBuf, Topics> = BTreeMap::new();
    for replica in request.broker.replicas.online() {
        let key = (replica.topic().clone(), replica.index());
        if asked.as_ref().is_some_and(|asked| !asked.contains(&key)) {
            continue;
        }
        let (dir, size) = replica.place_and_size();
        let partition = DescribeLogDirsPartition {
            partition_index: replica.index(),
            partition_size: i64::try_from(size).unwrap_or(i64::MAX),
            offset_lag: (replica.high_watermark() - replica.log_end_offset()).max(0),
            is_future_key: false,
            ..DescribeLogDirsPartition::default()
        };
        let mut add = |dir, partition| {
            let topics: &mut Topics = by_dir.entry(dir).or_default();
            topics.entry(key.0.clone()).or_default().push(partition);
        };
        add(dir, partition);
        if let Some(future) = replica.future() {
            let copy = DescribeLogDirsPartition {
                partition_index: replica.index(),
                partition_size: i64::try_from(future.size).unwrap_or(i64::MAX),
                offset_lag: future.offset_lag,
                is_future_key: true,
                ..DescribeLogDirsPartition::default()
            };
            add(future.dir, copy);
        }
    }
    by_dir
}

fn to_wire(topics: Topics) -> Vec<DescribeLogDirsTopic> {
    let topics = topics.into_iter().map(|(name, mut partitions)| {
        partitions.sort_by_key(|partition| partition.partition_index);
        DescribeLogDirsTopic { name, partitions, ..DescribeLogDirsTopic::default() }
    });
    topics.collect()
}
