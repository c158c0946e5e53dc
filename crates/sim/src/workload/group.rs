//! Members of a group: read, commit, leave or vanish, resume.

use std::time::Duration;

use client::{Consumer, ConsumerConfig, Error, check};
use wire::Str;
use wire::messages::OffsetFetchRequest;
use wire::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};

use super::{Client, Phase, reader};
use crate::history::{Event, Fate, Partition};

/// The last version of OffsetFetch that names topics.
const BY_NAME: i16 = 9;

/// Runs all members until the run stops.
pub(super) async fn run(client: Client, topic: usize, members: usize) {
    let group = Str::from(format!("g{}", client.nth));
    let mut tasks = Vec::new();
    for nth in 0..members {
        // On a shared connection the answer to a join would hold up the other member's.
        let cluster = super::cluster(&client.env, &format!("client{}-{nth}", client.nth));
        let member = Client { cluster, random: client.random.fork(), ..client.clone() };
        let member = Box::pin(be_member(member, topic, group.clone(), nth));
        tasks.push(client.env.spawn("member", member));
    }
    for task in tasks {
        // A panic is told by whoever hears of panics.
        let _ = task.await;
    }
}

async fn be_member(client: Client, topic: usize, group: Str, nth: usize) {
    let random = client.random.clone();
    let name = Str::copy_from(&client.topic(topic).name);
    while !client.stopped() {
        let config = ConsumerConfig {
            group_id: Some(group.clone()),
            group_instance_id: random.chance(1, 4).then(|| Str::from(format!("static-{nth}"))),
            session_timeout: Duration::from_secs(6),
            heartbeat_interval: Duration::from_millis(500),
            ..reader::config(&random)
        };
        let mut consumer = Consumer::new(&client.cluster, config);
        consumer.subscribe(std::slice::from_ref(&name));
        let since = client.history.now();
        let mut rounds = 3 + random.below(15);
        while rounds > 0 {
            // When faults are over members stay: whoever goes keeps the others from getting on.
            rounds -= u64::from(*client.phase.borrow() == Phase::Faults);
            match consumer.poll(Duration::from_millis(400)).await {
                Ok(records) if records.is_empty() => {}
                Ok(records) => reader::record(&client, records, since),
                Err(error) => {
                    reader::failed(&client, &(name.clone(), -1), &error);
                    if matches!(error, Error::Refused { .. }) {
                        break;
                    }
                }
            }
            if random.chance(1, 3) {
                commit(&client, &mut consumer, &group).await;
            }
            if random.chance(1, 4) {
                let index = random.below(client.topic(topic).partitions as u64) as i32;
                look(&client, &group, (name.to_string(), index)).await;
            }
            client.pause(1_000).await;
            if client.stopped() {
                break;
            }
        }
        if random.chance(1, 2) {
            // It may be that nobody hears it: then its session expires.
            let _ = consumer.close().await;
        }
    }
}

async fn commit(client: &Client, consumer: &mut Consumer, group: &Str) {
    let asked_at = client.history.now();
    let positions: Vec<_> = consumer
        .assignment()
        .into_iter()
        .filter_map(|at| consumer.position(&at).map(|position| (at, position)))
        .collect();
    if positions.is_empty() {
        return;
    }
    let fate = match consumer.commit().await {
        Ok(()) => {
            client.add(Event::Progress("committed"));
            Fate::Done
        }
        Err(error) => Fate::Unknown(error.to_string()),
    };
    for ((topic, index), offset) in positions {
        let (group, partition) = (group.to_string(), (topic.to_string(), index));
        client.add(Event::Commit { group, partition, offset, asked_at, fate: fate.clone() });
    }
}

/// Asks for a committed offset and writes it down.
async fn look(client: &Client, group: &Str, partition: Partition) {
    let asked_at = client.history.now();
    if let Ok(offset) = committed(&client.cluster, group, &partition).await {
        let group = group.to_string();
        client.add(Event::Committed { group, partition, offset, asked_at });
    }
}

/// What a group committed, -1 for nothing.
pub(crate) async fn committed(
    cluster: &client::Cluster,
    group: &Str,
    (topic, partition): &Partition,
) -> Result<i64, Error> {
    let connection = cluster.coordinator(group).await?;
    let topic = OffsetFetchRequestTopics {
        name: Str::copy_from(topic),
        partition_indexes: vec![*partition],
        ..OffsetFetchRequestTopics::default()
    };
    let of_group = OffsetFetchRequestGroup {
        group_id: group.clone(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest { groups: vec![of_group], ..OffsetFetchRequest::default() };
    let timeout = cluster.config().request_timeout;
    let response = connection.call_version(&request, BY_NAME, timeout).await?;
    let found = response.groups.first().ok_or(Error::Closed)?;
    check(found.error_code, None)?;
    let found = found.topics.first().and_then(|topic| topic.partitions.first());
    let found = found.ok_or(Error::Closed)?;
    check(found.error_code, None)?;
    Ok(found.committed_offset)
}
