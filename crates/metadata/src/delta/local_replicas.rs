//! What an update means for the replicas of one broker.

use std::sync::Arc;

use wire::Uuid;

use super::{TopicChange, Update};
use crate::image::{Partition, Topic};

/// Replicas a broker starts, changes or deletes.
#[derive(Clone, Debug, Default)]
pub struct LocalReplicaChanges {
    /// Replicas that are gone, because the topic is or because they were reassigned.
    pub deleted: Vec<LocalReplica>,
    /// New or changed partitions that the broker leads.
    pub leaders: Vec<LocalReplica>,
    /// New or changed partitions that the broker follows.
    pub followers: Vec<LocalReplica>,
}

/// One replica of the broker.
#[derive(Clone, Debug)]
pub struct LocalReplica {
    /// The topic: as it is now, or as it was for a deleted replica.
    pub topic: Arc<Topic>,
    /// The partition index.
    pub index: i32,
    /// Whether the leader epoch is new to the broker: the leader starts one, the follower
    /// truncates.
    pub is_new_leader_epoch: bool,
    /// The log directory the controller knows for the replica.
    pub directory: Uuid,
    /// Whether that is not what it was before.
    pub is_new_directory: bool,
}

impl LocalReplica {
    /// The state of the partition.
    pub fn partition(&self) -> Option<&Partition> {
        self.topic.partition(self.index)
    }
}

impl LocalReplicaChanges {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.leaders.is_empty() && self.followers.is_empty()
    }

    pub(super) fn of(update: &Update, broker: i32) -> Self {
        let mut local = Self::default();
        for topic in &update.changes.deleted_topics {
            let partitions = topic.partitions();
            local.deleted.extend(
                partitions
                    .filter_map(|(index, p)| LocalReplica::new(topic, index, p, None, broker)),
            );
        }
        for (id, change) in &update.changes.topics {
            let Some(topic) = update.after.topics.by_id(*id) else { continue };
            let old = update.before.topics.by_id(*id);
            match change {
                TopicChange::Created => topic
                    .partitions()
                    .for_each(|(index, p)| local.partition(topic, index, p, old, broker)),
                TopicChange::Changed(indexes) => {
                    let partitions =
                        indexes.iter().filter_map(|i| Some((*i, topic.partition(*i)?)));
                    partitions.for_each(|(i, p)| local.partition(topic, i, p, old, broker));
                }
            }
        }
        local
    }

    fn partition(
        &mut self,
        topic: &Arc<Topic>,
        index: i32,
        partition: &Partition,
        old_topic: Option<&Arc<Topic>>,
        broker: i32,
    ) {
        let old = old_topic.and_then(|topic| topic.partition(index));
        let Some(replica) = LocalReplica::new(topic, index, partition, old, broker) else {
            let gone = old_topic
                .zip(old)
                .and_then(|(topic, old)| LocalReplica::new(topic, index, old, Some(old), broker));
            self.deleted.extend(gone);
            return;
        };
        if old.is_some_and(|old| old.partition_epoch == partition.partition_epoch) {
            return;
        }
        if partition.leader == broker {
            self.leaders.push(replica);
        } else {
            self.followers.push(replica);
        }
    }
}

impl LocalReplica {
    fn new(
        topic: &Arc<Topic>,
        index: i32,
        partition: &Partition,
        old: Option<&Partition>,
        broker: i32,
    ) -> Option<Self> {
        let directory = partition.directory(broker)?;
        let old = old.filter(|old| old.replicas.contains(&broker));
        Some(Self {
            topic: Arc::clone(topic),
            index,
            is_new_leader_epoch: old.is_none_or(|old| old.leader_epoch != partition.leader_epoch),
            directory,
            is_new_directory: old.and_then(|old| old.directory(broker)) != Some(directory),
        })
    }
}
