//! `kafka-verifiable-consumer`: reads a topic as member of a group and tells as JSON what happens.

use std::collections::BTreeMap;
use std::time::Duration;

use client::{ConsumedRecord, Consumer, Rebalance, TopicPartition};
use env::Env;
use wire::{ErrorCode, Str};

use crate::arguments::{Arguments, Takes, optional, required};
use crate::clients::consumer_config;
use crate::connect::{client_config, connect};
use crate::error::{Error, exit_code_after};
use crate::exception::message;
use crate::options::{Given, Refusal};
use crate::properties::Properties;
use crate::terminal::Terminal;
use crate::verifiable_producer::config_file;

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "verifiable-consumer",
    about: "Reads a topic as member of a group and prints JSON on stdout for what happens: rebalances, records read, offsets committed.",
    arguments: &[
        required(&["--bootstrap-server"], Takes::Text, "Brokers to begin with."),
        required(&["--topic"], Takes::Text, "The topic."),
        optional(
            &["--group-protocol"],
            Takes::Text,
            "The protocol of the group (CLASSIC, CONSUMER; default: classic).",
        ),
        optional(
            &["--group-remote-assignor"],
            Takes::Text,
            "The assignor on the broker; only with the protocol CONSUMER.",
        ),
        required(&["--group-id"], Takes::Text, "The group."),
        optional(&["--group-instance-id"], Takes::Text, "Makes the member a static one."),
        optional(
            &["--max-messages"],
            Takes::Integer,
            "How many records to read; -1 (the default) to go on until a signal.",
        ),
        optional(&["--session-timeout"], Takes::Integer, "The session timeout in milliseconds."),
        optional(&["--verbose"], Takes::Nothing, "Tells of every record."),
        optional(&["--enable-autocommit"], Takes::Nothing, "Lets the consumer commit by itself."),
        optional(
            &["--reset-policy"],
            Takes::Text,
            "Where to begin without an offset: earliest (the default), latest or none.",
        ),
        optional(
            &["--assignment-strategy"],
            Takes::Text,
            "The assignor; only with the protocol CLASSIC.",
        ),
        optional(&["--consumer.config"], Takes::Text, "(DEPRECATED) The same as --command-config."),
        optional(&["--command-config"], Takes::Text, "A file with properties of the consumer."),
    ],
    commands: &[],
    empty_asks_for_help: true,
    help_fails: true,
    refusal: Refusal::WithHelp,
};

/// How long a poll waits; nothing depends on it.
const PATIENCE: Duration = Duration::from_secs(60);
const ASSIGNORS: &str = "org.apache.kafka.clients.consumer.";

struct Settings {
    topic: Str,
    /// None for no end.
    count: Option<usize>,
    is_verbose: bool,
    commits_itself: bool,
    properties: Properties,
}

fn settings(files: &env::Files, given: &Given, terminal: &mut Terminal) -> Result<Settings, Error> {
    let mut properties = config_file(files, given, ("consumer.config", &OPTIONS), terminal)?;
    let protocol = given.one("group-protocol")?.unwrap_or("classic");
    match protocol.to_ascii_lowercase().as_str() {
        "classic" => {}
        "consumer" => {
            return Err(Error::Refused(
                "the protocol 'consumer' (KIP-848) is not spoken by this tool yet; use \
                 --group-protocol classic"
                    .to_owned(),
            ));
        }
        _ => {
            return Err(Error::Refused(format!(
                "No enum constant org.apache.kafka.clients.consumer.GroupProtocol.{}",
                protocol.to_uppercase()
            )));
        }
    }
    let strategy = given.one("assignment-strategy")?.unwrap_or("RangeAssignor");
    if strategy.strip_prefix(ASSIGNORS).unwrap_or(strategy) != "RangeAssignor" {
        return Err(Error::Refused(format!(
            "{strategy} is a Java class that this tool cannot load; it has {ASSIGNORS}RangeAssignor"
        )));
    }
    if let Some(timeout) = given.one("session-timeout")? {
        properties.set("session.timeout.ms", timeout);
    }
    properties.set("group.id", given.one("group-id")?.unwrap_or_default());
    if let Some(instance) = given.one("group-instance-id")? {
        properties.set("group.instance.id", instance);
    }
    properties.set("enable.auto.commit", given.has("enable-autocommit"));
    properties.set("auto.offset.reset", given.one("reset-policy")?.unwrap_or("earliest"));
    let count = given.parsed::<i32>("max-messages")?.unwrap_or(-1);
    Ok(Settings {
        topic: Str::copy_from(given.one("topic")?.unwrap_or_default()),
        count: usize::try_from(count).ok(),
        is_verbose: given.has("verbose"),
        commits_itself: given.has("enable-autocommit"),
        properties,
    })
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user. What the consumer fails with ends the run and is no failure, as in
/// Apache Kafka's tool.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = settings(env.files(), given, terminal)?;
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    let client = client_config(servers, "consumer-1", &settings.properties)?;
    let config = consumer_config(&settings.properties)?;
    let asked_to_end = env.termination();
    let cluster = connect(env, client, terminal).await?;
    let consumer = Consumer::new(&cluster, config);
    let mut run = Run { env, consumer, settings: &settings, terminal, read: 0 };
    run.tell("startup_complete", "")?;
    run.terminal.flush()?;
    let ended = tokio::select! {
        biased;
        asked = asked_to_end => Some(asked),
        result = Box::pin(run.read_all()) => match result {
            Ok(()) => None,
            Err(Error::Client(error)) => {
                let text = "ERROR Error during processing, terminating consumer process";
                run.terminal.complain(format!("{text}: {}", message(&error)));
                None
            }
            Err(other) => return Err(other),
        },
    };
    if ended.is_some() {
        run.tell("shutdown_requested", "")?;
    }
    run.tell_rebalances()?;
    let left = run.consumer.assignment();
    if !left.is_empty() {
        run.tell("partitions_revoked", &partitions(&left))?;
    }
    let Run { consumer, terminal, .. } = run;
    let closed = Box::pin(consumer.close()).await;
    if let Err(error) = closed {
        tracing::debug!("leaving the group: {error}");
    }
    tell(env, terminal, "shutdown_complete", "")?;
    match ended {
        None => tell(env, terminal, "shutdown_requested", ""),
        Some(asked) => Err(Error::Ended(exit_code_after(asked?))),
    }
}

