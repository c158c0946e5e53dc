//! Whether a set of configurations is one a resource may have.

use std::collections::BTreeMap;

use config::table::{self, CLIENT_METRICS, GROUP};
use config::{Setting, Value};
use wire::Str;

use crate::controller::error::{Error, Reason, Result};
use crate::controller::settings::{Settings, number};
use crate::controller::validate_topic_name;
use crate::image::{ConfigResource, ResourceType};

type Configs = BTreeMap<Str, Str>;

/// Checks the name of a resource and everything it would have set.
pub(super) fn validate(
    settings: &Settings,
    resource: &ConfigResource,
    configs: &Configs,
    existing: &Configs,
) -> Result<()> {
    match resource.resource_type {
        ResourceType::Topic => {
            if resource.name.is_empty() {
                return Err(invalid_request("Default topic resources are not allowed."));
            }
            validate_topic_name(&resource.name)?;
            validate_topic(settings, configs, existing)
        }
        ResourceType::Broker => validate_broker_name(&resource.name),
        ResourceType::ClientMetrics => {
            if resource.name.is_empty() {
                return Err(invalid_request("Subscription name can't be empty"));
            }
            validate_client_metrics(configs)
        }
        ResourceType::Group => {
            if resource.name.is_empty() {
                return Err(invalid_request("Default group resources are not allowed."));
            }
            validate_group(settings, configs)
        }
        ResourceType::BrokerLogger => {
            let name = resource.resource_type.name();
            Err(invalid_request(format!("Unknown resource type {name}")))
        }
    }
}

fn invalid_request(text: impl Into<String>) -> Error {
    Error::new(Reason::InvalidRequest, text.into())
}

fn invalid_config(text: impl Into<String>) -> Error {
    Error::new(Reason::InvalidConfig, text.into())
}

/// What the broker makes of its own settings is checked by the broker before it forwards them.
fn validate_broker_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Ok(());
    }
    match name.parse::<i32>() {
        Ok(id) if id < 0 => Err(invalid_request("Invalid negative broker ID.")),
        Ok(_) => Ok(()),
        Err(_) => Err(invalid_request("Unable to parse broker name as a base 10 number.")),
    }
}

/// Checks known names, types and bounds, and what contradicts each other.
fn validate_topic(settings: &Settings, configs: &Configs, existing: &Configs) -> Result<()> {
    for name in configs.keys() {
        if table::find(table::TOPIC, name).is_none() {
            return Err(invalid_config(format!("Unknown topic config name: {name}")));
        }
    }
    let overrides = configs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let log = settings.server.topic_defaults.log_config(overrides);
    let log = log.map_err(|error| invalid_config(error.to_string()))?;
    if log.min_compaction_lag_ms > log.max_compaction_lag_ms {
        return Err(invalid_config(format!(
            "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
            log.min_compaction_lag_ms, log.max_compaction_lag_ms
        )));
    }
    let was_remote = existing.get("remote.storage.enable").is_some_and(|value| value == "true");
    if log.remote_storage_enable {
        // Tiered storage is not built yet, so the answer is that of a broker that has it off.
        return Err(invalid_config(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured \
             with remote log storage.",
        ));
    }
    if was_remote && !log.remote_log_delete_on_disable {
        return Err(invalid_config(
            "It is invalid to disable remote storage without deleting remote data. If you want to \
             keep the remote data and turn to read only, please set \
             `remote.storage.enable=true,remote.log.copy.disable=true`. If you want to disable \
             remote storage and delete all remote data, please set \
             `remote.storage.enable=false,remote.log.delete.on.disable=true`.",
        ));
    }
    Ok(())
}

