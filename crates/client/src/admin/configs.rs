//! Configurations: describe and alter.

use wire::Str;
use wire::messages::describe_configs_request::DescribeConfigsResource;
use wire::messages::describe_configs_response::DescribeConfigsResourceResult;
use wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use wire::messages::{DescribeConfigsRequest, IncrementalAlterConfigsRequest};

use super::Admin;
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

impl Admin {
    /// The settings of resources of one type (such as [`TOPIC_RESOURCE`](super::TOPIC_RESOURCE)).
    ///
    /// # Errors
    /// The request failed as a whole.
    pub async fn describe_configs(
        &self,
        resource_type: i8,
        names: &[Str],
    ) -> Result<Vec<(Str, Result<Vec<ConfigEntry>, Error>)>, Error> {
        let resource = |name: &Str| DescribeConfigsResource {
            resource_type,
            resource_name: name.clone(),
            configuration_keys: None,
            ..DescribeConfigsResource::default()
        };
        let request = DescribeConfigsRequest {
            resources: names.iter().map(resource).collect(),
            include_synonyms: false,
            include_documentation: false,
            ..DescribeConfigsRequest::default()
        };
        let response = self.cluster.call(&request).await?;
        let results = response.results.into_iter().map(|result| {
            let checked = check(result.error_code, result.error_message.as_deref());
            (result.resource_name, checked.map(|()| result.configs))
        });
        Ok(results.collect())
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
        let response = self.cluster.call(&request).await?;
        for result in response.responses {
            check(result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }
}
