//! DescribeConfigs: the same on broker and controller listeners.

use std::collections::HashSet;

use config::{DynamicSettings, Entry, Query, RequestError, ServerConfig, describe_client_metrics};
use metadata::controller::{Error, Reason, validate_topic_name};
use metadata::{ConfigMap, Image, ResourceType};
use wire::messages::describe_configs_request::DescribeConfigsResource;
use wire::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::handle::Handle;

impl Handle {
    /// Describes configurations as this node sees them.
    pub fn describe_configs(&self, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
        let image = self.metadata().image();
        let server = &self.settings().server;
        let node_id = self.settings().node_id().to_string();
        let dynamic = server.with_dynamic(settings(&image, ""), settings(&image, &node_id));
        match &dynamic {
            Ok((dynamic, _)) => describe_configs(dynamic, &image, request, |_| None),
            // What is stored was valid for the node that took it; this one goes on without.
            Err(_) => describe_configs(server, &image, request, |_| None),
        }
    }
}

/// The dynamic settings of a broker, or of all brokers.
fn settings(image: &Image, broker: &str) -> DynamicSettings {
    strings(image.configs.of(ResourceType::Broker, broker).map(|configs| &**configs))
}

fn strings(configs: Option<&ConfigMap>) -> DynamicSettings {
    let pairs = configs.into_iter().flatten();
    pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Describes configurations as a node with this configuration sees them.
///
/// Log levels (BROKER_LOGGER) belong to a process, so its listeners answer for them: `special`
/// answers what it knows more of.
pub fn describe_configs(
    server: &ServerConfig,
    image: &Image,
    request: &DescribeConfigsRequest,
    special: impl Fn(&DescribeConfigsResource) -> Option<DescribeConfigsResult>,
) -> DescribeConfigsResponse {
    // A request can name a broker millions of times, and all about it is long.
    let mut whole = HashSet::new();
    let resources = request.resources.iter().filter(|resource| {
        let key = (resource.resource_type, &resource.resource_name);
        resource.configuration_keys.is_some() || whole.insert(key)
    });
    let mut bytes = 0;
    let results = resources.map(|resource| {
        if bytes > ANSWER_BYTES_MAX {
            return too_much(resource);
        }
        let result = special(resource).unwrap_or_else(|| result(server, image, resource, request));
        bytes += size(&result);
        result
    });
    DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
}

/// Bytes of memory that an answer may take.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// Groups have settings whether they exist or not, so a request can ask for any number of them.
fn too_much(resource: &DescribeConfigsResource) -> DescribeConfigsResult {
    DescribeConfigsResult {
        error_code: ErrorCode::InvalidRequest.code(),
        error_message: Some(Str::from(
            "This is more than can be described at once; ask for fewer resources.",
        )),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        ..DescribeConfigsResult::default()
    }
}

/// Bytes of memory that a result takes.
fn size(result: &DescribeConfigsResult) -> usize {
    let of = |text: &Option<Str>| text.as_ref().map_or(0, |text| text.len());
    let synonym = |synonym: &DescribeConfigsSynonym| {
        size_of::<DescribeConfigsSynonym>() + synonym.name.len() + of(&synonym.value)
    };
    let entry = |entry: &DescribeConfigsResourceResult| {
        size_of::<DescribeConfigsResourceResult>()
            + entry.name.len()
            + of(&entry.value)
            + of(&entry.documentation)
            + entry.synonyms.iter().map(synonym).sum::<usize>()
    };
    size_of::<DescribeConfigsResult>() + result.configs.iter().map(entry).sum::<usize>()
}

fn result(
    server: &ServerConfig,
    image: &Image,
    resource: &DescribeConfigsResource,
    request: &DescribeConfigsRequest,
) -> DescribeConfigsResult {
    // As in Kafka, a result without a text has an empty one rather than none.
    let result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        error_message: Some(Str::default()),
        ..DescribeConfigsResult::default()
    };
    match describe(server, image, resource, request) {
        Ok(Some(entries)) => DescribeConfigsResult {
            configs: entries.into_iter().map(described).collect(),
            ..result
        },
        Ok(None) => DescribeConfigsResult {
            error_code: ErrorCode::UnknownTopicOrPartition.code(),
            ..result
        },
        Err(error) => {
            let (error_code, error_message) = error_map::to_wire(&error);
            DescribeConfigsResult { error_code, error_message, ..result }
        }
    }
}

