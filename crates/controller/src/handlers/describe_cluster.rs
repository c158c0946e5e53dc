//! DescribeCluster on a controller listener: the controllers (KIP-919).

use wire::messages::describe_cluster_response::DescribeClusterBroker;
use wire::messages::{DescribeClusterRequest, DescribeClusterResponse};
use wire::{ErrorCode, Str};

use crate::handle::{Handle, RequestContext};

/// The endpoint types of the protocol.
const BROKER: i8 = 1;
const CONTROLLER: i8 = 2;

impl Handle {
    /// Lists the registered controllers, and which of them is active (kafka-semantics 241).
    pub fn describe_cluster(
        &self,
        context: &RequestContext,
        request: &DescribeClusterRequest,
    ) -> DescribeClusterResponse {
        if request.endpoint_type != CONTROLLER {
            return wrong_endpoint_type(context, request.endpoint_type);
        }
        let image = self.metadata().image();
        let controllers = image.cluster.controllers.values().filter_map(|controller| {
            let is_here = |endpoint: &&metadata::Endpoint| *endpoint.name == context.listener;
            let endpoint = controller.endpoints.iter().find(is_here)?;
            Some(DescribeClusterBroker {
                broker_id: controller.id,
                host: endpoint.host.clone(),
                port: endpoint.port.into(),
                ..DescribeClusterBroker::default()
            })
        });
        let brokers: Vec<DescribeClusterBroker> = controllers.collect();
        let leader = self.quorum().leader_and_epoch().leader;
        let is_known = |id: &i32| brokers.iter().any(|broker| broker.broker_id == *id);
        DescribeClusterResponse {
            endpoint_type: CONTROLLER,
            cluster_id: Str::copy_from(&self.settings().cluster_id),
            controller_id: leader.filter(is_known).unwrap_or(-1),
            brokers,
            ..DescribeClusterResponse::default()
        }
    }
}

/// Version 0 has one error for whatever is wrong with the endpoint type.
fn wrong_endpoint_type(context: &RequestContext, endpoint_type: i8) -> DescribeClusterResponse {
    let (error, text) = match endpoint_type {
        BROKER => (
            ErrorCode::MismatchedEndpointType,
            "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of \
             type BROKER"
                .to_owned(),
        ),
        other => (ErrorCode::UnsupportedEndpointType, format!("Unsupported endpoint type {other}")),
    };
    let error = if context.api_version == 0 { ErrorCode::InvalidRequest } else { error };
    DescribeClusterResponse {
        error_code: error.code(),
        error_message: Some(Str::from(text)),
        ..DescribeClusterResponse::default()
    }
}
