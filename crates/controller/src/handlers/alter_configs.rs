//! AlterConfigs: all configurations of a resource at once.

use std::collections::HashSet;

use metadata::ConfigResource;
use metadata::controller::{Error, LegacyAlterConfigs, NewConfigs};
use wire::messages::alter_configs_request::AlterConfigsResource;
use wire::messages::alter_configs_response::AlterConfigsResourceResponse;
use wire::messages::{AlterConfigsRequest, AlterConfigsResponse};
use wire::{ErrorCode, Str};

use super::incremental_alter_configs::{Refused, Resources};
use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

impl Handle {
    /// Replaces the configurations of resources.
    pub async fn alter_configs(
        &self,
        context: &RequestContext,
        request: AlterConfigsRequest,
    ) -> AlterConfigsResponse {
        let given = request.resources.iter();
        let given =
            given.map(|r| (r.resource_type, &r.resource_name, configs(r))).collect::<Vec<_>>();
        let resources = Resources::sort(given);
        let wanted = LegacyAlterConfigs {
            resources: resources.accepted,
            validate_only: request.validate_only,
            is_forwarded: context.is_forwarded,
        };
        let altered = match wanted.resources.is_empty() {
            true => Ok(Vec::new()),
            false => self.ask(None, |reply| Operation::AlterConfigs(wanted, reply)).await,
        };
        let responses = match altered {
            Ok(altered) => {
                let refused = resources.refused.into_iter().map(refused_to_wire);
                refused.chain(altered.iter().map(|(r, result)| to_wire(r, result))).collect()
            }
            Err(error) => request.resources.iter().map(|r| failed(r, &error)).collect(),
        };
        AlterConfigsResponse { responses, ..AlterConfigsResponse::default() }
    }
}

/// Of several configurations with one name the last counts.
fn configs(resource: &AlterConfigsResource) -> NewConfigs {
    let mut seen = HashSet::new();
    let last = resource.configs.iter().rev().filter(|config| seen.insert(&config.name));
    let mut configs: NewConfigs =
        last.map(|c| (c.name.detach(), c.value.as_ref().map(Str::detach))).collect();
    configs.reverse();
    configs
}

fn to_wire(resource: &ConfigResource, result: &Result<(), Error>) -> AlterConfigsResourceResponse {
    let (error_code, error_message) = error_map::result_to_wire(result);
    AlterConfigsResourceResponse {
        error_code,
        error_message,
        resource_type: resource.resource_type.code(),
        resource_name: resource.name.clone(),
        ..AlterConfigsResourceResponse::default()
    }
}

fn refused_to_wire(refused: Refused) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: ErrorCode::code(refused.error),
        error_message: Some(refused.message),
        resource_type: refused.resource_type,
        resource_name: refused.resource_name,
        ..AlterConfigsResourceResponse::default()
    }
}

fn failed(resource: &AlterConfigsResource, error: &Error) -> AlterConfigsResourceResponse {
    let (error_code, error_message) = error_map::to_wire(error);
    AlterConfigsResourceResponse {
        error_code,
        error_message,
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        ..AlterConfigsResourceResponse::default()
    }
}
