//! Asking for changes to a cluster, and about its state.

mod configs;
mod topics;

pub use configs::{ConfigChange, ConfigEntry};
pub use topics::{NewTopic, Reassignments, TopicDescription};

use crate::cluster::Cluster;

/// How long brokers may take for a change, where nothing else is said (`request.timeout.ms`).
const CHANGE_TIMEOUT_MS: i32 = 30_000;
/// The kind of resource that topics are, in requests about configurations.
pub const TOPIC_RESOURCE: i8 = 2;

/// Administration of a cluster.
#[derive(Debug, Clone)]
pub struct Admin {
    cluster: Cluster,
}

impl Admin {
    /// Administration of `cluster`.
    pub fn new(cluster: &Cluster) -> Self {
        Self { cluster: cluster.clone() }
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}
