//! AlterConfigs, the older API that replaces all settings of a resource: settings of brokers are
//! checked here, what passes goes to the controller.

use config::{Change, DynamicSettings, Operation, ServerConfig, check_changes};
use metadata::ResourceType;
use wire::messages::{
    AlterConfigsRequest, AlterConfigsResponse, alter_configs_request::AlterConfigsResource,
    alter_configs_response::AlterConfigsResourceResponse,
};
use wire::{Response, Str};

use crate::broker_settings::{self, Refused};
use crate::reply::Reply;
use crate::request::Request;
use crate::telemetry;

/// Checks, forwards, and puts the answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    mut message: AlterConfigsRequest,
) -> Reply<AlterConfigsResponse> {
    let config = request.broker.config();
    let asked: Vec<(i8, Str)> =
        message.resources.iter().map(|r| (r.resource_type, r.resource_name.clone())).collect();
    let mut answers = Vec::new();
    message.resources.retain(|resource| match check(&config, resource) {
        Ok(()) => true,
        Err((error, text)) => {
            answers.push(AlterConfigsResourceResponse {
                error_code: error.code(),
                error_message: Some(Str::from(text)),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..AlterConfigsResourceResponse::default()
            });
            false
        }
    });
    if !message.resources.is_empty() {
        let answer = request.broker.controller.send(message.into(), request.version).await;
        let Ok(Response::AlterConfigs(response)) = answer else {
            return Reply::Close("the active controller cannot be reached");
        };
        answers.extend(response.responses);
    }
    broker_settings::sort_as_asked(&mut answers, &asked, |a| (a.resource_type, &a.resource_name));
    Reply::Send(AlterConfigsResponse { responses: answers, ..AlterConfigsResponse::default() })
}

fn check(config: &ServerConfig, resource: &AlterConfigsResource) -> Result<(), Refused> {
    let kind = ResourceType::from_code(resource.resource_type);
    if kind == Some(ResourceType::BrokerLogger) {
        return Err(broker_settings::no_loggers(resource.resource_type));
    }
    if kind == Some(ResourceType::ClientMetrics) {
        let values = resource.configs.iter().filter(|set| set.name == *"match");
        let mut values = values.map(|set| telemetry::check_match(set.value.as_deref()));
        return values.find(Result::is_err).unwrap_or(Ok(())).map_err(broker_settings::refused);
    }
    if kind != Some(ResourceType::Broker) {
        return Ok(());
    }
    let sets = resource.configs.iter().map(|set| Change {
        name: &set.name,
        operation: Operation::Set,
        value: set.value.as_deref(),
    });
    let sets: Vec<Change<'_>> = sets.collect();
    let settings: DynamicSettings = sets
        .iter()
        .map(|set| (set.name.to_owned(), set.value.unwrap_or_default().to_owned()))
        .collect();
    check_changes(&sets)
        .and_then(|()| config.check_broker_replacement(&resource.resource_name, settings))
        .map_err(broker_settings::refused)
}
