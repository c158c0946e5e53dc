//! The whole node on the simulated environment removes what is old, by settings that change while
//! it runs.

use std::time::Duration;

use client::Cluster;
use env::Env;
use ottla::Node;
use records::{BatchBuilder, batches};
use wire::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, FetchRequest, IncrementalAlterConfigsRequest,
    ListOffsetsRequest, ProduceRequest,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    fetch_request::{FetchPartition, FetchTopic},
    incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use wire::{Records, Str};

mod support;

use support::{FETCH, LIMIT, PRODUCE, TOPIC, client, on_a_node, start_with};

const TOPIC_RESOURCE: i8 = 2;
const BROKER_RESOURCE: i8 = 4;

async fn start(env: &Env) -> Node {
    let settings =
        [("log.retention.check.interval.ms", "60000"), ("log.segment.delete.delay.ms", "5000")];
    start_with(env, &settings).await
}

async fn create_topic(cluster: &Cluster, configs: &[(&'static str, &'static str)]) {
    let config = |(name, value): &(&'static str, &'static str)| CreatableTopicConfig {
        name: Str::from(*name),
        value: Some(Str::from(*value)),
        ..CreatableTopicConfig::default()
    };
    let topic = CreatableTopic {
        name: TOPIC,
        num_partitions: 1,
        replication_factor: 1,
        configs: configs.iter().map(config).collect(),
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0].error_message);
}

async fn alter(
    cluster: &Cluster,
    kind: i8,
    of: &'static str,
    name: &'static str,
    value: &'static str,
) {
    let config = AlterableConfig {
        name: Str::from(name),
        value: Some(Str::from(value)),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: kind,
        resource_name: Str::from(of),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![resource],
        ..IncrementalAlterConfigsRequest::default()
    };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.responses[0].error_code, 0, "{:?}", response.responses[0].error_message);
}

async fn produce(cluster: &Cluster, key: &str, value: Option<&str>, timestamp: i64) -> i64 {
    let mut batch = BatchBuilder::new(0);
    batch.push_key_value(timestamp, Some(key.as_bytes()), value.map(str::as_bytes));
    let data = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(batch.build())),
        ..PartitionProduceData::default()
    };
    let topic =
        TopicProduceData { name: TOPIC, partition_data: vec![data], ..TopicProduceData::default() };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic],
        ..ProduceRequest::default()
    };
    let connection = cluster.any().await.expect("a connection");
    let response = connection.call_version(&request, PRODUCE, LIMIT).await.expect("an answer");
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!(answer.error_code, 0);
    answer.base_offset
}

