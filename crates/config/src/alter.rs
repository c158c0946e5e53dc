//! Changes of settings while a broker runs: what a broker checks of `IncrementalAlterConfigs` and
//! `AlterConfigs` before the controller stores anything, in Apache Kafka's words.

use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::names;
use crate::server::{DynamicSettings, ServerConfig};
use crate::setting::Kind;
use crate::table;
use crate::value::Value;

/// Why a request about settings is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Answered with INVALID_REQUEST (42).
    #[error("{0}")]
    InvalidRequest(String),
    /// Answered with INVALID_CONFIG (40).
    #[error("{0}")]
    InvalidConfig(String),
}

impl From<Error> for RequestError {
    /// A broker's settings that do not fit together make the request invalid.
    fn from(error: Error) -> Self {
        RequestError::InvalidRequest(error.to_string())
    }
}

/// What to do with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Set it.
    Set,
    /// Go back to its default.
    Delete,
    /// Add items to a list.
    Append,
    /// Take items from a list.
    Subtract,
}

impl Operation {
    /// The operation of a code in a request.
    ///
    /// # Errors
    /// [`RequestError::InvalidRequest`] for other codes.
    pub fn from_code(code: i8) -> Result<Self, RequestError> {
        Ok(match code {
            0 => Operation::Set,
            1 => Operation::Delete,
            2 => Operation::Append,
            3 => Operation::Subtract,
            other => {
                let message = format!("Unknown operations type {other}");
                return Err(RequestError::InvalidRequest(message));
            }
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Operation::Set => "SET",
            Operation::Delete => "DELETE",
            Operation::Append => "APPEND",
            Operation::Subtract => "SUBTRACT",
        }
    }
}

/// One change of one setting.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The setting.
    pub name: &'a str,
    /// What to do with it.
    pub operation: Operation,
    /// The value to set, or the items to add or take away.
    pub value: Option<&'a str>,
}

