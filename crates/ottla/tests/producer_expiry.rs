//! What a broker remembers of producers, and for how long, on the simulated environment.

use std::time::Duration;

use client::{Admin, ClientConfig, Cluster, NewTopic, Producer, ProducerConfig, ProducerRecord};
use config::{Origin, ServerConfig, StaticConfig};
use env::{Env, Sim};
use ottla::{Loggers, Node, NodeOptions};
use wire::messages::describe_producers_request::TopicRequest;
use wire::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use wire::messages::{DescribeProducersRequest, IncrementalAlterConfigsRequest};
use wire::{Bytes, Str};

const TOPIC: Str = Str::from_static("t");
/// A resource of this type and without a name is all brokers.
const BROKER: i8 = 4;

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
        ("producer.id.expiration.ms", "60000"),
        ("producer.id.expiration.check.interval.ms", "1000"),
    ] {
        settings.set(name, value, Origin::CommandLine);
    }
    let config = ServerConfig::new(settings).expect("a configuration");
    let options =
        NodeOptions { config, cluster_id: None, data_threads: 1, loggers: Loggers::none() };
    Node::start(env, options).await.expect("the node starts")
}

async fn produce(producer: &Producer) {
    let record = ProducerRecord {
        topic: TOPIC,
        key: Some(Bytes::from_static(b"k")),
        ..ProducerRecord::default()
    };
    let delivery = producer.send(record).await.expect("taken");
    producer.flush().await;
    delivery.settled().await.expect("delivered");
}

/// How many producers the partition's leader knows.
async fn known(cluster: &Cluster) -> usize {
    let topic = TopicRequest { name: TOPIC, partition_indexes: vec![0], ..TopicRequest::default() };
    let request = DescribeProducersRequest { topics: vec![topic], ..Default::default() };
    let response = cluster.call(&request).await.expect("an answer");
    response.topics[0].partitions[0].active_producers.len()
}

async fn set_for_all_brokers(cluster: &Cluster, name: &str, value: &str) {
    let config = AlterableConfig {
        name: Str::copy_from(name),
        value: Some(Str::copy_from(value)),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: BROKER,
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.responses[0].error_code, 0, "{response:?}");
}

/// kafka-semantics 36, while the broker runs: the time counts from the last write, and is the one
/// that is in force now.
#[test]
fn a_silent_producer_is_forgotten_after_the_time_that_is_set() {
    let sim = Sim::new(1);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let _node = start(&broker.start()).await;
        let env = user.start();
        let config = ClientConfig::new("broker:9092", "test").expect("an address");
        let cluster = Cluster::new(&env, config);
        let topic = NewTopic { name: TOPIC, partitions: Some(1), ..NewTopic::default() };
        let created = Admin::new(&cluster).create_topics(vec![topic]).await.expect("an answer");
        assert!(created.iter().all(|(_, result)| result.is_ok()), "{created:?}");

        let producer = Producer::new(&cluster, ProducerConfig::default());
        produce(&producer).await;
        env.sleep(Duration::from_secs(50)).await;
        assert_eq!(known(&cluster).await, 1);
        produce(&producer).await;
        env.sleep(Duration::from_secs(50)).await;
        assert_eq!(known(&cluster).await, 1, "it wrote 50 s ago");
        env.sleep(Duration::from_secs(15)).await;
        assert_eq!(known(&cluster).await, 0, "it wrote 65 s ago");

        produce(&producer).await;
        assert_eq!(known(&cluster).await, 1);
        set_for_all_brokers(&cluster, "producer.id.expiration.ms", "5000").await;
        env.sleep(Duration::from_secs(10)).await;
        assert_eq!(known(&cluster).await, 0, "5 s are enough now");
        produce(&producer).await;
        assert_eq!(known(&cluster).await, 1, "it goes on as if nothing had been");
        producer.close().await;
    });
}
