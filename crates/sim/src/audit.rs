//! The reading of everything at the end, when nobody writes any more.

use std::collections::BTreeMap;
use std::time::Duration;

use client::{Consumer, ConsumerConfig, OffsetReset};
use wire::Str;

use crate::history::{Event, History, Partition, Seen};
use crate::plan::{ClientPlan, Plan};
use crate::workload::group::committed;
use crate::workload::offsets::{EARLIEST, LATEST, list_offset};

/// How often something is asked before the node counts as not serving.
const TRIES: usize = 40;
/// How many timestamps are looked up in a partition.
const LOOKUPS: usize = 6;

/// A partition at the end.
#[derive(Debug)]
pub struct Kept {
    /// Which.
    pub partition: Partition,
    /// When reading it began.
    pub read_at: Duration,
    /// The start of the log before it was read.
    pub log_start: i64,
    /// Its end.
    pub end: i64,
    /// All records, by offset.
    pub records: Vec<Seen>,
    /// Timestamps that were looked up, and the offsets found, -1 for none.
    pub lookups: Vec<(i64, i64)>,
}

/// Reads all partitions of the plan's topics, and what groups committed.
pub(crate) async fn read_everything(
    plan: &Plan,
    cluster: &client::Cluster,
    history: &History,
) -> Vec<Kept> {
    let mut kept = Vec::new();
    for topic in &plan.topics {
        for index in 0..topic.partitions {
            let partition = (topic.name.clone(), index);
            match read(cluster, history, partition.clone()).await {
                Ok(found) => kept.push(found),
                Err(error) => {
                    let what = format!("{partition:?} cannot be read at the end: {error}");
                    history.add(None, Event::Wrong { invariant: "the node gets on", what });
                }
            }
        }
    }
    for (nth, client) in plan.clients.iter().enumerate() {
        let ClientPlan::Group { topic, .. } = client else { continue };
        let topic = &plan.topics[*topic];
        for index in 0..topic.partitions {
            let (group, partition) = (format!("g{nth}"), (topic.name.clone(), index));
            let asked_at = history.now();
            let group_id = Str::copy_from(&group);
            match asked(|| committed(cluster, &group_id, &partition)).await {
                Ok(offset) => {
                    let event = Event::Committed { group, partition, offset, asked_at };
                    history.add(None, event);
                }
                Err(error) => {
                    let what = format!("what {group} committed is not told: {error:?}");
                    history.add(None, Event::Wrong { invariant: "the node gets on", what });
                }
            }
        }
    }
    kept
}

async fn asked<T, F>(question: impl Fn() -> F) -> Result<T, client::Error>
where
    F: Future<Output = Result<T, client::Error>>,
{
    let mut tries = 0;
    loop {
        match question().await {
            Ok(answer) => return Ok(answer),
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(250)).await,
        }
        tries += 1;
    }
}

async fn read(
    cluster: &client::Cluster,
    history: &History,
    partition: Partition,
) -> Result<Kept, String> {
    let text = |error: client::Error| error.to_string();
    let read_at = history.now();
    let log_start = asked(|| list_offset(cluster, &partition, EARLIEST)).await.map_err(text)?;
    let end = asked(|| list_offset(cluster, &partition, LATEST)).await.map_err(text)?;
    let config = ConsumerConfig {
        offset_reset: OffsetReset::Earliest,
        auto_commit_interval: None,
        may_create_topics: false,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(cluster, config);
    let place = (Str::copy_from(&partition.0), partition.1);
    consumer.assign(std::slice::from_ref(&place));
    consumer.seek(&place, log_start);
    let (mut records, mut empty) = (Vec::new(), 0);
    while consumer.position(&place).is_none_or(|position| position < end) {
        match consumer.poll(Duration::from_millis(500)).await {
            Ok(found) if found.is_empty() => empty += 1,
            Ok(found) => {
                empty = 0;
                records.extend(found.iter().map(|record| history.seen(record)));
            }
            Err(error) => return Err(error.to_string()),
        }
        // What compaction leaves may end before the end of the log.
        if empty > TRIES {
            let position = consumer.position(&place);
            return Err(format!("nothing comes at {position:?}, the log ends at {end}"));
        }
    }
    let mut lookups = BTreeMap::new();
    let step = (records.len() / LOOKUPS).max(1);
    let stamps = records.iter().step_by(step).map(|seen: &Seen| seen.timestamp);
    for stamp in stamps.flat_map(|stamp| [stamp, stamp + 1]) {
        let found = asked(|| list_offset(cluster, &partition, stamp)).await.map_err(text)?;
        lookups.insert(stamp, found);
    }
    let lookups = lookups.into_iter().collect();
    Ok(Kept { partition, read_at, log_start, end, records, lookups })
}
