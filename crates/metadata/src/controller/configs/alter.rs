//! AlterConfigs and IncrementalAlterConfigs.

use std::collections::BTreeMap;

use config::table::{self, Area};
use config::{Kind, Operation, Value};
use wire::Str;
use wire::stored::metadata::{ConfigRecord, MetadataRecord};

use super::CORDONED_LOG_DIRS;
use super::validate::validate;
use crate::controller::error::{Error, Reason, Result};
use crate::controller::{Controller, Decision, check_record_count};
use crate::image::{ConfigMap, ConfigResource, ResourceType};

/// The longest value that can be stored, in UTF-16 units.
const VALUE_LEN_MAX: usize = i16::MAX as usize;

/// How one configuration is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigOp {
    /// The configuration.
    pub name: Str,
    /// What to do with it.
    pub kind: OpKind,
    /// The value to set, append or subtract; `None` counts as empty for the latter two.
    pub value: Option<Str>,
}

/// What to do with a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpKind {
    /// Set it.
    Set,
    /// Forget it.
    Delete,
    /// Add items to a list.
    Append,
    /// Take items from a list.
    Subtract,
}

impl OpKind {
    /// The name Kafka's messages use.
    fn name(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Delete => "DELETE",
            Self::Append => "APPEND",
            Self::Subtract => "SUBTRACT",
        }
    }
}

/// Changes of single configurations, each resource at most once.
#[derive(Clone, Debug, Default)]
pub struct IncrementalAlterConfigs {
    /// The changes by resource.
    pub resources: Vec<(ConfigResource, Vec<ConfigOp>)>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Whether a broker checked the request and passed it on.
    pub is_forwarded: bool,
}

/// Names and values; a value of `None` forgets the configuration.
pub type NewConfigs = Vec<(Str, Option<Str>)>;

/// Whole sets of configurations, each resource at most once; what is not named is forgotten.
#[derive(Clone, Debug, Default)]
pub struct LegacyAlterConfigs {
    /// The new configurations by resource.
    pub resources: Vec<(ConfigResource, NewConfigs)>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Whether a broker checked the request and passed it on.
    pub is_forwarded: bool,
}

/// What became of each resource.
pub type AlterConfigsResult = Vec<(ConfigResource, Result<()>)>;

/// A resource whose configurations change.
#[derive(Clone, Copy)]
struct Target<'a> {
    resource: &'a ConfigResource,
    /// Whether the resource comes into being in the same request.
    is_new: bool,
    is_forwarded: bool,
}

impl Controller {
    /// Changes single configurations. A resource changes as a whole or not at all.
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn incremental_alter_configs(
        &self,
        request: &IncrementalAlterConfigs,
    ) -> Result<Decision<AlterConfigsResult>> {
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(request.resources.len());
        for (resource, ops) in &request.resources {
            let is_forwarded = request.is_forwarded;
            let target = Target { resource, is_new: false, is_forwarded };
            let changed = self.apply_ops(target, ops);
            results.push((resource.clone(), changed.map(|mut new| records.append(&mut new))));
        }
        self.altered(records, results, request.validate_only)
    }

    /// Replaces all configurations of resources.
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn legacy_alter_configs(
        &self,
        request: &LegacyAlterConfigs,
    ) -> Result<Decision<AlterConfigsResult>> {
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(request.resources.len());
        for (resource, configs) in &request.resources {
            let is_forwarded = request.is_forwarded;
            let target = Target { resource, is_new: false, is_forwarded };
            let changed = self.replace_configs(target, configs);
            results.push((resource.clone(), changed.map(|mut new| records.append(&mut new))));
        }
        self.altered(records, results, request.validate_only)
    }

    fn altered(
        &self,
        mut records: Vec<MetadataRecord>,
        results: AlterConfigsResult,
        validate_only: bool,
    ) -> Result<Decision<AlterConfigsResult>> {
        records.extend(self.clear_elr_records(&records));
        check_record_count(&records)?;
        if validate_only {
            records.clear();
        }
        Ok(Decision::atomic(records, results))
    }

