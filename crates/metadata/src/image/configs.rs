//! Dynamic configurations of topics, brokers, groups and client-metrics subscriptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::table;
use wire::Str;
use wire::stored::metadata::ConfigRecord;

use crate::error::{ReplayError, Result};
use crate::shared_map::{SharedKey, SharedMap, hash_bytes};

/// What a configuration belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// A topic.
    Topic,
    /// A broker by its id, or all brokers by the empty name.
    Broker,
    /// The log levels of one running broker; never stored.
    BrokerLogger,
    /// A client-metrics subscription (KIP-714).
    ClientMetrics,
    /// A group (KIP-848).
    Group,
}

impl ResourceType {
    /// The type with this code of the protocol.
    pub fn from_code(code: i8) -> Option<Self> {
        match code {
            2 => Some(Self::Topic),
            4 => Some(Self::Broker),
            8 => Some(Self::BrokerLogger),
            16 => Some(Self::ClientMetrics),
            32 => Some(Self::Group),
            _ => None,
        }
    }

    /// The code in the protocol and in the log.
    pub fn code(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::BrokerLogger => 8,
            Self::ClientMetrics => 16,
            Self::Group => 32,
        }
    }

    /// The name Kafka's messages use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "TOPIC",
            Self::Broker => "BROKER",
            Self::BrokerLogger => "BROKER_LOGGER",
            Self::ClientMetrics => "CLIENT_METRICS",
            Self::Group => "GROUP",
        }
    }
}

/// One resource that has configurations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// What it is.
    pub resource_type: ResourceType,
    /// Its name; empty for the defaults of all brokers.
    pub name: Str,
}

impl ConfigResource {
    /// A topic.
    pub fn topic(name: Str) -> Self {
        Self { resource_type: ResourceType::Topic, name }
    }

    /// A broker.
    pub fn broker(id: i32) -> Self {
        Self { resource_type: ResourceType::Broker, name: Str::from(id.to_string()) }
    }

    /// The defaults of all brokers.
    pub fn cluster_default() -> Self {
        Self { resource_type: ResourceType::Broker, name: Str::new() }
    }
}

impl SharedKey for ConfigResource {
    fn shared_hash(&self) -> u64 {
        let code = self.resource_type.code() as u8;
        hash_bytes(std::iter::once(code).chain(self.name.bytes()))
    }
}

/// The dynamic configurations of one resource.
pub type ConfigMap = BTreeMap<Str, Str>;

/// The dynamic configurations of every resource that has any. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct ConfigsImage {
    resources: SharedMap<ConfigResource, Arc<ConfigMap>>,
}

impl ConfigsImage {
    /// The number of resources that have configurations.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether nothing is configured.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The configurations of a resource, if it has any.
    pub fn get(&self, resource: &ConfigResource) -> Option<&Arc<ConfigMap>> {
        self.resources.get(resource)
    }

    /// The configurations of a resource, if it has any.
    pub fn of(&self, resource_type: ResourceType, name: &str) -> Option<&Arc<ConfigMap>> {
        let hash = hash_bytes(std::iter::once(resource_type.code() as u8).chain(name.bytes()));
        let is_resource =
            |key: &ConfigResource| key.resource_type == resource_type && key.name == *name;
        self.resources.find(hash, is_resource).map(|(_, configs)| configs)
    }

    /// The value of one configuration.
    pub fn value(&self, resource_type: ResourceType, name: &str, key: &str) -> Option<&Str> {
        self.of(resource_type, name)?.get(key)
    }

    /// Everything that is configured, in an order that means nothing but is the same in every run.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &Arc<ConfigMap>)> {
        self.resources.iter()
    }

    /// The configured resources of one type, sorted by name.
    pub fn of_type(&self, resource_type: ResourceType) -> Vec<(&Str, &Arc<ConfigMap>)> {
        let mut found: Vec<_> = self
            .iter()
            .filter(|(resource, _)| resource.resource_type == resource_type)
            .map(|(resource, configs)| (&resource.name, configs))
            .collect();
        found.sort_unstable_by(|a, b| a.0.cmp(b.0));
        found
    }

    /// Applies a record and says which resource it changed.
    ///
    /// A setting this program does not know leaves no trace: an older Kafka may have stored it.
    pub(crate) fn replay(&mut self, record: &ConfigRecord) -> Result<Option<ConfigResource>> {
        let resource_type = ResourceType::from_code(record.resource_type)
            .ok_or_else(|| ReplayError::unknown("resource type", record.resource_type))?;
        if !is_known(resource_type, &record.name) {
            return Ok(None);
        }
        let resource = ConfigResource { resource_type, name: record.resource_name.detach() };
        match (&record.value, self.resources.get_mut(&resource)) {
            (Some(value), Some(configs)) => {
                Arc::make_mut(configs).insert(record.name.detach(), value.detach());
            }
            (Some(value), None) => {
                let configs = ConfigMap::from([(record.name.detach(), value.detach())]);
                self.resources.insert(resource.clone(), Arc::new(configs));
            }
            (None, Some(configs)) => {
                let configs = Arc::make_mut(configs);
                configs.remove(record.name.as_str());
                if configs.is_empty() {
                    self.resources.remove(&resource);
                }
            }
            (None, None) => {}
        }
        Ok(Some(resource))
    }

    /// Forgets a topic's configurations with the topic; says whether there were any.
    pub(crate) fn remove_topic(&mut self, name: &Str) -> Option<ConfigResource> {
        let resource = ConfigResource::topic(name.clone());
        self.resources.remove(&resource).map(|_| resource)
    }
}

/// Brokers have settings of listeners and of plugins, so any name may be theirs.
fn is_known(resource_type: ResourceType, name: &str) -> bool {
    let table = match resource_type {
        ResourceType::Broker => return true,
        ResourceType::BrokerLogger => return false,
        ResourceType::Topic => table::TOPIC,
        ResourceType::ClientMetrics => table::CLIENT_METRICS,
        ResourceType::Group => table::GROUP,
    };
    table::find(table, name).is_some()
}

impl PartialEq for ConfigsImage {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(resource, configs)| other.get(resource) == Some(configs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &'static str, value: Option<&'static str>) -> ConfigRecord {
        ConfigRecord {
            resource_type: 2,
            resource_name: Str::from("t"),
            name: Str::from(name),
            value: value.map(Str::from),
            ..ConfigRecord::default()
        }
    }

    #[test]
    fn configurations_come_and_go() {
        let mut configs = ConfigsImage::default();
        configs.replay(&record("retention.ms", Some("1"))).unwrap();
        configs.replay(&record("segment.bytes", Some("2"))).unwrap();
        configs.replay(&record("retention.ms", Some("3"))).unwrap();
        assert_eq!(configs.value(ResourceType::Topic, "t", "retention.ms").unwrap(), "3");
        configs.replay(&record("retention.ms", None)).unwrap();
        configs.replay(&record("segment.bytes", None)).unwrap();
        assert!(configs.is_empty());
        assert_eq!(
            configs.replay(&record("message.format.version", Some("0.10.0"))).unwrap(),
            None
        );
        assert!(configs.is_empty());
        assert!(configs.replay(&ConfigRecord { resource_type: 3, ..record("a", None) }).is_err());
    }
}
