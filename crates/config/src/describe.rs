//! Answers of `DescribeConfigs`: every setting of a resource with its value, where the value comes
//! from, and the values behind it, as Apache Kafka 4.3.1 gives them (kafka-configs §1 items 4-5).
//! Entries come sorted by name; Kafka's come in the order of a hash table.

use std::collections::{BTreeMap, HashSet};

use crate::alter::RequestError;
use crate::error::Error;
use crate::names::{self, alternatives, broker_kind};
use crate::server::{DynamicSettings, ServerConfig};
use crate::setting::{Kind, Mode, Setting};
use crate::table::{self, Area};
use crate::value::Value;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for the topic.
    Topic,
    /// Set for this broker while it runs.
    DynamicBroker,
    /// Set for all brokers while they run.
    DynamicDefaultBroker,
    /// Set when the broker was started.
    StaticBroker,
    /// Not set.
    Default,
    /// The level of a logger.
    DynamicBrokerLogger,
    /// Set for the client metrics subscription.
    ClientMetrics,
    /// Set for the group.
    Group,
}

impl ConfigSource {
    /// The code in the protocol.
    pub const fn code(self) -> i8 {
        match self {
            ConfigSource::Topic => 1,
            ConfigSource::DynamicBroker => 2,
            ConfigSource::DynamicDefaultBroker => 3,
            ConfigSource::StaticBroker => 4,
            ConfigSource::Default => 5,
            ConfigSource::DynamicBrokerLogger => 6,
            ConfigSource::ClientMetrics => 7,
            ConfigSource::Group => 8,
        }
    }
}

/// One setting of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value; none if it has none or it must not be shown.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// The value must not be shown: passwords, and names that are not in the table.
    pub sensitive: bool,
    /// It cannot be changed while the broker runs.
    pub read_only: bool,
    /// Its type; none (0 in the protocol) for names that are not in the table.
    pub kind: Option<Kind>,
    /// The values in question, most preferred first; empty unless asked for.
    pub synonyms: Vec<EntrySynonym>,
    /// What the setting does; none unless asked for, and for names that are not in the table.
    pub documentation: Option<&'static str>,
}

/// One of the values in question for a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrySynonym {
    /// The name it is set by.
    pub name: String,
    /// The value; none if it must not be shown.
    pub value: Option<String>,
    /// Where it is set.
    pub source: ConfigSource,
}

/// What of a resource is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// The settings; all of them if none or empty.
    pub names: Option<&'a HashSet<&'a str>>,
    /// Whether to list the values behind the values.
    pub include_synonyms: bool,
    /// Whether to tell what the settings do.
    pub include_documentation: bool,
}

impl Query<'_> {
    fn wants(&self, name: &str) -> bool {
        self.names.is_none_or(|names| names.is_empty() || names.contains(name))
    }
}

/// A setting before the parts that were not asked for are cut off.
struct Draft<'a> {
    name: &'a str,
    value: Option<String>,
    kind: Option<Kind>,
    read_only: bool,
    synonyms: Vec<EntrySynonym>,
    documentation: Option<&'static str>,
}

impl Draft<'_> {
    fn finish(self, query: &Query<'_>) -> Entry {
        let sensitive = is_sensitive(self.kind);
        Entry {
            name: self.name.to_owned(),
            value: self.value.filter(|_| !sensitive),
            source: self.synonyms.first().map_or(ConfigSource::Default, |first| first.source),
            sensitive,
            read_only: self.read_only,
            kind: self.kind,
            synonyms: if query.include_synonyms { self.synonyms } else { Vec::new() },
            documentation: self.documentation.filter(|_| query.include_documentation),
        }
    }
}

impl ServerConfig {
    /// The settings of a broker, or with an empty name those of all brokers.
    ///
    /// # Errors
    /// [`RequestError::InvalidRequest`] if the name is that of another broker or no id.
    pub fn describe_broker(
        &self,
        name: &str,
        query: &Query<'_>,
    ) -> Result<Vec<Entry>, RequestError> {
        if name.is_empty() {
            return Ok(self.describe_cluster(query));
        }
        let own = self.node.node_id;
        match name.parse::<i32>() {
            Ok(id) if id == own => Ok(self.describe_this_broker(query)),
            Ok(_) => Err(RequestError::InvalidRequest(format!(
                "Unexpected broker id, expected {own} or empty string, but received {name}"
            ))),
            Err(_) => Err(RequestError::InvalidRequest(format!(
                "Broker id must be an integer, but it is: {name}"
            ))),
        }
    }

