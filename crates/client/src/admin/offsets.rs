//! Offsets of partitions: look them up, delete records below them.

use std::collections::BTreeMap;

use wire::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::{DeleteRecordsRequest, ListOffsetsRequest};
use wire::{ErrorCode, Str};

use super::{Admin, CHANGE_TIMEOUT_MS, Partitions, again, by_topic};
use crate::error::{Error, check};

/// An offset that was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetResult {
    /// The offset; -1 if there is none.
    pub offset: i64,
    /// The timestamp of the record there; -1 if none was asked for.
    pub timestamp: i64,
    /// The leader epoch of the record there; -1 if unknown.
    pub leader_epoch: i32,
}

impl Admin {
    /// The leader of each of some partitions, or why it has none.
    async fn leaders<T>(
        &self,
        partitions: Partitions<T>,
    ) -> Result<(BTreeMap<i32, Partitions<T>>, Partitions<Error>), Error> {
        let mut names: Vec<Str> = partitions.keys().map(|(topic, _)| topic.clone()).collect();
        names.dedup();
        let response = self.cluster.metadata(Some(&names)).await?;
        let mut found = BTreeMap::new();
        for topic in response.topics {
            let name = topic.name.unwrap_or_default();
            for partition in topic.partitions {
                found.insert((name.clone(), partition.partition_index), partition.leader_id);
            }
        }
        let (mut led, mut without) = (BTreeMap::<i32, Partitions<T>>::new(), BTreeMap::new());
        for (key, value) in partitions {
            match found.get(&key) {
                Some(leader @ 0..) => {
                    led.entry(*leader).or_default().insert(key, value);
                }
                Some(_) => {
                    let error = Error::refused(ErrorCode::LeaderNotAvailable.code(), None);
                    without.insert(key, error);
                }
                None => {
                    let error = Error::refused(ErrorCode::UnknownTopicOrPartition.code(), None);
                    without.insert(key, error);
                }
            }
        }
        Ok((led, without))
    }

    /// Looks up offsets. A timestamp stands for the first record from then on; -1 the end, -2 the
    /// beginning, -3 the record with the highest timestamp, -4 the beginning of what is local, -5
    /// the end of what is tiered, -6 the first that waits to be tiered.
    ///
    /// # Errors
    /// No broker can be asked; what concerns one partition is its result.
    pub async fn list_offsets(
        &self,
        timestamps: Partitions<i64>,
        read_committed: bool,
    ) -> Result<Partitions<Result<OffsetResult, Error>>, Error> {
        let (led, without) = self.leaders(timestamps).await?;
        let mut results: Partitions<Result<OffsetResult, Error>> =
            without.into_iter().map(|(key, error)| (key, Err(error))).collect();
        for (leader, asked) in led {
            let keys: Vec<(Str, i32)> = asked.keys().cloned().collect();
            match self.list_offsets_at(leader, asked, read_committed).await {
                Ok(found) => results.extend(found),
                Err(error) => results.extend(keys.into_iter().map(|key| (key, Err(again(&error))))),
            }
        }
        Ok(results)
    }

    async fn list_offsets_at(
        &self,
        leader: i32,
        timestamps: Partitions<i64>,
        read_committed: bool,
    ) -> Result<Partitions<Result<OffsetResult, Error>>, Error> {
        let partition = |(partition_index, timestamp)| ListOffsetsPartition {
            partition_index,
            current_leader_epoch: -1,
            timestamp,
            ..ListOffsetsPartition::default()
        };
        let topic = |(name, partitions): (Str, Vec<(i32, i64)>)| ListOffsetsTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
            ..ListOffsetsTopic::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(read_committed),
            topics: by_topic(timestamps).into_iter().map(topic).collect(),
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..ListOffsetsRequest::default()
        };
        let response = self.cluster.broker(leader).await?.call(&request).await?;
        let mut results = BTreeMap::new();
        for topic in response.topics {
            for partition in topic.partitions {
                let result = check(partition.error_code, None).map(|()| OffsetResult {
                    offset: partition.offset,
                    timestamp: partition.timestamp,
                    leader_epoch: partition.leader_epoch,
                });
                results.insert((topic.name.clone(), partition.partition_index), result);
            }
        }
        Ok(results)
    }

    /// Deletes records below offsets (-1 for the high watermark); each partition's new beginning.
    ///
    /// # Errors
    /// No broker can be asked; what concerns one partition is its result.
    pub async fn delete_records(
        &self,
        before: Partitions<i64>,
    ) -> Result<Partitions<Result<i64, Error>>, Error> {
        let (led, without) = self.leaders(before).await?;
        let mut results: Partitions<Result<i64, Error>> =
            without.into_iter().map(|(key, error)| (key, Err(error))).collect();
        for (leader, asked) in led {
            let keys: Vec<(Str, i32)> = asked.keys().cloned().collect();
            match self.delete_records_at(leader, asked).await {
                Ok(found) => results.extend(found),
                Err(error) => results.extend(keys.into_iter().map(|key| (key, Err(again(&error))))),
            }
        }
        Ok(results)
    }

    async fn delete_records_at(
        &self,
        leader: i32,
        before: Partitions<i64>,
    ) -> Result<Partitions<Result<i64, Error>>, Error> {
        let partition = |(partition_index, offset)| DeleteRecordsPartition {
            partition_index,
            offset,
            ..DeleteRecordsPartition::default()
        };
        let topic = |(name, partitions): (Str, Vec<(i32, i64)>)| DeleteRecordsTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
            ..DeleteRecordsTopic::default()
        };
        let request = DeleteRecordsRequest {
            topics: by_topic(before).into_iter().map(topic).collect(),
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..DeleteRecordsRequest::default()
        };
        let response = self.cluster.broker(leader).await?.call(&request).await?;
        let mut results = BTreeMap::new();
        for topic in response.topics {
            for partition in topic.partitions {
                let result = check(partition.error_code, None).map(|()| partition.low_watermark);
                results.insert((topic.name.clone(), partition.partition_index), result);
            }
        }
        Ok(results)
    }
}
