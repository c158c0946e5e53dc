//! `kafka-e2e-latency`: how long a record takes from a producer to a consumer.

use std::time::Duration;

use bytes::Bytes;
use client::{
    Admin, Cluster, ConsumedRecord, Consumer, NewTopic, OffsetReset, Producer, ProducerRecord,
};
use env::Env;
use records::Header;
use wire::Str;

use crate::clients::{consumer_config, producer_config};
use crate::connect::{client_config, connect};
use crate::error::Error;
use crate::exception::shown;
use crate::java::decimal;
use crate::options::{Given, Options, Refusal, Refused, Spec, Takes, value};
use crate::properties::Properties;
use crate::terminal::Terminal;

const fn sized(name: &'static str, doc: &'static str) -> Spec {
    Spec { name, takes: Takes::Optionally("Integer: bytes"), doc }
}

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool measures end-to-end latency in Kafka by sending messages and timing their reception.",
    example: "kafka-e2e-latency --bootstrap-server localhost:9092 --topic latency --num-records 10000 --producer-acks 1 --record-size 100",
    specs: &[
        value("bootstrap-server", "String: bootstrap-server", "REQUIRED: Brokers to begin with."),
        value("topic", "String: topic-name", "REQUIRED: The topic; it is created if need be."),
        value("num-records", "Integer: count", "REQUIRED: How many records to send."),
        value("producer-acks", "String: producer-acks", "REQUIRED: Who is waited for: 1 or all."),
        value("record-size", "Integer: bytes", "REQUIRED: Bytes of each value."),
        sized("record-key-size", "Bytes of each key (default: 0)."),
        sized("record-header-key-size", "Bytes of the key of each header (default: 0)."),
        sized("record-header-size", "Bytes of the value of each header (default: 0); -1 for none."),
        Spec {
            name: "num-headers",
            takes: Takes::Optionally("Integer: count"),
            doc: "Headers of each record (default: 0).",
        },
        Spec {
            name: "command-config",
            takes: Takes::Optionally("String: config-file"),
            doc: "A file with properties of producer, consumer and admin client.",
        },
    ],
    required: &[],
    refusal: Refusal::WithHelp,
};

/// How long a record is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command line, if it is one of words in the order of old.
///
/// # Errors
/// There are too few or too many of them.
pub(crate) fn modern(words: &[String], terminal: &mut Terminal) -> Result<Vec<String>, Error> {
    let named =
        ["--bootstrap-server", "--topic", "--num-records", "--producer-acks", "--record-size"];
    if words.is_empty() || words.iter().any(|word| named.contains(&word.as_str())) {
        return Ok(words.to_vec());
    }
    if words.len() != 5 && words.len() != 6 {
        return Err(Error::Refused(format!(
            "Invalid number of arguments. Expected 5 or 6 positional arguments, but got {}. \
             Usage: bootstrap-server topic num-records producer-acks record-size [optional] \
             command-config",
            words.len()
        )));
    }
    terminal.say(
        "WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka \
         5.0. Please use named arguments instead: --bootstrap-server, --topic, --num-records, \
         --producer-acks, --record-size, --command-config",
    )?;
    let names = named.into_iter().chain(["--command-config"]);
    let pairs = names.zip(words).flat_map(|(name, word)| [name.to_owned(), word.clone()]);
    Ok(pairs.collect())
}

/// What each record is like.
#[derive(Debug, Clone, Copy)]
struct Shape {
    value: usize,
    key: usize,
    headers: usize,
    header_key: usize,
    /// `None` for a header without a value.
    header_value: Option<usize>,
}

struct Settings {
    servers: String,
    topic: Str,
    count: usize,
    acks: String,
    shape: Shape,
    properties: Properties,
}

