//! DescribeCluster: cluster id, brokers, a node to send controller requests to (kafka-semantics
//! 241).

use wire::messages::{
    DescribeClusterRequest, DescribeClusterResponse,
    describe_cluster_response::DescribeClusterBroker,
};
use wire::{ErrorCode, Str};

use crate::operations::{self, authorized_operations};
use crate::request::Request;

/// `EndpointType`: brokers.
const BROKERS: i8 = 1;
/// `EndpointType`: controllers.
const CONTROLLERS: i8 = 2;

/// Answers from the image.
pub(crate) async fn handle(
    request: Request,
    message: DescribeClusterRequest,
) -> DescribeClusterResponse {
    if let Some((error, text)) = refuse(request.version, message.endpoint_type) {
        return DescribeClusterResponse {
            error_code: error.code(),
            error_message: Some(Str::from(text)),
            ..DescribeClusterResponse::default()
        };
    }
    let cluster = &request.image.cluster;
    let shown = cluster
        .brokers
        .values()
        .filter(|broker| message.include_fenced_brokers || !broker.fenced)
        .filter_map(|broker| {
            let endpoint = broker.endpoint(&request.listener)?;
            Some(DescribeClusterBroker {
                broker_id: broker.id,
                host: endpoint.host.clone(),
                port: i32::from(endpoint.port),
                rack: broker.rack.clone(),
                is_fenced: broker.fenced && request.version >= 2,
                ..DescribeClusterBroker::default()
            })
        });
    let brokers: Vec<_> = shown.collect();
    let alive: Vec<i32> = cluster.unfenced().map(|broker| broker.id).collect();
    let controller_id = match alive.len() {
        0 => -1,
        count => alive[request.broker.env.random().below(count as u64) as usize],
    };
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: request.broker.cluster_id.clone(),
        controller_id,
        brokers,
        cluster_authorized_operations: if message.include_cluster_authorized_operations {
            authorized_operations(operations::CLUSTER)
        } else {
            i32::MIN
        },
        ..DescribeClusterResponse::default()
    }
}

fn refuse(version: i16, endpoint_type: i8) -> Option<(ErrorCode, &'static str)> {
    match endpoint_type {
        BROKERS => None,
        _ if version == 0 => {
            Some((ErrorCode::InvalidRequest, "version 0 can only describe brokers"))
        }
        CONTROLLERS => Some((
            ErrorCode::MismatchedEndpointType,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of \
             type CONTROLLER",
        )),
        _ => Some((ErrorCode::UnsupportedEndpointType, "Unsupported endpoint type")),
    }
}
