//! What a producer knows of its topics: partitions and leaders.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use env::Instant;
use wire::{ErrorCode, Str, Uuid};

use crate::cluster::Cluster;
use crate::error::{Error, check};

/// A topic as last heard of.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Str,
    pub(crate) id: Uuid,
    /// The leader of each partition, -1 for none.
    pub(crate) leaders: Vec<i32>,
    is_led: bool,
    heard: Instant,
}

impl Topic {
    pub(crate) fn new(name: Str, id: Uuid, leaders: Vec<i32>, heard: Instant) -> Self {
        let is_led = leaders.iter().any(|leader| *leader >= 0);
        Self { name, id, leaders, is_led, heard }
    }

    /// Whether records can go to a partition now; to any if they can to none.
    pub(crate) fn is_available(&self, partition: i32) -> bool {
        let leader = usize::try_from(partition).ok().and_then(|at| self.leaders.get(at));
        leader.is_some_and(|leader| *leader >= 0 || !self.is_led)
    }

    /// The partitions that records can go to now; all if none can.
    pub(crate) fn available(&self) -> Vec<i32> {
        let all = || 0..self.leaders.len() as i32;
        let led: Vec<i32> = all().filter(|index| self.leaders[*index as usize] >= 0).collect();
        if led.is_empty() { all().collect() } else { led }
    }
}

/// Topics, asked for when needed.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    known: Mutex<HashMap<Str, Arc<Topic>>>,
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<Str, Arc<Topic>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A topic, if it was heard of not longer ago than `age_max`.
    pub(crate) fn known(&self, name: &Str, age_max: Duration, now: Instant) -> Option<Arc<Topic>> {
        let known = self.lock().get(name).map(Arc::clone);
        known.filter(|topic| now.duration_since(topic.heard) < age_max)
    }

    /// A topic, not heard of longer ago than `age_max`. Brokers may create it when asked.
    pub(crate) async fn get(
        &self,
        cluster: &Cluster,
        name: &Str,
        age_max: Duration,
    ) -> Result<Arc<Topic>, Error> {
        let now = cluster.env().now();
        if let Some(topic) = self.known(name, age_max, now) {
            return Ok(topic);
        }
        let asked = std::slice::from_ref(name);
        let response = cluster.metadata_creating(Some(asked), true).await?;
        let unknown = || Error::refused(ErrorCode::UnknownTopicOrPartition.code(), None);
        let found = response.topics.into_iter().next().ok_or_else(unknown)?;
        check(found.error_code, None)?;
        let mut partitions = found.partitions;
        partitions.sort_by_key(|partition| partition.partition_index);
        let in_order = partitions.iter().enumerate().all(|(at, p)| p.partition_index == at as i32);
        if partitions.is_empty() || !in_order {
            return Err(Error::refused(ErrorCode::LeaderNotAvailable.code(), None));
        }
        let leaders = partitions.iter().map(|partition| partition.leader_id).collect();
        // Names outlive the frame of the answer.
        let topic = Arc::new(Topic::new(name.detach(), found.topic_id, leaders, now));
        self.lock().insert(topic.name.clone(), Arc::clone(&topic));
        Ok(topic)
    }
}
