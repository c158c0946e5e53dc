//! What a coordinator knows of the cluster around it: topics, racks, and settings of groups.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use wire::{Str, Uuid};

/// A topic as a coordinator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: i32,
}

/// One state of the cluster. It never changes; a new state comes as [`ClusterChanged`].
pub trait Cluster: fmt::Debug + Send + Sync {
    /// The topic of that name.
    fn topic(&self, name: &str) -> Option<Topic>;

    /// The name of the topic with that id.
    fn topic_name(&self, id: Uuid) -> Option<Str>;

    /// The names of all topics.
    fn topic_names(&self) -> Vec<Str>;

    /// The racks of a partition's replicas, one for each replica that has one.
    fn racks(&self, topic_id: Uuid, partition: i32) -> Vec<Str>;

    /// The offset in the metadata log up to which this state goes.
    fn version(&self) -> i64;

    /// What a setting of one group is set to (kafka-configs, group settings), if it is.
    fn group_setting(&self, group_id: &str, name: &str) -> Option<Str>;

    /// A setting of one group in milliseconds, or what the broker says for all.
    fn group_millis(&self, group_id: &str, name: &str, of_broker: i32) -> i32 {
        self.group_setting(group_id, name).and_then(|ms| ms.parse().ok()).unwrap_or(of_broker)
    }
}

/// A state of the cluster, shared. Two of them are equal if they are the same.
#[derive(Clone, Debug)]
pub struct ClusterView(Arc<dyn Cluster>);

impl ClusterView {
    /// The view of a state.
    pub fn new(cluster: impl Cluster + 'static) -> Self {
        Self(Arc::new(cluster))
    }
}

impl Deref for ClusterView {
    type Target = dyn Cluster;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for ClusterView {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for ClusterView {
    /// A cluster without topics, for shards that are told later.
    fn default() -> Self {
        Self::new(Empty)
    }
}

#[derive(Debug)]
struct Empty;

impl Cluster for Empty {
    fn topic(&self, _name: &str) -> Option<Topic> {
        None
    }

    fn topic_name(&self, _id: Uuid) -> Option<Str> {
        None
    }

    fn topic_names(&self) -> Vec<Str> {
        Vec::new()
    }

    fn racks(&self, _topic_id: Uuid, _partition: i32) -> Vec<Str> {
        Vec::new()
    }

    fn version(&self) -> i64 {
        -1
    }

    fn group_setting(&self, _group_id: &str, _name: &str) -> Option<Str> {
        None
    }
}

/// The cluster has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterChanged {
    /// How it is now.
    pub cluster: ClusterView,
    /// Topics that were created, changed or deleted.
    pub topics: Vec<Str>,
    /// Whether some of them are new, which patterns may match.
    pub has_new_topics: bool,
}
