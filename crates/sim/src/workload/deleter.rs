//! A deleter of records.

use wire::Str;
use wire::messages::DeleteRecordsRequest;
use wire::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

use super::Client;
use super::offsets::ends;
use crate::history::{Event, Partition};

/// "Up to the high watermark".
const EVERYTHING: i64 = -1;

/// Deletes now and then until the run stops.
pub(super) async fn run(client: Client, topic: usize) {
    let plan = client.topic(topic);
    let random = &client.random;
    while !client.stopped() {
        let partition = (plan.name.clone(), random.below(plan.partitions as u64) as i32);
        if let Some((log_start, end)) = ends(&client, partition.clone()).await {
            let some = u64::try_from(end - log_start).unwrap_or(0) / 2 + 1;
            let before = match random.below(8) {
                0 => EVERYTHING,
                _ => log_start + random.below(some) as i64,
            };
            let answer = delete(&client, &partition, before).await;
            if answer.is_ok() {
                client.add(Event::Progress("deleted"));
            }
            client.add(Event::Delete { partition, before, answer });
        }
        client.pause(3_000).await;
    }
}

async fn delete(
    client: &Client,
    (topic, partition): &Partition,
    offset: i64,
) -> Result<i64, String> {
    let partition = DeleteRecordsPartition {
        partition_index: *partition,
        offset,
        ..DeleteRecordsPartition::default()
    };
    let topic = DeleteRecordsTopic {
        name: Str::copy_from(topic),
        partitions: vec![partition],
        ..DeleteRecordsTopic::default()
    };
    let request = DeleteRecordsRequest {
        topics: vec![topic],
        timeout_ms: 1_000,
        ..DeleteRecordsRequest::default()
    };
    let response = client.cluster.call(&request).await.map_err(|error| error.to_string())?;
    let answer = response.topics.first().and_then(|topic| topic.partitions.first());
    let answer = answer.ok_or("an answer without the partition")?;
    client::check(answer.error_code, None).map_err(|error| error.to_string())?;
    Ok(answer.low_watermark)
}
