//! The controller on a quorum of one, in simulated time.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::time::Duration;

use controller::MetadataEvent;
use env::Env;
use metadata::{Image, ResourceType};
use quorum_node::SnapshotSource;
use support::{NODE_ID, Node, context};
use wire::messages::create_topics_request::CreatableTopic;
use wire::messages::{AllocateProducerIdsRequest, CreateTopicsRequest, CreateTopicsResponse};
use wire::stored::metadata::MetadataRecord;
use wire::{ErrorCode, Request, Response, Str};

const DIR: &str = "/data";

fn env() -> Env {
    let env = Env::sim(7);
    env.files().create_dir_all(Path::new(DIR)).unwrap();
    env
}

async fn create(node: &Node, name: &'static str) -> CreateTopicsResponse {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: Str::from(name),
            num_partitions: 3,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        timeout_ms: 5_000,
        ..CreateTopicsRequest::default()
    };
    node.controller.create_topics(&context(7), request).await
}

#[test]
fn kafka_semantics_224_a_new_cluster_gets_its_features() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[("min.insync.replicas", "2")]).await;
        node.ready().await;
        let image = node.metadata.image();
        let levels: Vec<(&str, i16)> = image.features.levels().collect();
        let expected = [
            ("metadata.version", 30),
            ("eligible.leader.replicas.version", 1),
            ("group.version", 1),
            ("share.version", 1),
            ("streams.version", 1),
            ("transaction.version", 2),
        ];
        assert_eq!(levels, expected);
        let min_isr = image.configs.value(ResourceType::Broker, "", "min.insync.replicas");
        assert_eq!(min_isr.unwrap(), "2");
        node.stop().await;
    });
}

#[test]
fn an_answer_comes_when_the_image_shows_it_and_survives_a_restart() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        let epoch = node.join(1).await;
        assert!(!node.metadata.load().cluster.broker(1).unwrap().fenced);
        let created = create(&node, "t").await;
        assert_eq!(created.topics[0].error_code, 0);
        assert_eq!(created.topics[0].num_partitions, 3);
        let topic = node.metadata.load().topics.by_name("t").cloned().unwrap();
        assert_eq!(topic.id, created.topics[0].topic_id);
        assert_eq!(topic.partition(2).unwrap().leader, 1);
        let again = create(&node, "t").await;
        assert_eq!(again.topics[0].error_code, ErrorCode::TopicAlreadyExists.code());
        assert_eq!(again.topics[0].error_message.as_deref(), Some("Topic 't' already exists."));
        node.stop().await;

        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        let image = node.metadata.image();
        assert_eq!(image.topics.by_name("t"), Some(&topic));
        assert_eq!(image.cluster.broker(1).unwrap().epoch, epoch);
        assert_eq!(create(&node, "u").await.topics[0].error_code, 0);
        node.stop().await;
    });
}

#[test]
fn a_controller_registers_again_after_a_restart() {
    let env = env();
    env.block_on(async {
        let mut incarnations = Vec::new();
        for _ in 0..2 {
            let node = Node::start(&env, Path::new(DIR), &[]).await;
            node.ready().await;
            let image = node.metadata.image();
            let known = &image.cluster.controllers[&NODE_ID];
            assert_eq!(known.endpoints[0].port, 19093);
            assert_eq!(known.features["metadata.version"].max, 30);
            incarnations.push(known.incarnation_id);
            node.stop().await;
        }
        assert_ne!(incarnations[0], incarnations[1]);
    });
}

#[test]
fn kafka_semantics_26_producer_ids_go_on_after_a_restart() {
    let env = env();
    env.block_on(async {
        let mut epoch = 0;
        for round in 0..3 {
            let node = Node::start(&env, Path::new(DIR), &[]).await;
            node.ready().await;
            if round == 0 {
                epoch = node.join(1).await;
            }
            let request = AllocateProducerIdsRequest {
                broker_id: 1,
                broker_epoch: epoch,
                ..AllocateProducerIdsRequest::default()
            };
            let block = node.controller.allocate_producer_ids(request).await;
            assert_eq!((block.producer_id_start, block.producer_id_len), (round * 1_000, 1_000));
            node.stop().await;
        }
    });
}