/// The keys by which a subscription may choose clients.
const MATCH_KEYS: [&str; 6] = [
    "client_id",
    "client_instance_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

fn validate_client_metrics(configs: &Configs) -> Result<()> {
    for name in configs.keys() {
        if table::find(CLIENT_METRICS, name).is_none() {
            return Err(invalid_request(format!("Unknown client metrics configuration: {name}")));
        }
    }
    for (name, text) in configs {
        let Some(row) = table::find(CLIENT_METRICS, name) else { continue };
        let value = row.parse(text).map_err(|error| invalid_config(error.to_string()))?;
        match (row.name, value) {
            ("interval.ms", Value::Int(ms)) if !(100..=3_600_000).contains(&ms) => {
                return Err(invalid_request(format!(
                    "Invalid value {ms} for interval.ms, interval must be between 100 and 3600000 \
                     (1 hour)"
                )));
            }
            ("match", Value::List(patterns)) => {
                if let Some(pattern) = patterns.iter().find(|pattern| !is_match_pattern(pattern)) {
                    let text = format!("Illegal client matching pattern: {pattern}");
                    return Err(invalid_config(text));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `key=regular expression`; the expression itself is compiled where clients are matched.
fn is_match_pattern(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('=').collect();
    matches!(parts.as_slice(), [key, value]
        if MATCH_KEYS.contains(&key.trim()) && !value.is_empty())
}

/// Settings of a group that lie between two settings of the broker.
const BOUNDED: [&str; 13] = [
    "consumer.heartbeat.interval.ms",
    "consumer.session.timeout.ms",
    "consumer.assignment.interval.ms",
    "share.heartbeat.interval.ms",
    "share.session.timeout.ms",
    "share.record.lock.duration.ms",
    "share.delivery.count.limit",
    "share.partition.max.record.locks",
    "share.assignment.interval.ms",
    "streams.heartbeat.interval.ms",
    "streams.session.timeout.ms",
    "streams.num.standby.replicas",
    "streams.assignment.interval.ms",
];

fn validate_group(settings: &Settings, configs: &Configs) -> Result<()> {
    for name in configs.keys() {
        if table::find(GROUP, name).is_none() {
            return Err(invalid_config(format!("Unknown group config name: {name}")));
        }
    }
    for (name, text) in configs {
        let row = table::find(GROUP, name);
        row.map(|row| row.parse(text)).transpose().map_err(|e| invalid_config(e.to_string()))?;
    }
    for name in BOUNDED {
        let Some(value) = group_number(settings, configs, name) else { continue };
        let (least, most) = bounds_of(name);
        if settings.number(&least).is_some_and(|least| value < least) {
            let text = format!("{name} must be greater than or equal to {least}");
            return Err(invalid_config(text));
        }
        if settings.number(&most).is_some_and(|most| value > most) {
            return Err(invalid_config(format!("{name} must be less than or equal to {most}")));
        }
    }
    for kind in ["consumer", "share", "streams"] {
        let session = format!("{kind}.session.timeout.ms");
        let heartbeat = format!("{kind}.heartbeat.interval.ms");
        if group_number(settings, configs, &session) <= group_number(settings, configs, &heartbeat)
        {
            return Err(invalid_config(format!("{session} must be greater than {heartbeat}")));
        }
    }
    Ok(())
}

/// The broker settings that bound a group setting: `group.share.min.x` and `group.share.max.x` for
/// `share.x`.
fn bounds_of(name: &str) -> (String, String) {
    let (kind, rest) = name.split_once('.').unwrap_or((name, ""));
    let rest = rest.strip_prefix("num.").unwrap_or(rest);
    (format!("group.{kind}.min.{rest}"), format!("group.{kind}.max.{rest}"))
}

/// What a group would have: its own value, else that of the broker.
fn group_number(settings: &Settings, configs: &Configs, name: &str) -> Option<i64> {
    let row: &'static Setting = table::find(GROUP, name)?;
    let own = configs.get(name).and_then(|text| number(&row.parse(text).ok()?));
    own.or_else(|| row.synonyms.iter().find_map(|synonym| settings.number(synonym.name)))
        .or_else(|| number(&Value::default_of(row)?))
}
