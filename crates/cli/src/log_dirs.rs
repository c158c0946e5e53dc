//! `kafka-log-dirs`: the log directories of brokers and what is in them.

use std::collections::BTreeSet;

use client::LogDirs;
use env::Env;
use serde_json::Value;
use wire::{ErrorCode, Str};

use crate::connect::admin_with;
use crate::error::Error;
use crate::exception::class_of;
use crate::java::hash_order;
use crate::options::{Given, Options, Refusal, flag, value};
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to query log directory usage on the specified brokers.",
    example: "kafka-log-dirs --bootstrap-server localhost:9092 --describe --topic-list orders",
    specs: &[
        value(
            "bootstrap-server",
            "String: The server(s) to use for bootstrapping",
            "REQUIRED: Brokers to begin with.",
        ),
        value("broker-list", "String: Broker list", "The brokers to ask, as 0,1,2. (default: all)"),
        value(
            "command-config",
            "String: Admin client property file",
            "A file with properties of the admin client.",
        ),
        flag("describe", "Describe the log directories."),
        value(
            "topic-list",
            "String: Topic list",
            "The topics to show, as topic1,topic2. (default: all)",
        ),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["bootstrap-server", "describe"])?;
    let list = |name| Ok::<_, Error>(split(given.one(name)?.unwrap_or_default()));
    let topics: BTreeSet<&str> = list("topic-list")?.collect();
    let path = given.one("command-config")?;
    let mut properties = Properties::of(env.files(), path, &[])?;
    properties.set_default("client.id", "log-dirs-tool");
    let admin = admin_with(env, given, terminal, &properties).await?;
    let brokers = admin.describe_cluster(false).await?.brokers;
    let known = hash_order(brokers.into_iter().map(|broker| broker.broker_id).collect(), |id| id);
    let mut asked = Vec::new();
    for id in list("broker-list")? {
        let invalid = |_| Error::Refused(format!("For input string: \"{id}\""));
        asked.push(id.parse::<i32>().map_err(invalid)?);
    }
    asked.sort_unstable();
    asked.dedup();
    let asked = hash_order(asked, |id| id);
    let unknown: Vec<i32> = asked.iter().copied().filter(|id| !known.contains(id)).collect();
    if !unknown.is_empty() {
        let (unknown, known) = (joined(&unknown), joined(&known));
        return Err(Error::Refused(format!(
            "ERROR: The given brokers do not exist from --broker-list: {unknown}. Current existent \
             brokers: {known}"
        )));
    }
    let asked = if asked.is_empty() { known } else { asked };
    terminal.say("Querying brokers for log directories information")?;
    let mut described = Vec::new();
    for &id in &asked {
        described.push(broker(id, admin.describe_log_dirs(id, None).await?, &topics));
    }
    terminal.say(format!("Received log directory information from brokers {}", joined(&asked)))?;
    let brokers = described.join(",");
    terminal.say(format!("{{\"brokers\":[{brokers}],\"version\":1}}"))?;
    Ok(())
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|part| !part.is_empty())
}

fn joined(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// A broker as JSON, with fields and entries in the order of Apache Kafka's tool.
fn broker(id: i32, dirs: LogDirs, topics: &BTreeSet<&str>) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let dirs = hash_order(dirs, |dir| &dir.log_dir).into_iter().map(|dir| {
        let shown = dir.topics.into_iter();
        let shown = shown.filter(|topic| topics.is_empty() || topics.contains(&*topic.name));
        let replicas: Vec<((Str, i32), _)> = shown
            .flat_map(|topic| {
                let name = topic.name;
                let key = move |index| (name.clone(), index);
                topic
                    .partitions
                    .into_iter()
                    .map(move |replica| (key(replica.partition_index), replica))
            })
            .collect();
        let replicas = hash_order(replicas, |replica| &replica.0).into_iter().map(
            |((topic, partition), replica)| {
                format!(
                    "{{\"partition\":{},\"size\":{},\"offsetLag\":{},\"isFuture\":{}}}",
                    quoted(&format!("{topic}-{partition}")),
                    replica.partition_size,
                    replica.offset_lag,
                    replica.is_future_key
                )
            },
        );
        let error = match ErrorCode::from_code(dir.error_code) {
            Some(ErrorCode::None) => "null".to_owned(),
            code => quoted(&class_of(code.unwrap_or(ErrorCode::UnknownServerError))),
        };
        let replicas = replicas.collect::<Vec<_>>().join(",");
        let path = quoted(&dir.log_dir);
        format!("{{\"partitions\":[{replicas}],\"error\":{error},\"logDir\":{path}}}")
    });
    let dirs = dirs.collect::<Vec<_>>().join(",");
    format!("{{\"broker\":{id},\"logDirs\":[{dirs}]}}")
}