    fn describe_this_broker(&self, query: &Query<'_>) -> Vec<Entry> {
        let shown = |row: &&Setting| row.is_listed();
        let mut values: BTreeMap<&str, Option<String>> = self
            .originals()
            .into_iter()
            .map(|(name, value)| (name, Some(value.to_owned())))
            .collect();
        for row in table::rows(table::BROKER).filter(shown) {
            values.insert(row.name, self.value(row.name).map(Value::to_string));
        }
        let wanted = values.into_iter().filter(|(name, _)| query.wants(name));
        wanted.map(|(name, value)| self.broker_draft(name, value).finish(query)).collect()
    }

    fn describe_cluster(&self, query: &Query<'_>) -> Vec<Entry> {
        let wanted = self.cluster_settings().iter().filter(|(name, _)| query.wants(name));
        wanted
            .map(|(name, value)| {
                let mut draft = self.broker_draft(name, Some(value.clone()));
                draft.synonyms.retain(|s| s.source == ConfigSource::DynamicDefaultBroker);
                draft.finish(query)
            })
            .collect()
    }

    fn broker_draft<'a>(&self, name: &'a str, value: Option<String>) -> Draft<'a> {
        let row = names::broker_row(name);
        let kind = broker_kind(name);
        Draft {
            name,
            value,
            kind,
            read_only: row.is_none_or(|row| row.mode == Mode::ReadOnly),
            synonyms: self.broker_synonyms(name, is_sensitive(kind)),
            documentation: row.map(|row| row.doc),
        }
    }

    /// What is set for a broker setting at each level, from its own name on.
    fn broker_synonyms(&self, name: &str, sensitive: bool) -> Vec<EntrySynonym> {
        let names = alternatives(name);
        let default_of = |name: &str| {
            let value = Value::default_of(table::find(table::BROKER, name)?)?;
            Some(value.to_string())
        };
        let level = |source: ConfigSource, name: &str| match source {
            ConfigSource::DynamicBroker => self.broker_settings().get(name).cloned(),
            ConfigSource::DynamicDefaultBroker => self.cluster_settings().get(name).cloned(),
            ConfigSource::StaticBroker => {
                self.static_config().value_or_synonym(name).map(str::to_owned)
            }
            _ => default_of(name),
        };
        let levels = [
            ConfigSource::DynamicBroker,
            ConfigSource::DynamicDefaultBroker,
            ConfigSource::StaticBroker,
            ConfigSource::Default,
        ];
        let mut synonyms = Vec::new();
        for source in levels {
            for name in &names {
                if let Some(value) = level(source, name) {
                    let value = (!sensitive).then_some(value);
                    synonyms.push(EntrySynonym { name: (*name).to_owned(), value, source });
                }
            }
        }
        // what another name says counts only behind this one
        let first = synonyms.iter().position(|synonym| synonym.name == name);
        synonyms.split_off(first.unwrap_or(synonyms.len()))
    }

    /// The settings of a topic that has `own` ones.
    ///
    /// # Errors
    /// For the first of its own settings that is not valid (any more).
    pub fn describe_topic(
        &self,
        own: &DynamicSettings,
        query: &Query<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let values = self.topic_defaults.with_overrides(pairs(own))?;
        let behind = |row: &Setting| match row.synonyms.first() {
            Some(synonym) => self.broker_synonyms(synonym.name, row.secret()),
            None => Vec::new(),
        };
        let level = Level { areas: table::TOPIC, source: ConfigSource::Topic, own };
        Ok(level.describe(&|row| values.get(row.name).map(Value::to_string), &behind, query))
    }

    /// The settings of a group that has `own` ones.
    ///
    /// # Errors
    /// For the first of its own settings that is not valid (any more).
    pub fn describe_group(
        &self,
        own: &DynamicSettings,
        query: &Query<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let values = parse_own(table::GROUP, own)?;
        let value = |row: &Setting| {
            let of_broker = || row.synonyms.iter().find_map(|synonym| self.value(synonym.name));
            let value = values.get(row.name).or_else(of_broker).cloned();
            value.or_else(|| Value::default_of(row)).map(|value| value.to_string())
        };
        let behind = |row: &Setting| match row.synonyms.first() {
            Some(synonym) => self.broker_synonyms(synonym.name, row.secret()),
            None => {
                let value = Value::default_of(row).map(|value| value.to_string());
                let name = row.name.to_owned();
                vec![EntrySynonym { name, value, source: ConfigSource::Default }]
            }
        };
        let level = Level { areas: table::GROUP, source: ConfigSource::Group, own };
        Ok(level.describe(&value, &behind, query))
    }
}

