//! From a request to its handler: the only place that knows which API goes where.

use wire::{ApiKey, Request, Response};

use crate::handle::{Handle, RequestContext};

/// Lists every API a controller listener serves, with what answers it.
///
/// What is not in this table is neither advertised nor answered (kafka-apis 11).
macro_rules! served {
    (
        ($controller:ident, $context:ident, $request:ident)
        here { $($key:ident => $answer:expr,)* }
        by_quorum { $($quorum:ident,)* }
    ) => {
        /// The APIs that a controller listener answers.
        pub const SERVED: &[ApiKey] = &[$(ApiKey::$key,)* $(ApiKey::$quorum,)*];

        impl Handle {
            /// Answers a request of any API that controller listeners serve.
            ///
            /// `None` for one that is not served: the connection is closed then. Whether the
            /// sender may ask is checked here once there is an authorizer.
            pub async fn handle(
                &self,
                $context: &RequestContext,
                request: Request,
            ) -> Option<Response> {
                let $controller = self;
                match request {
                    $(Request::$key($request) => Some($answer.into()),)*
                    $(Request::$quorum(_) => {
                        self.quorum().handle_request(&request, $context.api_version).await.ok()
                    })*
                    _ => None,
                }
            }
        }
    };
}

served! {
    (controller, context, request)
    here {
        ApiVersions => controller.api_versions(context, &request),
        CreateTopics => controller.create_topics(context, request).await,
        DeleteTopics => controller.delete_topics(context, request).await,
        DescribeConfigs => controller.describe_configs(&request),
        AlterConfigs => controller.alter_configs(context, request).await,
        CreatePartitions => controller.create_partitions(request).await,
        ElectLeaders => controller.elect_leaders(request).await,
        IncrementalAlterConfigs => controller.incremental_alter_configs(context, request).await,
        AlterPartitionReassignments => controller.alter_partition_reassignments(request).await,
        ListPartitionReassignments => controller.list_partition_reassignments(request),
        AlterClientQuotas => controller.alter_client_quotas(request).await,
        AlterPartition => controller.alter_partition(context, request).await,
        UpdateFeatures => controller.update_features(context, request).await,
        DescribeCluster => controller.describe_cluster(context, &request),
        BrokerRegistration => controller.broker_registration(context, request).await,
        BrokerHeartbeat => controller.broker_heartbeat(request).await,
        UnregisterBroker => controller.unregister_broker(request).await,
        AllocateProducerIds => controller.allocate_producer_ids(request).await,
        ControllerRegistration => controller.controller_registration(request).await,
        AssignReplicasToDirs => controller.assign_replicas_to_dirs(request).await,
    }
    by_quorum {
        Fetch,
        Vote,
        BeginQuorumEpoch,
        EndQuorumEpoch,
        DescribeQuorum,
        FetchSnapshot,
        AddRaftVoter,
        RemoveRaftVoter,
        UpdateRaftVoter,
    }
}
