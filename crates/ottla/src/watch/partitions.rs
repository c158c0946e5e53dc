//! Partitions and their replicas.

use std::sync::Arc;

use metadata::Image;
use metrics::table::partitions as table;
use metrics::{Metric, Text};
use replication::{Glance, Partition};
use wire::Str;

use super::page::Page;
use super::sources::Sources;

/// What is beyond `metrics.entities.max`.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    pub(crate) topics: usize,
    pub(crate) partitions: usize,
    pub(crate) groups: usize,
    pub(crate) group_offsets: usize,
}

impl LeftOut {
    pub(crate) fn write(&self, text: &mut Text) {
        let mut family = text.family(&table::LEFT_OUT);
        for (kind, count) in [
            ("topic", self.topics),
            ("partition", self.partitions),
            ("group", self.groups),
            ("group_offset", self.group_offsets),
        ] {
            family.sample([kind], count);
        }
    }
}

/// A replica here.
struct Replica {
    topic: Str,
    index: String,
    glance: Glance,
    /// What the image says of the partition, if it is led here.
    led: Option<Led>,
    is_shown: bool,
}

#[derive(Clone, Copy)]
struct Led {
    leader: i32,
    replicas: usize,
    in_sync: usize,
    is_preferred: bool,
    is_reassigning: bool,
    /// `min.insync.replicas`, or less where there are fewer replicas.
    min_in_sync: usize,
    is_internal: bool,
}

impl Led {
    fn is_under_replicated(&self) -> bool {
        self.in_sync < self.replicas
    }

    fn is_under_min_isr(&self) -> bool {
        self.in_sync < self.min_in_sync
    }

    fn is_at_min_isr(&self) -> bool {
        self.in_sync == self.min_in_sync
    }
}

type Of<T> = fn(&T) -> i64;

/// What is told of each replica.
const OF_REPLICAS: [(&Metric<2>, Of<Glance>); 4] = [
    (&table::LOG_SIZE, |glance| saturating(glance.size)),
    (&table::LOG_START_OFFSET, |glance| glance.log_start_offset),
    (&table::LOG_END_OFFSET, |glance| glance.log_end_offset),
    (&table::LOG_SEGMENTS, |glance| saturating(glance.segments)),
];

/// What is told of each partition that is led here.
const OF_LED: [(&Metric<2>, Of<Led>); 5] = [
    (&table::PARTITION_UNDER_REPLICATED, |led| led.is_under_replicated().into()),
    (&table::PARTITION_UNDER_MIN_ISR, |led| led.is_under_min_isr().into()),
    (&table::PARTITION_AT_MIN_ISR, |led| led.is_at_min_isr().into()),
    (&table::REPLICAS_COUNT, |led| saturating(led.replicas)),
    (&table::IN_SYNC_REPLICAS_COUNT, |led| saturating(led.in_sync)),
];

/// What kafka_exporter tells of each partition, except of those of internal topics.
const EXPORTED: [(&Metric<2>, Of<(Led, Glance)>); 7] = [
    (&table::CURRENT_OFFSET, |(_, glance)| glance.high_watermark),
    (&table::OLDEST_OFFSET, |(_, glance)| glance.log_start_offset),
    (&table::PARTITION_LEADER, |(led, _)| led.leader.into()),
    (&table::PARTITION_REPLICAS, |(led, _)| saturating(led.replicas)),
    (&table::PARTITION_IN_SYNC_REPLICA, |(led, _)| saturating(led.in_sync)),
    (&table::PARTITION_LEADER_IS_PREFERRED, |(led, _)| led.is_preferred.into()),
    (&table::TOPIC_PARTITION_UNDER_REPLICATED, |(led, _)| led.is_under_replicated().into()),
];

/// Replicas looked at before others of the thread have their turn.
const LOOKS: usize = 256;