/// The settings of a client metrics subscription that has `own` ones.
///
/// # Errors
/// For the first of its own settings that is not valid (any more).
pub fn describe_client_metrics(
    own: &DynamicSettings,
    query: &Query<'_>,
) -> Result<Vec<Entry>, Error> {
    let values = parse_own(table::CLIENT_METRICS, own)?;
    let value = |row: &Setting| {
        let value = values.get(row.name).cloned().or_else(|| Value::default_of(row));
        value.map(|value| value.to_string())
    };
    let level = Level { areas: table::CLIENT_METRICS, source: ConfigSource::ClientMetrics, own };
    Ok(level.describe(&value, &|_| Vec::new(), query))
}

/// The levels of loggers, by name.
pub fn describe_broker_loggers<'a>(
    loggers: impl IntoIterator<Item = (&'a str, &'a str)>,
    query: &Query<'_>,
) -> Vec<Entry> {
    let wanted = loggers.into_iter().filter(|(name, _)| query.wants(name));
    wanted
        .map(|(name, level)| Entry {
            name: name.to_owned(),
            value: Some(level.to_owned()),
            source: ConfigSource::DynamicBrokerLogger,
            sensitive: false,
            read_only: false,
            kind: None,
            synonyms: Vec::new(),
            documentation: Some(""),
        })
        .collect()
}

/// A resource that has settings of its own over those of the broker.
struct Level<'a> {
    areas: &'static [Area],
    source: ConfigSource,
    own: &'a DynamicSettings,
}

impl Level<'_> {
    fn describe(
        &self,
        value: &dyn Fn(&Setting) -> Option<String>,
        behind: &dyn Fn(&Setting) -> Vec<EntrySynonym>,
        query: &Query<'_>,
    ) -> Vec<Entry> {
        let rows = table::rows(self.areas).filter(|row| row.is_listed()).map(|row| row.name);
        let mut names: Vec<&str> = rows.chain(self.own.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        let wanted = names.into_iter().filter(|name| query.wants(name));
        wanted
            .map(|name| {
                let row = table::find(self.areas, name);
                let kind = row.map(|row| row.kind);
                let value = row.and_then(value);
                let mut synonyms = row.map(behind).unwrap_or_default();
                if self.own.contains_key(name) {
                    let value = value.clone().filter(|_| !is_sensitive(kind));
                    let name = name.to_owned();
                    synonyms.insert(0, EntrySynonym { name, value, source: self.source });
                }
                let documentation = row.map(|row| row.doc);
                Draft { name, value, kind, read_only: false, synonyms, documentation }.finish(query)
            })
            .collect()
    }
}

/// What is not known may be a secret.
fn is_sensitive(kind: Option<Kind>) -> bool {
    kind.is_none_or(|kind| kind == Kind::Password)
}

fn parse_own(
    areas: &'static [Area],
    own: &DynamicSettings,
) -> Result<BTreeMap<String, Value>, Error> {
    let known = own.iter().filter_map(|(name, text)| Some((table::find(areas, name)?, text)));
    known.map(|(row, text)| Ok((row.name.to_owned(), row.parse(text)?))).collect()
}

fn pairs(settings: &DynamicSettings) -> impl Iterator<Item = (&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
