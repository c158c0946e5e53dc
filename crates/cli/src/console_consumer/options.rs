//! The options of `kafka-console-consumer`, and the settings they make.

use std::time::Duration;

use client::OffsetReset;
use wire::Str;

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, flag, value};
use crate::pattern::Pattern;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to read data from Kafka topics and outputs it to standard output.",
    example: "kafka-console-consumer --bootstrap-server localhost:9092 --topic orders --from-beginning",
    specs: &[
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: Brokers to begin with: HOST1:PORT1,HOST2:PORT2.",
        ),
        value("topic", "String: topic", "The topic to read."),
        value("include", "String: Java regex (String)", "Reads all topics whose names match."),
        value(
            "partition",
            "Integer: partition",
            "Reads one partition, from its end unless --offset says otherwise.",
        ),
        value(
            "offset",
            "String: consume offset",
            "Where to begin in the partition: a number, earliest or latest. (default: latest)",
        ),
        flag(
            "from-beginning",
            "Begins at the oldest record where no offset is committed, not behind the newest.",
        ),
        value(
            "group",
            "String: consumer group id",
            "The group to be a member of; by default one of its own.",
        ),
        value("max-messages", "Integer: num_messages", "Ends after so many records."),
        value("timeout-ms", "Long: timeout_ms", "Ends when no record comes for so long."),
        value(
            "isolation-level",
            "String",
            "read_committed leaves out records of transactions that did not end well. (default: read_uncommitted)",
        ),
        value(
            "formatter",
            "String: class",
            "How records are shown. (default: org.apache.kafka.tools.consumer.DefaultMessageFormatter)",
        ),
        value(
            "formatter-property",
            "String: prop",
            "A property of the formatter: print.timestamp, print.key, print.offset, print.delivery, print.epoch, print.partition, print.headers, print.value =true|false; key.separator, line.separator, headers.separator, null.literal; key.deserializer, value.deserializer, headers.deserializer. May be repeated.",
        ),
        value("formatter-config", "String: config file", "A file with such properties."),
        value("property", "String: prop", "(DEPRECATED) The same as --formatter-property."),
        value(
            "key-deserializer",
            "String: deserializer for keys",
            "How keys are read: a deserializer of Kafka's by its class name.",
        ),
        value("value-deserializer", "String: deserializer for values", "How values are read."),
        flag("skip-message-on-error", "Goes on after a record that cannot be shown."),
        flag("enable-systest-events", "Tells when the consumer has stopped. (For system tests.)"),
        value(
            "command-property",
            "String: consumer_prop",
            "A property of the consumer, key=value. May be repeated.",
        ),
        value("command-config", "String: config file", "A file with such properties."),
        value(
            "consumer-property",
            "String: consumer_prop",
            "(DEPRECATED) The same as --command-property.",
        ),
        value(
            "consumer.config",
            "String: config file",
            "(DEPRECATED) The same as --command-config.",
        ),
    ],
    required: &[],
    refusal: Refusal::WithHelp,
};

/// What is read.
pub(super) enum Source {
    /// A share of a topic.
    Topic(Str),
    /// A share of all topics that match.
    Matching(Pattern),
    /// One partition, from somewhere.
    Partition(Str, i32, Start),
}

/// Where reading a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    End(OffsetReset),
    At(i64),
}

/// What a command line asks for.
pub(super) struct Settings {
    pub(super) servers: String,
    pub(super) source: Source,
    pub(super) messages_max: Option<u64>,
    pub(super) timeout: Option<Duration>,
    pub(super) skips_errors: bool,
    pub(super) tells_events: bool,
    pub(super) formatter_class: Option<String>,
    /// The formatter's.
    pub(super) formatter: Properties,
    /// The consumer's.
    pub(super) properties: Properties,
}

/// Reads the command line and the files it names. `random` is for the name of a group.
///
/// # Errors
/// What is missing, does not go together, or cannot be read.
pub(super) fn settings(
    files: &env::Files,
    given: &Given,
    terminal: &mut Terminal,
    random: u64,
) -> Result<Settings, Error> {
    if given.has("topic") == given.has("include") {
        let text = "Exactly one of the following arguments is required: [topic], [include]";
        return Err(Refused(text.to_owned()).into());
    }
    given.require(&["bootstrap-server"])?;
    let source = source(given)?;
    refuse_old_and_new(given, terminal)?;
    let either = |old, new| if given.has(old) { old } else { new };
    let pairs = given.all(either("property", "formatter-property"));
    let mut formatter = Properties::of(files, given.one("formatter-config")?, pairs)?;
    for (option, property) in
        [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")]
    {
        if let Some(class) = given.one(option)? {
            formatter.set(property, class);
        }
    }
    let path = given.one(either("consumer.config", "command-config"))?;
    let pairs = given.all(either("consumer-property", "command-property"));
    let mut properties = Properties::of(files, path, pairs)?;
    decide_on_group(given, &mut properties, &source, random)?;
    decide_on_reset(given, &mut properties)?;
    if let Some(level) = given.one("isolation-level")? {
        properties.set("isolation.level", level);
    }
    // Below zero stands for no limit.
    let messages_max = given.parsed::<i64>("max-messages")?;
    let timeout = given.parsed::<i64>("timeout-ms")?;
    Ok(Settings {
        servers: given.one("bootstrap-server")?.unwrap_or_default().to_owned(),
        source,
        messages_max: messages_max.and_then(|count| u64::try_from(count).ok()),
        timeout: timeout.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis),
        skips_errors: given.has("skip-message-on-error"),
        tells_events: given.has("enable-systest-events"),
        formatter_class: given.one("formatter")?.map(str::to_owned),
        formatter,
        properties,
    })
}