pub(crate) async fn write(sources: &Sources, page: &mut Page, left_out: &mut LeftOut) {
    let broker = &sources.parts.broker;
    let (image, node_id) = (broker.image(), broker.node_id());
    let (online, offline) = broker.replicas().sorted();
    let mut replicas = Vec::with_capacity(online.len());
    for some in online.chunks(LOOKS) {
        replicas.extend(some.iter().map(|replica| look(&image, node_id, replica)));
        tokio::task::yield_now().await;
    }
    write_sums(&replicas, offline, &mut page.text);
    let (fetches, produces) = broker.waiting();
    let mut purgatory = page.text.family(&table::PURGATORY_SIZE);
    purgatory.sample(["Fetch"], fetches);
    purgatory.sample(["Produce"], produces);

    let selection = &sources.selection;
    let mut room = selection.entities_max;
    let mut known: Option<(Str, bool)> = None;
    for replica in &mut replicas {
        // They stand together by topic.
        let is_selected = match &known {
            Some((topic, is_selected)) if *topic == replica.topic => *is_selected,
            _ => selection.has_partitions_of(&replica.topic),
        };
        known = Some((replica.topic.clone(), is_selected));
        replica.is_shown = is_selected && room > 0;
        room -= usize::from(replica.is_shown);
        left_out.partitions += usize::from(is_selected && !replica.is_shown);
    }
    write_topics(&image, node_id, selection.entities_max, page).await;
    replicas.retain(|replica| replica.is_shown);
    write_each(&replicas, page).await;
}

fn saturating(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

fn look(image: &Image, node_id: i32, replica: &Arc<Partition>) -> Replica {
    let glance = replica.glance();
    let known = image.topics.partition(replica.topic(), replica.index());
    let led = known.filter(|known| known.leader == node_id).map(|known| Led {
        leader: known.leader,
        replicas: known.replicas.len(),
        in_sync: known.isr.len(),
        is_preferred: known.has_preferred_leader(),
        is_reassigning: known.is_reassigning(),
        min_in_sync: glance.min_insync_replicas.min(known.replicas.len()),
        is_internal: is_internal(replica.topic()),
    });
    let index = replica.index().to_string();
    Replica { topic: replica.topic().clone(), index, glance, led, is_shown: false }
}

/// Names that begin so are of the platform itself.
fn is_internal(topic: &str) -> bool {
    topic.starts_with("__")
}

fn write_sums(replicas: &[Replica], offline: usize, text: &mut Text) {
    let led = || replicas.iter().filter_map(|replica| replica.led);
    let count = |is: fn(&Led) -> bool| led().filter(is).count();
    text.one(&table::LEADER_COUNT, [], led().count());
    text.one(&table::PARTITION_COUNT, [], replicas.len() + offline);
    text.one(&table::OFFLINE_REPLICA_COUNT, [], offline);
    text.one(&table::UNDER_REPLICATED, [], count(Led::is_under_replicated));
    text.one(&table::UNDER_MIN_ISR, [], count(Led::is_under_min_isr));
    text.one(&table::AT_MIN_ISR, [], count(Led::is_at_min_isr));
    text.one(&table::REASSIGNING, [], count(|led| led.is_reassigning));
    let producers: usize = replicas.iter().map(|replica| replica.glance.producers).sum();
    text.one(&table::PRODUCER_ID_COUNT, [], producers);
}

async fn write_topics(image: &Image, node_id: i32, max: usize, page: &mut Page) {
    let led =
        |topic: &metadata::Topic| topic.partition(0).is_some_and(|first| first.leader == node_id);
    let topics = image.topics.sorted_by_name();
    let topics: Vec<_> = topics
        .into_iter()
        .filter(|topic| led(topic) && !is_internal(&topic.name))
        .take(max)
        .collect();
    let sample = |topic: &Arc<metadata::Topic>| topic.partition_count().into();
    page.each(&table::TOPIC_PARTITIONS, &topics, |topic| Some(([&*topic.name], sample(topic))))
        .await;
}

async fn write_each(replicas: &[Replica], page: &mut Page) {
    for (metric, value) in OF_REPLICAS {
        page.each(metric, replicas, |r| Some(([&r.topic, &r.index], value(&r.glance).into())))
            .await;
    }
    for (metric, value) in OF_LED {
        let sample = |led: &Led| value(led).into();
        page.each(metric, replicas, |r| Some(([&r.topic, &r.index], sample(r.led.as_ref()?))))
            .await;
    }
    page.each(&table::LAST_STABLE_OFFSET_LAG, replicas, |r| {
        let lag = r.glance.high_watermark - r.glance.last_stable_offset;
        r.led.map(|_| ([&*r.topic, &*r.index], lag.into()))
    })
    .await;
    for (metric, value) in EXPORTED {
        page.each(metric, replicas, |r| {
            let led = r.led.filter(|led| !led.is_internal)?;
            Some(([&*r.topic, &*r.index], value(&(led, r.glance.clone())).into()))
        })
        .await;
    }
}
