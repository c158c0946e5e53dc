//! Replicas of a partition with the directories they start in.

use super::Controller;
use super::error::{Error, Reason, Result};
use crate::ids::{BrokerIds, Directories, directory};
use crate::image::Partition;
use wire::Uuid;

impl Controller {
    /// The directory of a new replica: the only one a broker has, else its own choice.
    pub(super) fn default_directory(&self, broker: i32) -> Uuid {
        if !self.metadata_version().is_directory_assignment_supported() {
            return directory::MIGRATING;
        }
        match self.image.cluster.broker(broker).map(|broker| broker.directories.as_slice()) {
            None => directory::UNASSIGNED,
            Some([]) => directory::MIGRATING,
            Some([only]) => *only,
            Some(_) => directory::UNASSIGNED,
        }
    }

    /// A new partition on these brokers; the active ones start in sync. `None` if none is active.
    pub(super) fn new_partition(&self, replicas: &[i32]) -> Option<Partition> {
        let is_active = |broker: &i32| self.image.cluster.is_active(*broker);
        let isr: BrokerIds = replicas.iter().copied().filter(is_active).collect();
        if isr.is_empty() {
            return None;
        }
        let directories: Directories =
            replicas.iter().map(|broker| self.default_directory(*broker)).collect();
        Some(Partition::new(BrokerIds::from(replicas), directories, isr))
    }

    /// Checks replicas somebody chose by hand (kafka-semantics 197).
    pub(super) fn validate_replicas(
        &self,
        replicas: &[i32],
        replication_factor: Option<usize>,
    ) -> Result<()> {
        let refuse = |text: String| Err(Error::new(Reason::InvalidReplicaAssignment, text));
        if replicas.is_empty() {
            return refuse(
                "The manual partition assignment includes an empty replica list.".to_owned(),
            );
        }
        let mut sorted = replicas.to_vec();
        sorted.sort_unstable();
        let mut previous = None;
        for broker in sorted {
            if self.image.cluster.broker(broker).is_none() {
                return refuse(format!(
                    "The manual partition assignment includes broker {broker}, but no such broker \
                     is registered."
                ));
            }
            if previous == Some(broker) {
                return refuse(format!(
                    "The manual partition assignment includes the broker {broker} more than once."
                ));
            }
            previous = Some(broker);
        }
        match replication_factor {
            Some(expected) if expected != replicas.len() => refuse(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this \
                 is not consistent with previous partitions, which have {expected} replica(s).",
                replicas.len()
            )),
            _ => Ok(()),
        }
    }
}
