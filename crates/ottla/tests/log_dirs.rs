//! Replicas move between the log directories of a node, which dies at any step of it.

use std::time::Duration;

use client::Cluster;
use env::{Env, SimNode};
use ottla::Node;
use wire::Str;
use wire::messages::{
    AlterReplicaLogDirsRequest, DeleteTopicsRequest, DescribeLogDirsRequest,
    IncrementalAlterConfigsRequest,
    alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic},
    delete_topics_request::DeleteTopicState,
    incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
};

mod support;

use support::*;

const DIRS: &str = "/a,/b,/c";
const NEVER: &str = "9223372036854775807";

async fn start_in_three(env: &Env) -> Node {
    start_with(env, &[("log.dirs", DIRS)]).await
}

/// Asks for partition 0 to be in a directory; the error code.
async fn alter(cluster: &Cluster, topic: &Str, dir: &str) -> i16 {
    let topic =
        AlterReplicaLogDirTopic { name: topic.clone(), partitions: vec![0], ..Default::default() };
    let dir = AlterReplicaLogDir {
        path: Str::from(dir.to_owned()),
        topics: vec![topic],
        ..Default::default()
    };
    let request = AlterReplicaLogDirsRequest { dirs: vec![dir], ..Default::default() };
    match cluster.call(&request).await {
        Ok(response) => response.results[0].partitions[0].error_code,
        Err(_) => -1,
    }
}

/// Directory, size, lag and whether it is a copy, of each replica of the topic.
async fn places(cluster: &Cluster) -> Vec<(String, i64, i64, bool)> {
    let request = DescribeLogDirsRequest { topics: None, ..DescribeLogDirsRequest::default() };
    let response = cluster.call(&request).await.expect("an answer");
    let mut places = Vec::new();
    for dir in response.results {
        for topic in dir.topics.iter().filter(|topic| topic.name == TOPIC) {
            for p in &topic.partitions {
                let place =
                    (dir.log_dir.to_string(), p.partition_size, p.offset_lag, p.is_future_key);
                places.push(place);
            }
        }
    }
    places
}

/// Waits, in virtual time, until the topic's only replica is in `dir`.
async fn until_in(env: &Env, cluster: &Cluster, dir: &str) {
    for _ in 0..1_000 {
        let places = places(cluster).await;
        if let [(path, _, _, false)] = &places[..]
            && path == dir
        {
            return;
        }
        env.sleep(Duration::from_millis(100)).await;
    }
    panic!("the replica does not come to {dir}: {:?}", places(cluster).await);
}

/// Bounds what all moves together may copy, in bytes per second.
async fn throttle(cluster: &Cluster, bytes_per_second: &str) {
    let config = AlterableConfig {
        name: Str::from_static("replica.alter.log.dirs.io.max.bytes.per.second"),
        value: Some(Str::from(bytes_per_second.to_owned())),
        ..Default::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 4,
        resource_name: Str::from_static("1"),
        configs: vec![config],
        ..Default::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let response = cluster.call(&request).await.expect("an answer");
    assert_eq!(response.responses[0].error_code, 0, "{:?}", response.responses[0].error_message);
}

/// The names of the replica directories in `dir`, without what makes them unique.
fn replica_dirs(node: &SimNode, dir: &str) -> Vec<String> {
    let entries = node.disk().files().read_dir(dir).expect("a listing");
    let names = entries.into_iter().filter(|entry| entry.is_dir && entry.name.starts_with("t-0"));
    let plain = names.map(|entry| match entry.name.rsplit_once('.') {
        Some((plain, suffix)) => format!("{plain}{}", &suffix[32..]),
        None => entry.name,
    });
    plain.collect()
}

/// Produces `values` and notes those that were acknowledged.
async fn produce_all(cluster: &Cluster, sent: &mut Vec<String>, count: usize) {
    for _ in 0..count {
        let value = format!("{} {}", sent.len(), "x".repeat(100));
        produce(cluster, &value).await;
        sent.push(value);
    }
}

#[test]
fn kafka_semantics_206_a_replica_moves_while_it_is_written_and_read() {
    on_a_node(1, async |broker, user| {
        let _node = start_in_three(&broker.start()).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, NEVER).await;
        let mut sent = Vec::new();
        produce_all(&cluster, &mut sent, 200).await;
        let [(from, size, 0, false)] = &places(&cluster).await[..] else { panic!("one replica") };
        assert!(*size > 20_000);
        for dir in ["/a", "/b", "/c", "/a"].into_iter().filter(|dir| dir != from) {
            assert_eq!(alter(&cluster, &TOPIC, dir).await, 0);
            produce_all(&cluster, &mut sent, 100).await;
            assert_eq!(read_all(&cluster).await, sent);
            until_in(&env, &cluster, dir).await;
        }
        assert_eq!(read_all(&cluster).await, sent);
    });
}

