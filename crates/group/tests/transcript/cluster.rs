//! The cluster of a transcript: topics whose ids are their names.

use std::collections::BTreeMap;

use group::{Cluster, ClusterChanged, ClusterView, Topic};
use wire::{Str, Uuid};

#[derive(Clone, Debug, Default)]
pub(crate) struct TestCluster {
    topics: BTreeMap<Str, i32>,
    settings: BTreeMap<(Str, Str), Str>,
    version: i64,
}

impl TestCluster {
    /// A topic is created, changed or, without partitions, deleted.
    pub(crate) fn set_topic(&mut self, name: Str, partitions: i32) -> ClusterChanged {
        self.version += 1;
        let is_new = match partitions {
            0 => self.topics.remove(&name).is_none(),
            _ => self.topics.insert(name.clone(), partitions).is_none(),
        };
        self.changed(vec![name], is_new)
    }

    /// A setting of a group is set.
    pub(crate) fn set_group(&mut self, group_id: Str, name: Str, value: Str) -> ClusterChanged {
        self.version += 1;
        self.settings.insert((group_id, name), value);
        self.changed(Vec::new(), false)
    }

    pub(crate) fn view(&self) -> ClusterView {
        ClusterView::new(self.clone())
    }

    fn changed(&self, topics: Vec<Str>, has_new_topics: bool) -> ClusterChanged {
        ClusterChanged { cluster: self.view(), topics, has_new_topics }
    }
}

impl Cluster for TestCluster {
    fn topic(&self, name: &str) -> Option<Topic> {
        let partitions = *self.topics.get(name)?;
        Some(Topic { id: topic_id(name), partitions })
    }

    fn topic_name(&self, id: Uuid) -> Option<Str> {
        self.topics.keys().find(|name| topic_id(name) == id).cloned()
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

    fn group_setting(&self, group_id: &str, name: &str) -> Option<Str> {
        self.settings.get(&(Str::copy_from(group_id), Str::copy_from(name))).cloned()
    }
}

/// The id of a topic: its name in bytes.
pub(crate) fn topic_id(name: &str) -> Uuid {
    let mut id = [0; 16];
    let length = name.len().min(16);
    id[..length].copy_from_slice(&name.as_bytes()[..length]);
    Uuid(id)
}

/// The name that is a topic's id.
pub(crate) fn topic_name(id: Uuid) -> String {
    String::from_utf8_lossy(&id.0).trim_end_matches('\0').to_owned()
}
