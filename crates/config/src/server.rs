//! The settings of a server, typed, as one immutable snapshot.
//!
//! A server is started from its static configuration ([`StaticConfig`]: a file, overrides, the
//! environment); while it runs, dynamic settings of the cluster and of this broker lie over it.
//! Each change makes a new [`ServerConfig`]; whoever holds one sees the same values throughout.

mod areas;
mod checks;
mod listeners;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use areas::{
    ConnectionOverrides, FetchConfig, GroupCoordinatorConfig, LogManagerConfig, MetadataLogConfig,
    MetricsConfig, MigrationPolicy, NetworkConfig, NodeConfig, QuorumConfig, ReplicationConfig,
    Roles, ShareConfig, ThrottleConfig, TransactionConfig,
};
pub use listeners::{ListenerLimits, Listeners};

use crate::error::Error;
use crate::log_config::TopicDefaults;
use crate::names;
use crate::setting::DefaultValue;
use crate::static_config::StaticConfig;
use crate::table;
use crate::typed::Values;
use crate::value::Value;

/// Dynamic settings by name, as the metadata log holds them.
pub type DynamicSettings = BTreeMap<String, String>;

/// Everything a server's parts need to know of its configuration.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Identity and general behaviour of the node.
    pub node: NodeConfig,
    /// Where it listens and what it advertises.
    pub listeners: Listeners,
    /// Metrics and where they are served.
    pub metrics: MetricsConfig,
    /// Sockets, connections, what may be in flight.
    pub network: NetworkConfig,
    /// The controller quorum.
    pub quorum: QuorumConfig,
    /// The metadata log.
    pub metadata_log: MetadataLogConfig,
    /// Log directories and their upkeep.
    pub log_manager: LogManagerConfig,
    /// What topics get that do not say otherwise.
    pub topic_defaults: TopicDefaults,
    /// Replicas and leadership.
    pub replication: ReplicationConfig,
    /// How much replication may take.
    pub throttle: ThrottleConfig,
    /// Bounds of fetches.
    pub fetch: FetchConfig,
    /// Groups and committed offsets.
    pub group_coordinator: GroupCoordinatorConfig,
    /// Transactions and idempotent producers.
    pub transaction: TransactionConfig,
    /// Share groups and their coordinator.
    pub share: ShareConfig,
    statics: StaticConfig,
    cluster: DynamicSettings,
    broker: DynamicSettings,
    values: Values,
}

impl ServerConfig {
    /// The configuration a server starts with.
    ///
    /// # Errors
    /// For a value of the wrong type or out of bounds, a required setting that is missing, or
    /// settings that contradict each other (kafka-configs §1 item 10).
    pub fn new(statics: StaticConfig) -> Result<ServerConfig, Error> {
        Self::build(statics, DynamicSettings::new(), DynamicSettings::new())
    }

    /// This configuration with other dynamic settings: those of the whole cluster, and those of
    /// this broker, which win over them. Single settings that cannot be had, such as those another
    /// release stored, are left out and returned.
    ///
    /// # Errors
    /// When the settings contradict each other; the caller keeps its old configuration then.
    pub fn with_dynamic(
        &self,
        mut cluster: DynamicSettings,
        mut broker: DynamicSettings,
    ) -> Result<(ServerConfig, Vec<Error>), Error> {
        let mut left_out = Vec::new();
        retain_valid(&mut cluster, true, &mut left_out);
        retain_valid(&mut broker, false, &mut left_out);
        Ok((self.with_dynamic_strictly(cluster, broker)?, left_out))
    }

    pub(crate) fn with_dynamic_strictly(
        &self,
        cluster: DynamicSettings,
        broker: DynamicSettings,
    ) -> Result<ServerConfig, Error> {
        Self::build(self.statics.clone(), cluster, broker)
    }

