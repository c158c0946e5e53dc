//! Groups and committed offsets on a whole node, on the simulated environment, through the wire in
//! every version.

use std::time::Duration;

use client::{ClientConfig, Cluster, Connection};
use config::{Origin, ServerConfig, StaticConfig};
use env::{Env, Sim, SimNode};
use ottla::{Loggers, Node, NodeOptions};
use wire::messages::{
    CreateTopicsRequest, DeleteGroupsRequest, DeleteTopicsRequest, DescribeGroupsRequest,
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, ListGroupsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
    create_topics_request::CreatableTopic,
    join_group_request::JoinGroupRequestProtocol,
    leave_group_request::MemberIdentity,
    metadata_request::MetadataRequestTopic,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    offset_fetch_request::{
        OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    },
    sync_group_request::SyncGroupRequestAssignment,
};
use wire::{Bytes, ErrorCode, Str, Uuid};

const TOPIC: Str = Str::from_static("t");
const LIMIT: Duration = Duration::from_secs(30);

fn configuration() -> ServerConfig {
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
    ServerConfig::new(settings).expect("a configuration")
}

async fn start(env: &Env) -> Node {
    let options = NodeOptions {
        config: configuration(),
        cluster_id: None,
        data_threads: 1,
        loggers: Loggers::none(),
    };
    Node::start(env, options).await.expect("the node starts")
}

/// A client of a node whose group coordinator serves.
struct User {
    env: Env,
    cluster: Cluster,
}

impl User {
    async fn new(env: Env) -> Self {
        let config = ClientConfig::new("broker:9092", "user").expect("an address");
        let user = Self { cluster: Cluster::new(&env, config), env };
        let connection = user.connection().await;
        let request = FindCoordinatorRequest { key: Str::from("g"), ..Default::default() };
        let first = connection.call_version(&request, 3, LIMIT).await.expect("an answer");
        if first.error_code != 0 {
            // kafka-semantics 243: the missing topic is created meanwhile.
            assert_eq!(first.error_code, ErrorCode::CoordinatorNotAvailable.code());
        }
        user.until(async || {
            let found = connection.call_version(&request, 3, LIMIT).await.expect("an answer");
            let request = ListGroupsRequest::default();
            let listed = connection.call_version(&request, 5, LIMIT).await.expect("an answer");
            found.error_code == 0 && listed.error_code == 0
        })
        .await;
        user
    }

    async fn connection(&self) -> Connection {
        self.cluster.any().await.expect("a connection")
    }

    /// Waits until something is so, in virtual time.
    async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        for _ in 0..1_000 {
            if is_so().await {
                return;
            }
            self.env.sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not come true");
    }

