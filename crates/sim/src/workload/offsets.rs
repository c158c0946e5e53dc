//! ListOffsets: where partitions begin and end, and where a time is.

use wire::Str;
use wire::messages::ListOffsetsRequest;
use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};

use super::Client;
use crate::history::{Event, Partition};

/// "The first record".
pub(crate) const EARLIEST: i64 = -2;
/// "Behind the last record".
pub(crate) const LATEST: i64 = -1;

/// The offset of a timestamp, or of an end; -1 if there is none.
///
/// # Errors
/// There is no answer, or a refusal.
pub(crate) async fn list_offset(
    cluster: &client::Cluster,
    (topic, partition): &Partition,
    timestamp: i64,
) -> Result<i64, client::Error> {
    let partition = ListOffsetsPartition {
        partition_index: *partition,
        timestamp,
        current_leader_epoch: -1,
        ..ListOffsetsPartition::default()
    };
    let topic = ListOffsetsTopic {
        name: Str::copy_from(topic),
        partitions: vec![partition],
        ..ListOffsetsTopic::default()
    };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    let response = cluster.call(&request).await?;
    let answer = response.topics.first().and_then(|topic| topic.partitions.first());
    let answer = answer.ok_or(client::Error::Closed)?;
    client::check(answer.error_code, None)?;
    Ok(answer.offset)
}

/// As [`list_offset`], with `None` where that failed.
pub(super) async fn list(client: &Client, partition: &Partition, timestamp: i64) -> Option<i64> {
    list_offset(&client.cluster, partition, timestamp).await.ok()
}

/// Asks for both ends of partitions until the run stops.
pub(super) async fn watch(client: Client, topic: usize) {
    let plan = client.topic(topic);
    while !client.stopped() {
        let index = client.random.below(plan.partitions as u64) as i32;
        ends(&client, (plan.name.clone(), index)).await;
        client.pause(2_000).await;
    }
}

/// Asks for both ends and writes down the answer.
pub(super) async fn ends(client: &Client, partition: Partition) -> Option<(i64, i64)> {
    let asked_at = client.history.now();
    let log_start = list(client, &partition, EARLIEST).await?;
    let end = list(client, &partition, LATEST).await?;
    client.add(Event::Ends { partition, asked_at, log_start, end });
    client.add(Event::Progress("ends"));
    Some((log_start, end))
}
