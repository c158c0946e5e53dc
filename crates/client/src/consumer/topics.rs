//! What a consumer knows of the cluster's topics.

use std::collections::BTreeMap;

use env::Instant;
use wire::{ErrorCode, Str, Uuid};

use super::Subscription;
use super::config::ConsumerConfig;
use super::offsets::TopicPartition;
use crate::cluster::Cluster;
use crate::error::{Error, check};

/// A topic as last heard of: its id, and leader and leader epoch of each partition.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) id: Uuid,
    pub(super) leaders: BTreeMap<i32, (i32, i32)>,
}

/// The topics a consumer reads.
#[derive(Debug, Default)]
pub(super) struct Topics {
    known: BTreeMap<Str, Topic>,
    due: Option<Instant>,
}

impl Topics {
    pub(super) fn get(&self, name: &Str) -> Option<&Topic> {
        self.known.get(name)
    }

    /// The leader of a partition and its epoch, if there is one.
    pub(super) fn leader(&self, (topic, partition): &TopicPartition) -> Option<(i32, i32)> {
        let leader = self.known.get(topic)?.leaders.get(partition).copied()?;
        (leader.0 >= 0).then_some(leader)
    }

    /// Names and partition counts: a group shares out anew when these change.
    pub(super) fn counts(&self) -> BTreeMap<Str, usize> {
        self.known.iter().map(|(name, topic)| (name.clone(), topic.leaders.len())).collect()
    }

    /// Lets the next [`Topics::refresh`] ask at `when` at the latest.
    pub(super) fn stale(&mut self, when: Instant) {
        self.due = Some(self.due.map_or(when, |due| due.min(when)));
    }

    /// When the next refresh is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Asks for what the subscription is about, if that is due.
    pub(super) async fn refresh(
        &mut self,
        cluster: &Cluster,
        config: &ConsumerConfig,
        subscription: &Subscription,
    ) -> Result<(), Error> {
        let now = cluster.env().now();
        if self.due.is_some_and(|due| due > now) {
            return Ok(());
        }
        let names = subscription.topics();
        let response = match cluster
            .metadata_creating(names.as_deref(), config.may_create_topics && names.is_some())
            .await
        {
            Ok(response) => response,
            Err(error) if error.may_pass() => {
                self.due = Some(now + config.retry_backoff);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut incomplete = false;
        let mut known = BTreeMap::new();
        for topic in response.topics {
            let Some(name) = topic.name.filter(|name| subscription.wants(name)) else { continue };
            match ErrorCode::from_code(topic.error_code) {
                Some(ErrorCode::None) => {}
                Some(code) if code.is_retriable() => {
                    tracing::warn!("topic {name} is not there yet: {}", code.name());
                    incomplete = true;
                    continue;
                }
                _ => check(topic.error_code, Some(&format!("Invalid topics: [{name}]")))?,
            }
            let leaders = topic.partitions.iter().map(|partition| {
                incomplete |= partition.leader_id < 0;
                (partition.partition_index, (partition.leader_id, partition.leader_epoch))
            });
            let leaders = leaders.collect();
            known.insert(name.detach(), Topic { id: topic.topic_id, leaders });
        }
        let pause = if incomplete { config.retry_backoff } else { config.metadata_age_max };
        self.due = Some(now + pause);
        self.known = known;
        Ok(())
    }
}
