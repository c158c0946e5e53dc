//! A node in a simulated world, and the few requests the tests send it.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::time::Duration;

use client::{ClientConfig, Cluster};
use config::{Origin, ServerConfig, StaticConfig};
use env::{Env, Sim, SimNode};
use ottla::{Loggers, Node, NodeOptions};
use records::{BatchBuilder, batches};
use wire::messages::{
    CreateTopicsRequest, FetchRequest, ListOffsetsRequest, ProduceRequest,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    fetch_request::{FetchPartition, FetchTopic},
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use wire::{Bytes, Records, Str};

pub(crate) const TOPIC: Str = Str::from_static("t");

/// Versions that name topics by name.
pub(crate) const PRODUCE: i16 = 11;
pub(crate) const FETCH: i16 = 12;
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn configuration(more: &[(&str, &str)]) -> ServerConfig {
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

pub(crate) async fn start(env: &Env) -> Node {
    start_with(env, &[]).await
}

pub(crate) async fn start_with(env: &Env, settings: &[(&str, &str)]) -> Node {
    let config = configuration(settings);
    let options =
        NodeOptions { config, cluster_id: None, data_threads: 1, loggers: Loggers::none() };
    Node::start(env, options).await.expect("the node starts")
}

pub(crate) fn client(env: &Env) -> Cluster {
    Cluster::new(env, ClientConfig::new("broker:9092", "test").expect("an address"))
}

pub(crate) async fn create_topic(cluster: &Cluster, flush_messages: &'static str) {
    create(cluster, TOPIC, flush_messages).await;
}

pub(crate) async fn create_other_topic(cluster: &Cluster, name: &'static str) {
    create(cluster, Str::from_static(name), "9223372036854775807").await;
}

async fn create(cluster: &Cluster, name: Str, flush_messages: &'static str) {
    let topic = CreatableTopic {
        name,
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
pub(crate) async fn produce(cluster: &Cluster, value: &str) -> i64 {
    let (error_code, offset) = try_produce(cluster, value, -1).await;
    assert_eq!(error_code, 0);
    offset
}

/// Produces one record; the error code and the offset of the answer.
pub(crate) async fn try_produce(cluster: &Cluster, value: &str, acks: i16) -> (i16, i64) {
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
pub(crate) async fn read_all(cluster: &Cluster) -> Vec<String> {
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

pub(crate) fn decode(bytes: &Bytes) -> Vec<String> {
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

pub(crate) async fn log_end(cluster: &Cluster) -> i64 {
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

pub(crate) fn on_a_node(seed: u64, test: impl AsyncFnOnce(&SimNode, &SimNode)) {
    let sim = Sim::new(seed);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(test(&broker, &user));
}
