//! Share partitions on a whole node, on the simulated environment, by the protocol alone: records are
//! acquired, acknowledged and come back (kafka-semantics 159 to 168).

use std::time::Duration;

use client::{Cluster, Connection};
use env::Env;
use wire::messages::{
    FindCoordinatorRequest, InitializeShareGroupStateRequest, ReadShareGroupStateRequest,
    ShareAcknowledgeRequest, ShareFetchRequest, ShareFetchResponse,
    initialize_share_group_state_request, read_share_group_state_request,
    share_acknowledge_request, share_fetch_request, share_fetch_response::PartitionData,
};
use wire::{ErrorCode, Records, Str, Uuid};

mod support;

use support::*;

const SETTINGS: &[(&str, &str)] = &[
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "3"),
    ("share.coordinator.snapshot.update.records.per.snapshot", "3"),
    ("group.share.max.share.sessions", "3"),
];
const GROUP: Str = Str::from_static("g");
const LOCK: Duration = Duration::from_secs(30);

async fn topic_id(cluster: &Cluster) -> Uuid {
    let metadata = cluster.metadata(Some(&[TOPIC])).await.expect("metadata");
    metadata.topics[0].topic_id
}

/// The group begins at the start of the topic.
async fn initialize(cluster: &Cluster, env: &Env, start_offset: i64) -> Uuid {
    let topic_id = topic_id(cluster).await;
    let key = Str::from(format!("{GROUP}:{topic_id}:0"));
    let find = FindCoordinatorRequest {
        key_type: 2,
        coordinator_keys: vec![key],
        ..FindCoordinatorRequest::default()
    };
    let partition = initialize_share_group_state_request::PartitionData {
        start_offset,
        ..initialize_share_group_state_request::PartitionData::default()
    };
    let topic = initialize_share_group_state_request::InitializeStateData {
        topic_id,
        partitions: vec![partition],
        ..initialize_share_group_state_request::InitializeStateData::default()
    };
    let request = InitializeShareGroupStateRequest {
        group_id: GROUP,
        topics: vec![topic],
        ..InitializeShareGroupStateRequest::default()
    };
    for _ in 0..100 {
        let connection = cluster.any().await.expect("a connection");
        let found = connection.call_version(&find, 6, LIMIT).await.expect("an answer");
        let answer = connection.call(&request).await.expect("an answer");
        let partition = &answer.results[0].partitions[0];
        if found.coordinators[0].error_code == 0 && partition.error_code == 0 {
            return topic_id;
        }
        env.sleep(Duration::from_millis(50)).await;
    }
    panic!("the state does not begin");
}

/// A member with a connection of its own.
struct Member {
    name: &'static str,
    connection: Connection,
    topic_id: Uuid,
    epoch: i32,
}

type Ack = (i64, i64, Vec<i8>);

impl Member {
    async fn join(env: &Env, name: &'static str, topic_id: Uuid) -> Self {
        let connection = client(env).any().await.expect("a connection");
        Self { name, connection, topic_id, epoch: 0 }
    }

    fn request(&self, acks: &[Ack], max_records: i32) -> ShareFetchRequest {
        let batches = acks.iter().map(|(first_offset, last_offset, types)| {
            share_fetch_request::AcknowledgementBatch {
                first_offset: *first_offset,
                last_offset: *last_offset,
                acknowledge_types: types.clone(),
                ..share_fetch_request::AcknowledgementBatch::default()
            }
        });
        let partition = share_fetch_request::FetchPartition {
            acknowledgement_batches: batches.collect(),
            ..share_fetch_request::FetchPartition::default()
        };
        let topic = share_fetch_request::FetchTopic {
            topic_id: self.topic_id,
            partitions: vec![partition],
            ..share_fetch_request::FetchTopic::default()
        };
        ShareFetchRequest {
            group_id: Some(GROUP),
            member_id: Some(Str::from(self.name)),
            share_session_epoch: self.epoch,
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: 1 << 20,
            max_records,
            batch_size: 100,
            topics: vec![topic],
            ..ShareFetchRequest::default()
        }
    }

