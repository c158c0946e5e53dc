//! The whole node on the simulated environment: it starts, takes records, loses its power, starts
//! again, and gives back what was on the disk.

use std::time::Duration;

use client::{ClientConfig, Cluster};
use config::{Origin, ServerConfig, StaticConfig};
use env::{DiskFault, DiskOperation, Env, Sim, SimNode};
use ottla::{Node, NodeOptions};
use records::{BatchBuilder, batches};
use wire::messages::{
    CreateTopicsRequest, FetchRequest, ListOffsetsRequest, ProduceRequest,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    fetch_request::{FetchPartition, FetchTopic},
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use wire::{Bytes, Records, Str};

const TOPIC: Str = Str::from_static("t");

/// Versions that name topics by name.
const PRODUCE: i16 = 11;
const FETCH: i16 = 12;
const LIMIT: Duration = Duration::from_secs(30);

fn configuration(more: &[(&str, &str)]) -> ServerConfig {
    let mut settings = StaticConfig::new();
    for (name, value) in [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("advertised.listeners", "PLAINTEXT://broker:9092,CONTROLLER://broker:9093"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.bootstrap.servers", "broker:9093"),
        ("log.dirs", "/data"),
    ] {
        settings.set(name, value, Origin::CommandLine);
    }
    for (name, value) in more {
        settings.set(*name, *value, Origin::CommandLine);
    }
    ServerConfig::new(settings).expect("a configuration")
}

async fn start(env: &Env) -> Node {
    start_with(env, &[]).await
}

async fn start_with(env: &Env, settings: &[(&str, &str)]) -> Node {
    let config = configuration(settings);
    let options = NodeOptions { config, cluster_id: None, data_threads: 1 };
    Node::start(env, options).await.expect("the node starts")
}

fn client(env: &Env) -> Cluster {
    Cluster::new(env, ClientConfig::new("broker:9092", "test").expect("an address"))
}

async fn create_topic(cluster: &Cluster, flush_messages: &'static str) {
    let topic = CreatableTopic {
        name: TOPIC,
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![CreatableTopicConfig {
            name: Str::from("flush.messages"),
            value: Some(Str::from(flush_messages)),
            ..CreatableTopicConfig::default()
        }],
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0].error_message);
}

/// Produces one record and returns its offset.
async fn produce(cluster: &Cluster, value: &str) -> i64 {
    let (error_code, offset) = try_produce(cluster, value, -1).await;
    assert_eq!(error_code, 0);
    offset
}

/// Produces one record; the error code and the offset of the answer.
async fn try_produce(cluster: &Cluster, value: &str, acks: i16) -> (i16, i64) {
    let mut batch = BatchBuilder::new(0);
    batch.push_key_value(-1, Some(b"key"), Some(value.as_bytes()));
    let data = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(batch.build())),
        ..PartitionProduceData::default()
    };
    let topic =
        TopicProduceData { name: TOPIC, partition_data: vec![data], ..TopicProduceData::default() };
    let request = ProduceRequest {
        acks,
        timeout_ms: 10_000,
        topic_data: vec![topic],
        ..ProduceRequest::default()
    };
    let connection = cluster.any().await.expect("a connection");
    let response = connection.call_version(&request, PRODUCE, LIMIT).await.expect("an answer");
    let answer = &response.responses[0].partition_responses[0];
    (answer.error_code, answer.base_offset)
}

/// The values of all records from the start of the topic.
async fn read_all(cluster: &Cluster) -> Vec<String> {
    let end = log_end(cluster).await;
    let mut values = Vec::new();
    while (values.len() as i64) < end {
        let partition = FetchPartition {
            fetch_offset: values.len() as i64,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic: TOPIC, partitions: vec![partition], ..FetchTopic::default() };
        let request = FetchRequest {
            max_wait_ms: 100,
            min_bytes: 1,
            topics: vec![topic],
            ..FetchRequest::default()
        };
        let connection = cluster.any().await.expect("a connection");
        let response = connection.call_version(&request, FETCH, LIMIT).await.expect("an answer");
        let data = &response.responses[0].partitions[0];
        assert_eq!(data.error_code, 0);
        let bytes = data.records.as_ref().and_then(Records::as_bytes).cloned();
        values.extend(decode(&bytes.unwrap_or_default()));
    }
    values
}

fn decode(bytes: &Bytes) -> Vec<String> {
    let mut values = Vec::new();
    for batch in batches(bytes) {
        let batch = batch.expect("a batch");
        batch.verify_crc().expect("whole");
        for record in &batch.records(1 << 20).expect("records") {
            let record = record.expect("a record");
            values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
        }
    }
    values
}

async fn log_end(cluster: &Cluster) -> i64 {
    let partition = ListOffsetsPartition {
        partition_index: 0,
        timestamp: -1,
        current_leader_epoch: -1,
        ..ListOffsetsPartition::default()
    };
    let topic = ListOffsetsTopic {
        name: TOPIC,
        partitions: vec![partition],
        ..ListOffsetsTopic::default()
    };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.topics[0].partitions[0].error_code, 0);
    response.topics[0].partitions[0].offset
}

