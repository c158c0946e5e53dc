//! IncrementalAlterConfigs: single configurations.

use std::collections::{BTreeMap, HashSet};

use metadata::controller::{ConfigOp, Error, IncrementalAlterConfigs, OpKind};
use metadata::{ConfigResource, ResourceType};
use wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use wire::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

impl Handle {
    /// Changes single configurations of resources.
    pub async fn incremental_alter_configs(
        &self,
        context: &RequestContext,
        request: IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let given = request.resources.iter().map(|r| (r.resource_type, &r.resource_name, ops(r)));
        let resources = Resources::sort(given.collect());
        let mut refused = resources.refused;
        let mut accepted = Vec::new();
        for (resource, ops) in resources.accepted {
            match ops {
                Some(ops) => accepted.push((resource, ops)),
                None => refused.push(Refused::unknown_operation(&resource)),
            }
        }
        let wanted = IncrementalAlterConfigs {
            resources: accepted,
            validate_only: request.validate_only,
            is_forwarded: context.is_forwarded,
        };
        let altered = match wanted.resources.is_empty() {
            true => Ok(Vec::new()),
            false => self.ask(None, |r| Operation::IncrementalAlterConfigs(wanted, r)).await,
        };
        let responses = match altered {
            Ok(altered) => {
                let refused = refused.into_iter().map(refused_to_wire);
                refused.chain(altered.iter().map(|(r, result)| to_wire(r, result))).collect()
            }
            Err(error) => request.resources.iter().map(|r| failed(r, &error)).collect(),
        };
        IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() }
    }
}

/// The changes; of several with one name the last counts. `None` if one is of no known kind.
fn ops(resource: &AlterConfigsResource) -> Option<Vec<ConfigOp>> {
    let op = |config: &AlterableConfig| {
        let kind = match config.config_operation {
            0 => OpKind::Set,
            1 => OpKind::Delete,
            2 => OpKind::Append,
            3 => OpKind::Subtract,
            _ => return None,
        };
        let value = config.value.as_ref().map(Str::detach);
        Some(ConfigOp { name: config.name.detach(), kind, value })
    };
    let all = resource.configs.iter().map(op).collect::<Option<Vec<_>>>()?;
    let mut seen = HashSet::new();
    let mut ops: Vec<_> = all.into_iter().rev().filter(|op| seen.insert(op.name.clone())).collect();
    ops.reverse();
    Some(ops)
}

/// Resources of a request: those the machine is asked about, and those that cannot be.
pub(super) struct Resources<T> {
    pub(super) accepted: Vec<(ConfigResource, T)>,
    pub(super) refused: Vec<Refused>,
}

/// A resource that cannot be altered, as the request named it.
pub(super) struct Refused {
    pub(super) resource_type: i8,
    pub(super) resource_name: Str,
    pub(super) error: ErrorCode,
    pub(super) message: Str,
}

impl Refused {
    fn unknown_operation(resource: &ConfigResource) -> Self {
        Self {
            resource_type: resource.resource_type.code(),
            resource_name: resource.name.clone(),
            error: ErrorCode::InvalidRequest,
            message: Str::from("Unknown operation type."),
        }
    }
}

impl<T> Resources<T> {
    /// Refuses unknown types, and resources that are named more than once.
    pub(super) fn sort(given: Vec<(i8, &Str, T)>) -> Self {
        let mut counts = BTreeMap::<(i8, &Str), usize>::new();
        for (code, name, _) in &given {
            *counts.entry((*code, name)).or_default() += 1;
        }
        let mut sorted = Self { accepted: Vec::new(), refused: Vec::new() };
        for (code, name, what) in given {
            let refuse = |error, message: String| Refused {
                resource_type: code,
                resource_name: name.clone(),
                error,
                message: Str::from(message),
            };
            let Some(resource_type) = ResourceType::from_code(code) else {
                let message = format!("Unknown resource type {code}.");
                sorted.refused.push(refuse(ErrorCode::UnsupportedVersion, message));
                continue;
            };
            match counts.get_mut(&(code, name)) {
                Some(1) => {
                    let resource = ConfigResource { resource_type, name: name.detach() };
                    sorted.accepted.push((resource, what));
                }
                // The first of several stands for all of them.
                Some(count) if *count > 1 => {
                    *count = 0;
                    let message = "Duplicate resource.".to_owned();
                    sorted.refused.push(refuse(ErrorCode::InvalidRequest, message));
                }
                _ => {}
            }
        }
        sorted
    }
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
        error_code: refused.error.code(),
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