    async fn send(&mut self, request: &ShareFetchRequest) -> ShareFetchResponse {
        let response = self.connection.call(request).await.expect("an answer");
        if response.error_code == 0 {
            self.epoch += 1;
        }
        response
    }

    /// Fetches; the offsets acquired with their counts, and the values.
    async fn fetch(&mut self, acks: &[Ack]) -> (Vec<(i64, i64, i16)>, Vec<String>) {
        let request = self.request(acks, 100);
        let response = self.send(&request).await;
        assert_eq!(response.error_code, 0);
        match response.responses.first().and_then(|topic| topic.partitions.first()) {
            Some(partition) => acquired(partition),
            None => (Vec::new(), Vec::new()),
        }
    }

    async fn acknowledge(&mut self, acks: &[Ack]) -> i16 {
        let batches = acks.iter().map(|(first_offset, last_offset, types)| {
            share_acknowledge_request::AcknowledgementBatch {
                first_offset: *first_offset,
                last_offset: *last_offset,
                acknowledge_types: types.clone(),
                ..share_acknowledge_request::AcknowledgementBatch::default()
            }
        });
        let partition = share_acknowledge_request::AcknowledgePartition {
            acknowledgement_batches: batches.collect(),
            ..share_acknowledge_request::AcknowledgePartition::default()
        };
        let topic = share_acknowledge_request::AcknowledgeTopic {
            topic_id: self.topic_id,
            partitions: vec![partition],
            ..share_acknowledge_request::AcknowledgeTopic::default()
        };
        let request = ShareAcknowledgeRequest {
            group_id: Some(GROUP),
            member_id: Some(Str::from(self.name)),
            share_session_epoch: self.epoch,
            topics: vec![topic],
            ..ShareAcknowledgeRequest::default()
        };
        let response = self.connection.call(&request).await.expect("an answer");
        if response.error_code != 0 {
            return response.error_code;
        }
        self.epoch += 1;
        response.responses[0].partitions[0].error_code
    }
}

fn acquired(partition: &PartitionData) -> (Vec<(i64, i64, i16)>, Vec<String>) {
    assert_eq!((partition.error_code, partition.acknowledge_error_code), (0, 0));
    let ranges = partition.acquired_records.iter();
    let ranges = ranges.map(|range| (range.first_offset, range.last_offset, range.delivery_count));
    let bytes = Records::as_bytes(&partition.records).cloned().unwrap_or_default();
    (ranges.collect(), decode(&bytes))
}