    async fn create_topic(&self) -> Uuid {
        let topic = CreatableTopic {
            name: TOPIC,
            num_partitions: 3,
            replication_factor: 1,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        let response = self.cluster.call(&request).await.expect("an answer");
        assert_eq!(response.topics[0].error_code, 0);
        let topics = vec![MetadataRequestTopic { name: Some(TOPIC), ..Default::default() }];
        let request = MetadataRequest { topics: Some(topics), ..Default::default() };
        let mut id = Uuid::ZERO;
        self.until(async || {
            let response = self.cluster.call(&request).await.expect("an answer");
            id = response.topics[0].topic_id;
            response.topics[0].error_code == 0
        })
        .await;
        id
    }
}

fn on_a_node(test: impl AsyncFnOnce(&SimNode, &SimNode)) {
    let sim = Sim::new(1);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(test(&broker, &user));
}

fn join(group_id: &Str, member_id: &Str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: group_id.clone(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.clone(),
        protocol_type: Str::from("consumer"),
        protocols: vec![JoinGroupRequestProtocol {
            name: Str::from("range"),
            metadata: Bytes::from_static(b"m"),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// Joins a group as its only member, in the way of the version.
async fn join_alone(connection: &Connection, group_id: &Str, version: i16) -> JoinGroupResponse {
    let call = async |member_id: &Str| {
        let request = join(group_id, member_id);
        connection.call_version(&request, version, LIMIT).await.expect("an answer")
    };
    let joined = call(&Str::new()).await;
    if version < 4 {
        return joined;
    }
    // kafka-semantics 91.
    assert_eq!(joined.error_code, ErrorCode::MemberIdRequired.code());
    assert!(joined.member_id.starts_with("user-") || joined.member_id.contains('-'));
    call(&joined.member_id).await
}

fn sync(group_id: &Str, joined: &JoinGroupResponse, version: i16) -> SyncGroupRequest {
    let named = |name| (version >= 5).then(|| Str::from_static(name));
    SyncGroupRequest {
        group_id: group_id.clone(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: named("consumer"),
        protocol_name: named("range"),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: joined.member_id.clone(),
            assignment: Bytes::from_static(b"A"),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn heartbeat(group_id: &Str, joined: &JoinGroupResponse) -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: group_id.clone(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..Default::default()
    }
}

#[test]
fn a_member_comes_and_goes_in_every_version() {
    on_a_node(async |broker, user| {
        let _node = start(&broker.start()).await;
        let user = User::new(user.start()).await;
        let connection = user.connection().await;
        for version in 0..=9_i16 {
            let group_id = Str::from(format!("g{version}"));
            let joined = join_alone(&connection, &group_id, version).await;
            assert_eq!((joined.error_code, joined.generation_id), (0, 1), "version {version}");
            assert_eq!(joined.members.len(), 1);

            let sync_version = version.min(5);
            let request = sync(&group_id, &joined, sync_version);
            let synced =
                connection.call_version(&request, sync_version, LIMIT).await.expect("an answer");
            assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"A"[..]));

            let request = heartbeat(&group_id, &joined);
            let alive =
                connection.call_version(&request, version.min(4), LIMIT).await.expect("an answer");
            assert_eq!(alive.error_code, 0);

            for version in 0..=6 {
                let request = DescribeGroupsRequest {
                    groups: vec![group_id.clone(), Str::from("nobody")],
                    ..Default::default()
                };
                let response =
                    connection.call_version(&request, version, LIMIT).await.expect("an answer");
                let described = |id: &str| {
                    response.groups.iter().find(|group| group.group_id == *id).expect("described")
                };
                let group = described(&group_id);
                assert_eq!((&*group.group_state, &*group.protocol_data), ("Stable", "range"));
                assert_eq!(&group.members[0].member_metadata[..], b"m");
                assert!(group.members[0].client_host.starts_with('/'));
                // KIP-1043.
                let absent = described("nobody");
                let not_found = if version >= 6 { ErrorCode::GroupIdNotFound.code() } else { 0 };
                assert_eq!((&*absent.group_state, absent.error_code), ("Dead", not_found));
            }

            let leave_version = version.min(5);
            let mut request = LeaveGroupRequest { group_id, ..Default::default() };
            if leave_version < 3 {
                request.member_id = joined.member_id.clone();
            } else {
                let member_id = joined.member_id.clone();
                request.members = vec![MemberIdentity { member_id, ..Default::default() }];
            }
            let left =
                connection.call_version(&request, leave_version, LIMIT).await.expect("an answer");
            assert_eq!(left.error_code, 0);
            assert!(left.members.iter().all(|member| member.error_code == 0));
        }
        for version in 0..=5 {
            let request = ListGroupsRequest::default();
            let listed =
                connection.call_version(&request, version, LIMIT).await.expect("an answer");
            assert_eq!(listed.groups.len(), 10, "version {version}");
        }
    });
}

fn commit(group_id: &Str, topic_id: Uuid, version: i16, offset: i64) -> OffsetCommitRequest {
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset + i64::from(partition_index),
        ..Default::default()
    };
    let mut topic = OffsetCommitRequestTopic {
        partitions: vec![partition(0), partition(2), partition(7)],
        ..Default::default()
    };
    match version >= 10 {
        true => topic.topic_id = topic_id,
        false => topic.name = TOPIC,
    }
    OffsetCommitRequest {
        group_id: group_id.clone(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    }
}

/// The committed offsets of partitions 0 and 1.
async fn fetch(connection: &Connection, group_id: &Str, topic_id: Uuid, version: i16) -> [i64; 2] {
    let indexes = vec![0, 1];
    let mut request = OffsetFetchRequest::default();
    if version < 8 {
        request.group_id = group_id.clone();
        let topic = OffsetFetchRequestTopic {
            name: TOPIC,
            partition_indexes: indexes,
            ..Default::default()
        };
        request.topics = Some(vec![topic]);
        let response = connection.call_version(&request, version, LIMIT).await.expect("an answer");
        let partitions = &response.topics[0].partitions;
        return [0, 1].map(|index| partitions[index].committed_offset);
    }
    let mut topic = OffsetFetchRequestTopics { partition_indexes: indexes, ..Default::default() };
    match version >= 10 {
        true => topic.topic_id = topic_id,
        false => topic.name = TOPIC,
    }
    let group = OffsetFetchRequestGroup {
        group_id: group_id.clone(),
        topics: Some(vec![topic]),
        ..Default::default()
    };
    request.groups = vec![group];
    let response = connection.call_version(&request, version, LIMIT).await.expect("an answer");
    let partitions = &response.groups[0].topics[0].partitions;
    [0, 1].map(|index| partitions[index].committed_offset)
}

#[test]
fn offsets_are_committed_and_fetched_in_every_version() {
    on_a_node(async |broker, user| {
        let _node = start(&broker.start()).await;
        let user = User::new(user.start()).await;
        let topic_id = user.create_topic().await;
        let connection = user.connection().await;
        for version in 2..=10_i16 {
            let group_id = Str::from(format!("g{version}"));
            let request = commit(&group_id, topic_id, version, 100);
            let response =
                connection.call_version(&request, version, LIMIT).await.expect("an answer");
            // kafka-semantics 115: what does not exist fails alone.
            let results: Vec<(i32, i16)> = response.topics[0]
                .partitions
                .iter()
                .map(|partition| (partition.partition_index, partition.error_code))
                .collect();
            let unknown = ErrorCode::UnknownTopicOrPartition.code();
            assert_eq!(results, [(7, unknown), (0, 0), (2, 0)], "version {version}");
            for fetch_version in 1..=10 {
                let offsets = fetch(&connection, &group_id, topic_id, fetch_version).await;
                assert_eq!(offsets, [100, -1], "version {version}, {fetch_version}");
            }
        }

        // kafka-semantics 112, kafka-apis 44: a group that does not exist.
        for (version, error) in [(8, ErrorCode::IllegalGeneration), (9, ErrorCode::GroupIdNotFound)]
        {
            let mut request = commit(&Str::from("nobody"), topic_id, version, 1);
            request.generation_id_or_member_epoch = 1;
            let response =
                connection.call_version(&request, version, LIMIT).await.expect("an answer");
            assert_eq!(response.topics[0].partitions[1].error_code, error.code());
        }

        // kafka-semantics 120.
        let request = OffsetDeleteRequest {
            group_id: Str::from("g2"),
            topics: vec![OffsetDeleteRequestTopic {
                name: TOPIC,
                partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
            }],
        };
        let response = connection.call_version(&request, 0, LIMIT).await.expect("an answer");
        assert_eq!((response.error_code, response.topics[0].partitions[0].error_code), (0, 0));
        assert_eq!(fetch(&connection, &Str::from("g2"), topic_id, 8).await, [-1, -1]);
        for version in 0..=2 {
            let groups_names = vec![Str::from(format!("g{}", version + 3)), Str::from("nobody")];
            let request = DeleteGroupsRequest { groups_names, ..Default::default() };
            let response =
                connection.call_version(&request, version, LIMIT).await.expect("an answer");
            let mut errors: Vec<i16> =
                response.results.iter().map(|group| group.error_code).collect();
            errors.sort_unstable();
            assert_eq!(errors, [0, ErrorCode::GroupIdNotFound.code()], "version {version}");
        }
    });
}

/// kafka-semantics 121.
#[test]
fn offsets_go_with_their_topic() {
    on_a_node(async |broker, user| {
        let _node = start(&broker.start()).await;
        let user = User::new(user.start()).await;
        let topic_id = user.create_topic().await;
        let connection = user.connection().await;
        let group_id = Str::from("g");
        let request = commit(&group_id, topic_id, 9, 5);
        connection.call_version(&request, 9, LIMIT).await.expect("an answer");
        assert_eq!(fetch(&connection, &group_id, topic_id, 8).await, [5, -1]);
        let request = DeleteTopicsRequest {
            topic_names: vec![TOPIC],
            timeout_ms: 10_000,
            ..Default::default()
        };
        connection.call_version(&request, 5, LIMIT).await.expect("an answer");
        user.until(async || fetch(&connection, &group_id, topic_id, 8).await == [-1, -1]).await;
    });
}

/// kafka-semantics 110: after a crash members go on in their generation, and offsets are there.
#[test]
fn groups_outlive_a_crash() {
    on_a_node(async |broker, user| {
        let _node = start(&broker.start()).await;
        let client = User::new(user.start()).await;
        let topic_id = client.create_topic().await;
        let connection = client.connection().await;
        let group_id = Str::from("g");
        let joined = join_alone(&connection, &group_id, 9).await;
        let request = sync(&group_id, &joined, 5);
        connection.call_version(&request, 5, LIMIT).await.expect("an answer");
        for offset in 0..50 {
            let mut request = commit(&group_id, topic_id, 9, offset);
            request.member_id = joined.member_id.clone();
            request.generation_id_or_member_epoch = joined.generation_id;
            let response = connection.call_version(&request, 9, LIMIT).await.expect("an answer");
            assert_eq!(response.topics[0].partitions[1].error_code, 0);
        }

        broker.kill();
        let _node = start(&broker.start()).await;
        let client = User::new(user.start()).await;
        let connection = client.connection().await;
        let request = heartbeat(&group_id, &joined);
        let alive = connection.call_version(&request, 4, LIMIT).await.expect("an answer");
        assert_eq!(alive.error_code, 0);
        let request = sync(&group_id, &joined, 5);
        let synced = connection.call_version(&request, 5, LIMIT).await.expect("an answer");
        assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"A"[..]));
        assert_eq!(fetch(&connection, &group_id, topic_id, 9).await, [49, -1]);
    });
}