    fn build(
        statics: StaticConfig,
        cluster: DynamicSettings,
        broker: DynamicSettings,
    ) -> Result<ServerConfig, Error> {
        let values = effective(&statics, &cluster, &broker)?;
        checks::check_connection_overrides(&values)?;
        let config = ServerConfig {
            node: NodeConfig::read(&values)?,
            listeners: Listeners::read(&values, &statics, &broker)?,
            metrics: MetricsConfig::read(&values)?,
            network: NetworkConfig::read(&values)?,
            quorum: QuorumConfig::read(&values)?,
            metadata_log: MetadataLogConfig::read(&values)?,
            log_manager: LogManagerConfig::read(&values)?,
            topic_defaults: TopicDefaults::of_broker(&values),
            replication: ReplicationConfig::read(&values)?,
            throttle: ThrottleConfig::read(&values)?,
            fetch: FetchConfig::read(&values)?,
            group_coordinator: GroupCoordinatorConfig::read(&values)?,
            transaction: TransactionConfig::read(&values)?,
            share: ShareConfig::read(&values)?,
            statics,
            cluster,
            broker,
            values,
        };
        checks::check(&config)?;
        Ok(config)
    }

    /// What the server was started with.
    pub fn static_config(&self) -> &StaticConfig {
        &self.statics
    }

    /// The dynamic settings of the whole cluster.
    pub fn cluster_settings(&self) -> &DynamicSettings {
        &self.cluster
    }

    /// The dynamic settings of this broker.
    pub fn broker_settings(&self) -> &DynamicSettings {
        &self.broker
    }

    /// Everything that is set, whether static or dynamic, as it was written.
    pub(crate) fn originals(&self) -> BTreeMap<&str, &str> {
        let hidden = hidden_names(&self.cluster, &self.broker);
        let fixed = self.statics.iter().filter(|(name, _)| !hidden.contains(name));
        let dynamic = self.cluster.iter().chain(&self.broker);
        fixed.chain(dynamic.map(|(name, value)| (name.as_str(), value.as_str()))).collect()
    }

    /// The effective value of a setting in the table; none if it has no value.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

/// Drops what cannot be had as a dynamic setting, and says why.
fn retain_valid(settings: &mut DynamicSettings, of_cluster: bool, left_out: &mut Vec<Error>) {
    settings.retain(|name, text| {
        let why = if names::is_read_only(name) {
            "it cannot be changed while the broker runs"
        } else if names::is_only_of_listeners(name) {
            "it can only be changed for a listener, with the prefix of the listener"
        } else if of_cluster && names::is_per_broker(name) {
            "it can only be changed for one broker"
        } else {
            let row = names::broker_row(names::after_listener(name).unwrap_or(name));
            let error = row.and_then(|row| row.parse(text).err());
            left_out.extend(error.clone());
            return error.is_none();
        };
        left_out.push(Error::rejected(format!("dynamic setting {name} is left out: {why}")));
        false
    });
}

/// The value of every setting in the table: dynamic for this broker, dynamic for the cluster,
/// static, default; the first that is there (kafka-configs §1 item 1).
fn effective(
    statics: &StaticConfig,
    cluster: &DynamicSettings,
    broker: &DynamicSettings,
) -> Result<Values, Error> {
    let hidden = hidden_names(cluster, broker);
    let mut values = Values::new();
    for row in table::rows(table::BROKER) {
        let dynamic = broker.get(row.name).or_else(|| cluster.get(row.name)).map(String::as_str);
        let is_hidden = hidden.contains(&row.name);
        let fixed = || statics.value_or_synonym(row.name).filter(|_| !is_hidden);
        let value = match dynamic.or_else(fixed) {
            Some(text) => Some(row.parse(text)?),
            None => Value::default_of(row),
        };
        if value.is_none() {
            if matches!(row.default, DefaultValue::Required) {
                return Err(Error::Missing { name: row.name.to_owned() });
            }
            row.valid.check(row.name, None)?;
        }
        values.extend(value.map(|value| (row.name, value)));
    }
    for row in table::rows(table::BROKER_DYNAMIC_ONLY) {
        let dynamic = broker.get(row.name).or_else(|| cluster.get(row.name));
        let value = match dynamic {
            Some(text) => Some(row.parse(text)?),
            None => Value::default_of(row),
        };
        values.extend(value.map(|value| (row.name, value)));
    }
    Ok(values)
}

/// Static settings that a dynamic one of the same meaning hides.
fn hidden_names(cluster: &DynamicSettings, broker: &DynamicSettings) -> Vec<&'static str> {
    let dynamic = cluster.keys().chain(broker.keys());
    dynamic.flat_map(|name| names::hides(name)).copied().collect()
}
