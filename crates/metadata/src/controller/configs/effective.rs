//! The configuration in effect for a topic, and where it comes from.

use std::collections::BTreeMap;

use config::table::{self, TOPIC};
use config::{Setting, Value};
use wire::Str;

use super::{MIN_INSYNC_REPLICAS, UNCLEAN_LEADER_ELECTION_ENABLE};
use crate::controller::Controller;
use crate::image::{ConfigMap, ResourceType};

/// Where a value comes from; the codes are those of `DescribeConfigs` (kafka-configs 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for the topic.
    Topic,
    /// Set for one broker while it runs.
    DynamicBroker,
    /// Set for all brokers while they run.
    DynamicDefaultBroker,
    /// From the configuration file.
    StaticBroker,
    /// Nobody set it.
    Default,
}

impl ConfigSource {
    /// The code in the protocol.
    pub fn code(self) -> i8 {
        match self {
            Self::Topic => 1,
            Self::DynamicBroker => 2,
            Self::DynamicDefaultBroker => 3,
            Self::StaticBroker => 4,
            Self::Default => 5,
        }
    }
}

/// A configuration of a topic as it takes effect.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveConfig {
    /// The name.
    pub name: &'static str,
    /// The value; `None` if it has none.
    pub value: Option<Str>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether the value must not be shown.
    pub is_sensitive: bool,
}

impl Controller {
    /// Every configuration of a topic that sets these itself, sorted by name.
    pub(in crate::controller) fn effective_topic_configs(
        &self,
        of_topic: &BTreeMap<Str, Str>,
    ) -> Vec<EffectiveConfig> {
        table::rows(TOPIC)
            .filter(|row| !row.internal || of_topic.contains_key(row.name))
            .map(|row| self.effective_topic_config(row, Some(of_topic)))
            .collect()
    }

    fn effective_topic_config(
        &self,
        row: &'static Setting,
        of_topic: Option<&ConfigMap>,
    ) -> EffectiveConfig {
        let (value, source) = self.topic_config_value(row, of_topic);
        EffectiveConfig { name: row.name, value, source, is_sensitive: row.secret() }
    }

    /// The first of: the topic, this node, all nodes, the configuration file, the default.
    fn topic_config_value(
        &self,
        row: &'static Setting,
        of_topic: Option<&ConfigMap>,
    ) -> (Option<Str>, ConfigSource) {
        if let Some(value) = of_topic.and_then(|configs| configs.get(row.name)) {
            return (Some(value.clone()), ConfigSource::Topic);
        }
        let configs = &self.image.configs;
        let node_id = self.settings.node_id().to_string();
        let of_node = configs.of(ResourceType::Broker, &node_id);
        let of_cluster = configs.of(ResourceType::Broker, "");
        let dynamic = [
            (of_node, ConfigSource::DynamicBroker),
            (of_cluster, ConfigSource::DynamicDefaultBroker),
        ];
        for (configs, source) in dynamic {
            let found = row
                .synonyms
                .iter()
                .find_map(|synonym| Some(scaled(configs?.get(synonym.name)?, synonym.scale)));
            if found.is_some() {
                return (found, source);
            }
        }
        let of_file = self.settings.server.static_config();
        let found = row
            .synonyms
            .iter()
            .find_map(|synonym| Some(scaled(of_file.get(synonym.name)?, synonym.scale)));
        if found.is_some() {
            return (found, ConfigSource::StaticBroker);
        }
        let default = Value::default_of(row).map(|value| Str::from(value.to_string()));
        (default, ConfigSource::Default)
    }

    /// A value of a topic, as a number or a word.
    fn topic_config(&self, topic: &str, key: &'static str) -> Option<Value> {
        let row = table::find(TOPIC, key)?;
        let of_topic = self.image.configs.of(ResourceType::Topic, topic);
        let (value, _) = self.topic_config_value(row, of_topic.map(|configs| &**configs));
        // What was stored by another release may no longer be valid; its default is.
        row.parse(&value?).ok().or_else(|| Value::default_of(row))
    }

    /// The number of in-sync replicas below which a topic's ISR counts as too small: at most its
    /// replication factor (kafka-semantics 38).
    pub(in crate::controller) fn effective_min_isr(&self, topic: &str) -> usize {
        let configured = match self.topic_config(topic, MIN_INSYNC_REPLICAS) {
            Some(Value::Int(value)) => usize::try_from(value).unwrap_or(1),
            _ => 1,
        };
        match self.image.topics.partition(topic, 0) {
            Some(partition) => configured.min(partition.replicas.len()),
            None => configured,
        }
    }

    /// Whether a topic prefers an unclean leader to none (kafka-semantics 58).
    pub(in crate::controller) fn is_unclean_election_enabled(&self, topic: &str) -> bool {
        let value = self.topic_config(topic, UNCLEAN_LEADER_ELECTION_ENABLE);
        matches!(value, Some(Value::Boolean(true)))
    }
}

/// The value in the topic's unit. As in Kafka, one that is no number counts as 0.
fn scaled(value: &str, scale: i64) -> Str {
    if scale == 1 {
        return Str::copy_from(value);
    }
    let units: i32 = value.trim().parse().unwrap_or(0);
    Str::from((i64::from(units) * scale).to_string())
}