    /// The records of configurations a resource is created with.
    pub(in crate::controller) fn set_configs_of_new_resource(
        &self,
        resource: &ConfigResource,
        configs: &ConfigMap,
        is_forwarded: bool,
    ) -> Result<Vec<MetadataRecord>> {
        let ops: Vec<ConfigOp> = configs
            .iter()
            .map(|(name, value)| ConfigOp {
                name: name.clone(),
                kind: OpKind::Set,
                value: Some(value.clone()),
            })
            .collect();
        let mut records = self.apply_ops(Target { resource, is_new: true, is_forwarded }, &ops)?;
        records.extend(self.clear_elr_records(&records));
        Ok(records)
    }

    fn apply_ops(&self, target: Target<'_>, ops: &[ConfigOp]) -> Result<Vec<MetadataRecord>> {
        let current = self.image.configs.get(target.resource);
        let mut changed = Vec::new();
        for op in ops {
            let old = current.and_then(|configs| configs.get(&op.name));
            let new = match op.kind {
                OpKind::Set => op.value.clone(),
                OpKind::Delete => None,
                OpKind::Append | OpKind::Subtract => Some(edit_list(target.resource, op, old)?),
            };
            // A value set anew for a broker makes it read files again, such as key stores.
            if old != new.as_ref() || target.resource.resource_type == ResourceType::Broker {
                changed.push(config_record(target.resource, &op.name, new));
            }
        }
        self.check_change(target, &changed, &[])?;
        Ok(changed.into_iter().map(MetadataRecord::Config).collect())
    }

    fn replace_configs(
        &self,
        target: Target<'_>,
        configs: &[(Str, Option<Str>)],
    ) -> Result<Vec<MetadataRecord>> {
        let none = ConfigMap::new();
        let current = self.image.configs.get(target.resource).map_or(&none, |configs| &**configs);
        let wanted: BTreeMap<&Str, &Option<Str>> =
            configs.iter().map(|(name, value)| (name, value)).collect();
        let is_broker = target.resource.resource_type == ResourceType::Broker;
        let altered: Vec<ConfigRecord> = wanted
            .iter()
            .filter(|(name, value)| is_broker || current.get(**name) != value.as_ref())
            .map(|(name, value)| config_record(target.resource, name, (*value).clone()))
            .collect();
        let deleted: Vec<ConfigRecord> = current
            .keys()
            .filter(|name| !wanted.contains_key(name))
            .map(|name| config_record(target.resource, name, None))
            .collect();
        self.check_change(target, &altered, &deleted)?;
        Ok(altered.into_iter().chain(deleted).map(MetadataRecord::Config).collect())
    }

    /// Whether the resource may have what it would have after the change.
    fn check_change(
        &self,
        target: Target<'_>,
        altered: &[ConfigRecord],
        deleted: &[ConfigRecord],
    ) -> Result<()> {
        let none = ConfigMap::new();
        let existing = self.image.configs.get(target.resource).map_or(&none, |configs| &**configs);
        let mut all = existing.clone();
        for record in altered.iter().chain(deleted) {
            self.check_min_isr_change(record)?;
            self.check_cordoned_log_dirs(target, record, existing)?;
            match &record.value {
                None => {
                    all.remove(&record.name);
                }
                Some(value) if value.encode_utf16().count() > VALUE_LEN_MAX => {
                    return Err(Error::new(
                        Reason::InvalidConfig,
                        "The configuration value cannot be added because it exceeds the maximum \
                         value size of 32767 bytes.",
                    ));
                }
                Some(value) => {
                    all.insert(record.name.clone(), value.clone());
                }
            }
        }
        validate(&self.settings, target.resource, &all, existing)?;
        match target.is_new {
            true => Ok(()),
            false => self.check_existence(target.resource),
        }
    }

