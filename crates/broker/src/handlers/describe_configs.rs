//! DescribeConfigs, as this broker sees configurations (kafka-configs §1 item 5).

use std::collections::HashSet;

use config::{Query, describe_broker_loggers};
use metadata::ResourceType;
use wire::messages::describe_configs_request::DescribeConfigsResource;
use wire::messages::describe_configs_response::DescribeConfigsResult;
use wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use wire::{ErrorCode, Str};

use crate::broker_settings::Refused;
use crate::request::Request;

/// Answers from the settings in force and the image, and for loggers from this process.
pub(crate) async fn handle(
    request: Request,
    message: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let config = request.broker.config();
    controller::describe_configs(&config, &request.image, &message, |resource| {
        let kind = ResourceType::from_code(resource.resource_type);
        let is_logger = kind == Some(ResourceType::BrokerLogger);
        is_logger.then(|| describe_loggers(&request, &message, resource))
    })
}

fn describe_loggers(
    request: &Request,
    message: &DescribeConfigsRequest,
    resource: &DescribeConfigsResource,
) -> DescribeConfigsResult {
    let result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        error_message: Some(Str::default()),
        ..DescribeConfigsResult::default()
    };
    if let Err((error, text)) = check_broker(request.broker.node_id, &resource.resource_name) {
        return DescribeConfigsResult {
            error_code: error.code(),
            error_message: Some(Str::from(text)),
            ..result
        };
    }
    let names: Option<HashSet<&str>> =
        resource.configuration_keys.as_ref().map(|keys| keys.iter().map(Str::as_str).collect());
    let query = Query {
        names: names.as_ref(),
        include_synonyms: message.include_synonyms,
        include_documentation: message.include_documentation,
    };
    let loggers = request.broker.loggers.describe();
    let levels = loggers.iter().map(|(name, level)| (name.as_str(), level.name()));
    let entries = describe_broker_loggers(levels, &query).into_iter();
    DescribeConfigsResult { configs: entries.map(controller::described).collect(), ..result }
}

fn check_broker(node_id: i32, name: &str) -> Result<(), Refused> {
    let text = match name.parse::<i32>() {
        Ok(id) if id == node_id => return Ok(()),
        Ok(_) => format!("Unexpected broker id, expected {node_id} but received {name}"),
        Err(_) if name.is_empty() => "Broker id must not be empty".to_owned(),
        Err(_) => format!("Broker id must be an integer, but it is: {name}"),
    };
    Err((ErrorCode::InvalidRequest, text))
}