#[test]
fn kafka_semantics_209_a_silent_broker_is_fenced_after_nine_seconds() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        let epoch = node.join(1).await;
        create(&node, "t").await;
        for _ in 0..10 {
            env.sleep(Duration::from_secs(2)).await;
            node.beat(1, epoch).await;
        }
        assert!(!node.metadata.load().cluster.broker(1).unwrap().fenced);
        env.sleep(Duration::from_millis(8_900)).await;
        assert!(!node.metadata.load().cluster.broker(1).unwrap().fenced);
        env.sleep(Duration::from_millis(600)).await;
        let image = node.metadata.image();
        assert!(image.cluster.broker(1).unwrap().fenced);
        assert_eq!(image.topics.partition("t", 0).unwrap().leader, -1);
        node.stop().await;
    });
}

#[test]
fn the_high_watermark_moves_while_nothing_happens() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        let before = *node.metadata.reached().borrow();
        env.sleep(Duration::from_secs(5)).await;
        let moved = *node.metadata.reached().borrow() - before;
        assert!((9..=11).contains(&moved), "{moved} records in 5 s");
        node.stop().await;
    });
}

#[test]
fn kafka_semantics_221_the_next_epoch_goes_on_where_the_last_one_ended() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        node.join(1).await;
        create(&node, "t").await;
        let quorum = node.quorum.handle();
        let epoch = quorum.leader_and_epoch().epoch;
        quorum.resign(epoch).await;
        let refused = create(&node, "u").await;
        let code = refused.topics[0].error_code;
        assert!(code == ErrorCode::NotController.code() || code == 0, "{code}");
        let mut events = node.metadata.subscribe().await;
        loop {
            match events.recv().await.unwrap() {
                MetadataEvent::LeaderChange(change)
                    if change.leader == Some(NODE_ID) && change.epoch > epoch =>
                {
                    break;
                }
                _ => {}
            }
        }
        // The task learns of it at the same time; requests queue behind that.
        let mut created = create(&node, "v").await.topics[0].error_code;
        while created == ErrorCode::NotController.code() {
            env.sleep(Duration::from_millis(10)).await;
            created = create(&node, "v").await.topics[0].error_code;
        }
        assert_eq!(created, 0);
        assert!(node.metadata.load().topics.id("t").is_some());
        node.stop().await;
    });
}

#[test]
fn a_subscriber_sees_every_change_from_the_beginning() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        node.join(1).await;
        let mut events = node.metadata.subscribe().await;
        create(&node, "t").await;
        let mut seen = Image::default();
        while seen.topics.id("t").is_none() {
            match events.recv().await.unwrap() {
                MetadataEvent::Update(update) => {
                    assert_eq!(*update.before, seen);
                    seen = Image::clone(&update.after);
                }
                MetadataEvent::LeaderChange(change) => assert_eq!(change.leader, Some(NODE_ID)),
            }
        }
        node.stop().await;
    });
}

#[test]
fn an_image_becomes_a_snapshot() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        node.join(1).await;
        create(&node, "t").await;
        let image = node.metadata.image();
        let snapshot = SnapshotSource::image(&node.metadata).unwrap();
        assert_eq!(snapshot.end_offset, image.provenance.last_contained_offset + 1);
        let records: Vec<MetadataRecord> =
            snapshot.records.map(|bytes| MetadataRecord::decode(bytes).unwrap().0).collect();
        assert_eq!(records, image.to_records());
        node.stop().await;
    });
}

#[test]
fn requests_of_the_quorum_and_unknown_ones() {
    let env = env();
    env.block_on(async {
        let node = Node::start(&env, Path::new(DIR), &[]).await;
        node.ready().await;
        let context = context(2);
        let request = Request::DescribeQuorum(Default::default());
        let response = node.controller.handle(&context, request).await;
        assert!(matches!(response, Some(Response::DescribeQuorum(_))));
        let request = Request::Produce(Default::default());
        assert!(node.controller.handle(&context, request).await.is_none());
        node.stop().await;
    });
}
