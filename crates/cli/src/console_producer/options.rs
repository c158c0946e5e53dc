//! The options of `kafka-console-producer`, and the settings they make.

use wire::Str;

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, Spec, Takes, flag, value};
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to read data from standard input and publish it to Kafka.",
    example: "kafka-console-producer --bootstrap-server localhost:9092 --topic orders",
    specs: &[
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: Brokers to begin with: HOST1:PORT1,HOST2:PORT2.",
        ),
        value("topic", "String: topic", "REQUIRED: The topic to send to."),
        flag("sync", "Wait for each record to be delivered before the next is sent."),
        Spec {
            name: "compression-codec",
            takes: Takes::Optionally("String: compression-codec"),
            doc: "none, gzip, snappy, lz4 or zstd; gzip if nothing is named.",
        },
        value(
            "batch-size",
            "Integer: size",
            "batch.size: bytes of a partition's records sent at a time. (default: 16384)",
        ),
        value(
            "max-partition-memory-bytes",
            "Integer: memory in bytes per partition",
            "(Deprecated) The same as --batch-size. (default: 16384)",
        ),
        value(
            "message-send-max-retries",
            "Integer",
            "retries: how often a batch is tried again. (default: 3)",
        ),
        value(
            "retry-backoff-ms",
            "Long",
            "retry.backoff.ms: the pause before a batch is tried again. (default: 100)",
        ),
        value(
            "timeout",
            "Long: timeout_ms",
            "linger.ms: how long a batch waits for more records. (default: 1000)",
        ),
        value(
            "request-required-acks",
            "String: request required acks",
            "acks: who must have a record: 0 (nobody), 1 (the leader), -1 or all (all in sync). (default: -1)",
        ),
        value(
            "request-timeout-ms",
            "Integer: request timeout ms",
            "request.timeout.ms: how long an answer may take. (default: 1500)",
        ),
        value(
            "metadata-expiry-ms",
            "Long: metadata expiration interval",
            "metadata.max.age.ms: when leaders are asked for again. (default: 300000)",
        ),
        value(
            "max-block-ms",
            "Long: max block on send",
            "max.block.ms: how long sending may wait for metadata and room. (default: 60000)",
        ),
        value(
            "max-memory-bytes",
            "Long: total memory in bytes",
            "buffer.memory: bytes that may wait for delivery. (default: 33554432)",
        ),
        value(
            "socket-buffer-size",
            "Integer: size",
            "send.buffer.bytes. Accepted; the system's own size is used. (default: 102400)",
        ),
        value(
            "line-reader",
            "String: reader_class",
            "What reads lines; there is one. (default: org.apache.kafka.tools.LineMessageReader)",
        ),
        value(
            "reader-property",
            "String: prop",
            "A property of the line reader: parse.key=false, parse.headers=false, ignore.error=false, key.separator=\\t, headers.delimiter=\\t, headers.separator=,, headers.key.separator=:, null.marker=. May be repeated.",
        ),
        value("reader-config", "String: config file", "A file with such properties."),
        value("property", "String: prop", "(DEPRECATED) The same as --reader-property."),
        value(
            "command-property",
            "String: producer_prop",
            "A property of the producer, key=value. May be repeated.",
        ),
        value("command-config", "String: config file", "A file with such properties."),
        value(
            "producer-property",
            "String: producer_prop",
            "(DEPRECATED) The same as --command-property.",
        ),
        value(
            "producer.config",
            "String: config file",
            "(DEPRECATED) The same as --command-config.",
        ),
    ],
    required: &[],
    refusal: Refusal::WithHelp,
};

/// The one line reader.
const LINE_READER: &str = "org.apache.kafka.tools.LineMessageReader";

/// What a command line asks for.
pub(super) struct Settings {
    pub(super) servers: String,
    pub(super) topic: Str,
    pub(super) sync: bool,
    /// The line reader's.
    pub(super) reader: Properties,
    /// The producer's.
    pub(super) properties: Properties,
}

/// Reads the command line and the files it names.
///
/// # Errors
/// What is missing, does not go together, or cannot be read.
pub(super) fn settings(
    files: &env::Files,
    given: &Given,
    terminal: &mut Terminal,
) -> Result<Settings, Error> {
    given.require(&["bootstrap-server", "topic"])?;
    let renamed = [
        ("property", "reader-property"),
        ("producer-property", "command-property"),
        ("producer.config", "command-config"),
    ];
    for (old, new) in renamed.into_iter().filter(|(old, _)| given.has(old)) {
        if given.has(new) {
            let text = format!("Options --{new} and --{old} cannot be specified together.");
            return Err(Refused(text).into());
        }
        terminal.say(format!(
            "Warning: --{old} is deprecated and will be removed in a future version. Use --{new} \
             instead."
        ))?;
    }
    let either = |old, new| if given.has(old) { old } else { new };
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    if client::ClientConfig::new(servers, "").is_err() {
        let text = "Please provide valid host:port like host1:9091,host2:9092\n";
        return Err(Refused(text.to_owned()).into());
    }
    let reader_class = given.one("line-reader")?.unwrap_or(LINE_READER);
    if reader_class != LINE_READER {
        return Err(Error::Refused(format!(
            "{reader_class} is a Java class that this tool cannot load; it has {LINE_READER}"
        )));
    }
    let pairs = given.all(either("property", "reader-property"));
    let reader = Properties::of(files, given.one("reader-config")?, pairs)?;
    let path = given.one(either("producer.config", "command-config"))?;
    let pairs = given.all(either("producer-property", "command-property"));
    let mut properties = Properties::of(files, path, pairs)?;
    options_to_properties(given, &mut properties)?;
    Ok(Settings {
        servers: servers.to_owned(),
        topic: Str::copy_from(given.one("topic")?.unwrap_or_default()),
        sync: given.has("sync"),
        reader,
        properties,
    })
}

/// Options go over properties; their defaults stay below them.
fn options_to_properties(given: &Given, properties: &mut Properties) -> Result<(), Refused> {
    let numbers = [
        ("batch-size", "batch.size", 16_384),
        ("message-send-max-retries", "retries", 3),
        ("retry-backoff-ms", "retry.backoff.ms", 100),
        ("timeout", "linger.ms", 1000),
        ("request-timeout-ms", "request.timeout.ms", 1500),
        ("metadata-expiry-ms", "metadata.max.age.ms", 300_000),
        ("max-block-ms", "max.block.ms", 60_000),
        ("max-memory-bytes", "buffer.memory", 32 << 20),
        ("socket-buffer-size", "send.buffer.bytes", 102_400),
        ("max-partition-memory-bytes", "batch.size", 16_384),
    ];
    for (option, property, default) in numbers {
        match given.parsed::<i64>(option)? {
            Some(value) => properties.set(property, value),
            None => properties.set_default(property, default),
        }
    }
    if given.has("compression-codec") {
        let codec = given.one("compression-codec")?.filter(|codec| !codec.is_empty());
        properties.set("compression.type", codec.unwrap_or("gzip"));
    }
    match given.one("request-required-acks")? {
        Some(acks) => properties.set("acks", acks),
        None => properties.set_default("acks", "-1"),
    }
    Ok(())
}