fn values(numbers: std::ops::Range<i32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

async fn produce_all(cluster: &Cluster, numbers: std::ops::Range<i32>) {
    for number in numbers {
        produce(cluster, &number.to_string()).await;
    }
}

/// kafka-semantics 160 to 162, 168: what is accepted is done, also for the leader after this one;
/// what is released, late or never acknowledged comes again.
#[test]
fn records_are_delivered_until_they_are_done() {
    on_a_node(1, async |broker, user| {
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        let topic_id = initialize(&cluster, &env, 0).await;
        produce_all(&cluster, 0..6).await;

        let mut anne = Member::join(&env, "anne", topic_id).await;
        let mut bert = Member::join(&env, "bert", topic_id).await;
        // The state is read while the first fetch waits.
        assert_eq!(anne.fetch(&[]).await, (vec![(0, 5, 1)], values(0..6)));
        assert_eq!(bert.fetch(&[]).await.0, []);
        assert_eq!(anne.acknowledge(&[(0, 3, vec![1, 2, 3, 1])]).await, 0);
        assert_eq!(bert.fetch(&[]).await, (vec![(1, 1, 2)], values(1..2)));
        assert_eq!(bert.acknowledge(&[(0, 0, vec![1])]).await, 0, "done already");
        let not_theirs = ErrorCode::InvalidRecordState.code();
        assert_eq!(bert.acknowledge(&[(4, 4, vec![1])]).await, not_theirs);
        let invalid = ErrorCode::InvalidRequest.code();
        for acks in [
            vec![(1, 0, vec![1])],
            vec![(1, 1, vec![])],
            vec![(1, 1, vec![9])],
            vec![(1, 1, vec![4])],
            vec![(4, 5, vec![1]), (1, 1, vec![1])],
            vec![(1, 1, vec![1, 1])],
            vec![(0, i64::MAX, vec![1])],
        ] {
            assert_eq!(bert.acknowledge(&acks).await, invalid, "{acks:?}");
        }
        assert_eq!(bert.acknowledge(&[(1, 1, vec![1])]).await, 0);
        // A fetch that waits gets what a lock gives back.
        let began = env.now();
        let mut late = bert.request(&[], 100);
        late.max_wait_ms = 60_000;
        let response = bert.send(&late).await;
        let partition = &response.responses[0].partitions[0];
        assert_eq!(acquired(partition), (vec![(4, 5, 2)], values(4..6)));
        assert!(env.now() - began <= LOCK);
        assert_eq!(bert.acknowledge(&[(4, 4, vec![1])]).await, 0);

        broker.kill();
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let mut carl = Member::join(&env, "carl", topic_id).await;
        produce_all(&cluster, 6..8).await;
        let (ranges, values_read) = carl.fetch(&[]).await;
        assert_eq!(
            ranges.iter().map(|(first, last, _)| (*first, *last)).collect::<Vec<_>>(),
            [(5, 5), (6, 7)]
        );
        assert_eq!(values_read, values(5..8));
        assert_eq!(carl.fetch(&[(5, 7, vec![1])]).await.0, []);
    });
}

/// kafka-semantics 164: sessions have epochs, are not too many, and end with their connection.
#[test]
fn sessions_end_and_their_records_come_back() {
    on_a_node(2, async |broker, user| {
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        let topic_id = initialize(&cluster, &env, 0).await;
        produce_all(&cluster, 0..4).await;
        let mut anne = Member::join(&env, "anne", topic_id).await;
        let mut bert = Member::join(&env, "bert", topic_id).await;
        assert_eq!(anne.fetch(&[]).await.0, [(0, 3, 1)]);
        assert_eq!(bert.fetch(&[]).await.0, []);
        drop(anne);
        assert_eq!(bert.fetch(&[]).await.0, [(0, 3, 2)]);
        // It closes its session.
        bert.epoch = -1;
        let request = bert.request(&[(0, 1, vec![1])], 0);
        assert_eq!(bert.send(&request).await.error_code, 0);
        let mut carl = Member::join(&env, "carl", topic_id).await;
        assert_eq!(carl.fetch(&[]).await.0, [(2, 3, 3)]);
        for (epoch, error) in [
            (7, ErrorCode::InvalidShareSessionEpoch),
            (i32::MIN, ErrorCode::InvalidShareSessionEpoch),
        ] {
            let right = std::mem::replace(&mut carl.epoch, epoch);
            let request = carl.request(&[], 1);
            assert_eq!(carl.send(&request).await.error_code, error.code(), "{epoch}");
            carl.epoch = right;
        }
        for epoch in [3, -1] {
            let mut nobody = Member::join(&env, "nobody", topic_id).await;
            nobody.epoch = epoch;
            let request = nobody.request(&[], 1);
            let not_found = ErrorCode::ShareSessionNotFound.code();
            assert_eq!(nobody.send(&request).await.error_code, not_found);
        }
        for name in ["", "0123456789012345678901234567890123456"] {
            let mut member = Member::join(&env, name, topic_id).await;
            let request = member.request(&[], 1);
            assert_eq!(member.send(&request).await.error_code, ErrorCode::InvalidRequest.code());
        }
        let mut others = Vec::new();
        for name in ["d", "e", "f", "g"] {
            let mut member = Member::join(&env, name, topic_id).await;
            let request = member.request(&[], 1);
            let response = member.send(&request).await;
            others.push((member, response.error_code));
        }
        let limit = ErrorCode::ShareSessionLimitReached.code();
        let codes: Vec<i16> = others.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes, [0, 0, limit, limit]);
    });
}