fn on_a_node(seed: u64, test: impl AsyncFnOnce(&SimNode, &SimNode)) {
    let sim = Sim::new(seed);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(test(&broker, &user));
}

#[test]
fn what_was_flushed_survives_the_loss_of_power() {
    for seed in 0..20 {
        on_a_node(seed, async |broker, user| {
            let node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for i in 0..50 {
                let value = format!("value {i}");
                assert_eq!(produce(&cluster, &value).await, i);
                sent.push(value);
            }
            // A stop in order brings everything onto the disk.
            node.stop().await;
            broker.power_loss();

            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
            assert_eq!(produce(&cluster, "more").await, 50, "seed {seed}");
        });
    }
}

#[test]
fn without_a_flush_a_prefix_survives_and_the_node_goes_on() {
    let losses = std::cell::Cell::new(0);
    for seed in 0..40 {
        on_a_node(seed, async |broker, user| {
            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for i in 0..30 {
                let value = format!("value {i}");
                produce(&cluster, &value).await;
                sent.push(value);
            }
            broker.power_loss();

            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            let kept = read_all(&cluster).await;
            // The metadata was flushed, so the topic is there; of its records a prefix is.
            assert_eq!(kept, sent[..kept.len()], "seed {seed}");
            let next = produce(&cluster, "more").await;
            assert_eq!(next, kept.len() as i64, "seed {seed}");
            losses.set(losses.get() + usize::from(kept.len() < sent.len()));
        });
    }
    assert!(losses.get() > 0, "no seed lost anything: the power loss is none");
}

#[test]
fn a_node_that_was_killed_serves_again_at_once() {
    on_a_node(1, async |broker, _user| {
        let _node = start(&broker.start()).await;
        broker.kill();
        let env = broker.start();
        let began = env.now();
        std::mem::forget(start(&env).await);
        // It does not wait for the session of its own dead incarnation to expire.
        assert!(env.now() - began < Duration::from_secs(1));
    });
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    for seed in 0..20 {
        on_a_node(seed, async |broker, user| {
            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for round in 0..3 {
                for i in 0..20 {
                    let value = format!("value {round} {i}");
                    produce(&cluster, &value).await;
                    sent.push(value);
                }
                broker.kill();
                std::mem::forget(start(&broker.start()).await);
            }
            let cluster = client(&user.start());
            assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
        });
    }
}

/// Kafka-storage §3.6: with `flush.messages` = 1 an acknowledgement, whatever the acks, says that
/// the record is on the disk; `log.flush.before.ack` says so of acks=all.
#[test]
fn what_is_acknowledged_after_a_sync_survives_the_loss_of_power() {
    const NEVER: &str = "9223372036854775807";
    for (flush_messages, before_ack, acks) in
        [("1", "false", 1), ("1", "false", -1), (NEVER, "true", -1)]
    {
        for seed in 0..15 {
            on_a_node(seed, async |broker, user| {
                let settings = [("log.flush.before.ack", before_ack)];
                let _node = start_with(&broker.start(), &settings).await;
                let cluster = client(&user.start());
                create_topic(&cluster, flush_messages).await;
                let mut sent = Vec::new();
                for i in 0..10 + seed {
                    let value = format!("value {i}");
                    assert_eq!(try_produce(&cluster, &value, acks).await, (0, i as i64));
                    sent.push(value);
                }
                assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
                broker.power_loss();

                let _node = start_with(&broker.start(), &settings).await;
                let cluster = client(&user.start());
                assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
            });
        }
    }
}

#[test]
fn flush_ms_brings_records_onto_the_disk_in_time() {
    on_a_node(1, async |broker, user| {
        let settings = [("log.flush.interval.ms", "500")];
        let _node = start_with(&broker.start(), &settings).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        assert_eq!(produce(&cluster, "value").await, 0);
        env.sleep(Duration::from_millis(600)).await;
        broker.power_loss();

        let _node = start(&broker.start()).await;
        assert_eq!(read_all(&client(&user.start())).await, ["value"]);
    });
}

#[test]
fn a_record_whose_sync_fails_is_not_acknowledged() {
    on_a_node(1, async |broker, user| {
        let settings = [("log.dirs", "/data,/meta"), ("metadata.log.dir", "/meta")];
        let _node = start_with(&broker.start(), &settings).await;
        let cluster = client(&user.start());
        create_topic(&cluster, "1").await;
        produce(&cluster, "good").await;
        broker.disk().inject(DiskFault::io(DiskOperation::Sync).on("t-0"));
        let storage_error = 56;
        assert_eq!(try_produce(&cluster, "bad", -1).await.0, storage_error);
        assert_eq!(try_produce(&cluster, "worse", 1).await.0, storage_error);
    });
}
