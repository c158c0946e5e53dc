//! The node itself: identity, threads, shutdown, policies, metrics.

use crate::setting::{Setting, boolean, class, int, list, long, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    class("alter.config.policy.class.name", "")
        .null()
        .low()
        .doc("Policy class that may refuse configuration changes."),
    int("background.threads", 10)
        .at_least(1)
        .high()
        .cluster_wide()
        .doc("Size of the pool for background work."),
    int("broker.id", -1)
        .high()
        .works()
        .doc("Older name of `node.id`; if both are set they must be equal."),
    string("broker.rack", "").null().works().doc(
        "Rack or zone of this broker. Replicas are spread over racks, and consumers can \
         fetch from a replica in theirs.",
    ),
    list("config.providers", "").items(Items::ANY).low().cluster_wide().doc(
        "Names of the providers that `${provider:path:key}` in values \
         refers to.",
    ),
    boolean("controlled.shutdown.enable", true)
        .doc("Hand leadership of partitions to other brokers before stopping."),
    class("create.topic.policy.class.name", "")
        .null()
        .low()
        .doc("Policy class that may refuse the creation of topics."),
    boolean("delete.topic.enable", true).high().works().doc("Allow topics to be deleted."),
    int("kafka.metrics.polling.interval.secs", 10).at_least(1).low().never().doc(
        "How often the reporters of `kafka.metrics.reporters` look at \
         the metrics.",
    ),
    list("kafka.metrics.reporters", "")
        .items(Items::ANY)
        .low()
        .never()
        .doc("Reporter classes for Yammer metrics."),
    int("max.request.partition.size.limit", 2000)
        .at_least(1)
        .works()
        .doc("How many partitions one DescribeTopicPartitions answer may hold."),
    list("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter")
        .items(Items::ANY)
        .low()
        .cluster_wide()
        .never()
        .doc("Reporter classes for metrics."),
    int("metrics.num.samples", 2)
        .at_least(1)
        .low()
        .never()
        .doc("How many samples a rate or average is made of."),
    string("metrics.recording.level", "INFO")
        .low()
        .never()
        .doc("Level of detail of metrics: INFO, DEBUG or TRACE."),
    long("metrics.sample.window.ms", 30_000)
        .at_least(1)
        .low()
        .never()
        .doc("How long one sample of a rate or average lasts."),
    int("node.id", 0)
        .required()
        .at_least(0)
        .high()
        .works()
        .doc("Number of this node, unique in the cluster."),
    int("num.io.threads", 8).at_least(1).high().cluster_wide().doc(
        "Threads that process requests in Apache Kafka. Here it is the base of request \
         quotas: 100 % is the time of one thread.",
    ),
    list("process.roles", "")
        .required()
        .items(Items::some_among(&["broker", "controller"]))
        .high()
        .works()
        .doc("What this node does: `broker`, `controller`, or both."),
    int("telemetry.max.bytes", 1_048_576)
        .at_least(1)
        .low()
        .works()
        .doc("Largest batch of metrics a client may push."),
    string("telemetry.receiver.dir", "").null().own().works().doc(
        "Directory for the metrics that clients push (KIP-714): lines of OTLP's JSON in \
         `client-metrics-<node.id>.jsonl`, which the receiver `otlpjsonfile` of OpenTelemetry's \
         collector reads. A file has at most 64 MiB; three older ones are kept. If not set, \
         clients are not asked for metrics. What they push is said by client-metrics \
         subscriptions (`kafka-client-metrics.sh`).",
    ),
    boolean("unstable.api.versions.enable", false)
        .high()
        .internal()
        .works()
        .doc("Offer versions of APIs that are still under development. For tests."),
    boolean("unstable.feature.versions.enable", false)
        .high()
        .internal()
        .doc("Allow feature levels that are still under development. For tests."),
];
