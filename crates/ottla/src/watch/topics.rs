//! What goes through topics.

use metrics::Metric;
use metrics::table::topics as table;
use replication::TrafficCounts;
use wire::Str;

use super::page::Page;
use super::partitions::LeftOut;
use super::sources::Sources;

type Figure = fn(&TrafficCounts) -> u64;

const FIGURES: [(&Metric<1>, Figure); 9] = [
    (&table::MESSAGES_IN, |c| c.records_in),
    (&table::BYTES_IN, |c| c.bytes_in),
    (&table::BYTES_OUT, |c| c.bytes_out),
    (&table::BYTES_REJECTED, |c| c.bytes_rejected),
    (&table::REPLICATION_BYTES_OUT, |c| c.replication_bytes_out),
    (&table::PRODUCE_REQUESTS, |c| c.produced),
    (&table::FAILED_PRODUCE_REQUESTS, |c| c.failed_produces),
    (&table::FETCH_REQUESTS, |c| c.fetched),
    (&table::FAILED_FETCH_REQUESTS, |c| c.failed_fetches),
];

pub(crate) async fn write(sources: &Sources, page: &mut Page, left_out: &mut LeftOut) {
    let broker = &sources.parts.broker;
    let mut sums = broker.replicas().traffic();
    let (fetches, produces) = broker.failures();
    sums.all.fetched += fetches;
    sums.all.produced += produces;
    let mut rows: Vec<(Str, TrafficCounts)> = vec![(Str::new(), sums.all)];
    let max = sources.selection.entities_max;
    left_out.topics = sums.by_topic.len().saturating_sub(max);
    rows.extend(sums.by_topic.into_iter().take(max));
    for (metric, figure) in FIGURES {
        page.each(metric, &rows, |(topic, counts)| Some(([&**topic], figure(counts).into()))).await;
    }
}
