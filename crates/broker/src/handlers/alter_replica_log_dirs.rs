//! AlterReplicaLogDirs: replicas are to be in other log directories of this broker
//! (kafka-semantics 206).

use std::collections::BTreeMap;
use std::sync::Arc;

use replication::Replicas;
use wire::messages::{
    AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse,
    alter_replica_log_dirs_response::{
        AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
    },
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// The directory asked for, by topic and partition.
type Wanted = BTreeMap<(Str, i32), Str>;

/// Begins the moves; directories are made off the request path. Answers once they have begun.
pub(crate) async fn handle(
    request: Request,
    message: AlterReplicaLogDirsRequest,
) -> AlterReplicaLogDirsResponse {
    let wanted = from_wire(message);
    let replicas = Arc::clone(&request.broker.replicas);
    let altered = move || {
        let alter = |((topic, index), path)| {
            let error = alter(&replicas, &topic, index, &path);
            ((topic, index), error)
        };
        wanted.into_iter().map(alter).collect()
    };
    to_wire(request.broker.env.blocking(altered).await)
}

/// Of a partition that is named several times the last one counts, as in Apache Kafka.
fn from_wire(message: AlterReplicaLogDirsRequest) -> Wanted {
    let mut wanted = Wanted::new();
    for dir in message.dirs {
        for topic in dir.topics {
            for index in topic.partitions {
                wanted.insert((topic.name.clone(), index), dir.path.clone());
            }
        }
    }
    wanted
}

fn alter(replicas: &Replicas, topic: &Str, index: i32, path: &Str) -> ErrorCode {
    match replicas.alter_log_dir(topic, index, path) {
        Ok(()) => ErrorCode::None,
        Err(error) => {
            tracing::warn!("{topic}-{index} does not move to {path}: {error}");
            error_map::alter_log_dir(&error)
        }
    }
}

fn to_wire(altered: Vec<((Str, i32), ErrorCode)>) -> AlterReplicaLogDirsResponse {
    let mut results: Vec<AlterReplicaLogDirTopicResult> = Vec::new();
    for ((topic_name, partition_index), error) in altered {
        if results.last().is_none_or(|last| last.topic_name != topic_name) {
            results.push(AlterReplicaLogDirTopicResult {
                topic_name,
                ..AlterReplicaLogDirTopicResult::default()
            });
        }
        if let Some(topic) = results.last_mut() {
            topic.partitions.push(AlterReplicaLogDirPartitionResult {
                partition_index,
                error_code: error.code(),
                ..AlterReplicaLogDirPartitionResult::default()
            });
        }
    }
    AlterReplicaLogDirsResponse { results, ..AlterReplicaLogDirsResponse::default() }
}
