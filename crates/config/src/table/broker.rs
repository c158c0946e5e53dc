//! The node itself: identity, threads, shutdown, policies, metrics.

use crate::setting::{Setting, boolean, class, int, list, long, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    class("alter.config.policy.class.name", "").null().low(),
    int("background.threads", 10).at_least(1).high().cluster_wide(),
    int("broker.id", -1).high(),
    string("broker.rack", "").null(),
    list("config.providers", "").items(Items::ANY).low().cluster_wide(),
    boolean("controlled.shutdown.enable", true),
    class("create.topic.policy.class.name", "").null().low(),
    boolean("delete.topic.enable", true).high(),
    int("kafka.metrics.polling.interval.secs", 10).at_least(1).low().never(),
    list("kafka.metrics.reporters", "").items(Items::ANY).low().never(),
    int("max.request.partition.size.limit", 2000).at_least(1),
    list("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter")
        .items(Items::ANY)
        .low()
        .cluster_wide()
        .never(),
    int("metrics.num.samples", 2).at_least(1).low().never(),
    string("metrics.recording.level", "INFO").low().never(),
    long("metrics.sample.window.ms", 30_000).at_least(1).low().never(),
    int("node.id", 0).required().at_least(0).high(),
    int("num.io.threads", 8).at_least(1).high().cluster_wide(),
    list("process.roles", "").required().items(Items::some_among(&["broker", "controller"])).high(),
    int("telemetry.max.bytes", 1_048_576).at_least(1).low(),
    boolean("unstable.api.versions.enable", false).high().internal(),
    boolean("unstable.feature.versions.enable", false).high().internal(),
];