fn settings(files: &env::Files, given: &Given) -> Result<Settings, Error> {
    given.require(&["bootstrap-server", "topic", "num-records", "producer-acks", "record-size"])?;
    let number = |name| Ok::<_, Refused>(given.parsed::<i32>(name)?.unwrap_or_default());
    let refuse = |text: &str| Err(Refused(text.to_owned()).into());
    let acks = given.one("producer-acks")?.unwrap_or_default();
    if acks != "1" && acks != "all" {
        return refuse(
            "Invalid value for --producer-acks. Latency testing requires synchronous \
             acknowledgement. Please use '1' or 'all'.",
        );
    }
    let count = number("num-records")?;
    if count <= 0 {
        return refuse("Value for --num-records must be a positive integer.");
    }
    let size = |name: &str| match given.parsed::<i32>(name)?.unwrap_or_default() {
        size @ 0.. => Ok(size as usize),
        _ => {
            let text = format!("Value for --{name} must be a non-negative integer.");
            Err(Error::from(Refused(text)))
        }
    };
    let (value, key) = (size("record-size")?, size("record-key-size")?);
    let header_key = size("record-header-key-size")?;
    let header_value = match number("record-header-size")? {
        size @ 0.. => Some(size as usize),
        -1 => None,
        _ => {
            return refuse(
                "Value for --record-header-size must be a non-negative integer or -1 for null \
                 header value.",
            );
        }
    };
    let shape = Shape { value, key, headers: size("num-headers")?, header_key, header_value };
    Ok(Settings {
        servers: given.one("bootstrap-server")?.unwrap_or_default().to_owned(),
        topic: Str::copy_from(given.one("topic")?.unwrap_or_default()),
        count: count as usize,
        acks: acks.to_owned(),
        shape,
        properties: Properties::of(files, given.one("command-config")?, &[])?,
    })
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = settings(env.files(), given)?;
    let client = client_config(&settings.servers, "e2e-latency", &settings.properties)?;
    let cluster = connect(env, client, terminal).await?;
    ensure_topic(&cluster, &settings.topic, terminal).await?;
    let (mut consumer, producer) = clients(env, &cluster, &settings)?;
    let topic = &settings.topic;
    let partitions = consumer.partitions_of(topic).await?;
    let partitions: Vec<_> = partitions.into_iter().map(|at| (topic.clone(), at)).collect();
    consumer.assign(&partitions);
    consumer.seek_to(OffsetReset::Latest);
    while partitions.iter().any(|at| consumer.position(at).is_none()) {
        consumer.poll(Duration::from_millis(1)).await?;
    }
    let mut latencies = Vec::with_capacity(settings.count.min(1 << 20));
    let mut total = Duration::ZERO;
    for number in 0..settings.count {
        let record = record(topic, settings.shape, env.random());
        let began = env.now();
        let delivery = producer.send(record.clone()).await?;
        if let Err(error) = delivery.settled().await {
            let class = "java.util.concurrent.ExecutionException";
            return Err(Error::Refused(format!("{class}: {}", shown(&error))));
        }
        let read = consumer.poll(PATIENCE).await?;
        let elapsed = env.now().duration_since(began);
        if let Err(error) = check(&record, &read) {
            consumer.commit().await?;
            return Err(error);
        }
        if number.is_multiple_of(1_000) {
            terminal.say(format!("{number}\t{:?}", elapsed.as_nanos() as f64 / 1e6))?;
            terminal.flush()?;
        }
        total += elapsed;
        latencies.push(elapsed.as_millis());
    }
    let average = total.as_nanos() as f64 / settings.count as f64 / 1e6;
    terminal.say(format!("Avg latency: {} ms", decimal(average, 4)))?;
    latencies.sort_unstable();
    let percentile = |share: f64| {
        let at = (share * latencies.len() as f64) as usize;
        latencies.get(at).copied().unwrap_or_default()
    };
    terminal.say(format!(
        "Percentiles: 50th = {}, 99th = {}, 99.9th = {}",
        percentile(0.5),
        percentile(0.99),
        percentile(0.999)
    ))?;
    terminal.flush()?;
    consumer.commit().await?;
    Ok(())
}

async fn ensure_topic(
    cluster: &Cluster,
    topic: &Str,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let known = cluster.metadata(None).await?;
    if known.topics.iter().any(|known| known.name.as_ref() == Some(topic)) {
        return Ok(());
    }
    terminal.say(format!(
        "Topic \"{topic}\" does not exist. Will create topic with 1 partition(s) and replication \
         factor = 1"
    ))?;
    let new = NewTopic {
        name: topic.clone(),
        partitions: Some(1),
        replication_factor: Some(1),
        ..NewTopic::default()
    };
    let created = Admin::new(cluster).create_topics(vec![new]).await?;
    if let Some((_, Err(error))) = created.into_iter().next() {
        terminal.say(format!("Creation of topic {topic} failed"))?;
        return Err(error.into());
    }
    Ok(())
}

fn clients(
    env: &Env,
    cluster: &Cluster,
    settings: &Settings,
) -> Result<(Consumer, Producer), Error> {
    let mut properties = settings.properties.clone();
    properties.set("group.id", format!("test-group-{}", env.clock().wall_ms()));
    properties.set("enable.auto.commit", "false");
    properties.set("auto.offset.reset", "latest");
    let consumer = Consumer::new(cluster, consumer_config(&properties)?);
    let mut properties = settings.properties.clone();
    properties.set("linger.ms", "0");
    properties.set("acks", &settings.acks);
    Ok((consumer, Producer::new(cluster, producer_config(&properties)?)))
}

fn record(topic: &Str, shape: Shape, random: &env::Random) -> ProducerRecord {
    // As in Apache Kafka's tool, all bytes of a part are the same letter.
    let bytes = |size: usize| Bytes::from(vec![b'A' + random.below(26) as u8; size]);
    ProducerRecord {
        topic: topic.clone(),
        key: Some(bytes(shape.key)),
        value: Some(bytes(shape.value)),
        headers: (0..shape.headers)
            .map(|_| Header { key: bytes(shape.header_key), value: shape.header_value.map(bytes) })
            .collect(),
        ..ProducerRecord::default()
    }
}

/// # Errors
/// What was read is not what was sent.
fn check(sent: &ProducerRecord, read: &[ConsumedRecord]) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::Refused(text));
    let text = |part: &Option<Bytes>| {
        String::from_utf8_lossy(part.as_deref().unwrap_or_default()).into_owned()
    };
    let Some(first) = read.first() else {
        return refuse("poll() timed out before finding a result (timeout:[60000ms])".to_owned());
    };
    for (part, sent, read) in [("value", &sent.value, &first.value), ("key", &sent.key, &first.key)]
    {
        if sent != read {
            return refuse(format!(
                "The message {part} read [{}] did not match the message {part} sent [{}]",
                text(read),
                text(sent)
            ));
        }
    }
    if sent.headers != first.headers {
        return refuse("Header count mismatch between sent and received messages".to_owned());
    }
    if read.len() != 1 {
        return refuse(format!(
            "Only one result was expected during this test. We found [{}]",
            read.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_the_order_of_old_get_their_names() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let modern = |line: &str| modern(&words(line), &mut Terminal::process());
        let expected = words(
            "--bootstrap-server b:1 --topic t --num-records 5 --producer-acks all --record-size 9",
        );
        assert_eq!(modern("b:1 t 5 all 9").unwrap(), expected);
        assert_eq!(modern("--topic t").unwrap(), words("--topic t"));
        assert!(modern("b:1 t").is_err());
    }
}