/// Checks what holds for changes of any resource: each setting once, values where they belong. A
/// legacy request is one of sets.
///
/// # Errors
/// [`RequestError::InvalidRequest`] for the first rule that is broken.
pub fn check_changes(changes: &[Change<'_>]) -> Result<(), RequestError> {
    // A request holds as many changes as fit into it: looking for each among all would take hours.
    let mut seen = HashSet::with_capacity(changes.len());
    if !changes.iter().all(|change| seen.insert(change.name)) {
        return Err(RequestError::InvalidRequest("Error due to duplicate config keys".to_owned()));
    }
    let without_value = |c: &&Change<'_>| c.operation != Operation::Delete && c.value.is_none();
    let names: Vec<&str> = changes.iter().filter(without_value).map(|c| c.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("Null value not supported for : {}", names.join(", "));
    Err(RequestError::InvalidRequest(message))
}

impl ServerConfig {
    /// Checks changes of the settings of this broker, or with an empty name of all brokers.
    /// [`check_changes`] comes first.
    ///
    /// # Errors
    /// When the name is not this broker's, a setting cannot change while running or not at this
    /// level, or the outcome is not a valid configuration.
    pub fn check_broker_changes(
        &self,
        name: &str,
        changes: &[Change<'_>],
    ) -> Result<(), RequestError> {
        self.check_broker_name(name)?;
        let current =
            if name.is_empty() { self.cluster_settings() } else { self.broker_settings() };
        let mut settings = current.clone();
        for change in changes {
            let value = change.value.unwrap_or_default();
            match change.operation {
                Operation::Set => {
                    settings.insert(change.name.to_owned(), value.to_owned());
                }
                Operation::Delete => {
                    settings.remove(change.name);
                }
                Operation::Append | Operation::Subtract => {
                    let edited = edit_broker_list(change, settings.get(change.name))?;
                    settings.insert(change.name.to_owned(), edited);
                }
            }
        }
        self.check_outcome(name, settings)
    }

    /// Checks the settings that are to replace those of this broker, or with an empty name those
    /// of all brokers (legacy `AlterConfigs`).
    ///
    /// # Errors
    /// As [`ServerConfig::check_broker_changes`].
    pub fn check_broker_replacement(
        &self,
        name: &str,
        settings: DynamicSettings,
    ) -> Result<(), RequestError> {
        self.check_broker_name(name)?;
        self.check_outcome(name, settings)
    }

    fn check_broker_name(&self, name: &str) -> Result<(), RequestError> {
        let own = self.node.node_id;
        match name.parse::<i32>() {
            _ if name.is_empty() => Ok(()),
            Ok(id) if id == own => Ok(()),
            Ok(_) => Err(RequestError::InvalidRequest(format!(
                "Unexpected broker id, expected {own}, but received {name}"
            ))),
            Err(_) => Err(RequestError::InvalidRequest(format!(
                "Node id must be an integer, but it is: {name}"
            ))),
        }
    }

    fn check_outcome(&self, name: &str, settings: DynamicSettings) -> Result<(), RequestError> {
        check_names(name.is_empty(), &settings)?;
        let outcome = if name.is_empty() {
            self.with_dynamic_strictly(settings, self.broker_settings().clone())?
        } else {
            self.with_dynamic_strictly(self.cluster_settings().clone(), settings)?
        };
        self.check_steps(&outcome)?;
        check_local_retention(&outcome)?;
        Ok(self.check_listeners(&outcome)?)
    }

    /// Listeners cannot come, go or change while the broker runs.
    fn check_listeners(&self, next: &ServerConfig) -> Result<(), Error> {
        if self.listeners.bound == next.listeners.bound {
            return Ok(());
        }
        Err(Error::rejected(
            "Listeners cannot be changed while the broker runs; restart it with the new ones",
        ))
    }

    /// Checks changes of the log levels of this broker and says what to set: for each logger its
    /// new level, or none to go back to the level of the root logger.
    ///
    /// # Errors
    /// As Kafka refuses other brokers, unknown loggers and levels, and operations that make no
    /// sense here.
    pub fn check_logger_changes<'a>(
        &self,
        name: &str,
        changes: &[Change<'a>],
        is_logger: impl Fn(&str) -> bool,
    ) -> Result<Vec<(&'a str, Option<&'a str>)>, RequestError> {
        let own = self.node.node_id;
        let id = name.parse::<i32>().map_err(|_| {
            RequestError::InvalidRequest(format!("Node id must be an integer, but it is: {name}"))
        })?;
        if id != own {
            return Err(RequestError::InvalidRequest(format!(
                "Unexpected node id. Expected {own}, but received {name}"
            )));
        }
        changes.iter().map(|change| check_logger_change(change, &is_logger)).collect()
    }

    /// Some numbers change in bounded steps only.
    fn check_steps(&self, next: &ServerConfig) -> Result<(), Error> {
        let number = |config: &ServerConfig, name| match config.value(name) {
            Some(Value::Int(number)) => Some(i64::from(*number)),
            _ => None,
        };
        for name in THREADS {
            let Some((old, new)) = number(self, name).zip(number(next, name)) else { continue };
            let limit = if new > old * 2 {
                format!("value should not be greater than double the current value {old}")
            } else if new < old / 2 {
                format!("value should be at least half the current value {old}")
            } else {
                continue;
            };
            return Err(Error::rejected(format!(
                "Dynamic thread count update validation failed for {name}={new}, {limit}"
            )));
        }
        let threads = |config| number(config, "log.cleaner.threads").unwrap_or_default();
        let (old, new) = (threads(self), threads(next));
        if new < 1 {
            return Err(Error::rejected("Log cleaner threads should be at least 1"));
        }
        if new < old / 2 {
            return Err(Error::rejected(format!(
                "Log cleaner threads cannot be reduced to less than half the current value {old}"
            )));
        }
        if new > old * 2 {
            return Err(Error::rejected(format!(
                "Log cleaner threads cannot be increased to more than double the current value \
                 {old}"
            )));
        }
        Ok(())
    }
}

/// Sizes of thread pools: while running they at most double or halve at a time.
const THREADS: &[&str] = &[
    "num.io.threads",
    "num.network.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "remote.log.reader.threads",
    "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.follower.thread.pool.size",
];

/// Whether these settings can change while running, and at this level.
fn check_names(of_cluster: bool, settings: &DynamicSettings) -> Result<(), RequestError> {
    let refuse = |refused: &dyn Fn(&str) -> bool, why: &str| {
        let names: Vec<&str> =
            settings.keys().map(String::as_str).filter(|name| refused(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(RequestError::InvalidRequest(format!("{why}: [{}]", names.join(", "))))
    };
    refuse(&names::is_read_only, "Cannot update these configs dynamically")?;
    refuse(
        &names::is_only_of_listeners,
        "These security configs can be dynamically updated only per-listener using the listener \
         prefix",
    )?;
    for (name, text) in settings {
        let row = names::broker_row(names::after_listener(name).unwrap_or(name));
        row.filter(|row| row.mode != crate::setting::Mode::ReadOnly)
            .map(|row| row.parse(text))
            .transpose()?;
    }
    if of_cluster {
        let why = "Cannot update these configs at default cluster level, broker id must be \
                   specified";
        refuse(&names::is_per_broker, why)?;
    }
    Ok(())
}

fn edit_broker_list(change: &Change<'_>, old: Option<&String>) -> Result<String, RequestError> {
    let name = change.name;
    let Some(row) = table::find(table::BROKER, name) else {
        return Err(RequestError::InvalidConfig(format!("Unknown config name: {name}")));
    };
    if row.kind != Kind::List {
        let operation = change.operation.name().to_lowercase();
        return Err(RequestError::InvalidConfig(format!(
            "Config value {operation} is not allowed for config key: {name}"
        )));
    }
    let default = || Value::default_of(row).map(|value| value.to_string()).unwrap_or_default();
    let old = old.cloned().unwrap_or_else(default);
    Ok(edit_list(&old, change.operation, change.value.unwrap_or_default()))
}

/// Adds items to a list or takes them from it (kafka-configs §1 item 6): what is there already is
/// not added again, what is not there need not be taken away.
pub fn edit_list(old: &str, operation: Operation, items: &str) -> String {
    fn items_of(list: &str) -> impl Iterator<Item = &str> {
        list.split(',').filter(|item| !item.is_empty())
    }
    let mut list: Vec<&str> = items_of(old).collect();
    match operation {
        Operation::Append => {
            let mut known: HashSet<&str> = list.iter().copied().collect();
            list.extend(items_of(items).filter(|item| known.insert(item)));
        }
        Operation::Subtract => {
            // An item that the list holds twice goes once for each time it is named.
            let mut gone = HashMap::<&str, usize>::new();
            items_of(items).for_each(|item| *gone.entry(item).or_default() += 1);
            list.retain(|item| match gone.get_mut(item) {
                Some(times) if *times > 0 => {
                    *times -= 1;
                    false
                }
                Some(_) | None => true,
            });
        }
        Operation::Set | Operation::Delete => {}
    }
    list.join(",")
}

fn check_logger_change<'a>(
    change: &Change<'a>,
    is_logger: &impl Fn(&str) -> bool,
) -> Result<(&'a str, Option<&'a str>), RequestError> {
    let name = change.name;
    match change.operation {
        Operation::Append | Operation::Subtract => Err(RequestError::InvalidRequest(format!(
            "{} operation is not allowed for the BROKER_LOGGER resource",
            change.operation.name()
        ))),
        _ if name != ROOT_LOGGER && !is_logger(name) => {
            Err(RequestError::InvalidConfig(format!("Logger {name} does not exist!")))
        }
        Operation::Delete if name == ROOT_LOGGER => Err(RequestError::InvalidRequest(
            "Removing the log level of the root logger is not allowed".to_owned(),
        )),
        Operation::Delete => Ok((name, None)),
        Operation::Set => {
            let level = change.value.unwrap_or_default();
            if LEVELS.contains(&level) {
                return Ok((name, Some(level)));
            }
            Err(RequestError::InvalidConfig(format!(
                "Cannot set the log level of {name} to {level} as it is not a supported log \
                 level. Valid log levels are {}",
                LEVELS.join(", ")
            )))
        }
    }
}

/// What stays on local disk cannot be more than what stays at all.
fn check_local_retention(next: &ServerConfig) -> Result<(), Error> {
    let topic = next.topic_defaults.log_config([])?;
    let pairs = [
        (
            "log.local.retention.ms",
            topic.local_retention_ms,
            "log.retention.ms",
            topic.retention_ms,
        ),
        (
            "log.local.retention.bytes",
            topic.local_retention_bytes,
            "log.retention.bytes",
            topic.retention_bytes,
        ),
    ];
    for (name, local, total_name, total) in pairs {
        // -2 is as much as the total, and a total of -1 is no bound
        if local == -2 || total == -1 {
            continue;
        }
        if local == -1 {
            let reason = format!("Value must not be -1 as {total_name} value is set as {total}.");
            return Err(Error::invalid(name, local, reason));
        }
        if local > total {
            let reason =
                format!("Value must not be more than {total_name} property value: {total}");
            return Err(Error::invalid(name, local, reason));
        }
    }
    Ok(())
}

/// Name of the logger whose level the others have unless set.
pub const ROOT_LOGGER: &str = "root";

const LEVELS: &[&str] = &["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];
