//! `--print-metrics`: what a client counted, under the names that the Java clients have for it.

use client::Producer;

use crate::error::Error;
use crate::java::decimal;
use crate::terminal::Terminal;

/// A metric: `group:name:{tags}` and its value.
pub(crate) type Metric = (String, f64);

/// What a producer counted in `elapsed` milliseconds.
pub(crate) fn of_producer(producer: &Producer, client_id: &str, elapsed: u64) -> Vec<Metric> {
    let stats = producer.stats();
    let seconds = (elapsed as f64 / 1000.0).max(0.001);
    let each = |total: u64, count: u64| total as f64 / count as f64;
    let metrics = [
        ("batch-size-avg", each(stats.batch_bytes, stats.batches)),
        ("outgoing-byte-total", stats.batch_bytes as f64),
        ("record-error-total", stats.records_failed as f64),
        ("record-retry-total", stats.retries as f64),
        ("record-send-rate", stats.records as f64 / seconds),
        ("record-send-total", stats.records as f64),
        ("records-per-request-avg", each(stats.records, stats.requests)),
        ("request-rate", stats.requests as f64 / seconds),
        ("request-total", stats.requests as f64),
    ];
    let named =
        |(name, value)| (format!("producer-metrics:{name}:{{client-id={client_id}}}"), value);
    metrics.map(named).to_vec()
}

/// What a consumer read in `elapsed` milliseconds.
pub(crate) fn of_consumer(
    (records, bytes): (u64, u64),
    client_id: &str,
    elapsed: u64,
) -> Vec<Metric> {
    let seconds = (elapsed as f64 / 1000.0).max(0.001);
    let metrics = [
        ("bytes-consumed-rate", bytes as f64 / seconds),
        ("bytes-consumed-total", bytes as f64),
        ("records-consumed-rate", records as f64 / seconds),
        ("records-consumed-total", records as f64),
    ];
    let named = |(name, value)| {
        (format!("consumer-fetch-manager-metrics:{name}:{{client-id={client_id}}}"), value)
    };
    metrics.map(named).to_vec()
}

/// Shows metrics by name.
pub(crate) fn tell(terminal: &mut Terminal, mut metrics: Vec<Metric>) -> Result<(), Error> {
    metrics.sort_by(|one, other| one.0.cmp(&other.0));
    let width = metrics.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    terminal.say(format!("\n{:width$}   Value", "Metric Name"))?;
    for (name, value) in metrics {
        terminal.say(format!("{name:width$} : {}", decimal(value, 3)))?;
    }
    Ok(())
}
