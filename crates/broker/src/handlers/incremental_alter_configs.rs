//! IncrementalAlterConfigs: settings of brokers are checked here, where they take effect; what
//! passes goes to the controller, which stores it (kafka-configs §1 items 4, 6). Log levels are
//! changed here.

use config::{Change, Operation, RequestError, ServerConfig, check_changes};
use metadata::ResourceType;
use wire::messages::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    incremental_alter_configs_request::AlterConfigsResource,
    incremental_alter_configs_response::AlterConfigsResourceResponse,
};
use wire::{ErrorCode, Response, Str};

use crate::broker_settings::{self, Refused};
use crate::loggers::{self, LevelChange};
use crate::reply::Reply;
use crate::request::Request;
use crate::telemetry;

/// Checks, forwards, and puts the answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    mut message: IncrementalAlterConfigsRequest,
) -> Reply<IncrementalAlterConfigsResponse> {
    let config = request.broker.config();
    let asked: Vec<(i8, Str)> =
        message.resources.iter().map(|r| (r.resource_type, r.resource_name.clone())).collect();
    let mut answers = Vec::new();
    let validate_only = message.validate_only;
    message.resources.retain(|resource| {
        let done = match ResourceType::from_code(resource.resource_type) {
            Some(ResourceType::BrokerLogger) => alter_loggers(&request, resource, validate_only),
            Some(ResourceType::Broker) => check(&config, resource),
            Some(ResourceType::ClientMetrics) => check_subscription(resource),
            _ => Ok(()),
        };
        if done.is_ok() && resource.resource_type != ResourceType::BrokerLogger.code() {
            return true;
        }
        let (error, text) = match done {
            Ok(()) => (ErrorCode::None, None),
            Err((error, text)) => (error, Some(Str::from(text))),
        };
        answers.push(AlterConfigsResourceResponse {
            error_code: error.code(),
            error_message: text,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..AlterConfigsResourceResponse::default()
        });
        false
    });
    if !message.resources.is_empty() {
        let answer = request.broker.controller.send(message.into(), request.version).await;
        let Ok(Response::IncrementalAlterConfigs(response)) = answer else {
            return Reply::Close("the active controller cannot be reached");
        };
        answers.extend(response.responses);
    }
    broker_settings::sort_as_asked(&mut answers, &asked, |a| (a.resource_type, &a.resource_name));
    Reply::Send(IncrementalAlterConfigsResponse {
        responses: answers,
        ..IncrementalAlterConfigsResponse::default()
    })
}

fn check(config: &ServerConfig, resource: &AlterConfigsResource) -> Result<(), Refused> {
    let changes = changes(resource).map_err(broker_settings::refused)?;
    check_changes(&changes)
        .and_then(|()| config.check_broker_changes(&resource.resource_name, &changes))
        .map_err(broker_settings::refused)
}

/// What chooses clients is compiled where clients are matched, so whether it can be is known here.
fn check_subscription(resource: &AlterConfigsResource) -> Result<(), Refused> {
    let values = resource.configs.iter().filter(|change| change.name == *"match");
    let mut values = values.map(|change| telemetry::check_match(change.value.as_deref()));
    values.find(Result::is_err).unwrap_or(Ok(())).map_err(broker_settings::refused)
}

/// Log levels belong to this process: they are changed here and written down nowhere.
fn alter_loggers(
    request: &Request,
    resource: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(), Refused> {
    let changes = resource.configs.iter().map(|change| Change {
        name: &change.name,
        operation: Operation::from_code(change.config_operation).unwrap_or(Operation::Set),
        value: change.value.as_deref(),
    });
    check_changes(&changes.collect::<Vec<_>>()).map_err(broker_settings::refused)?;
    loggers::check_node(request.broker.node_id, &resource.resource_name)?;
    let changes = resource.configs.iter().map(|change| -> LevelChange<'_> {
        let operation = Operation::from_code(change.config_operation).ok();
        (&change.name, operation, change.value.as_deref().unwrap_or_default())
    });
    request.broker.loggers.alter(&changes.collect::<Vec<_>>(), validate_only)
}

fn changes(resource: &AlterConfigsResource) -> Result<Vec<Change<'_>>, RequestError> {
    let changes = resource.configs.iter().map(|change| {
        Ok(Change {
            name: &change.name,
            operation: Operation::from_code(change.config_operation)?,
            value: change.value.as_deref(),
        })
    });
    changes.collect()
}
