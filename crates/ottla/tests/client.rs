//! The client against a whole node, on the simulated environment: every codec, groups that commit
//! and resume, partitions shared by two members, a producer whose broker is killed.

use std::collections::BTreeSet;
use std::time::Duration;

use client::{
    Admin, ClientConfig, Cluster, ConsumedRecord, Consumer, ConsumerConfig, NewTopic, OffsetReset,
    Producer, ProducerConfig, ProducerRecord,
};
use config::{Origin, ServerConfig, StaticConfig};
use env::{Env, Sim, SimNode};
use ottla::{Loggers, Node, NodeOptions};
use records::{Compression, Header};
use wire::{Bytes, Str};

const TOPIC: Str = Str::from_static("t");
const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];
const PATIENCE: Duration = Duration::from_secs(10);

async fn start(env: &Env) -> Node {
    let mut settings = StaticConfig::new();
    for (name, value) in [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("advertised.listeners", "PLAINTEXT://broker:9092,CONTROLLER://broker:9093"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.bootstrap.servers", "broker:9093"),
        ("log.dirs", "/data"),
        ("offsets.topic.num.partitions", "3"),
        ("offsets.topic.replication.factor", "1"),
    ] {
        settings.set(name, value, Origin::CommandLine);
    }
    let config = ServerConfig::new(settings).expect("a configuration");
    let options =
        NodeOptions { config, cluster_id: None, data_threads: 1, loggers: Loggers::none() };
    Node::start(env, options).await.expect("the node starts")
}

/// A running node, and a user on another host with a topic of three partitions.
async fn world(broker: &SimNode, user: &SimNode) -> (Node, Cluster) {
    let node = start(&broker.start()).await;
    let config = ClientConfig::new("broker:9092", "test").expect("an address");
    let cluster = Cluster::new(&user.start(), config);
    let topic = NewTopic { name: TOPIC, partitions: Some(3), ..NewTopic::default() };
    let created = Admin::new(&cluster).create_topics(vec![topic]).await.expect("an answer");
    assert!(created.iter().all(|(_, result)| result.is_ok()), "{created:?}");
    (node, cluster)
}

fn record(key: &str, value: Option<&str>) -> ProducerRecord {
    ProducerRecord {
        topic: TOPIC,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        headers: vec![Header { key: Bytes::from_static(b"h"), value: None }],
        ..ProducerRecord::default()
    }
}

async fn produce(cluster: &Cluster, codec: Compression, keys: std::ops::Range<usize>) {
    let config = ProducerConfig { codec: codec.into(), ..ProducerConfig::default() };
    let producer = Producer::new(cluster, config);
    let mut deliveries = Vec::new();
    for key in keys {
        let value = (!key.is_multiple_of(7)).then(|| format!("{codec} {key}"));
        let record = record(&key.to_string(), value.as_deref());
        deliveries.push(producer.send(record).await.expect("taken"));
    }
    producer.flush().await;
    for delivery in deliveries {
        assert!(delivery.settled().await.expect("delivered").offset.is_some());
    }
    producer.close().await;
}

fn member(cluster: &Cluster, auto_commit_interval: Option<Duration>) -> Consumer {
    let config = ConsumerConfig {
        group_id: Some(Str::from("g")),
        offset_reset: OffsetReset::Earliest,
        auto_commit_interval,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(cluster, config);
    consumer.subscribe(&[TOPIC]);
    consumer
}

/// Reads until `count` records came, and then until nothing comes any more.
async fn read(consumer: &mut Consumer, count: usize) -> Vec<ConsumedRecord> {
    let mut all = Vec::new();
    loop {
        let patience = if all.len() < count { PATIENCE } else { Duration::from_secs(1) };
        let records = consumer.poll(patience).await.expect("records");
        if records.is_empty() {
            assert_eq!(all.len(), count);
            return all;
        }
        all.extend(records);
    }
}

fn keys(records: &[ConsumedRecord]) -> Vec<usize> {
    let key = |record: &ConsumedRecord| {
        String::from_utf8_lossy(record.key.as_deref().unwrap_or_default())
            .parse()
            .expect("a number")
    };
    records.iter().map(key).collect()
}

#[test]
fn records_of_every_codec_are_read_by_a_group_that_commits_and_resumes() {
    let sim = Sim::new(1);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (_node, cluster) = world(&broker, &user).await;
        for (at, codec) in CODECS.into_iter().enumerate() {
            produce(&cluster, codec, at * 20..at * 20 + 20).await;
        }
        let mut consumer = member(&cluster, None);
        let records = read(&mut consumer, 100).await;
        let distinct: BTreeSet<usize> = keys(&records).into_iter().collect();
        assert_eq!(distinct, (0..100).collect());
        for (key, record) in keys(&records).into_iter().zip(&records) {
            let value = record.value.as_deref();
            let expected = format!("{} {key}", CODECS[key / 20]);
            let expected = (!key.is_multiple_of(7)).then_some(expected.as_bytes());
            assert_eq!(value, expected);
            assert_eq!(record.headers, [Header { key: Bytes::from_static(b"h"), value: None }]);
        }
        consumer.commit().await.expect("committed");
        consumer.close().await.expect("left");

        produce(&cluster, Compression::None, 100..105).await;
        let mut consumer = member(&cluster, None);
        let resumed: BTreeSet<usize> = keys(&read(&mut consumer, 5).await).into_iter().collect();
        assert_eq!(resumed, (100..105).collect());
    });
}

