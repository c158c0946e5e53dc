//! Throttles of moves: settings of the brokers and topics concerned.

use std::collections::{BTreeMap, BTreeSet};

use client::{ConfigChange, Partitions, Reassignments, TOPIC_RESOURCE};
use wire::Str;

use super::{Context, Error, plural};
use crate::java::hash_order;

const BROKER: i8 = 4;
const LEADER_RATE: &str = "leader.replication.throttled.rate";
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
const LOG_DIRS_RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
const LEADER_REPLICAS: &str = "leader.replication.throttled.replicas";
const FOLLOWER_REPLICAS: &str = "follower.replication.throttled.replicas";

/// Brokers that a partition is read from, and brokers that it goes to.
#[derive(Debug, Clone, Default)]
struct Move {
    sources: BTreeSet<i32>,
    destinations: BTreeSet<i32>,
}

fn set(name: &'static str, value: &str) -> (Str, ConfigChange) {
    (Str::from(name), ConfigChange::Set(Str::copy_from(value)))
}

/// Limits what moves between brokers.
pub(super) async fn between_brokers(
    context: &mut Context<'_>,
    under_way: &Reassignments,
    proposed: &Partitions<Vec<i32>>,
    current: &Partitions<Vec<i32>>,
    rate: i64,
) -> Result<(), Error> {
    let moves = moves(under_way, proposed, current);
    let mut topics: BTreeMap<&Str, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for ((topic, partition), moved) in &moves {
        let (leaders, followers) = topics.entry(topic).or_default();
        leaders.extend(moved.sources.iter().map(|id| format!("{partition}:{id}")));
        let new = moved.destinations.difference(&moved.sources);
        followers.extend(new.map(|id| format!("{partition}:{id}")));
    }
    let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(",");
    for (topic, (leaders, followers)) in topics {
        let changes =
            vec![set(LEADER_REPLICAS, &list(leaders)), set(FOLLOWER_REPLICAS, &list(followers))];
        context.admin.alter_configs(TOPIC_RESOURCE, topic, changes).await?;
    }
    let brokers: BTreeSet<i32> = moves
        .values()
        .flat_map(|moved| moved.sources.union(&moved.destinations))
        .copied()
        .collect();
    for id in brokers {
        let rate = rate.to_string();
        let changes = vec![set(LEADER_RATE, &rate), set(FOLLOWER_RATE, &rate)];
        context.admin.alter_configs(BROKER, &Str::copy_from(&id.to_string()), changes).await?;
    }
    context.terminal.say(format!("The inter-broker throttle limit was set to {rate} B/s"))?;
    Ok(())
}

fn moves(
    under_way: &Reassignments,
    proposed: &Partitions<Vec<i32>>,
    current: &Partitions<Vec<i32>>,
) -> Partitions<Move> {
    let mut moves = Partitions::new();
    for (key, moved) in under_way {
        let destinations: BTreeSet<i32> = moved.adding_replicas.iter().copied().collect();
        let sources = moved.replicas.iter().copied();
        let sources = sources.filter(|id| !destinations.contains(id)).collect();
        moves.insert(key.clone(), Move { sources, destinations });
    }
    for (key, replicas) in proposed {
        let sources: BTreeSet<i32> = match moves.get(key) {
            Some(moved) => moved.sources.clone(),
            None => current.get(key).into_iter().flatten().copied().collect(),
        };
        let destinations = replicas.iter().copied().filter(|id| !sources.contains(id)).collect();
        moves.insert(key.clone(), Move { sources, destinations });
    }
    moves
}

/// Limits what moves between log directories.
pub(super) async fn between_log_dirs(
    context: &mut Context<'_>,
    brokers: BTreeSet<i32>,
    rate: i64,
) -> Result<(), Error> {
    for id in brokers {
        let changes = vec![set(LOG_DIRS_RATE, &rate.to_string())];
        context.admin.alter_configs(BROKER, &Str::copy_from(&id.to_string()), changes).await?;
    }
    context.terminal.say(format!("The replica-alter-dir throttle limit was set to {rate} B/s"))?;
    Ok(())
}

/// Takes all limits away.
pub(super) async fn clear(
    context: &mut Context<'_>,
    partitions: &[((Str, i32), Vec<i32>)],
) -> Result<(), Error> {
    let nodes = context.admin.describe_cluster(false).await?.brokers.into_iter();
    let mut brokers: BTreeSet<i32> = nodes.map(|node| node.broker_id).collect();
    brokers.extend(partitions.iter().flat_map(|(_, replicas)| replicas));
    let brokers = hash_order(brokers.into_iter().collect(), |id| id);
    let (suffix, list) = (plural(brokers.len()), super::joined(&brokers));
    context.terminal.say(format!("Clearing broker-level throttles on broker{suffix} {list}"))?;
    let delete = |name: &'static str| (Str::from(name), ConfigChange::Delete);
    for id in brokers {
        let changes = [LEADER_RATE, FOLLOWER_RATE, LOG_DIRS_RATE].map(delete).to_vec();
        context.admin.alter_configs(BROKER, &Str::copy_from(&id.to_string()), changes).await?;
    }
    let topics: BTreeSet<&Str> = partitions.iter().map(|((topic, _), _)| topic).collect();
    let topics = hash_order(topics.into_iter().collect(), |topic| *topic);
    let list: Vec<&str> = topics.iter().map(|topic| &***topic).collect();
    let (suffix, list) = (plural(topics.len()), list.join(","));
    context.terminal.say(format!("Clearing topic-level throttles on topic{suffix} {list}"))?;
    for topic in topics {
        let changes = [LEADER_REPLICAS, FOLLOWER_REPLICAS].map(delete).to_vec();
        context.admin.alter_configs(TOPIC_RESOURCE, topic, changes).await?;
    }
    Ok(())
}
