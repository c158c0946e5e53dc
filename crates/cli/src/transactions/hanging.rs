//! `find-hanging`: open transactions that no coordinator will end.

use std::collections::{BTreeMap, BTreeSet};

use client::{Admin, Error as ClientError, TransactionFilter};
use wire::messages::describe_producers_response::ProducerState;
use wire::{ErrorCode, Str};

use super::failed;
use crate::error::Error;
use crate::exception::message;
use crate::options::Given;
use crate::table::tabbed;
use crate::terminal::Terminal;

/// Partitions asked about in one request.
const PARTITIONS_MAX: usize = 500;
const MINUTE_MS: i64 = 60_000;

type Partition = (Str, i32);

/// An open transaction of a producer in a partition.
struct Open {
    at: Partition,
    producer: ProducerState,
}

pub(super) async fn run(
    admin: &Admin,
    now: i64,
    given: &Given,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    let broker = given.parsed::<i32>("broker-id")?;
    let topic = given.one("topic")?.map(Str::copy_from);
    let partition = given.parsed::<i32>("partition")?;
    if topic.is_none() && broker.is_none() {
        return refuse(
            "The `find-hanging` command requires either --topic or --broker-id to limit the \
             scope of the search",
        );
    }
    if topic.is_none() && partition.is_some() {
        return refuse("The --partition argument requires --topic to be provided");
    }
    let minutes = given.parsed::<i32>("max-transaction-timeout")?.unwrap_or(15);
    let partitions = match (topic, partition) {
        (Some(topic), Some(partition)) => vec![(topic, partition)],
        (topic, _) => partitions(admin, topic, broker).await?,
    };
    let open_for = now - i64::from(minutes) * MINUTE_MS;
    let open = candidates(admin, &partitions, broker, open_for).await?;
    let hanging = if open.is_empty() { open } else { without_care(admin, open).await? };
    let rows = hanging.into_iter().map(|Open { at: (topic, partition), producer }| {
        vec![
            topic.to_string(),
            partition.to_string(),
            producer.producer_id.to_string(),
            producer.producer_epoch.to_string(),
            producer.coordinator_epoch.max(-1).to_string(),
            producer.current_txn_start_offset.to_string(),
            producer.last_timestamp.to_string(),
            ((now - producer.last_timestamp) / MINUTE_MS).to_string(),
        ]
    });
    let header = [
        "Topic",
        "Partition",
        "ProducerId",
        "ProducerEpoch",
        "CoordinatorEpoch",
        "StartOffset",
        "LastTimestamp",
        "Duration(min)",
    ];
    tabbed(terminal, &header, &rows.collect::<Vec<_>>())
}

/// The partitions of a topic, or of all, that have a replica on a broker.
async fn partitions(
    admin: &Admin,
    topic: Option<Str>,
    broker: Option<i32>,
) -> Result<Vec<Partition>, Error> {
    let topics = topic.as_ref().map(std::slice::from_ref);
    let count = topics.map_or(0, <[Str]>::len);
    let failed_to = |error: &ClientError| match count {
        0 => failed("Failed to list topics", &message(error)),
        count => failed(&format!("Failed to describe {count} topics"), &message(error)),
    };
    let response = admin.cluster().metadata(topics).await.map_err(|error| failed_to(&error))?;
    let mut found = Vec::new();
    for topic in response.topics {
        client::check(topic.error_code, None).map_err(|error| failed_to(&error))?;
        let name = topic.name.unwrap_or_default();
        for partition in topic.partitions {
            if broker.is_none_or(|broker| partition.replica_nodes.contains(&broker)) {
                found.push((name.clone(), partition.partition_index));
            }
        }
    }
    Ok(found)
}

/// Transactions in `partitions` that nothing was written to since `open_for`.
async fn candidates(
    admin: &Admin,
    partitions: &[Partition],
    broker: Option<i32>,
    open_for: i64,
) -> Result<Vec<Open>, Error> {
    let mut open = Vec::new();
    for chunk in partitions.chunks(PARTITIONS_MAX) {
        let failed_to = |error: ClientError| {
            let on =
                broker.map_or_else(|| "Optional.empty".to_owned(), |id| format!("Optional[{id}]"));
            let count = chunk.len();
            let what =
                format!("Failed to describe producers for {count} partitions on broker {on}");
            failed(&what, &message(&error))
        };
        let found = admin.describe_producers(chunk, broker).await.map_err(failed_to)?;
        for (at, producers) in found {
            let producers = producers.map_err(failed_to)?.into_iter();
            let old = producers.filter(|producer| {
                producer.current_txn_start_offset >= 0 && producer.last_timestamp < open_for
            });
            open.extend(old.map(|producer| Open { at: at.clone(), producer }));
        }
    }
    Ok(open)
}

/// Those of which no coordinator knows, or whose coordinator does not count the partition among
/// those it will write a marker to.
async fn without_care(admin: &Admin, open: Vec<Open>) -> Result<Vec<Open>, Error> {
    let producers: BTreeSet<i64> = open.iter().map(|open| open.producer.producer_id).collect();
    let count = producers.len();
    let filter = TransactionFilter {
        producer_ids: producers.iter().copied().collect(),
        ..TransactionFilter::default()
    };
    let listed = admin.list_transactions(&filter).await.map_err(|error| {
        let what = format!("Failed to list transactions for {count} producers");
        failed(&what, &message(&error))
    })?;
    let mut cared_for: BTreeMap<i64, BTreeSet<Partition>> = BTreeMap::new();
    for listed in listed.into_values().flatten() {
        if !producers.contains(&listed.producer_id) {
            continue;
        }
        match admin.describe_transaction(&listed.transactional_id).await {
            Ok((_, described)) => {
                let of = cared_for.entry(listed.producer_id).or_default();
                for topic in described.topics {
                    of.extend(topic.partitions.iter().map(|at| (topic.topic.clone(), *at)));
                }
            }
            Err(ClientError::Refused { code: ErrorCode::TransactionalIdNotFound, .. }) => {}
            Err(error) => {
                let what = format!("Failed to describe {count} transactions");
                return Err(failed(&what, &message(&error)));
            }
        }
    }
    let hangs = |open: &Open| {
        let of = cared_for.get(&open.producer.producer_id);
        of.is_none_or(|partitions| !partitions.contains(&open.at))
    };
    Ok(open.into_iter().filter(hangs).collect())
}