/// Offset and key of all records.
async fn read_all(cluster: &Cluster) -> Vec<(i64, String)> {
    let (mut offset, end) = (offset_of(cluster, -2).await, offset_of(cluster, -1).await);
    let mut records = Vec::new();
    while offset < end {
        let partition = FetchPartition {
            fetch_offset: offset,
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
        let bytes = data.records.as_ref().and_then(Records::as_bytes).cloned().unwrap_or_default();
        for batch in batches(&bytes) {
            let batch = batch.expect("a batch");
            batch.verify_crc().expect("whole");
            for record in &batch.records(1 << 20).expect("records") {
                let record = record.expect("a record");
                let key = String::from_utf8_lossy(record.key.unwrap_or_default()).into_owned();
                records.push((record.offset, key));
            }
            offset = batch.next_offset();
        }
    }
    records
}

async fn offset_of(cluster: &Cluster, timestamp: i64) -> i64 {
    let partition = ListOffsetsPartition {
        partition_index: 0,
        timestamp,
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

fn names(env: &Env, dir: &str) -> Vec<String> {
    let entries = env.files().read_dir(dir).expect("a directory");
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn kafka_storage_5_retention_follows_settings_that_change_and_files_go_after_their_delay() {
    on_a_node(1, async |broker, user| {
        let env = broker.start();
        let _node = start(&env).await;
        let cluster = client(&user.start());
        create_topic(&cluster, &[]).await;
        let now = env.clock().wall_ms();
        for i in 0..5 {
            produce(&cluster, &format!("k{i}"), Some("v"), now - 60_000 + i).await;
        }
        env.sleep(Duration::from_secs(600)).await;
        assert_eq!(read_all(&cluster).await.len(), 5, "a week is kept");
        alter(&cluster, TOPIC_RESOURCE, "t", "retention.ms", "30000").await;
        env.sleep(Duration::from_secs(61)).await;
        // All of the log was too old, so an empty segment took its place.
        assert_eq!((offset_of(&cluster, -2).await, offset_of(&cluster, -1).await), (5, 5));
        env.sleep(Duration::from_secs(7)).await;
        let mut left = names(&env, "/data/t-0");
        left.retain(|name| name.starts_with("0000"));
        assert_eq!(
            left,
            [
                "00000000000000000005.index",
                "00000000000000000005.log",
                "00000000000000000005.snapshot",
                "00000000000000000005.timeindex"
            ]
        );
        assert_eq!(produce(&cluster, "k", Some("v"), -1).await, 5);

        let request = DeleteTopicsRequest {
            topic_names: vec![TOPIC],
            timeout_ms: 10_000,
            ..DeleteTopicsRequest::default()
        };
        let connection = cluster.any().await.expect("a connection");
        connection.call_version(&request, 5, LIMIT).await.expect("an answer");
        env.sleep(Duration::from_secs(1)).await;
        let deleted = |env: &Env| names(env, "/data").iter().any(|name| name.ends_with("-delete"));
        assert!(deleted(&env));
        env.sleep(Duration::from_secs(7)).await;
        assert!(!deleted(&env));
    });
}

#[test]
fn kafka_storage_6_a_topic_that_becomes_compacted_is_compacted_and_stays_so_over_a_crash() {
    for seed in 0..5 {
        on_a_node(seed, async |broker, user| {
            let env = broker.start();
            let _node = start(&env).await;
            let cluster = client(&user.start());
            create_topic(&cluster, &[("segment.ms", "1000")]).await;
            let now = env.clock().wall_ms();
            for i in 0..40 {
                // Each pair of records fills a segment.
                let value = (i != 30).then_some("v");
                produce(&cluster, &format!("k{}", i % 7), value, now - 100_000 + i / 2 * 2000)
                    .await;
            }
            env.sleep(Duration::from_secs(60)).await;
            assert_eq!(read_all(&cluster).await.len(), 40);
            alter(&cluster, TOPIC_RESOURCE, "t", "cleanup.policy", "compact").await;
            alter(&cluster, TOPIC_RESOURCE, "t", "delete.retention.ms", "100000").await;
            env.sleep(Duration::from_secs(16)).await;
            let expected = |offsets: &[i64]| -> Vec<(i64, String)> {
                offsets.iter().map(|offset| (*offset, format!("k{}", offset % 7))).collect()
            };
            // The active segment, with the last two records, is not looked at.
            let last = [31, 32, 33, 34, 35, 36, 37, 38, 39];
            assert_eq!(read_all(&cluster).await, expected(&last), "seed {seed}");
            // Nothing is cleaned twice, and no thread spins meanwhile.
            let checkpoint = env.files().read("/data/cleaner-offset-checkpoint").expect("a file");
            assert_eq!(checkpoint, b"0\n1\nt 0 38\n");

            alter(&cluster, BROKER_RESOURCE, "", "log.cleaner.threads", "2").await;
            alter(&cluster, BROKER_RESOURCE, "", "log.cleaner.backoff.ms", "1000").await;
            for i in 40..50 {
                let value = (i != 44).then_some("w");
                produce(&cluster, &format!("k{}", i % 7), value, now + i * 2000).await;
            }
            env.sleep(Duration::from_secs(3)).await;
            let all = read_all(&cluster).await;
            assert!(all.len() <= 8, "seed {seed}: {all:?}");
            match seed % 2 {
                0 => broker.kill(),
                _ => broker.power_loss(),
            }
            let env = broker.start();
            let _node = start(&env).await;
            let cluster = client(&user.start());
            if seed % 2 == 0 {
                assert_eq!(read_all(&cluster).await, all, "seed {seed}");
            }
            let left = names(&env, "/data/t-0");
            assert!(left.iter().all(|n| !n.ends_with(".swap") && !n.ends_with(".cleaned")));
        });
    }
}
