//! A reader that is assigned its partitions, begins anywhere, and begins again.

use std::collections::BTreeSet;
use std::time::Duration;

use client::{ConsumedRecord, Consumer, ConsumerConfig, Error, OffsetReset};
use env::Random;
use wire::Str;

use super::Client;
use super::offsets::{EARLIEST, LATEST, list};
use crate::history::{Event, Partition, Seen};

/// A consumer's settings, drawn so that answers hold few records or many.
pub(super) fn config(random: &Random) -> ConsumerConfig {
    ConsumerConfig {
        offset_reset: OffsetReset::Earliest,
        auto_commit_interval: None,
        poll_records_max: 1 + random.below(200) as usize,
        fetch_wait_max: Duration::from_millis(random.below(500)),
        partition_bytes_max: 200 + random.below(20_000) as i32,
        metadata_age_max: Duration::from_secs(5),
        may_create_topics: false,
        ..ConsumerConfig::default()
    }
}

/// Reads until the run stops.
pub(super) async fn run(client: Client, topic: usize) {
    let random = client.random.clone();
    let plan = client.topic(topic);
    let name = Str::copy_from(&plan.name);
    while !client.stopped() {
        let mut consumer = Consumer::new(&client.cluster, config(&random));
        let partition = (name.clone(), random.below(plan.partitions as u64) as i32);
        let Some(start) = begin(&client, &partition).await else {
            client.pause(500).await;
            continue;
        };
        consumer.assign(std::slice::from_ref(&partition));
        consumer.seek(&partition, start);
        let since = client.history.now();
        for _ in 0..1 + random.below(10) {
            match consumer.poll(Duration::from_millis(300)).await {
                Ok(records) if records.is_empty() => {}
                Ok(records) => {
                    record(&client, records, since);
                    client.add(Event::Progress("read"));
                }
                Err(error) => failed(&client, &partition, &error),
            }
            client.pause(1_000).await;
            if client.stopped() {
                break;
            }
        }
        reached_the_end(&client, &consumer, &partition).await;
    }
}

/// Where to begin: at the start, or anywhere up to the end.
async fn begin(client: &Client, partition: &(Str, i32)) -> Option<i64> {
    let of = (partition.0.to_string(), partition.1);
    let start = list(client, &of, EARLIEST).await?;
    let end = list(client, &of, LATEST).await?;
    let random = &client.random;
    let within = u64::try_from(end - start).unwrap_or(0) + 1;
    Some(if random.chance(1, 3) { start } else { start + random.below(within) as i64 })
}

/// Being at the end counts as getting on, too: there may be nothing more to read.
async fn reached_the_end(client: &Client, consumer: &Consumer, partition: &(Str, i32)) {
    let of = (partition.0.to_string(), partition.1);
    if let (Some(position), Some(end)) =
        (consumer.position(partition), list(client, &of, LATEST).await)
        && position >= end
    {
        client.add(Event::Progress("at the end"));
    }
}

/// Writes down what was read, by partition.
pub(super) fn record(client: &Client, records: Vec<ConsumedRecord>, since: Duration) {
    let partitions: BTreeSet<Partition> =
        records.iter().map(|record| (record.topic.to_string(), record.partition)).collect();
    for partition in partitions {
        let of_it = records
            .iter()
            .filter(|record| *record.topic == *partition.0 && record.partition == partition.1);
        let seen: Vec<Seen> = of_it.map(|record| client.history.seen(record)).collect();
        client.add(Event::Read { partition, seen, since });
    }
}

/// Writes down why reading failed.
pub(super) fn failed(client: &Client, (topic, partition): &(Str, i32), error: &Error) {
    if matches!(error, Error::Corrupt { .. } | Error::Decode(_)) {
        client.wrong("what is corrupt is not served", error.to_string());
    }
    let partition = (topic.to_string(), *partition);
    client.add(Event::ReadFailed { partition, error: error.to_string() });
}
