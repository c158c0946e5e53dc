//! The log directories of brokers.

use std::collections::BTreeMap;

use wire::Str;
use wire::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use wire::messages::describe_log_dirs_request::DescribableLogDirTopic;
use wire::messages::describe_log_dirs_response::DescribeLogDirsResult;
use wire::messages::{AlterReplicaLogDirsRequest, DescribeLogDirsRequest};

use super::{Admin, Partitions, by_topic};
use crate::error::{Error, check};

/// The log directories of one broker.
pub type LogDirs = Vec<DescribeLogDirsResult>;

impl Admin {
    /// A broker's log directories, with the replicas there of the partitions named (all without).
    ///
    /// # Errors
    /// The broker refuses, or cannot be reached.
    pub async fn describe_log_dirs(
        &self,
        broker: i32,
        partitions: Option<Vec<(Str, i32)>>,
    ) -> Result<LogDirs, Error> {
        let topic = |(topic, partitions): (Str, Vec<(i32, ())>)| DescribableLogDirTopic {
            topic,
            partitions: partitions.into_iter().map(|(partition, ())| partition).collect(),
            ..DescribableLogDirTopic::default()
        };
        let topics = partitions.map(|all| {
            let topics = by_topic(all.into_iter().map(|partition| (partition, ())));
            topics.into_iter().map(topic).collect()
        });
        let request = DescribeLogDirsRequest { topics, ..DescribeLogDirsRequest::default() };
        let response = self.cluster.broker(broker).await?.call(&request).await?;
        check(response.error_code, None)?;
        Ok(response.results)
    }

    /// Asks a broker to keep its replicas of partitions in other log directories.
    ///
    /// # Errors
    /// The broker cannot be asked; what concerns one replica is its result.
    pub async fn alter_replica_log_dirs(
        &self,
        broker: i32,
        dirs: Partitions<Str>,
    ) -> Result<Partitions<Result<(), Error>>, Error> {
        let mut by_dir: BTreeMap<Str, Vec<(Str, i32)>> = BTreeMap::new();
        for (key, dir) in dirs {
            by_dir.entry(dir).or_default().push(key);
        }
        let topic = |(name, partitions): (Str, Vec<(i32, ())>)| AlterReplicaLogDirTopic {
            name,
            partitions: partitions.into_iter().map(|(partition, ())| partition).collect(),
            ..AlterReplicaLogDirTopic::default()
        };
        let dir = |(path, partitions): (Str, Vec<(Str, i32)>)| {
            let partitions = by_topic(partitions.into_iter().map(|partition| (partition, ())));
            AlterReplicaLogDir {
                path,
                topics: partitions.into_iter().map(topic).collect(),
                ..AlterReplicaLogDir::default()
            }
        };
        let request = AlterReplicaLogDirsRequest {
            dirs: by_dir.into_iter().map(dir).collect(),
            ..AlterReplicaLogDirsRequest::default()
        };
        let response = self.cluster.broker(broker).await?.call(&request).await?;
        let mut results = Partitions::new();
        for topic in response.results {
            for partition in topic.partitions {
                let result = check(partition.error_code, None);
                results.insert((topic.topic_name.clone(), partition.partition_index), result);
            }
        }
        Ok(results)
    }
}