#[test]
fn a_throttled_move_is_seen_goes_on_after_a_restart_and_gets_faster_when_it_may() {
    on_a_node(2, async |broker, user| {
        let node = start_in_three(&broker.start()).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, NEVER).await;
        let mut sent = Vec::new();
        produce_all(&cluster, &mut sent, 200).await;
        let from = places(&cluster).await[0].0.clone();
        let to = if from == "/b" { "/c" } else { "/b" };
        throttle(&cluster, "1000").await;
        assert_eq!(alter(&cluster, &TOPIC, to).await, 0);
        env.sleep(Duration::from_secs(10)).await;
        let lag = |places: &[(String, i64, i64, bool)]| {
            assert_eq!(places.len(), 2, "{places:?}");
            let copy = places.iter().find(|place| place.3).expect("a copy");
            assert_eq!(copy.0, to);
            copy.2
        };
        let after_10_s = lag(&places(&cluster).await);
        // 34 kB at 1 kB/s, in batches of 170 bytes.
        assert!((110..170).contains(&after_10_s), "{after_10_s} offsets are missing");

        node.stop().await;
        let _node = start_in_three(&broker.start()).await;
        env.sleep(Duration::from_secs(5)).await;
        let after_15_s = lag(&places(&cluster).await);
        assert!(after_15_s < after_10_s, "{after_15_s}, before {after_10_s}");
        produce_all(&cluster, &mut sent, 10).await;
        throttle(&cluster, "100000000").await;
        until_in(&env, &cluster, to).await;
        assert_eq!(read_all(&cluster).await, sent);
    });
}

#[test]
fn a_move_is_ended_by_naming_another_directory_or_the_one_it_is_in() {
    on_a_node(3, async |broker, user| {
        let _node = start_in_three(&broker.start()).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, NEVER).await;
        let mut sent = Vec::new();
        produce_all(&cluster, &mut sent, 100).await;
        let from = places(&cluster).await[0].0.clone();
        let others: Vec<_> = ["/a", "/b", "/c"].into_iter().filter(|dir| *dir != from).collect();
        throttle(&cluster, "100").await;
        for dir in [others[0], others[1], &from] {
            assert_eq!(alter(&cluster, &TOPIC, dir).await, 0);
            let places = places(&cluster).await;
            let copies: Vec<_> = places.iter().filter(|p| p.3).map(|p| &*p.0).collect();
            assert_eq!(copies, if dir == from { vec![] } else { vec![dir] });
            for other in others.iter().filter(|other| **other != dir) {
                assert!(!replica_dirs(broker, other).contains(&"t-0-future".to_owned()));
            }
        }
        throttle(&cluster, "100000000").await;
        env.sleep(Duration::from_secs(30)).await;
        until_in(&env, &cluster, &from).await;
        assert_eq!(read_all(&cluster).await, sent);
    });
}

#[test]
fn a_topic_that_is_deleted_takes_its_copy_along() {
    on_a_node(4, async |broker, user| {
        let _node = start_in_three(&broker.start()).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, NEVER).await;
        produce_all(&cluster, &mut Vec::new(), 100).await;
        let from = places(&cluster).await[0].0.clone();
        let to = if from == "/b" { "/c" } else { "/b" };
        throttle(&cluster, "100").await;
        assert_eq!(alter(&cluster, &TOPIC, to).await, 0);
        env.sleep(Duration::from_secs(1)).await;
        let topic = DeleteTopicState { name: Some(TOPIC), ..Default::default() };
        let request =
            DeleteTopicsRequest { topics: vec![topic], timeout_ms: 1_000, ..Default::default() };
        assert_eq!(cluster.call(&request).await.expect("an answer").responses[0].error_code, 0);
        env.sleep(Duration::from_secs(120)).await;
        for dir in ["/a", "/b", "/c"] {
            assert_eq!(replica_dirs(broker, dir), Vec::<String>::new(), "in {dir}");
        }
        // A topic of the same name starts anew, and moves.
        throttle(&cluster, "100000000").await;
        create_topic(&cluster, NEVER).await;
        let mut sent = Vec::new();
        produce_all(&cluster, &mut sent, 3).await;
        for dir in ["/a", "/b"] {
            assert_eq!(alter(&cluster, &TOPIC, dir).await, 0);
            until_in(&env, &cluster, dir).await;
        }
        assert_eq!(read_all(&cluster).await, sent);
    });
}

