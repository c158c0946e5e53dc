//! All topics, by name and by id.

use std::sync::Arc;

use wire::{Str, Uuid};

use super::partition::Partition;
use super::topic::Topic;
use crate::error::{ReplayError, Result};
use crate::shared_map::{SharedKey, SharedMap, hash_bytes};

/// All topics of the cluster. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct TopicsImage {
    ids: SharedMap<TopicName, Uuid>,
    topics: SharedMap<Uuid, Arc<Topic>>,
    partition_count: usize,
}

/// A topic name as a key. Names that differ only in `.` and `_` have the same hash, so the topic a
/// new name would collide with is found by one look-up (kafka-semantics 85).
#[derive(Clone, Debug, PartialEq, Eq)]
struct TopicName(Str);

impl SharedKey for TopicName {
    fn shared_hash(&self) -> u64 {
        name_hash(&self.0)
    }
}

fn name_hash(name: &str) -> u64 {
    hash_bytes(unified(name))
}

/// The name as Kafka's metrics show it: with `_` for `.`.
fn unified(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| if byte == b'.' { b'_' } else { byte })
}

impl TopicsImage {
    /// The number of topics.
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether there is no topic.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// The number of partitions of all topics.
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// The id of the topic with this name.
    pub fn id(&self, name: &str) -> Option<Uuid> {
        self.ids.find(name_hash(name), |key| key.0 == *name).map(|(_, id)| *id)
    }

    /// The topic with this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics.get(&self.id(name)?)
    }

    /// The topic with this id.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.topics.get(&id)
    }

    /// A partition of the topic with this name.
    pub fn partition(&self, name: &str, index: i32) -> Option<&Partition> {
        self.by_name(name)?.partition(index)
    }

    /// All topics, in an order that means nothing but is the same in every run.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.values()
    }

    /// All topics by name.
    pub fn sorted_by_name(&self) -> Vec<&Arc<Topic>> {
        let mut topics: Vec<_> = self.iter().collect();
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        topics
    }

    /// An existing topic whose name equals `name` once every `.` is a `_`.
    pub fn colliding_with(&self, name: &str) -> Option<&Str> {
        let collides = |key: &TopicName| unified(&key.0).eq(unified(name));
        self.ids.find(name_hash(name), collides).map(|(key, _)| &key.0)
    }

    pub(crate) fn create(&mut self, name: Str, id: Uuid) -> Result<()> {
        if let Some(id) = self.id(&name) {
            return Err(ReplayError::DuplicateTopic { name: name.to_string(), id });
        }
        if let Some(topic) = self.by_id(id) {
            return Err(ReplayError::DuplicateTopic { name: topic.name.to_string(), id });
        }
        self.ids.insert(TopicName(name.clone()), id);
        self.topics.insert(id, Arc::new(Topic::new(name, id)));
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Result<Arc<Topic>> {
        let topic = self.topics.remove(&id).ok_or(ReplayError::UnknownTopicId(id))?;
        self.ids.remove(&TopicName(topic.name.clone()));
        self.partition_count -= topic.partition_count();
        Ok(topic)
    }

    pub(crate) fn set_partition(
        &mut self,
        id: Uuid,
        index: i32,
        partition: Partition,
    ) -> Result<()> {
        let topic = self.topics.get_mut(&id).ok_or(ReplayError::UnknownTopicId(id))?;
        let topic = Arc::make_mut(topic);
        let count = topic.partition_count();
        topic.set_partition(index, partition).ok_or(ReplayError::PartitionGap {
            topic_id: id,
            index,
            count,
        })?;
        self.partition_count += topic.partition_count() - count;
        Ok(())
    }
}

impl PartialEq for TopicsImage {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|topic| other.by_id(topic.id).is_some_and(|same| same == topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_semantics_85_collisions() {
        let mut topics = TopicsImage::default();
        topics.create(Str::from("a.b"), Uuid([1; 16])).unwrap();
        topics.create(Str::from("plain"), Uuid([2; 16])).unwrap();
        assert_eq!(topics.colliding_with("a_b").unwrap(), "a.b");
        assert_eq!(topics.colliding_with("a.b").unwrap(), "a.b");
        assert_eq!(topics.colliding_with("a-b"), None);
        assert_eq!(topics.id("a_b"), None);
        assert_eq!(topics.id("a.b"), Some(Uuid([1; 16])));
    }

    #[test]
    fn names_and_ids_are_unique() {
        let mut topics = TopicsImage::default();
        topics.create(Str::from("t"), Uuid([1; 16])).unwrap();
        assert!(topics.create(Str::from("t"), Uuid([2; 16])).is_err());
        assert!(topics.create(Str::from("u"), Uuid([1; 16])).is_err());
        topics.remove(Uuid([1; 16])).unwrap();
        topics.create(Str::from("t"), Uuid([2; 16])).unwrap();
        assert_eq!(topics.by_name("t").unwrap().id, Uuid([2; 16]));
    }
}
