//! `kafka-verifiable-producer`: sends numbers and tells as JSON what became of each.

use bytes::Bytes;
use client::{Delivery, Producer, ProducerRecord};
use env::{Env, Instant};
use serde_json::Value;
use tokio::sync::mpsc;
use wire::Str;

use crate::arguments::{Argument, Arguments, Presence, Takes, optional, required};
use crate::clients::producer_config;
use crate::connect::{client_config, connect};
use crate::error::{Error, exit_code_after};
use crate::events::event;
use crate::exception::{class, message};
use crate::options::{Given, Refusal};
use crate::properties::Properties;
use crate::terminal::Terminal;
use crate::throughput::Throughput;

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "verifiable-producer",
    about: "Sends increasing numbers to a topic and prints JSON on stdout for each, so that it is known which were acknowledged.",
    arguments: &[
        required(&["--topic"], Takes::Text, "The topic."),
        Argument {
            flags: &["--bootstrap-server"],
            takes: Takes::Text,
            presence: Presence::RequiredOneOf(0),
            doc: "Brokers to begin with.",
        },
        optional(
            &["--max-messages"],
            Takes::Integer,
            "How many records to send; -1 (the default) to go on until a signal.",
        ),
        optional(
            &["--throughput"],
            Takes::Integer,
            "Records per second to stay below, approximately (default: -1, as many as possible).",
        ),
        optional(
            &["--acks"],
            Takes::OneOfIntegers(&[0, 1, -1]),
            "Who is waited for (default: -1).",
        ),
        optional(&["--producer.config"], Takes::Text, "(DEPRECATED) The same as --command-config."),
        optional(
            &["--message-create-time"],
            Takes::Long,
            "The timestamp of the first record, in milliseconds since 1970.",
        ),
        optional(&["--value-prefix"], Takes::Integer, "A number, and a dot, in front of values."),
        optional(
            &["--repeating-keys"],
            Takes::Integer,
            "Numbers as keys, from 0 up to this one, and again.",
        ),
        optional(&["--command-config"], Takes::Text, "A file with properties of the producer."),
    ],
    commands: &[],
    empty_asks_for_help: true,
    help_fails: true,
    refusal: Refusal::WithHelp,
};

/// Records whose fate is still to be told.
const UNTOLD_MAX: usize = 1 << 16;

struct Settings {
    topic: Str,
    /// None for no end.
    count: Option<u64>,
    throughput: i32,
    create_time: Option<i64>,
    prefix: Option<i32>,
    keys: Option<i32>,
    properties: Properties,
}

fn settings(files: &env::Files, given: &Given, terminal: &mut Terminal) -> Result<Settings, Error> {
    let number = |name| given.parsed::<i32>(name);
    let mut properties = Properties::default();
    properties.set("acks", number("acks")?.unwrap_or(-1));
    properties.set("retries", 0);
    let file = config_file(files, given, ("producer.config", &OPTIONS), terminal)?;
    file.pairs().for_each(|(name, value)| properties.set(name, value));
    let create_time = given.parsed::<i64>("message-create-time")?;
    Ok(Settings {
        topic: Str::copy_from(given.one("topic")?.unwrap_or_default()),
        count: number("max-messages")?.and_then(|count| u64::try_from(count).ok()),
        throughput: number("throughput")?.unwrap_or(-1),
        create_time: create_time.filter(|time| *time != -1),
        prefix: number("value-prefix")?,
        keys: number("repeating-keys")?,
        properties,
    })
}