#[test]
fn kafka_semantics_206_a_directory_is_remembered_for_a_topic_to_come() {
    on_a_node(5, async |broker, user| {
        let _node = start_in_three(&broker.start()).await;
        let env = user.start();
        let cluster = client(&env);
        for dir in ["/c", "/b"] {
            assert_eq!(alter(&cluster, &TOPIC, dir).await, 3, "there is no such topic yet");
        }
        create_topic(&cluster, NEVER).await;
        until_in(&env, &cluster, "/b").await;
    });
}

/// Moves a replica while it is written, in a world where the broker's disk sees the process die
/// `changes` operations after the move was asked for; returns whether the move was done before.
/// `power_loss` lets the disk forget as well what was not synced.
async fn die_after(broker: &SimNode, user: &SimNode, changes: u64, power_loss: bool) -> bool {
    let first = start_in_three(&broker.start()).await;
    let env = user.start();
    let cluster = client(&env);
    // Before a power loss, a record is on the disk before it is acknowledged.
    create_topic(&cluster, if power_loss { "1" } else { NEVER }).await;
    let mut sent = Vec::new();
    produce_all(&cluster, &mut sent, 20).await;
    let from = places(&cluster).await[0].0.clone();
    let to = if from == "/b" { "/c" } else { "/b" };
    env.sleep(Duration::from_secs(1)).await;
    broker.disk().process_crash_after(changes);
    let asked = alter(&cluster, &TOPIC, to).await == 0;
    for _ in 0..5 {
        let value = format!("{} {}", sent.len(), "y".repeat(100));
        match try_produce(&cluster, &value, -1).await {
            (0, _) => sent.push(value),
            _ => break,
        }
    }
    env.sleep(Duration::from_millis(500)).await;
    let is_left = !replica_dirs(broker, &from).contains(&"t-0".to_owned());
    let is_done = asked && is_left && replica_dirs(broker, to) == ["t-0"];
    match power_loss {
        true => broker.power_loss(),
        false => broker.kill(),
    }
    drop(first);
    eprintln!(
        "XX {changes} {power_loss} a={:?} b={:?} c={:?}",
        replica_dirs(broker, "/a"),
        replica_dirs(broker, "/b"),
        replica_dirs(broker, "/c")
    );

    let node = start_in_three(&broker.start()).await;
    let cluster = client(&user.start());
    let kept = read_all(&cluster).await;
    let same = kept.iter().zip(&sent).take_while(|(kept, sent)| kept == sent).count();
    assert_eq!(same, sent.len(), "acknowledged records are there, {changes} changes after");
    // What was not acknowledged may be there as well, whole.
    assert!(kept.len() <= sent.len() + 1);
    if asked {
        // Where the move was cut off it goes on.
        let path = if replica_dirs(broker, to).is_empty() { &from } else { to };
        until_in(&env, &cluster, path).await;
    }
    assert_eq!(read_all(&cluster).await, kept);
    let next = produce(&cluster, "more").await;
    assert_eq!(next, kept.len() as i64);
    // The directories hold one replica, and nothing of it is left behind.
    env.sleep(Duration::from_secs(120)).await;
    let all: Vec<String> =
        ["/a", "/b", "/c"].into_iter().flat_map(|dir| replica_dirs(broker, dir)).collect();
    assert_eq!(all, ["t-0"]);
    node.stop().await;
    is_done
}

/// Lets the broker die at each step of a move, and at some of what follows it.
fn die_at_any_step(seed: u64, power_loss: bool) {
    let mut last = u64::MAX;
    for changes in 0.. {
        let mut is_done = false;
        on_a_node(seed + changes, async |broker, user| {
            is_done = die_after(broker, user, changes, power_loss).await;
        });
        if is_done && last == u64::MAX {
            assert!(changes > 20, "the steps of a move are not seen");
            last = changes + 15;
        }
        if changes == last {
            return;
        }
    }
}

#[test]
fn a_move_survives_kill_minus_9_at_any_step() {
    die_at_any_step(0, false);
}

#[test]
fn a_move_survives_the_loss_of_power_at_any_step() {
    die_at_any_step(10_000, true);
}
