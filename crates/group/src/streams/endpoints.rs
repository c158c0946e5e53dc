//! Who answers interactive queries about which partitions.

use std::collections::BTreeSet;

use wire::Str;

use super::configure::ConfiguredTopology;
use super::member::MemberMetadata;
use super::reconcile::CurrentAssignment;
use super::request::{EndpointPartitions, TaskList};
use super::tasks::Tasks;
use crate::cluster::Cluster;

/// What a member answers about; none if it does not answer queries.
pub(super) fn endpoint_partitions(
    metadata: &MemberMetadata,
    current: &CurrentAssignment,
    configured: &ConfiguredTopology,
    cluster: &dyn Cluster,
) -> Option<EndpointPartitions> {
    let assigned = &current.assigned;
    Some(EndpointPartitions {
        endpoint: metadata.user_endpoint.clone()?,
        active: partitions(&assigned.active_tasks(), configured, cluster),
        standby: partitions(&assigned.standby, configured, cluster),
    })
}

/// The partitions of source topics that tasks read. Topics that are not there are left out.
fn partitions(tasks: &Tasks, configured: &ConfiguredTopology, cluster: &dyn Cluster) -> TaskList {
    let mut list = TaskList::new();
    for (id, tasks) in tasks {
        let Some(part) = configured.subtopologies.get(id) else { continue };
        let repartition = part.repartition_source_topics.iter().map(|topic| &topic.name);
        let sources: BTreeSet<&Str> = part.source_topics.iter().chain(repartition).collect();
        for topic in sources {
            // A topic that is smaller than the largest one has no partition for some tasks.
            let Some(count) = cluster.topic(topic) else { continue };
            let count = usize::try_from(count.partitions).unwrap_or(0);
            list.push((topic.clone(), tasks.iter().copied().take(count).collect()));
        }
    }
    list
}
