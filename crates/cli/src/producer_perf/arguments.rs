//! The command line of `kafka-producer-perf-test`, and what it asks for.

use std::time::Duration;

use bytes::Bytes;
use wire::Str;

use crate::arguments::{Argument, Arguments, Presence, Takes, optional, required};
use crate::error::Error;
use crate::options::{Given, Refusal};
use crate::pattern::Delimiter;
use crate::properties::Properties;
use crate::terminal::Terminal;

const PAYLOAD: Presence = Presence::RequiredOneOf(0);

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-producer-perf-test",
    about: "Measures how fast records can be produced. With a transactional id (--transactional-id, or transactional.id among the properties) or with --transaction-duration-ms they are sent in transactions.",
    arguments: &[
        optional(&["--bootstrap-server"], Takes::Text, "Brokers to begin with."),
        required(&["--topic"], Takes::Text, "The topic."),
        required(&["--num-records"], Takes::Long, "How many records to send."),
        Argument {
            flags: &["--record-size"],
            takes: Takes::Integer,
            presence: PAYLOAD,
            doc: "Bytes of each record; they are letters at random.",
        },
        Argument {
            flags: &["--payload-file"],
            takes: Takes::Text,
            presence: PAYLOAD,
            doc: "A file with payloads, of which each record gets one at random.",
        },
        Argument {
            flags: &["--payload-monotonic"],
            takes: Takes::Nothing,
            presence: PAYLOAD,
            doc: "Numbers the records: the payload is the number.",
        },
        optional(
            &["--payload-delimiter"],
            Takes::Text,
            "What stands between the payloads of a file (default: a new line).",
        ),
        required(
            &["--throughput"],
            Takes::Double,
            "Records per second to stay below, approximately; -1 for as many as possible.",
        ),
        optional(
            &["--producer-props"],
            Takes::Texts,
            "(DEPRECATED) The same as --command-property.",
        ),
        optional(
            &["--command-property"],
            Takes::Texts,
            "Properties of the producer, over those of a file: linger.ms=10 batch.size=32768",
        ),
        optional(&["--producer.config"], Takes::Text, "(DEPRECATED) The same as --command-config."),
        optional(&["--command-config"], Takes::Text, "A file with properties of the producer."),
        optional(&["--print-metrics"], Takes::Nothing, "Shows what the producer counted."),
        optional(&["--transactional-id"], Takes::Text, "The transactional id, over properties."),
        optional(
            &["--transaction-duration-ms"],
            Takes::Long,
            "How old a transaction gets before it is committed (default with a transactional id: 3000).",
        ),
        optional(
            &["--warmup-records"],
            Takes::Long,
            "Records at the beginning that a second summary leaves out (default: 0).",
        ),
        optional(
            &["--reporting-interval"],
            Takes::Long,
            "Milliseconds between reports (default: 5000).",
        ),
    ],
    commands: &[],
    help_fails: true,
    refusal: Refusal::WithHelp,
    empty_asks_for_help: true,
};

/// What the records carry.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// As many letters.
    Letters(usize),
    /// One of these.
    OneOf(Vec<Bytes>),
    /// The number of the record.
    Number,
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) topic: Str,
    pub(super) record_count: u64,
    pub(super) warmup_count: u64,
    pub(super) payload: Payload,
    pub(super) throughput: f64,
    pub(super) properties: Properties,
    pub(super) transaction_duration: Option<Duration>,
    pub(super) print_metrics: bool,
    pub(super) reporting_interval: Duration,
}

const DURATION_MS: i64 = 3_000;

/// Reads the command line and the files it names.
///
/// # Errors
/// What does not go together, or cannot be read.
pub(super) fn settings(
    files: &env::Files,
    given: &Given,
    terminal: &mut Terminal,
    unique: impl FnOnce() -> String,
) -> Result<Settings, Error> {
    let number = |name| given.parsed::<i64>(name);
    let record_count = number("num-records")?.unwrap_or_default();
    let warmup_count = number("warmup-records")?.unwrap_or_default().max(0);
    let record_size = given.parsed::<i32>("record-size")?;
    let duration = number("transaction-duration-ms")?;
    let interval = number("reporting-interval")?.unwrap_or(5_000);
    check(given, (record_count, warmup_count, record_size, duration, interval))?;
    let payload = match (given.one("payload-file")?, record_size) {
        (Some(path), _) => Payload::OneOf(payloads(files, given, path, terminal)?),
        (None, Some(size)) => Payload::Letters(usize::try_from(size).unwrap_or_default()),
        (None, None) => Payload::Number,
    };
    let renamed = [("producer-props", "command-property"), ("producer.config", "command-config")];
    for (old, new) in renamed.into_iter().filter(|(old, _)| given.has(old)) {
        terminal.say(format!(
            "Option --{old} has been deprecated and will be removed in a future version. Use \
             --{new} instead."
        ))?;
    }
    let mut properties = properties(files, given)?;
    let by_option = given.one("transactional-id")?;
    let is_transactional =
        duration.is_some() || by_option.is_some() || properties.has("transactional.id");
    if let Some(id) = by_option {
        properties.set("transactional.id", id);
    }
    if is_transactional && !properties.has("transactional.id") {
        properties.set("transactional.id", format!("performance-producer-{}", unique()));
    }
    let ms = |ms: i64| Duration::from_millis(ms.unsigned_abs());
    Ok(Settings {
        topic: Str::copy_from(given.one("topic")?.unwrap_or_default()),
        record_count: record_count.unsigned_abs(),
        warmup_count: warmup_count.unsigned_abs(),
        payload,
        throughput: given.parsed("throughput")?.unwrap_or(-1.0),
        properties,
        transaction_duration: is_transactional.then(|| ms(duration.unwrap_or(DURATION_MS))),
        print_metrics: given.has("print-metrics"),
        reporting_interval: ms(interval),
    })
}

