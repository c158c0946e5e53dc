//! Asking for changes to a cluster, and about its state.

mod configs;
mod features;
mod groups;
mod log_dirs;
mod nodes;
mod offsets;
mod partitions;
mod quorum;
mod quotas;
mod scram;
mod topics;
mod transactions;

use std::collections::BTreeMap;

use wire::Str;

pub use configs::{ConfigChange, ConfigEntry, ConfigResource};
pub use features::FeatureChange;
pub use groups::GroupOffset;
pub use log_dirs::LogDirs;
pub use offsets::OffsetResult;
pub use quorum::Quorum;
pub use quotas::{QuotaEntity, QuotaEntry, QuotaMatch, QuotaOp};
pub use scram::ScramChange;
pub use topics::{NewTopic, Reassignments, TopicDescription};
pub use transactions::{AbortedProducer, TransactionFilter};

use crate::cluster::Cluster;
use crate::error::Error;

/// How long brokers may take for a change, where nothing else is said (`request.timeout.ms`).
const CHANGE_TIMEOUT_MS: i32 = 30_000;
/// The kind of resource that topics are, in requests about configurations.
pub const TOPIC_RESOURCE: i8 = 2;

/// Something for each of some partitions, by topic and index.
pub type Partitions<T> = BTreeMap<(Str, i32), T>;

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

/// A topic with something for each of some of its partitions.
type OfTopic<T> = (Str, Vec<(i32, T)>);

/// Partitions as requests want them: by topic.
fn by_topic<T>(
    partitions: impl IntoIterator<Item = ((Str, i32), T)>,
) -> BTreeMap<Str, Vec<(i32, T)>> {
    let mut topics: BTreeMap<Str, Vec<(i32, T)>> = BTreeMap::new();
    for ((topic, partition), value) in partitions {
        topics.entry(topic).or_default().push((partition, value));
    }
    topics
}

/// The same failure once more, for each of those it concerns.
fn again(error: &Error) -> Error {
    match error {
        Error::Refused { code, message } => {
            Error::Refused { code: *code, message: message.clone() }
        }
        Error::Unsupported(api) => Error::Unsupported(*api),
        Error::TimedOut { address, timeout_ms } => {
            Error::TimedOut { address: address.clone(), timeout_ms: *timeout_ms }
        }
        other => Error::NoBootstrapServer(other.to_string()),
    }
}
