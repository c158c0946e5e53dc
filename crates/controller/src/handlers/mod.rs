//! One file per API: from the wire into the machine's terms, and back.

mod allocate_producer_ids;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod api_versions;
mod assign_replicas_to_dirs;
mod broker_heartbeat;
mod broker_registration;
mod controller_registration;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod elect_leaders;
mod endpoints;
mod incremental_alter_configs;
mod list_partition_reassignments;
mod unregister_broker;
mod update_features;

use wire::{Request, Response};

pub use describe_configs::describe_configs;

use crate::handle::{Handle, RequestContext};

impl Handle {
    /// Answers a request of any API that controller listeners serve.
    ///
    /// `None` for one that is not served: the connection is closed then (kafka-apis 11). Requests
    /// of the quorum go to it; whether the sender may ask is checked here once there is an
    /// authorizer.
    pub async fn handle(&self, context: &RequestContext, request: Request) -> Option<Response> {
        Some(match request {
            Request::AllocateProducerIds(r) => self.allocate_producer_ids(r).await.into(),
            Request::AlterConfigs(r) => self.alter_configs(context, r).await.into(),
            Request::AlterPartition(r) => self.alter_partition(context, r).await.into(),
            Request::AlterPartitionReassignments(r) => {
                self.alter_partition_reassignments(r).await.into()
            }
            Request::ApiVersions(r) => self.api_versions(context, &r).into(),
            Request::AssignReplicasToDirs(r) => self.assign_replicas_to_dirs(r).await.into(),
            Request::BrokerHeartbeat(r) => self.broker_heartbeat(r).await.into(),
            Request::BrokerRegistration(r) => self.broker_registration(context, r).await.into(),
            Request::ControllerRegistration(r) => self.controller_registration(r).await.into(),
            Request::CreatePartitions(r) => self.create_partitions(r).await.into(),
            Request::CreateTopics(r) => self.create_topics(context, r).await.into(),
            Request::DeleteTopics(r) => self.delete_topics(context, r).await.into(),
            Request::DescribeCluster(r) => self.describe_cluster(context, &r).into(),
            Request::DescribeConfigs(r) => self.describe_configs(&r).into(),
            Request::ElectLeaders(r) => self.elect_leaders(r).await.into(),
            Request::IncrementalAlterConfigs(r) => {
                self.incremental_alter_configs(context, r).await.into()
            }
            Request::ListPartitionReassignments(r) => self.list_partition_reassignments(r).into(),
            Request::UnregisterBroker(r) => self.unregister_broker(r).await.into(),
            Request::UpdateFeatures(r) => self.update_features(context, r).await.into(),
            request => {
                let version = context.api_version;
                return self.quorum().handle_request(&request, version).await.ok();
            }
        })
    }
}
