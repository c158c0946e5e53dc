//! Share groups on a whole node, on the simulated environment, by the protocol alone: members come and
//! go, start offsets are set and forgotten, groups deleted (kafka-semantics 158, 169).

use std::time::Duration;

use client::Cluster;
use env::Env;
use wire::messages::{
    AlterShareGroupOffsetsRequest, DeleteGroupsRequest, DeleteShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequest, FindCoordinatorRequest, ListGroupsRequest,
    ReadShareGroupStateRequest, ShareFetchRequest, ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, alter_share_group_offsets_request,
    delete_share_group_offsets_request, describe_share_group_offsets_request,
    read_share_group_state_request, share_fetch_request,
};
use wire::{ErrorCode, Str, Uuid};

mod support;

use support::*;

const SETTINGS: &[(&str, &str)] = &[
    ("offsets.topic.num.partitions", "3"),
    ("offsets.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "3"),
];
const GROUP: Str = Str::from_static("g");

async fn heartbeat(cluster: &Cluster, member: &str, epoch: i32) -> ShareGroupHeartbeatResponse {
    let request = ShareGroupHeartbeatRequest {
        group_id: GROUP,
        member_id: Str::copy_from(member),
        member_epoch: epoch,
        subscribed_topic_names: (epoch == 0).then(|| vec![TOPIC]),
        ..ShareGroupHeartbeatRequest::default()
    };
    cluster.call(&request).await.expect("an answer")
}

/// Joins and waits for a partition: the topic's id and the member's epoch.
async fn join(cluster: &Cluster, env: &Env, member: &str) -> (Uuid, i32) {
    let find = FindCoordinatorRequest {
        coordinator_keys: vec![GROUP],
        ..FindCoordinatorRequest::default()
    };
    let mut epoch = 0;
    for _ in 0..100 {
        // It creates the topic of groups.
        let connection = cluster.any().await.expect("a connection");
        connection.call_version(&find, 6, LIMIT).await.expect("an answer");
        let beat = heartbeat(cluster, member, epoch).await;
        if beat.error_code == 0 {
            epoch = beat.member_epoch;
            let topics = beat.assignment.into_iter().flat_map(|given| given.topic_partitions);
            if let Some(topic) = topics.into_iter().next() {
                assert_eq!(topic.partitions, [0]);
                return (topic.topic_id, epoch);
            }
        }
        env.sleep(Duration::from_millis(500)).await;
    }
    panic!("{member} gets nothing");
}

/// What the first fetch of a member's session acquires.
async fn fetch(env: &Env, member: &str, topic_id: Uuid) -> Vec<(i64, i64)> {
    let topic = share_fetch_request::FetchTopic {
        topic_id,
        partitions: vec![share_fetch_request::FetchPartition::default()],
        ..share_fetch_request::FetchTopic::default()
    };
    let request = ShareFetchRequest {
        group_id: Some(GROUP),
        member_id: Some(Str::copy_from(member)),
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 1 << 20,
        max_records: 100,
        batch_size: 100,
        topics: vec![topic],
        ..ShareFetchRequest::default()
    };
    let connection = client(env).any().await.expect("a connection");
    let answer = connection.call(&request).await.expect("an answer");
    let partition = &answer.responses[0].partitions[0];
    assert_eq!((answer.error_code, partition.error_code), (0, 0));
    partition.acquired_records.iter().map(|range| (range.first_offset, range.last_offset)).collect()
}

/// State, epoch and members of the group; nothing of one that is not there.
async fn described(cluster: &Cluster) -> (i16, String, Vec<String>) {
    let request = ShareGroupDescribeRequest {
        group_ids: vec![GROUP],
        ..ShareGroupDescribeRequest::default()
    };
    let answer = cluster.call(&request).await.expect("an answer");
    let group = &answer.groups[0];
    let members = group.members.iter().map(|member| member.member_id.to_string());
    (group.error_code, group.group_state.to_string(), members.collect())
}

/// Start offset and lag as the group's share partition has them.
async fn offsets(cluster: &Cluster) -> (i64, i64) {
    let topic = describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestTopic {
        topic_name: TOPIC,
        partitions: vec![0],
        ..describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestTopic::default()
    };
    let group = describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup {
        group_id: GROUP,
        topics: Some(vec![topic]),
        ..describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup::default()
    };
    let request = DescribeShareGroupOffsetsRequest {
        groups: vec![group],
        ..DescribeShareGroupOffsetsRequest::default()
    };
    let answer = cluster.call(&request).await.expect("an answer");
    let partition = &answer.groups[0].topics[0].partitions[0];
    assert_eq!((answer.groups[0].error_code, partition.error_code), (0, 0));
    (partition.start_offset, partition.lag)
}

async fn alter(cluster: &Cluster, start_offset: i64) -> i16 {
    use alter_share_group_offsets_request::{
        AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
    };

    let partition = AlterShareGroupOffsetsRequestPartition {
        start_offset,
        ..AlterShareGroupOffsetsRequestPartition::default()
    };
    let topic = AlterShareGroupOffsetsRequestTopic {
        topic_name: TOPIC,
        partitions: vec![partition],
        ..AlterShareGroupOffsetsRequestTopic::default()
    };
    let request = AlterShareGroupOffsetsRequest {
        group_id: GROUP,
        topics: vec![topic],
        ..AlterShareGroupOffsetsRequest::default()
    };
    let answer = cluster.call(&request).await.expect("an answer");
    match answer.error_code {
        0 => answer.responses[0].partitions[0].error_code,
        error => error,
    }
}

async fn delete_offsets(cluster: &Cluster) -> (i16, i16) {
    let topic = delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic {
        topic_name: TOPIC,
        ..delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic::default()
    };
    let request = DeleteShareGroupOffsetsRequest {
        group_id: GROUP,
        topics: vec![topic],
        ..DeleteShareGroupOffsetsRequest::default()
    };
    let answer = cluster.call(&request).await.expect("an answer");
    (answer.error_code, answer.responses.first().map_or(0, |topic| topic.error_code))
}

async fn delete(cluster: &Cluster) -> i16 {
    let request =
        DeleteGroupsRequest { groups_names: vec![GROUP], ..DeleteGroupsRequest::default() };
    cluster.call(&request).await.expect("an answer").results[0].error_code
}

/// Whether a share coordinator has a state of the group's share partition.
async fn has_state(cluster: &Cluster, topic_id: Uuid) -> bool {
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
    answer.results[0].partitions[0].error_code == 0
}

/// kafka-semantics 158, 169: a group from its first member to its end, over a crash.
#[test]
fn groups_come_and_go() {
    on_a_node(1, async |broker, user| {
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        for number in 0..6 {
            produce(&cluster, &number.to_string()).await;
        }
        let (topic_id, _) = join(&cluster, &env, "anne").await;
        let (_, bert_epoch) = join(&cluster, &env, "bert").await;
        let stable = (0, String::from("Stable"), vec!["anne".into(), "bert".into()]);
        assert_eq!(described(&cluster).await, stable);
        let non_empty = ErrorCode::NonEmptyGroup.code();
        assert_eq!(alter(&cluster, 2).await, non_empty);
        assert_eq!(delete_offsets(&cluster).await, (non_empty, 0));
        assert_eq!(delete(&cluster).await, non_empty);

        broker.kill();
        std::mem::forget(start_with(&broker.start(), SETTINGS).await);
        let mut left = heartbeat(&cluster, "anne", -1).await;
        while left.error_code != 0 {
            env.sleep(Duration::from_millis(100)).await;
            left = heartbeat(&cluster, "anne", -1).await;
        }
        let fenced = ErrorCode::FencedMemberEpoch.code();
        assert_eq!(heartbeat(&cluster, "bert", bert_epoch + 9).await.error_code, fenced);
        // Bert is silent until its session is over.
        env.sleep(Duration::from_secs(46)).await;
        let unknown = ErrorCode::UnknownMemberId.code();
        assert_eq!(heartbeat(&cluster, "bert", bert_epoch).await.error_code, unknown);
        assert_eq!(described(&cluster).await, (0, String::from("Empty"), Vec::new()));

        assert_eq!(alter(&cluster, 2).await, 0);
        assert_eq!(offsets(&cluster).await, (2, 4));
        join(&cluster, &env, "carl").await;
        assert_eq!(fetch(&env, "carl", topic_id).await, [(2, 5)]);
        assert_eq!(heartbeat(&cluster, "carl", -1).await.error_code, 0);
        assert_eq!(delete_offsets(&cluster).await, (0, 0));
        assert!(!has_state(&cluster, topic_id).await);
        assert_eq!(offsets(&cluster).await, (-1, -1));
        let nothing = ErrorCode::UnknownTopicOrPartition.code();
        assert_eq!(delete_offsets(&cluster).await, (0, nothing));
        assert_eq!(alter(&cluster, 3).await, 0);
        assert!(has_state(&cluster, topic_id).await);
        assert_eq!(delete(&cluster).await, 0);
        assert!(!has_state(&cluster, topic_id).await);
        let listed = cluster.call(&ListGroupsRequest::default()).await.expect("an answer");
        assert_eq!(listed.groups, []);
        assert_eq!(described(&cluster).await.0, ErrorCode::GroupIdNotFound.code());
    });
}
