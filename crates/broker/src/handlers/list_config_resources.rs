//! ListConfigResources: what has configurations, by kind (KIP-1142).

use metadata::{Image, ResourceType};
use wire::messages::{
    ListConfigResourcesRequest, ListConfigResourcesResponse,
    list_config_resources_response::ConfigResource,
};
use wire::{ErrorCode, Str};

use crate::request::Request;

/// The kinds told when none is named, in the order of Apache Kafka's answer.
const ALL: [ResourceType; 5] = [
    ResourceType::Group,
    ResourceType::ClientMetrics,
    ResourceType::BrokerLogger,
    ResourceType::Broker,
    ResourceType::Topic,
];

/// Answers from the image.
pub(crate) async fn handle(
    request: Request,
    message: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse {
    let asked: Option<Vec<ResourceType>> =
        message.resource_types.iter().map(|code| ResourceType::from_code(*code)).collect();
    let kinds = match asked {
        None => {
            return ListConfigResourcesResponse {
                error_code: ErrorCode::UnsupportedVersion.code(),
                ..ListConfigResourcesResponse::default()
            };
        }
        Some(_) if request.version == 0 => vec![ResourceType::ClientMetrics],
        Some(kinds) if kinds.is_empty() => ALL.to_vec(),
        Some(kinds) => ALL.into_iter().filter(|kind| kinds.contains(kind)).collect(),
    };
    let resources = kinds.into_iter().flat_map(|kind| {
        let names = names(&request.image, kind);
        names.into_iter().map(move |resource_name| ConfigResource {
            resource_name,
            resource_type: kind.code(),
            ..ConfigResource::default()
        })
    });
    ListConfigResourcesResponse {
        config_resources: resources.collect(),
        ..ListConfigResourcesResponse::default()
    }
}

fn names(image: &Image, kind: ResourceType) -> Vec<Str> {
    match kind {
        ResourceType::Topic => {
            image.topics.sorted_by_name().into_iter().map(|topic| topic.name.clone()).collect()
        }
        ResourceType::Broker | ResourceType::BrokerLogger => {
            let brokers = image.cluster.unfenced();
            brokers.map(|broker| Str::from(broker.id.to_string())).collect()
        }
        ResourceType::Group | ResourceType::ClientMetrics => {
            let configured = image.configs.of_type(kind);
            configured.into_iter().map(|(name, _)| name.clone()).collect()
        }
    }
}
