//! `min.insync.replicas` and eligible leader replicas (kafka-configs 1.11).
//!
//! What an eligible leader replica is depends on the topic's `min.insync.replicas`. So once the
//! feature is on, the value must be the same wherever it is looked up: it may be set for a topic
//! or the whole cluster, not for a broker, and a change clears what was eligible under the old one.

use wire::Str;
use wire::stored::metadata::{ClearElrRecord, ConfigRecord, MetadataRecord};

use super::MIN_INSYNC_REPLICAS;
use crate::controller::Controller;
use crate::controller::error::{Error, Reason, Result};
use crate::image::ResourceType;

impl Controller {
    /// Refuses a change that would make the value depend on the broker.
    pub(super) fn check_min_isr_change(&self, record: &ConfigRecord) -> Result<()> {
        let is_broker = record.resource_type == ResourceType::Broker.code();
        if record.name != *MIN_INSYNC_REPLICAS
            || !is_broker
            || !self.image.features.is_elr_enabled()
        {
            return Ok(());
        }
        let refuse = |text| Err(Error::new(Reason::InvalidConfig, text));
        if !record.resource_name.is_empty() {
            return refuse(
                "Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
            );
        }
        if record.value.is_none() {
            return refuse(
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
            );
        }
        Ok(())
    }

    /// What must be appended after these configurations for what was eligible under the old ones.
    pub(super) fn clear_elr_records(&self, records: &[MetadataRecord]) -> Vec<MetadataRecord> {
        if !self.image.features.is_elr_enabled() {
            return Vec::new();
        }
        let changes = records.iter().filter_map(|record| match record {
            MetadataRecord::Config(record) if record.name == *MIN_INSYNC_REPLICAS => Some(record),
            _ => None,
        });
        let is_topic = |record: &ConfigRecord| record.resource_type == ResourceType::Topic.code();
        changes
            .map(|record| {
                let topic_name = match is_topic(record) {
                    true => record.resource_name.clone(),
                    false => Str::new(),
                };
                MetadataRecord::ClearElr(ClearElrRecord { topic_name, ..ClearElrRecord::default() })
            })
            .collect()
    }

    /// What makes it safe to turn eligible leader replicas on: a value for the cluster, none for
    /// single brokers.
    pub(in crate::controller) fn elr_safety_records(&self) -> Vec<MetadataRecord> {
        let record = |name: Str, value: Option<Str>| {
            MetadataRecord::Config(ConfigRecord {
                resource_type: ResourceType::Broker.code(),
                resource_name: name,
                name: Str::from(MIN_INSYNC_REPLICAS),
                value,
                ..ConfigRecord::default()
            })
        };
        let mut records = Vec::new();
        let configs = &self.image.configs;
        if configs.value(ResourceType::Broker, "", MIN_INSYNC_REPLICAS).is_none() {
            records.push(record(Str::new(), Some(self.static_min_isr())));
        }
        for (name, of_broker) in configs.of_type(ResourceType::Broker) {
            if !name.is_empty() && of_broker.contains_key(MIN_INSYNC_REPLICAS) {
                records.push(record(name.clone(), None));
            }
        }
        records
    }

    /// The value of the configuration file, or the default.
    pub(in crate::controller) fn static_min_isr(&self) -> Str {
        Str::from(self.settings.number(MIN_INSYNC_REPLICAS).unwrap_or(1).to_string())
    }
}
