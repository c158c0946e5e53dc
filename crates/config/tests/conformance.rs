//! What Apache Kafka answered, recorded as text under `tests/kafka`, and what this crate answers.

use std::collections::{BTreeMap, HashSet};

use config::table::{self, Area};
use config::{
    Change, ConfigSource, DynamicSettings, Entry, Kind, Operation, Origin, Query, RequestError,
    ServerConfig, StaticConfig, Value, check_changes, describe_client_metrics, edit_list,
};

fn areas(resource: &str) -> &'static [Area] {
    match resource {
        "broker" => table::BROKER,
        "topic" => table::TOPIC,
        "group" => table::GROUP,
        "client-metrics" => table::CLIENT_METRICS,
        other => panic!("no settings of a {other}"),
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Types, bounds and refusals of single values.
#[test]
fn values_are_read_as_kafka_reads_them() {
    for line in lines(include_str!("kafka/values.txt")) {
        let mut words = line.splitn(3, ' ');
        let (resource, name, rest) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let (text, expected) = rest[1..].split_once('"').unwrap();
        let row = table::find(areas(resource), name).unwrap();
        let actual = match row.parse(text) {
            Ok(Value::Password(password)) => format!("= {}", password.reveal()),
            Ok(value) => format!("= {value}"),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(actual.trim_end(), expected.trim_start(), "{resource} {name} {text:?}");
    }
}

/// Settings that must agree with each other (kafka-configs §1 item 10).
#[test]
fn servers_start_with_what_kafka_starts_with() {
    const MINIMAL: &str = "process.roles=broker,controller node.id=1 \
                           controller.quorum.voters=1@localhost:9093 \
                           listeners=PLAINTEXT://:9092,CONTROLLER://:9093 \
                           controller.listener.names=CONTROLLER";
    let mut lines = lines(include_str!("kafka/starts.txt"));
    while let Some((settings, expected)) = lines.next().zip(lines.next()) {
        let mut statics = StaticConfig::new();
        for setting in MINIMAL.split_whitespace().chain(settings.split_whitespace()) {
            statics.set_argument(setting).unwrap();
        }
        let actual = ServerConfig::new(statics).map_or_else(|e| e.to_string(), |_| "ok".to_owned());
        assert_eq!(actual, expected.trim_start(), "{settings}");
    }
}

/// `IncrementalAlterConfigs`, `AlterConfigs` and `DescribeConfigs` of one broker, in turn.
#[test]
fn dynamic_settings_are_checked_and_described_as_by_kafka() {
    let transcript = include_str!("kafka/dynamic_settings.txt");
    let mut statics = StaticConfig::new();
    for line in lines(transcript) {
        if let Some((name, value)) =
            line.strip_prefix("static ").and_then(|line| line.split_once('='))
        {
            statics.set(name, value, Origin::CommandLine);
        }
    }
    let mut cluster = Cluster { config: ServerConfig::new(statics).unwrap(), own: BTreeMap::new() };
    let mut steps = lines(transcript).skip_while(|line| line.starts_with("static ")).peekable();
    while let Some(step) = steps.next() {
        let mut expected = Vec::new();
        while let Some(line) = steps.next_if(|line| line.starts_with(' ')) {
            expected.push(line.trim_start());
        }
        assert_eq!(cluster.answer(step), expected, "{step}");
    }
}

/// A broker and the settings that were stored for each resource.
struct Cluster {
    config: ServerConfig,
    own: BTreeMap<(String, String), DynamicSettings>,
}

impl Cluster {
    fn answer(&mut self, step: &str) -> Vec<String> {
        let (head, tail) = step.split_once(": ").unwrap_or((step, ""));
        let words: Vec<&str> = head.split(' ').collect();
        let [verb, resource, name] = words[..] else { panic!("{step}") };
        let name = if name == "<default>" { "" } else { name };
        let answer = match verb {
            "describe" => self.describe(resource, name, tail),
            _ => self.alter(verb, resource, name, tail).map(|()| vec!["ok".to_owned()]),
        };
        answer.unwrap_or_else(|error| match error {
            RequestError::InvalidRequest(text) => vec![format!("42 {text}").trim_end().to_owned()],
            RequestError::InvalidConfig(text) => vec![format!("40 {text}").trim_end().to_owned()],
        })
    }

    fn describe(
        &self,
        resource: &str,
        name: &str,
        names: &str,
    ) -> Result<Vec<String>, RequestError> {
        let names: HashSet<&str> = names.split_whitespace().collect();
        let query =
            Query { names: Some(&names), include_synonyms: true, include_documentation: false };
        let own = self.own.get(&(resource.to_owned(), name.to_owned())).cloned();
        let own = own.unwrap_or_default();
        let entries = match resource {
            "broker" => self.config.describe_broker(name, &query)?,
            "topic" => self.config.describe_topic(&own, &query)?,
            "group" => self.config.describe_group(&own, &query)?,
            _ => describe_client_metrics(&own, &query)?,
        };
        Ok(entries.iter().map(show).collect())
    }

    fn alter(
        &mut self,
        verb: &str,
        resource: &str,
        name: &str,
        changes: &str,
    ) -> Result<(), RequestError> {
        let changes: Vec<Change<'_>> =
            changes.split(" ; ").map(|change| parse_change(verb, change)).collect();
        check_changes(&changes)?;
        if resource == "logger" {
            return self.config.check_logger_changes(name, &changes, |_| false).map(drop);
        }
        let key = (resource.to_owned(), name.to_owned());
        let mut own = self.own.get(&key).cloned().unwrap_or_default();
        if verb == "replace" {
            own.clear();
        }
        for change in &changes {
            let row = table::find(areas(resource), change.name);
            let (value, operation) = (change.value.unwrap_or_default(), change.operation);
            let value = match (operation, row) {
                (Operation::Append | Operation::Subtract, Some(row)) => {
                    let default = || {
                        Value::default_of(row).map(|value| value.to_string()).unwrap_or_default()
                    };
                    let old = own.get(change.name).cloned().unwrap_or_else(default);
                    edit_list(&old, operation, value)
                }
                _ => value.to_owned(),
            };
            match operation {
                Operation::Delete => drop(own.remove(change.name)),
                _ => drop(own.insert(change.name.to_owned(), value)),
            }
        }
        if resource == "broker" {
            match verb {
                "replace" => self.config.check_broker_replacement(name, own.clone())?,
                _ => self.config.check_broker_changes(name, &changes)?,
            }
        }
        self.own.insert(key, own);
        let of_broker = |name: &str| {
            self.own.get(&("broker".to_owned(), name.to_owned())).cloned().unwrap_or_default()
        };
        let (config, left_out) = self.config.with_dynamic(of_broker(""), of_broker("1"))?;
        assert_eq!(left_out, []);
        self.config = config;
        Ok(())
    }
}

fn parse_change<'a>(verb: &str, text: &'a str) -> Change<'a> {
    let (operation, text) = match text.split_once(' ') {
        Some(("set", rest)) if verb == "alter" => (Operation::Set, rest),
        Some(("delete", rest)) if verb == "alter" => (Operation::Delete, rest),
        Some(("append", rest)) if verb == "alter" => (Operation::Append, rest),
        Some(("subtract", rest)) if verb == "alter" => (Operation::Subtract, rest),
        _ => (Operation::Set, text),
    };
    let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
    Change { name, operation, value }
}

fn show(entry: &Entry) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let kind = entry.kind.map_or("unknown", Kind::name).to_lowercase();
    let mut text =
        format!("{}={} {} {kind}", entry.name, value(&entry.value), source(entry.source));
    if entry.sensitive {
        text.push_str(" sensitive");
    }
    if entry.read_only {
        text.push_str(" read-only");
    }
    let synonyms: Vec<String> = entry
        .synonyms
        .iter()
        .map(|synonym| {
            format!("{} {}={}", source(synonym.source), synonym.name, value(&synonym.value))
        })
        .collect();
    if !synonyms.is_empty() {
        text.push_str(" < ");
        text.push_str(&synonyms.join(", "));
    }
    text
}

fn source(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "topic",
        ConfigSource::DynamicBroker => "broker",
        ConfigSource::DynamicDefaultBroker => "cluster",
        ConfigSource::StaticBroker => "static",
        ConfigSource::Default => "default",
        ConfigSource::DynamicBrokerLogger => "logger",
        ConfigSource::ClientMetrics => "client-metrics",
        ConfigSource::Group => "group",
    }
}