#[test]
fn two_members_share_the_partitions_and_one_takes_over_when_the_other_leaves() {
    let sim = Sim::new(2);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (_node, cluster) = world(&broker, &user).await;
        // Long enough to commit only when the partitions are given back.
        let interval = Some(Duration::from_secs(3600));
        let (mut one, mut other) = (member(&cluster, interval), member(&cluster, interval));
        let step = Duration::from_millis(200);
        let mut shares = (0, 0);
        for _ in 0..200 {
            let (first, second) = tokio::join!(one.poll(step), other.poll(step));
            assert!(first.expect("a poll").is_empty() && second.expect("a poll").is_empty());
            shares = (one.assignment().len(), other.assignment().len());
            if shares.0 > 0 && shares.1 > 0 {
                break;
            }
        }
        assert!(shares == (1, 2) || shares == (2, 1), "{shares:?}");
        other.close().await.expect("left");
        produce(&cluster, Compression::Zstd, 0..30).await;
        let records = read(&mut one, 30).await;
        assert_eq!(keys(&records).into_iter().collect::<BTreeSet<_>>(), (0..30).collect());
    });
}

#[test]
fn a_producer_whose_broker_is_killed_delivers_each_record_once_and_in_order() {
    let sim = Sim::new(3);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (_node, cluster) = world(&broker, &user).await;
        let config = ProducerConfig { batch_size: 200, ..ProducerConfig::default() };
        let producer = Producer::new(&cluster, config);
        let mut deliveries = Vec::new();
        let mut restarted = None;
        for key in 0..300 {
            let record = record(&key.to_string(), Some("value"));
            deliveries.push(producer.send(record).await.expect("taken"));
            if key == 100 {
                // Some batches are there, some on their way, some still to be sent.
                cluster.env().sleep(Duration::from_millis(2)).await;
                broker.kill();
                restarted = Some(start(&broker.start()).await);
            }
        }
        producer.flush().await;
        for delivery in deliveries {
            delivery.settled().await.expect("delivered");
        }
        assert!(restarted.is_some());
        let mut consumer = Consumer::new(
            &cluster,
            ConsumerConfig { offset_reset: OffsetReset::Earliest, ..ConsumerConfig::default() },
        );
        consumer.assign(&[(TOPIC, 0), (TOPIC, 1), (TOPIC, 2)]);
        let records = read(&mut consumer, 300).await;
        for partition in 0..3 {
            let of = records.iter().filter(|record| record.partition == partition).cloned();
            let sent = keys(&of.collect::<Vec<_>>());
            assert!(sent.is_sorted(), "{sent:?}");
        }
        assert_eq!(keys(&records).into_iter().collect::<BTreeSet<_>>(), (0..300).collect());
    });
}