    /// The controller knows directories by id, the value names paths: only a broker can check it.
    /// Directly, entries can only be taken away.
    fn check_cordoned_log_dirs(
        &self,
        target: Target<'_>,
        record: &ConfigRecord,
        existing: &ConfigMap,
    ) -> Result<()> {
        let is_broker = target.resource.resource_type == ResourceType::Broker;
        if record.name != *CORDONED_LOG_DIRS || !is_broker {
            return Ok(());
        }
        if !self.metadata_version().is_cordoned_log_dirs_supported() {
            return Err(Error::new(
                Reason::InvalidConfig,
                "The cordoned.log.dirs configuration value cannot be set because it requires \
                 metadata.version >= 4.3-IV0",
            ));
        }
        let Some(value) = record.value.as_deref().filter(|value| !value.trim().is_empty()) else {
            return Ok(());
        };
        let current = existing.get(CORDONED_LOG_DIRS).map_or("", |value| value.trim());
        let current: Vec<&str> = current.split(',').map(str::trim).collect();
        let is_subset = value.trim().split(',').all(|dir| current.contains(&dir.trim()));
        if !target.is_forwarded && !is_subset {
            return Err(Error::new(
                Reason::InvalidConfig,
                "When updating cordoned.log.dirs via controllers,  the new value must be a subset \
                 of the current configuration value.",
            ));
        }
        Ok(())
    }

    fn check_existence(&self, resource: &ConfigResource) -> Result<()> {
        match resource.resource_type {
            ResourceType::Broker if !resource.name.is_empty() => {
                let id = resource.name.parse::<i32>().map_err(|_| {
                    let text = format!("Invalid broker name {}", resource.name);
                    Error::new(Reason::InvalidRequest, text)
                })?;
                let cluster = &self.image.cluster;
                if !cluster.brokers.contains_key(&id) && !self.is_controller(id) {
                    let text = format!("No node with id {id} found.");
                    return Err(Error::new(Reason::BrokerIdNotRegistered, text));
                }
                Ok(())
            }
            ResourceType::Topic if self.image.topics.id(&resource.name).is_none() => {
                let text = format!("The topic '{}' does not exist.", resource.name);
                Err(Error::new(Reason::UnknownTopicOrPartition, text))
            }
            _ => Ok(()),
        }
    }
}

fn config_record(resource: &ConfigResource, name: &Str, value: Option<Str>) -> ConfigRecord {
    ConfigRecord {
        resource_type: resource.resource_type.code(),
        resource_name: resource.name.clone(),
        name: name.clone(),
        value,
        ..ConfigRecord::default()
    }
}

/// A list with items appended or taken away; it starts from the default when it was never set.
fn edit_list(resource: &ConfigResource, op: &ConfigOp, old: Option<&Str>) -> Result<Str> {
    let row = table::find(areas(resource.resource_type), &op.name);
    let Some(row) = row.filter(|row| row.kind == Kind::List) else {
        let (kind, name) = (op.kind.name(), &op.name);
        let text = format!("Can't {kind} to key {name} because its type is not LIST.");
        return Err(Error::new(Reason::InvalidConfig, text));
    };
    let default = || Value::default_of(row).map(|value| value.to_string());
    let old = old.map(|old| old.to_string()).or_else(default).unwrap_or_default();
    let operation = match op.kind {
        OpKind::Subtract => Operation::Subtract,
        _ => Operation::Append,
    };
    Ok(Str::from(config::edit_list(&old, operation, op.value.as_deref().unwrap_or_default())))
}

/// Where lists are known as lists. As in Kafka's controller, those of groups and client-metrics
/// subscriptions are not, and so cannot be appended to.
fn areas(resource_type: ResourceType) -> &'static [Area] {
    match resource_type {
        ResourceType::Topic => table::TOPIC,
        ResourceType::Broker => table::BROKER,
        ResourceType::ClientMetrics | ResourceType::Group | ResourceType::BrokerLogger => &[],
    }
}