/// The settings of a resource, unless it is a topic that does not exist.
fn describe(
    server: &ServerConfig,
    image: &Image,
    resource: &DescribeConfigsResource,
    request: &DescribeConfigsRequest,
) -> Result<Option<Vec<Entry>>, Error> {
    let names: Option<HashSet<&str>> =
        resource.configuration_keys.as_ref().map(|keys| keys.iter().map(Str::as_str).collect());
    let query = Query {
        names: names.as_ref(),
        include_synonyms: request.include_synonyms,
        include_documentation: request.include_documentation,
    };
    let name = &resource.resource_name;
    let own = |resource_type| strings(image.configs.of(resource_type, name).map(|c| &**c));
    let invalid = |text: String| Error::new(Reason::InvalidRequest, text);
    let entries = match ResourceType::from_code(resource.resource_type) {
        Some(ResourceType::Topic) => {
            validate_topic_name(name)?;
            if image.topics.id(name).is_none() {
                return Ok(None);
            }
            server.describe_topic(&own(ResourceType::Topic), &query).map_err(invalid_config)
        }
        Some(ResourceType::Broker) => {
            server.describe_broker(name, &query).map_err(|error| match error {
                RequestError::InvalidRequest(text) => invalid(text),
                RequestError::InvalidConfig(text) => Error::new(Reason::InvalidConfig, text),
            })
        }
        Some(ResourceType::ClientMetrics) if name.is_empty() => {
            Err(invalid("Client metrics subscription name must not be empty".to_owned()))
        }
        Some(ResourceType::ClientMetrics) => {
            describe_client_metrics(&own(ResourceType::ClientMetrics), &query)
                .map_err(invalid_config)
        }
        Some(ResourceType::Group) if name.is_empty() => {
            Err(invalid("Group name must not be empty".to_owned()))
        }
        Some(ResourceType::Group) => {
            server.describe_group(&own(ResourceType::Group), &query).map_err(invalid_config)
        }
        Some(ResourceType::BrokerLogger) => {
            Err(invalid("Unsupported resource type: BROKER_LOGGER".to_owned()))
        }
        None => Err(invalid(format!("Unexpected resource type UNKNOWN for resource {name}"))),
    };
    entries.map(Some)
}

fn invalid_config(error: config::Error) -> Error {
    Error::new(Reason::InvalidConfig, error.to_string())
}

/// One setting as the protocol says it.
pub fn described(entry: Entry) -> DescribeConfigsResourceResult {
    let synonyms = entry.synonyms.into_iter().map(|synonym| DescribeConfigsSynonym {
        name: Str::from(synonym.name),
        value: synonym.value.map(Str::from),
        source: synonym.source.code(),
        ..DescribeConfigsSynonym::default()
    });
    DescribeConfigsResourceResult {
        name: Str::from(entry.name),
        value: entry.value.map(Str::from),
        read_only: entry.read_only,
        config_source: entry.source.code(),
        is_sensitive: entry.sensitive,
        synonyms: synonyms.collect(),
        config_type: entry.kind.map_or(0, config::Kind::code),
        documentation: entry.documentation.map(Str::from),
        ..DescribeConfigsResourceResult::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_bound() {
        let image = Image::default();
        let statics = config::StaticConfig::without_file("/data");
        let server = ServerConfig::new(statics).expect("a configuration");
        let group = |number: usize| DescribeConfigsResource {
            resource_type: ResourceType::Group.code(),
            resource_name: Str::from(number.to_string()),
            ..DescribeConfigsResource::default()
        };
        // Each is answered with a megabyte, in the test.
        let long = Str::from("x".repeat(1 << 20));
        let request = DescribeConfigsRequest {
            resources: (0..300).map(group).collect(),
            ..DescribeConfigsRequest::default()
        };
        let response = describe_configs(&server, &image, &request, |resource| {
            let entry = DescribeConfigsResourceResult {
                value: Some(long.clone()),
                ..DescribeConfigsResourceResult::default()
            };
            Some(DescribeConfigsResult {
                resource_name: resource.resource_name.clone(),
                configs: vec![entry],
                ..DescribeConfigsResult::default()
            })
        });
        let refused = ErrorCode::InvalidRequest.code();
        let codes: Vec<bool> = response.results.iter().map(|r| r.error_code == refused).collect();
        assert_eq!(codes.len(), 300);
        assert_eq!(codes.iter().filter(|refused| **refused).count(), 300 - 128);
        assert!(codes.is_sorted());
    }
}
