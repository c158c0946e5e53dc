//! Configurations: describe and alter.

use wire::messages::describe_configs_request::DescribeConfigsResource;
use wire::messages::describe_configs_response::DescribeConfigsResourceResult;
use wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use wire::messages::{
    DescribeConfigsRequest, IncrementalAlterConfigsRequest, ListConfigResourcesRequest,
};
use wire::{ErrorCode, Str};

use super::Admin;
use crate::connection::Connection;
use crate::error::{Error, check};

/// A setting as the server describes it.
pub type ConfigEntry = DescribeConfigsResourceResult;

/// What is done to a setting; the numbers are those of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigChange {
    /// Gives it a value.
    Set(Str),
    /// Takes its value away, so that the default holds.
    Delete,
    /// Adds entries to a list.
    Append(Str),
    /// Takes entries from a list.
    Subtract(Str),
}

impl ConfigChange {
    fn code(&self) -> i8 {
        match self {
            Self::Set(_) => 0,
            Self::Delete => 1,
            Self::Append(_) => 2,
            Self::Subtract(_) => 3,
        }
    }

    fn value(self) -> Option<Str> {
        match self {
            Self::Set(value) | Self::Append(value) | Self::Subtract(value) => Some(value),
            Self::Delete => None,
        }
    }
}

/// A resource that has settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigResource {
    /// What it is: 2 topic, 4 broker, 8 logger of a broker, 16 client metrics, 32 group.
    pub kind: i8,
    /// Its name; empty for the default of all brokers.
    pub name: Str,
}

/// The resource that brokers are, and the one that their loggers are.
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;

impl Admin {
    /// Settings of a broker are asked of the broker itself.
    async fn connection_for(&self, kind: i8, name: &Str) -> Result<Connection, Error> {
        match name.parse::<i32>() {
            Ok(id) if kind == BROKER || kind == BROKER_LOGGER => {
                if self.cluster.config().controllers {
                    self.controller(id).await
                } else {
                    self.cluster.broker(id).await
                }
            }
            _ => self.cluster.control().await,
        }
    }

    async fn controller(&self, id: i32) -> Result<Connection, Error> {
        let nodes = self.describe_cluster(false).await?.brokers;
        let node = nodes.into_iter().find(|node| node.broker_id == id);
        let unknown = || Error::refused(ErrorCode::BrokerNotAvailable.code(), None);
        let node = node.ok_or_else(unknown)?;
        self.cluster.to(&node.host, u16::try_from(node.port).map_err(|_| unknown())?).await
    }

    /// The settings of resources of one type (such as [`TOPIC_RESOURCE`](super::TOPIC_RESOURCE)).
    ///
    /// # Errors
    /// The request failed as a whole.
    pub async fn describe_configs(
        &self,
        resource_type: i8,
        names: &[Str],
    ) -> Result<Vec<(Str, Result<Vec<ConfigEntry>, Error>)>, Error> {
        let connection = self.cluster.control().await?;
        ask(&connection, resource_type, names, false).await
    }

    /// The settings of one resource, with where their values come from.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn describe_config_synonyms(
        &self,
        kind: i8,
        name: &Str,
    ) -> Result<Vec<ConfigEntry>, Error> {
        let connection = self.connection_for(kind, name).await?;
        let found = ask(&connection, kind, std::slice::from_ref(name), true).await?;
        found.into_iter().next().map_or(Ok(Vec::new()), |(_, entries)| entries)
    }

    /// Changes settings of one resource and leaves the others as they are.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn alter_configs(
        &self,
        resource_type: i8,
        name: &Str,
        changes: Vec<(Str, ConfigChange)>,
    ) -> Result<(), Error> {
        let change = |(name, change): (Str, ConfigChange)| AlterableConfig {
            name,
            config_operation: change.code(),
            value: change.value(),
            ..AlterableConfig::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type,
                resource_name: name.clone(),
                configs: changes.into_iter().map(change).collect(),
                ..AlterConfigsResource::default()
            }],
            ..IncrementalAlterConfigsRequest::default()
        };
        let connection = self.connection_for(resource_type, name).await?;
        let response = connection.call(&request).await?;
        for result in response.responses {
            check(result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }

    /// The resources of some kinds that have settings of their own; all kinds for none.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn list_config_resources(&self, kinds: &[i8]) -> Result<Vec<ConfigResource>, Error> {
        let request = ListConfigResourcesRequest {
            resource_types: kinds.to_vec(),
            ..ListConfigResourcesRequest::default()
        };
        let response = self.cluster.control().await?.call(&request).await?;
        check(response.error_code, None)?;
        let resources = response.config_resources.into_iter().map(|resource| ConfigResource {
            kind: resource.resource_type,
            name: resource.resource_name,
        });
        Ok(resources.collect())
    }
}

async fn ask(
    connection: &Connection,
    resource_type: i8,
    names: &[Str],
    include_synonyms: bool,
) -> Result<Vec<(Str, Result<Vec<ConfigEntry>, Error>)>, Error> {
    let resource = |name: &Str| DescribeConfigsResource {
        resource_type,
        resource_name: name.clone(),
        configuration_keys: None,
        ..DescribeConfigsResource::default()
    };
    let request = DescribeConfigsRequest {
        resources: names.iter().map(resource).collect(),
        include_synonyms,
        include_documentation: false,
        ..DescribeConfigsRequest::default()
    };
    let response = connection.call(&request).await?;
    let results = response.results.into_iter().map(|result| {
        let checked = check(result.error_code, result.error_message.as_deref());
        (result.resource_name, checked.map(|()| result.configs))
    });
    Ok(results.collect())
}