/// The properties of `--command-config`, or of the same option under its `old` name.
///
/// # Errors
/// Both are given, or the file cannot be read.
pub(crate) fn config_file(
    files: &env::Files,
    given: &Given,
    (old, tool): (&str, &Arguments),
    terminal: &mut Terminal,
) -> Result<Properties, Error> {
    if given.has(old) && given.has("command-config") {
        let text = format!("Options --{old} and --command-config are mutually exclusive.");
        return Err(tool.refused(&text));
    }
    if given.has(old) {
        terminal.say(format!(
            "Option --{old} has been deprecated and will be removed in a future version. Use \
             --command-config instead."
        ))?;
    }
    let path = given.one(old)?.or(given.one("command-config")?);
    Properties::of(files, path, &[]).map_err(|error| match error {
        Error::File { path, .. } => tool.refused(&path),
        other => other,
    })
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = settings(env.files(), given, terminal)?;
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    let client = client_config(servers, "producer-1", &settings.properties)?;
    let config = producer_config(&settings.properties)?;
    let asked_to_end = env.termination();
    let cluster = connect(env, client, terminal).await?;
    let producer = Producer::new(&cluster, config);
    let began = env.now();
    let mut told = Told { env, settings: &settings, terminal, sent: 0, acked: 0 };
    told.tell("startup_complete", [])?;
    let (sent, mut deliveries) = mpsc::channel(UNTOLD_MAX);
    let sender = Sender { env, settings: &settings, producer: &producer, began };
    let send = async {
        let sending = Box::pin(sender.send_all(sent));
        let ended = tokio::select! {
            biased;
            asked = asked_to_end => Some(asked),
            () = sending => None,
        };
        producer.flush().await;
        ended
    };
    let (ended, result) = tokio::join!(Box::pin(send), Box::pin(told.tell_all(&mut deliveries)));
    result?;
    told.tell("shutdown_complete", [])?;
    let ms = env.now().duration_since(began).as_millis().max(1) as f64;
    let (sent, acked, target) = (told.sent, told.acked, settings.throughput);
    told.tell(
        "tool_data",
        [
            ("sent", Value::from(sent)),
            ("acked", Value::from(acked)),
            ("target_throughput", Value::from(target)),
            ("avg_throughput", Value::from(1000.0 * (acked as f64 / ms))),
        ],
    )?;
    match ended {
        None => Ok(()),
        Some(asked) => Err(Error::Ended(exit_code_after(asked?))),
    }
}

/// A record that was sent, or could not be.
struct Sent {
    key: Option<String>,
    value: String,
    delivery: Result<Delivery, client::Error>,
}

struct Sender<'a> {
    env: &'a Env,
    settings: &'a Settings,
    producer: &'a Producer,
    began: Instant,
}

impl Sender<'_> {
    async fn send_all(self, sent: mpsc::Sender<Sent>) {
        let Self { env, settings, producer, began } = self;
        let mut throughput = Throughput::new(f64::from(settings.throughput), began);
        let mut create_time = settings.create_time;
        let mut key = 0;
        for number in 0..settings.count.unwrap_or(u64::MAX) {
            let now = env.now();
            let key = settings.keys.map(|keys| {
                let shown = key.to_string();
                key = if key + 1 == keys { 0 } else { key + 1 };
                shown
            });
            let value = match settings.prefix {
                Some(prefix) => format!("{prefix}.{number}"),
                None => number.to_string(),
            };
            let record = ProducerRecord {
                topic: settings.topic.clone(),
                timestamp: create_time,
                key: key.clone().map(Bytes::from),
                value: Some(Bytes::from(value.clone())),
                ..ProducerRecord::default()
            };
            if let Some(time) = &mut create_time {
                *time += now.duration_since(began).as_millis() as i64;
            }
            let delivery = producer.send(record).await;
            if sent.send(Sent { key, value, delivery }).await.is_err() {
                return;
            }
            throughput.keep(env, number, now).await;
        }
    }
}

struct Told<'a> {
    env: &'a Env,
    settings: &'a Settings,
    terminal: &'a mut Terminal,
    sent: u64,
    acked: u64,
}

impl Told<'_> {
    fn tell<const N: usize>(
        &mut self,
        name: &str,
        fields: [(&str, Value); N],
    ) -> Result<(), Error> {
        event(self.terminal, self.env.clock().wall_ms(), name, &fields)
    }

    async fn tell_all(&mut self, deliveries: &mut mpsc::Receiver<Sent>) -> Result<(), Error> {
        loop {
            let next = match deliveries.try_recv() {
                Ok(next) => Some(next),
                // Who waits for these lines gets them before there is a pause.
                Err(_) => {
                    self.terminal.flush()?;
                    deliveries.recv().await
                }
            };
            let Some(Sent { key, value, delivery }) = next else { return Ok(()) };
            self.sent += 1;
            let (key, value) = (("key", Value::from(key)), ("value", Value::from(value)));
            let result = match delivery {
                Ok(delivery) => delivery.settled().await.map_err(|e| (class(&e), message(&e))),
                Err(error) => Err((class(&error), message(&error))),
            };
            match result {
                Ok(delivered) => {
                    self.acked += 1;
                    let rest = [
                        ("offset", Value::from(delivered.offset.unwrap_or(-1))),
                        ("topic", Value::from(&*delivered.topic)),
                        ("partition", Value::from(delivered.partition)),
                    ];
                    let [offset, topic, partition] = rest;
                    let fields = [key, value, offset, topic, partition];
                    self.tell("producer_send_success", fields)?;
                }
                Err((class, message)) => {
                    let topic = ("topic", Value::from(&*self.settings.topic));
                    let exception = ("exception", Value::from(format!("class {class}")));
                    let message = ("message", Value::from(message));
                    self.tell("producer_send_error", [topic, key, value, exception, message])?;
                }
            }
        }
    }
}