fn source(given: &Given) -> Result<Source, Error> {
    let partition = given.parsed::<i32>("partition")?;
    if partition.is_none() && given.has("offset") {
        let text = "The partition is required when offset is specified.";
        return Err(Refused(text.to_owned()).into());
    }
    if partition.is_some() && !given.has("topic") {
        let text = "The topic is required when partition is specified.";
        return Err(Refused(text.to_owned()).into());
    }
    for (one, other) in [("group", "partition"), ("from-beginning", "offset")] {
        if given.has(one) && given.has(other) {
            let text = format!("Options {one} and {other} cannot be specified together.");
            return Err(Refused(text).into());
        }
    }
    let topic = Str::copy_from(given.one("topic")?.unwrap_or_default());
    Ok(match (partition, given.one("include")?) {
        (Some(partition), _) => Source::Partition(topic, partition, start(given)?),
        (None, Some(include)) => Source::Matching(Pattern::new(include)?),
        (None, None) => Source::Topic(topic),
    })
}

fn start(given: &Given) -> Result<Start, Refused> {
    let Some(text) = given.one("offset")? else {
        let earliest = given.has("from-beginning");
        let reset = if earliest { OffsetReset::Earliest } else { OffsetReset::Latest };
        return Ok(Start::End(reset));
    };
    match text.to_ascii_lowercase().as_str() {
        "earliest" => Ok(Start::End(OffsetReset::Earliest)),
        "latest" => Ok(Start::End(OffsetReset::Latest)),
        number => match number.parse::<i64>() {
            Ok(offset @ 0..) => Ok(Start::At(offset)),
            _ => Err(Refused(format!(
                "The provided offset value '{text}' is incorrect. Valid values are 'earliest', \
                 'latest', or a non-negative long."
            ))),
        },
    }
}

fn refuse_old_and_new(given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let renamed = [
        ("property", "formatter-property"),
        ("consumer-property", "command-property"),
        ("consumer.config", "command-config"),
    ];
    for (old, new) in renamed.into_iter().filter(|(old, _)| given.has(old)) {
        if given.has(new) {
            let text = format!("Options --{old} and --{new} cannot be specified together.");
            return Err(Refused(text).into());
        }
        terminal.say(format!(
            "Option --{old} is deprecated and will be removed in a future version. Use --{new} \
             instead."
        ))?;
    }
    Ok(())
}

/// A group that nobody named is for this run only: nothing is committed for it.
fn decide_on_group(
    given: &Given,
    properties: &mut Properties,
    source: &Source,
    random: u64,
) -> Result<(), Error> {
    match (given.one("group")?, properties.get("group.id")) {
        (Some(option), Some(property)) if option != property => {
            return Err(Refused(format!(
                "The group ids provided in different places (directly using '--group', via \
                 '--consumer-property', or via '--consumer.config') do not match. Detected group \
                 ids: '{option}', '{property}'"
            ))
            .into());
        }
        (Some(option), _) => properties.set("group.id", option),
        (None, Some(_)) => {}
        (None, None) => {
            if !matches!(source, Source::Partition(..)) {
                properties.set("group.id", format!("console-consumer-{}", random % 100_000));
            }
            properties.set_default("enable.auto.commit", "false");
        }
    }
    Ok(())
}

fn decide_on_reset(given: &Given, properties: &mut Properties) -> Result<(), Error> {
    let from_beginning = given.has("from-beginning");
    match properties.get("auto.offset.reset") {
        Some(reset) if from_beginning && reset != "earliest" => Err(Error::Refused(format!(
            "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', \
             please remove one option"
        ))),
        Some(_) => Ok(()),
        None => {
            let reset = if from_beginning { "earliest" } else { "latest" };
            properties.set("auto.offset.reset", reset);
            Ok(())
        }
    }
}
