//! A cluster whose topics come, grow and go. A topic that comes again is another one.

use std::collections::BTreeMap;

use group::{Cluster, ClusterChanged, ClusterView, Topic};
use wire::{Str, Uuid};

#[derive(Clone, Debug, Default)]
pub(crate) struct RandomCluster {
    topics: BTreeMap<Str, Topic>,
    version: i64,
}

impl RandomCluster {
    /// Creates or grows a topic, or deletes it if it is to have no partitions.
    pub(crate) fn set(&mut self, name: &str, partitions: i32) -> ClusterChanged {
        self.version += 1;
        let name = Str::copy_from(name);
        let before = self.topics.get(&name).copied();
        match (partitions, before) {
            (0, _) => drop(self.topics.remove(&name)),
            (_, Some(topic)) => {
                let partitions = partitions.max(topic.partitions);
                self.topics.insert(name.clone(), Topic { partitions, ..topic });
            }
            (_, None) => {
                let id = Uuid(u128::try_from(self.version).expect("positive").to_be_bytes());
                self.topics.insert(name.clone(), Topic { id, partitions });
            }
        }
        let has_new_topics = before.is_none() && partitions > 0;
        ClusterChanged { cluster: self.view(), topics: vec![name], has_new_topics }
    }

    pub(crate) fn view(&self) -> ClusterView {
        ClusterView::new(self.clone())
    }
}

impl Cluster for RandomCluster {
    fn topic(&self, name: &str) -> Option<Topic> {
        self.topics.get(name).copied()
    }

    fn topic_name(&self, id: Uuid) -> Option<Str> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, _)| name.clone())
    }

    fn topic_names(&self) -> Vec<Str> {
        self.topics.keys().cloned().collect()
    }

    fn racks(&self, _topic_id: Uuid, _partition: i32) -> Vec<Str> {
        Vec::new()
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn group_setting(&self, _group_id: &str, _name: &str) -> Option<Str> {
        None
    }
}
