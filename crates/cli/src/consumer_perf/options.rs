//! The options of `kafka-consumer-perf-test`, and what they ask for.

use std::time::Duration;

use wire::Str;

use crate::date_format::DateFormat;
use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, Spec, Takes, flag, value};
use crate::pattern::Pattern;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool is used to verify the consumer performance.",
    example: "kafka-consumer-perf-test --bootstrap-server localhost:9092 --topic orders --num-records 1000000",
    specs: &[
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: Brokers to begin with.",
        ),
        value("topic", "String: topic", "The topic."),
        value("include", "String: Java regex (String)", "An expression for the topics."),
        value("group", "String: gid", "The group (default: perf-consumer- and a number)."),
        value(
            "fetch-size",
            "Integer: size",
            "The most that is fetched of a partition at a time (default: 1048576).",
        ),
        value("command-property", "String: prop1=val1", "A property of the consumer."),
        flag("from-latest", "Begins at the end where the group has no offset."),
        value(
            "socket-buffer-size",
            "Integer: size",
            "The size of the receive buffer; the system decides (default: 2097152).",
        ),
        value(
            "consumer.config",
            "String: config file",
            "(DEPRECATED) The same as --command-config.",
        ),
        value("command-config", "String: config file", "A file with properties of the consumer."),
        flag("print-metrics", "Shows what the consumer counted."),
        flag("show-detailed-stats", "Reports every --reporting-interval."),
        Spec {
            name: "timeout",
            takes: Takes::Optionally("Long: milliseconds"),
            doc: "The longest wait for the next record (default: 10000).",
        },
        value("messages", "Long: count", "(DEPRECATED) The same as --num-records."),
        value("num-records", "Long: count", "REQUIRED: How many records to read."),
        value(
            "reporting-interval",
            "Long: interval_ms",
            "Milliseconds between reports (default: 5000).",
        ),
        value(
            "date-format",
            "String: date format",
            "How times are shown, as java.text.SimpleDateFormat has it (default: yyyy-MM-dd HH:mm:ss:SSS).",
        ),
        flag("hide-header", "Leaves out the line with the names of columns."),
    ],
    required: &[],
    refusal: Refusal::WithHelp,
};

/// What is read.
#[derive(Debug)]
pub(super) enum Source {
    Topic(Str),
    Matching(Pattern),
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) source: Source,
    pub(super) properties: Properties,
    pub(super) record_count: u64,
    pub(super) timeout: Duration,
    pub(super) reporting_interval: Duration,
    pub(super) is_detailed: bool,
    pub(super) print_metrics: bool,
    pub(super) date_format: DateFormat,
}

/// Looks at what is there, before anything is read.
///
/// # Errors
/// What is missing or does not go together.
pub(super) fn check(given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["bootstrap-server"])?;
    one_of(given, &["topic", "include"])?;
    one_of(given, &["messages", "num-records"])?;
    given.forbid_with("consumer.config", &["command-config"])?;
    for (old, new) in [("messages", "num-records"), ("consumer.config", "command-config")] {
        if given.has(old) {
            terminal.say(format!("Warning: --{old} is deprecated. Use --{new} instead."))?;
        }
    }
    Ok(())
}

/// Reads the command line and the file it names.
///
/// # Errors
/// What cannot be read.
pub(super) fn settings(files: &env::Files, given: &Given, random: u64) -> Result<Settings, Error> {
    let properties = properties(files, given, random)?;
    let record_count = given.parsed::<i64>("messages")?;
    let record_count = record_count.or(given.parsed("num-records")?).unwrap_or_default();
    let timeout = given.parsed::<i64>("timeout")?.unwrap_or(10_000).max(0).unsigned_abs();
    let interval = match given.parsed::<i64>("reporting-interval")?.unwrap_or(5_000) {
        interval @ 1.. => interval.unsigned_abs(),
        _ => return Err(Refused("Reporting interval must be greater than 0.".to_owned()).into()),
    };
    let source = match (given.one("topic")?, given.one("include")?) {
        (_, Some(include)) => Source::Matching(Pattern::new(include)?),
        (topic, None) => Source::Topic(Str::copy_from(topic.unwrap_or_default())),
    };
    Ok(Settings {
        source,
        properties,
        record_count: record_count.max(0).unsigned_abs(),
        timeout: Duration::from_millis(timeout),
        reporting_interval: Duration::from_millis(interval),
        is_detailed: given.has("show-detailed-stats"),
        print_metrics: given.has("print-metrics"),
        date_format: DateFormat::new(
            given.one("date-format")?.unwrap_or("yyyy-MM-dd HH:mm:ss:SSS"),
        )?,
    })
}

/// # Errors
/// None or several of `names` are there.
fn one_of(given: &Given, names: &[&str]) -> Result<(), Refused> {
    if names.iter().filter(|name| given.has(name)).count() == 1 {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|name| format!("[{name}]")).collect();
    let names = names.join(", ");
    Err(Refused(format!("Exactly one of the following arguments is required: {names}")))
}

fn properties(files: &env::Files, given: &Given, random: u64) -> Result<Properties, Error> {
    let path = given.one("consumer.config")?.or(given.one("command-config")?);
    let mut properties = Properties::of(files, path, given.all("command-property"))?;
    properties.set("bootstrap.servers", given.one("bootstrap-server")?.unwrap_or_default());
    match given.one("group")? {
        Some(group) => properties.set("group.id", group),
        None => properties.set("group.id", format!("perf-consumer-{}", random % 100_000)),
    }
    let size = given.parsed::<i32>("fetch-size")?.unwrap_or(1 << 20);
    given.parsed::<i32>("socket-buffer-size")?;
    properties.set("max.partition.fetch.bytes", size);
    let reset = if given.has("from-latest") { "latest" } else { "earliest" };
    properties.set("auto.offset.reset", reset);
    properties.set("check.crcs", "false");
    properties.set_default("client.id", "perf-consumer-client");
    Ok(properties)
}