type Numbers = (i64, i64, Option<i32>, Option<i64>, i64);

fn check(given: &Given, (count, warmup, size, duration, interval): Numbers) -> Result<(), Error> {
    let ways = [
        "bootstrap-server",
        "command-property",
        "producer-props",
        "producer.config",
        "command-config",
    ];
    let refuse = |reason| Err(OPTIONS.refused(reason));
    if count <= 0 {
        return refuse("--num-records should be greater than zero.");
    }
    if warmup >= count {
        return refuse(
            "The value for --warmup-records must be strictly fewer than the number of records in \
             the test, --num-records.",
        );
    }
    if size.is_some_and(|size| size <= 0) {
        return refuse("--record-size should be greater than zero.");
    }
    if !ways.iter().any(|way| given.has(way)) {
        return refuse(
            "At least one of --bootstrap-server, --command-property, --producer-props, \
             --producer.config or --command-config must be specified.",
        );
    }
    if given.has("command-property") && given.has("producer-props") {
        return refuse("--command-property and --producer-props cannot be specified together.");
    }
    if given.has("command-config") && given.has("producer.config") {
        return refuse("--command-config and --producer.config cannot be specified together.");
    }
    if duration.is_some_and(|duration| duration <= 0) {
        return refuse("--transaction-duration-ms should be greater than zero.");
    }
    if interval <= 0 {
        return refuse("--reporting-interval should be greater than zero.");
    }
    Ok(())
}

fn properties(files: &env::Files, given: &Given) -> Result<Properties, Error> {
    let path = given.one("producer.config")?.or(given.one("command-config")?);
    let mut properties = Properties::of(files, path, &[])?;
    for pair in given.all("producer-props").iter().chain(given.all("command-property")) {
        let pieces: Vec<&str> = pair.split('=').collect();
        let [name, value] = pieces[..] else {
            return Err(Error::Refused(format!("Invalid property: {pair}")));
        };
        properties.set(name, value);
    }
    properties.set_default("client.id", "perf-producer-client");
    if let Some(servers) = given.one("bootstrap-server")? {
        properties.set("bootstrap.servers", servers);
    }
    Ok(properties)
}

fn payloads(
    files: &env::Files,
    given: &Given,
    path: &str,
    terminal: &mut Terminal,
) -> Result<Vec<Bytes>, Error> {
    let shown = std::path::absolute(path).unwrap_or_else(|_| path.into());
    terminal.say(format!("Reading payloads from: {}", shown.display()))?;
    let missing = || Error::Refused("File does not exist or empty file provided.".to_owned());
    let content = files.read(path).map_err(|_| missing())?;
    if content.is_empty() {
        return Err(missing());
    }
    let delimiter = given.one("payload-delimiter")?.unwrap_or("\\n");
    let payloads = split(&Bytes::from(content), &Delimiter::new(delimiter)?);
    terminal.say(format!("Number of records read: {}", payloads.len()))?;
    if payloads.is_empty() {
        return Err(Error::Refused(
            "No payload file, record size or payload-monotonic option provided.".to_owned(),
        ));
    }
    Ok(payloads)
}

/// What stands between the delimiters, as Java's `Scanner` finds it: one at the beginning counts
/// for nothing, as does one at the end.
fn split(content: &Bytes, delimiter: &Delimiter) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    let mut at = 0;
    for found in delimiter.all_in(content) {
        if found.start > 0 && !found.is_empty() {
            payloads.push(content.slice(at..found.start));
        }
        at = found.end;
    }
    if at < content.len() {
        payloads.push(content.slice(at..));
    }
    payloads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_split_as_javas_scanner_splits() {
        let check = |text: &'static str, delimiter: &str| {
            let found =
                split(&Bytes::from_static(text.as_bytes()), &Delimiter::new(delimiter).unwrap());
            let found = found.iter().map(|payload| String::from_utf8_lossy(payload).into_owned());
            found.collect::<Vec<_>>()
        };
        assert_eq!(check("a\nb\n", "\\n"), ["a", "b"]);
        assert_eq!(check("\na\n\nb", "\n"), ["a", "", "b"]);
        assert_eq!(check("one", ","), ["one"]);
        assert_eq!(check("a,;b", "[,;]+"), ["a", "b"]);
    }
}