/// Tells an event whose fields are written already, each with a comma in front.
fn tell(env: &Env, terminal: &mut Terminal, name: &str, fields: &str) -> Result<(), Error> {
    let now = env.clock().wall_ms();
    terminal.say(format!("{{\"timestamp\":{now},\"name\":\"{name}\"{fields}}}"))?;
    Ok(())
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn place((topic, partition): &TopicPartition) -> String {
    format!("\"topic\":{},\"partition\":{partition}", text(topic))
}

fn partitions(all: &[TopicPartition]) -> String {
    let all: Vec<String> = all.iter().map(|at| format!("{{{}}}", place(at))).collect();
    format!(",\"partitions\":[{}]", all.join(","))
}

struct Run<'a> {
    env: &'a Env,
    consumer: Consumer,
    settings: &'a Settings,
    terminal: &'a mut Terminal,
    read: usize,
}

impl Run<'_> {
    fn tell(&mut self, name: &str, fields: &str) -> Result<(), Error> {
        tell(self.env, self.terminal, name, fields)
    }

    fn tell_rebalances(&mut self) -> Result<(), Error> {
        for (_, rebalance) in self.consumer.take_rebalances() {
            let (name, of) = match &rebalance {
                Rebalance::Assigned(of) => ("partitions_assigned", of),
                // The listener of Apache Kafka's tool hears of both in the same way.
                Rebalance::Revoked(of) | Rebalance::Lost(of) => ("partitions_revoked", of),
            };
            let fields = partitions(of);
            self.tell(name, &fields)?;
        }
        Ok(())
    }

    async fn read_all(&mut self) -> Result<(), Error> {
        self.consumer.subscribe(std::slice::from_ref(&self.settings.topic));
        while self.settings.count.is_none_or(|count| self.read < count) {
            let polled = self.consumer.poll_once(PATIENCE).await;
            self.tell_rebalances()?;
            let records = polled?;
            if !records.is_empty() {
                let offsets = self.take(&records)?;
                if !self.settings.commits_itself {
                    self.commit(&offsets).await?;
                }
            }
            self.terminal.flush()?;
        }
        Ok(())
    }

    /// Tells of records, as many as are wanted; the offsets behind them.
    fn take(&mut self, records: &[ConsumedRecord]) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let mut offsets = BTreeMap::new();
        let mut summaries = Vec::new();
        let same = |one: &ConsumedRecord, other: &ConsumedRecord| {
            one.partition == other.partition && one.topic == other.topic
        };
        for of_partition in records.chunk_by(same) {
            let left = self.settings.count.map_or(usize::MAX, |count| count - self.read);
            let of_partition = &of_partition[..of_partition.len().min(left)];
            let (Some(first), Some(last)) = (of_partition.first(), of_partition.last()) else {
                break;
            };
            let at = (first.topic.clone(), first.partition);
            summaries.push(format!(
                "{{{},\"count\":{},\"minOffset\":{},\"maxOffset\":{}}}",
                place(&at),
                of_partition.len(),
                first.offset,
                last.offset
            ));
            if self.settings.is_verbose {
                for record in of_partition {
                    self.tell_of(record)?;
                }
            }
            offsets.insert(at, last.offset + 1);
            self.read += of_partition.len();
        }
        let fields =
            format!(",\"count\":{},\"partitions\":[{}]", records.len(), summaries.join(","));
        self.tell("records_consumed", &fields)?;
        Ok(offsets)
    }

    fn tell_of(&mut self, record: &ConsumedRecord) -> Result<(), Error> {
        let part = |part: &Option<bytes::Bytes>| match part {
            Some(bytes) => text(&String::from_utf8_lossy(bytes)),
            None => "null".to_owned(),
        };
        let fields = format!(
            ",\"key\":{},\"value\":{},{},\"offset\":{}",
            part(&record.key),
            part(&record.value),
            place(&(record.topic.clone(), record.partition)),
            record.offset
        );
        self.tell("record_data", &fields)
    }

    async fn commit(&mut self, offsets: &BTreeMap<TopicPartition, i64>) -> Result<(), Error> {
        let (mut error, mut success) = (String::new(), true);
        match self.consumer.commit_offsets(offsets).await {
            Ok(()) => {}
            Err(fenced @ client::Error::Refused { code: ErrorCode::FencedInstanceId, .. }) => {
                return Err(fenced.into());
            }
            Err(refused) => {
                error = format!(",\"error\":{}", text(&message(&refused)));
                success = false;
            }
        }
        let offsets = offsets.iter().map(|(at, o)| format!("{{{},\"offset\":{o}}}", place(at)));
        let offsets = offsets.collect::<Vec<_>>().join(",");
        let fields = format!(",\"offsets\":[{offsets}]{error},\"success\":{success}");
        self.tell("offsets_committed", &fields)
    }
}