/// kafka-semantics 166: who wants no more than some records gets no more; kafka-semantics 162: who
/// renews locks waits for no records.
#[test]
fn limits_are_kept_and_locks_renewed() {
    on_a_node(3, async |broker, user| {
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        let topic_id = initialize(&cluster, &env, 2).await;
        produce_all(&cluster, 0..8).await;
        let mut anne = Member::join(&env, "anne", topic_id).await;
        let mut request = anne.request(&[], 3);
        request.share_acquire_mode = 1;
        let response = anne.send(&request).await;
        assert_eq!(response.acquisition_lock_timeout_ms, 30_000);
        assert_eq!(acquired(&response.responses[0].partitions[0]), (vec![(2, 4, 1)], values(2..5)));
        env.sleep(LOCK - Duration::from_secs(1)).await;
        let mut renew = anne.request(&[(2, 3, vec![4])], 0);
        renew.is_renew_ack = true;
        assert_eq!(anne.send(&renew).await.error_code, ErrorCode::InvalidRequest.code());
        renew.max_wait_ms = 0;
        renew.min_bytes = 0;
        renew.max_bytes = 0;
        let response = anne.send(&renew).await;
        let partition = &response.responses[0].partitions[0];
        assert_eq!((response.error_code, partition.acknowledge_error_code), (0, 0));
        env.sleep(Duration::from_secs(2)).await;
        let mut bert = Member::join(&env, "bert", topic_id).await;
        assert_eq!(bert.fetch(&[]).await.0, [(4, 4, 2), (5, 9 - 2, 1)]);
    });
}

/// What is stored of the share partition, as another coordinator would read it.
async fn stored(cluster: &Cluster, topic_id: Uuid) -> (i64, usize) {
    let partition = read_share_group_state_request::PartitionData {
        leader_epoch: -1,
        ..read_share_group_state_request::PartitionData::default()
    };
    let topic = read_share_group_state_request::ReadStateData {
        topic_id,
        partitions: vec![partition],
        ..read_share_group_state_request::ReadStateData::default()
    };
    let request = ReadShareGroupStateRequest {
        group_id: GROUP,
        topics: vec![topic],
        ..ReadShareGroupStateRequest::default()
    };
    let answer = cluster.call(&request).await.expect("an answer");
    let partition = &answer.results[0].partitions[0];
    assert_eq!(partition.error_code, 0);
    (partition.start_offset, partition.state_batches.len())
}

/// kafka-semantics 168, and kafka-storage 8.3: whenever the node dies, what was answered stays.
#[test]
fn acknowledged_records_never_come_back() {
    for seed in 10..25 {
        on_a_node(seed, async |broker, user| {
            std::mem::forget(start_with(&broker.start(), SETTINGS).await);
            let env = user.start();
            let cluster = client(&env);
            create_topic(&cluster, "9223372036854775807").await;
            let topic_id = initialize(&cluster, &env, 0).await;
            let (mut accepted, mut produced) = (Vec::new(), 0);
            for round in 0..6 {
                produce_all(&cluster, produced..produced + 3).await;
                produced += 3;
                let mut member = Member::join(&env, "anne", topic_id).await;
                let mut had = Vec::new();
                for _ in 0..4 {
                    let (ranges, _) = member.fetch(&[]).await;
                    for (first, last, _) in ranges {
                        had.extend(first..=last);
                    }
                }
                for offset in had {
                    assert!(!accepted.contains(&offset), "seed {seed}: {offset} came back");
                    if !(offset as u64 + seed + round).is_multiple_of(3) {
                        assert_eq!(member.acknowledge(&[(offset, offset, vec![1])]).await, 0);
                        accepted.push(offset);
                    }
                }
                let (start, batches) = stored(&cluster, topic_id).await;
                assert!(start <= i64::from(produced) && batches <= produced as usize);
                broker.kill();
                std::mem::forget(start_with(&broker.start(), SETTINGS).await);
            }
        });
    }
}
