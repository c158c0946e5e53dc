//! What a producer knows of its topics: partitions and leaders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::Instant;
use tokio::sync::Mutex;
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
    heard: Instant,
}

impl Topic {
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
    /// A topic, not heard of longer ago than `age_max`. Brokers may create it when asked.
    pub(crate) async fn get(
        &self,
        cluster: &Cluster,
        name: &Str,
        age_max: Duration,
    ) -> Result<Arc<Topic>, Error> {
        let now = cluster.env().now();
        if let Some(topic) = self.known.lock().await.get(name)
            && now.duration_since(topic.heard) < age_max
        {
            return Ok(Arc::clone(topic));
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
        let topic = Topic { name: name.detach(), id: found.topic_id, leaders, heard: now };
        let topic = Arc::new(topic);
        self.known.lock().await.insert(topic.name.clone(), Arc::clone(&topic));
        Ok(topic)
    }
}
