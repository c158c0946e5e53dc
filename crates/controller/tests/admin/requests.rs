//! The requests, in order.

use wire::messages::*;
use wire::{Str, Uuid};

use super::Step;
use super::builders::*;

pub(crate) fn requests() -> Vec<Step> {
    let mut steps = topics();
    steps.extend(partitions());
    steps.extend(topic_configs());
    steps.extend(other_configs());
    steps.extend(leaders());
    steps.extend(cluster());
    steps.extend(deletion());
    steps
}

fn topics() -> Vec<Step> {
    let none: &[(&str, Option<&str>)] = &[];
    vec![
        step("new topics, all configurations shown", 7, create(&[("a", 2, 1, none)], false)),
        step("without topic ids", 6, create(&[("b", 1, 1, none)], false)),
        step("without configurations", 4, create(&[("c", -1, -1, none)], false)),
        step(
            "configurations of its own",
            7,
            create_one(
                "d",
                &[
                    ("retention.ms", Some("1000")),
                    ("cleanup.policy", Some("compact,delete")),
                    ("min.insync.replicas", Some("2")),
                ],
            ),
        ),
        step("validate only", 7, create(&[("e", 3, 1, none)], true)),
        step("exists", 7, create_one("a", none)),
        step("one fails, one does not", 7, create(&[("a", 1, 1, none), ("f", 1, 1, none)], false)),
        step("partitions 0", 7, create(&[("x", 0, 1, none)], false)),
        step("partitions -2", 7, create(&[("x", -2, 1, none)], false)),
        step("factor 0", 7, create(&[("x", 1, 0, none)], false)),
        step("factor -2", 7, create(&[("x", 1, -2, none)], false)),
        step("factor 3 on one broker", 7, create(&[("x", 1, 3, none)], false)),
        step("too many partitions", 7, create(&[("x", 10_001, 1, none)], false)),
        step("too many records", 7, create(&[("x", 10_000, 1, none)], false)),
        step("duplicate", 7, create(&[("x", 1, 1, none), ("x", 2, 1, none)], false)),
        step("empty name", 7, create_one("", none)),
        step("dot", 7, create_one(".", none)),
        step("dots", 7, create_one("..", none)),
        step("bad characters", 7, create_one("a b", none)),
        step("too long", 7, create_one(&"l".repeat(250), none)),
        step("longest", 7, create_one(&"l".repeat(249), none)),
        step("dotted", 7, create_one("g.h", none)),
        step("collision", 7, create_one("g_h", none)),
        step("collision with itself", 7, create_one("g.h", none)),
        step("metadata topic", 7, create_one("__cluster_metadata", none)),
        step("internal topic", 7, create_one("__consumer_offsets", none)),
        step("unknown configuration", 7, create_one("x", &[("nonsense", Some("1"))])),
        step("not a number", 7, create_one("x", &[("retention.ms", Some("soon"))])),
        step("too small", 7, create_one("x", &[("retention.ms", Some("-2"))])),
        step("not one of", 7, create_one("x", &[("compression.type", Some("zip"))])),
        step("not a policy", 7, create_one("x", &[("cleanup.policy", Some("keep"))])),
        step("not a boolean", 7, create_one("x", &[("preallocate", Some("yes"))])),
        step("not a ratio", 7, create_one("x", &[("min.cleanable.dirty.ratio", Some("2"))])),
        step("segment too small", 7, create_one("x", &[("segment.bytes", Some("1"))])),
        step("min isr 0", 7, create_one("x", &[("min.insync.replicas", Some("0"))])),
        step("null value", 7, create_one("x", &[("retention.ms", None)])),
        step(
            "contradiction",
            7,
            create_one(
                "x",
                &[("min.compaction.lag.ms", Some("5")), ("max.compaction.lag.ms", Some("4"))],
            ),
        ),
        step("tiered", 7, create_one("x", &[("remote.storage.enable", Some("true"))])),
        step("assigned", 7, assign("m", -1, -1, &[(0, &[1]), (1, &[1])])),
        step("assigned with partitions", 7, assign("x", 1, -1, &[(0, &[1])])),
        step("assigned with factor", 7, assign("x", -1, 1, &[(0, &[1])])),
        step("assigned nobody", 7, assign("x", -1, -1, &[(0, &[])])),
        step("assigned twice", 7, assign("x", -1, -1, &[(0, &[1, 1])])),
        step("assigned to an unknown broker", 7, assign("x", -1, -1, &[(0, &[9])])),
        step("same partition assigned", 7, assign("x", -1, -1, &[(0, &[1]), (0, &[1])])),
        step("partition left out", 7, assign("x", -1, -1, &[(0, &[1]), (2, &[1])])),
        step("different factors", 7, assign("x", -1, -1, &[(0, &[1]), (1, &[1, 9])])),
    ]
}

fn partitions() -> Vec<Step> {
    vec![
        step("grow", 3, grow(&[("a", 4, None)], false)),
        step("grow, validate only", 3, grow(&[("a", 5, None)], true)),
        step("grow by hand", 3, grow(&[("a", 5, Some(&[&[1]]))], false)),
        step("same count", 3, grow(&[("a", 5, None)], false)),
        step("fewer", 3, grow(&[("a", 3, None)], false)),
        step("negative", 3, grow(&[("a", -1, None)], false)),
        step("unknown topic", 3, grow(&[("nosuch", 3, None)], false)),
        step("wrong number of assignments", 3, grow(&[("a", 7, Some(&[&[1]]))], false)),
        step("wrong factor", 3, grow(&[("a", 6, Some(&[&[1, 2]]))], false)),
        step("unknown broker", 3, grow(&[("a", 6, Some(&[&[9]]))], false)),
        step("empty assignment", 3, grow(&[("a", 6, Some(&[&[]]))], false)),
        step("twice", 3, grow(&[("a", 6, None), ("a", 7, None)], false)),
    ]
}

fn topic_configs() -> Vec<Step> {
    let throttled = "leader.replication.throttled.replicas";
    let replicas = |from: i32| {
        (from..from + 4_000).map(|index| format!("{index}:1")).collect::<Vec<_>>().join(",")
    };
    let (some, more) = (replicas(10_000), replicas(20_000));
    vec![
        step("set", 1, alter(TOPIC, "a", &[(SET, "retention.ms", Some("5000"))])),
        step("set the same", 1, alter(TOPIC, "a", &[(SET, "retention.ms", Some("5000"))])),
        step("delete", 1, alter(TOPIC, "a", &[(DELETE, "retention.ms", None)])),
        step("delete what is not set", 1, alter(TOPIC, "a", &[(DELETE, "flush.ms", None)])),
        step("append", 1, alter(TOPIC, "a", &[(APPEND, "cleanup.policy", Some("compact"))])),
        step("subtract", 1, alter(TOPIC, "a", &[(SUBTRACT, "cleanup.policy", Some("delete"))])),
        step("append to a number", 1, alter(TOPIC, "a", &[(APPEND, "flush.ms", Some("1"))])),
        step("append to nonsense", 1, alter(TOPIC, "a", &[(APPEND, "nonsense", Some("1"))])),
        step("set nonsense", 1, alter(TOPIC, "a", &[(SET, "nonsense", Some("1"))])),
        step("set badly", 1, alter(TOPIC, "a", &[(SET, "flush.ms", Some("never"))])),
        step("a long list", 1, alter(TOPIC, "a", &[(SET, throttled, Some(&some))])),
        step("too long a list", 1, alter(TOPIC, "a", &[(APPEND, throttled, Some(&more))])),
        step("no list", 1, alter(TOPIC, "a", &[(DELETE, throttled, None)])),
        step(
            "throttle badly",
            1,
            alter(TOPIC, "a", &[(SET, "leader.replication.throttled.replicas", Some("x"))]),
        ),
        step("unknown topic's", 1, alter(TOPIC, "nosuch", &[(SET, "flush.ms", Some("1"))])),
        step("default topic's", 1, alter(TOPIC, "", &[(SET, "flush.ms", Some("1"))])),
        step("bad topic's", 1, alter(TOPIC, "a b", &[(SET, "flush.ms", Some("1"))])),
        step(
            "duplicate resource",
            1,
            alter_all(&[(TOPIC, "a"), (TOPIC, "a")], &[(SET, "flush.ms", Some("1"))]),
        ),
        step("unknown type", 1, alter(77, "a", &[(SET, "flush.ms", Some("1"))])),
        step(
            "several",
            1,
            alter_all(&[(TOPIC, "a"), (TOPIC, "nosuch")], &[(SET, "flush.ms", Some("9"))]),
        ),
        step("describe", 4, describe(TOPIC, "a", None)),
        step(
            "describe some",
            4,
            describe(TOPIC, "a", Some(&["flush.ms", "retention.ms", "nonsense"])),
        ),
        step("describe unknown", 4, describe(TOPIC, "nosuch", None)),
        step("describe bad", 4, describe(TOPIC, "a b", None)),
        step("replace", 2, replace(TOPIC, "a", &[("flush.ms", Some("7"))])),
        step("replace badly", 2, replace(TOPIC, "a", &[("nonsense", Some("7"))])),
        step("replace unknown topic's", 2, replace(TOPIC, "nosuch", &[("flush.ms", Some("7"))])),
        step("replace unknown type's", 2, replace(77, "a", &[("flush.ms", Some("7"))])),
        step("replaced", 4, describe(TOPIC, "a", Some(&["flush.ms", "cleanup.policy"]))),
        step(
            "min isr of a topic",
            1,
            alter(TOPIC, "a", &[(SET, "min.insync.replicas", Some("1"))]),
        ),
    ]
}

fn other_configs() -> Vec<Step> {
    vec![
        step("all brokers", 1, alter(BROKER, "", &[(SET, "log.cleaner.threads", Some("2"))])),
        step("a broker", 1, alter(BROKER, "1", &[(SET, "log.cleaner.threads", Some("2"))])),
        step("unknown broker's", 1, alter(BROKER, "9", &[(SET, "log.cleaner.threads", Some("2"))])),
        step(
            "negative broker's",
            1,
            alter(BROKER, "-1", &[(SET, "log.cleaner.threads", Some("2"))]),
        ),
        step("no broker's", 1, alter(BROKER, "one", &[(SET, "log.cleaner.threads", Some("2"))])),
        step(
            "min isr of a broker",
            1,
            alter(BROKER, "1", &[(SET, "min.insync.replicas", Some("1"))]),
        ),
        step("min isr of all", 1, alter(BROKER, "", &[(SET, "min.insync.replicas", Some("1"))])),
        step("no min isr of all", 1, alter(BROKER, "", &[(DELETE, "min.insync.replicas", None)])),
        step("cordon", 1, alter(BROKER, "1", &[(SET, "cordoned.log.dirs", Some("/x"))])),
        step("cordon nothing", 1, alter(BROKER, "1", &[(SET, "cordoned.log.dirs", Some(""))])),
        step("group", 1, alter(GROUP, "g", &[(SET, "consumer.session.timeout.ms", Some("50000"))])),
        step(
            "group, too little",
            1,
            alter(GROUP, "g", &[(SET, "consumer.session.timeout.ms", Some("1"))]),
        ),
        step(
            "group, too much",
            1,
            alter(GROUP, "g", &[(SET, "consumer.session.timeout.ms", Some("50000000"))]),
        ),
        step(
            "group, heartbeat",
            1,
            alter(GROUP, "g", &[(SET, "consumer.heartbeat.interval.ms", Some("1"))]),
        ),
        step(
            "share group",
            1,
            alter(GROUP, "g", &[(SET, "share.record.lock.duration.ms", Some("1"))]),
        ),
        step(
            "share group, records",
            1,
            alter(GROUP, "g", &[(SET, "share.partition.max.record.locks", Some("1"))]),
        ),
        step(
            "share group, offsets",
            1,
            alter(GROUP, "g", &[(SET, "share.auto.offset.reset", Some("never"))]),
        ),
        step(
            "streams group",
            1,
            alter(GROUP, "g", &[(SET, "streams.num.standby.replicas", Some("50"))]),
        ),
        step("group, nonsense", 1, alter(GROUP, "g", &[(SET, "nonsense", Some("1"))])),
        step(
            "group, not a number",
            1,
            alter(GROUP, "g", &[(SET, "consumer.session.timeout.ms", Some("x"))]),
        ),
        step(
            "default group",
            1,
            alter(GROUP, "", &[(SET, "consumer.session.timeout.ms", Some("50000"))]),
        ),
        step(
            "metrics",
            1,
            alter(
                METRICS,
                "m",
                &[(SET, "interval.ms", Some("1000")), (SET, "match", Some("client_id=x"))],
            ),
        ),
        step("metrics, too often", 1, alter(METRICS, "m", &[(SET, "interval.ms", Some("99"))])),
        step("metrics, no match", 1, alter(METRICS, "m", &[(SET, "match", Some("nonsense"))])),
        step("metrics, unknown match", 1, alter(METRICS, "m", &[(SET, "match", Some("a=b"))])),
        step("metrics, nonsense", 1, alter(METRICS, "m", &[(SET, "nonsense", Some("1"))])),
        step("metrics without name", 1, alter(METRICS, "", &[(SET, "interval.ms", Some("1000"))])),
        step("metrics, append", 1, alter(METRICS, "m", &[(APPEND, "metrics", Some("a"))])),
        step("describe metrics", 4, describe(METRICS, "m", None)),
        step("describe group", 4, describe(GROUP, "g", None)),
        step("describe all brokers", 4, describe(BROKER, "", None)),
        step("describe another broker", 4, describe(BROKER, "9", None)),
        step(
            "describe some of a broker",
            4,
            describe(BROKER, "1", Some(&["log.cleaner.threads", "num.partitions"])),
        ),
    ]
}

fn leaders() -> Vec<Step> {
    vec![
        step("preferred", 2, elect(0, Some(&[("a", 0), ("a", 9), ("nosuch", 0)]))),
        step("unclean", 2, elect(1, Some(&[("a", 0)]))),
        step("all preferred", 2, elect(0, None)),
        step("no such election", 2, elect(7, Some(&[("a", 0)]))),
        step("nothing to elect", 2, elect(0, Some(&[]))),
        step("reassign to the same", 1, reassign("a", 0, Some(&[1]), true)),
        step("reassign to nobody", 1, reassign("a", 0, Some(&[]), true)),
        step("reassign to an unknown broker", 1, reassign("a", 0, Some(&[9]), true)),
        step("reassign twice to one", 1, reassign("a", 0, Some(&[1, 1]), true)),
        step("reassign unknown topic", 1, reassign("nosuch", 0, Some(&[1]), true)),
        step("reassign unknown partition", 1, reassign("a", 77, Some(&[1]), true)),
        step("cancel nothing", 1, reassign("a", 0, None, true)),
        step(
            "list reassignments",
            0,
            ListPartitionReassignmentsRequest { timeout_ms: 30_000, ..Default::default() },
        ),
        with("proposals of a stale broker", 3, |known| propose(known.topic("a"), 1)),
        step(
            "heartbeat of a stale broker",
            2,
            BrokerHeartbeatRequest { broker_id: 1, broker_epoch: 1, ..Default::default() },
        ),
        step(
            "heartbeat of nobody",
            2,
            BrokerHeartbeatRequest { broker_id: 9, broker_epoch: 1, ..Default::default() },
        ),
        step(
            "producer ids for a stale broker",
            0,
            AllocateProducerIdsRequest { broker_id: 1, broker_epoch: 1, ..Default::default() },
        ),
        step(
            "directories of a stale broker",
            0,
            AssignReplicasToDirsRequest { broker_id: 1, broker_epoch: 1, ..Default::default() },
        ),
        step(
            "registration for another cluster",
            4,
            BrokerRegistrationRequest {
                broker_id: 5,
                cluster_id: Str::from("other"),
                ..Default::default()
            },
        ),
        step(
            "unregister nobody",
            0,
            UnregisterBrokerRequest { broker_id: 9, ..Default::default() },
        ),
    ]
}

fn cluster() -> Vec<Step> {
    vec![
        step("unknown feature", 2, features(&[("nonsense", 1, 1)], false)),
        step("metadata.version too high", 2, features(&[("metadata.version", 31, 1)], false)),
        step("metadata.version too low", 2, features(&[("metadata.version", 6, 2)], false)),
        step("metadata.version negative", 2, features(&[("metadata.version", -1, 1)], false)),
        step("metadata.version down", 2, features(&[("metadata.version", 29, 1)], false)),
        step("metadata.version safely down", 2, features(&[("metadata.version", 29, 2)], false)),
        step("metadata.version unsafely down", 2, features(&[("metadata.version", 29, 3)], false)),
        step("metadata.version same", 2, features(&[("metadata.version", 30, 1)], false)),
        step("group.version too high", 2, features(&[("group.version", 2, 1)], false)),
        step("group.version down", 2, features(&[("group.version", 0, 1)], false)),
        step("group.version safely down", 1, features(&[("group.version", 0, 2)], false)),
        step("group.version not down", 2, features(&[("group.version", 1, 2)], false)),
        step("group.version up, only checked", 2, features(&[("group.version", 1, 1)], true)),
        step("group.version up", 1, features(&[("group.version", 1, 1)], false)),
        step("no such upgrade type", 2, features(&[("group.version", 1, 9)], false)),
        step("two features, one bad", 2, features(&[("group.version", 1, 1), ("x", 1, 1)], false)),
        step(
            "cluster of brokers",
            2,
            DescribeClusterRequest { endpoint_type: 1, ..Default::default() },
        ),
        step(
            "cluster of controllers",
            2,
            DescribeClusterRequest { endpoint_type: 2, ..Default::default() },
        ),
        step(
            "cluster of nothing",
            2,
            DescribeClusterRequest { endpoint_type: 9, ..Default::default() },
        ),
        step(
            "cluster of brokers, before there were types",
            0,
            DescribeClusterRequest { endpoint_type: 1, ..Default::default() },
        ),
    ]
}

fn deletion() -> Vec<Step> {
    let no_id = Uuid::ZERO;
    let strange = Uuid([9; 16]);
    let names = DeleteTopicsRequest {
        topic_names: vec![str("b"), str("nosuch"), str("c"), str("c")],
        timeout_ms: 30_000,
        ..Default::default()
    };
    vec![
        step("by name, as it was", 5, names),
        step(
            "by name, id and mistake",
            6,
            delete(&[
                (Some("c"), no_id),
                (None, no_id),
                (Some("d"), strange),
                (None, strange),
                (Some("nosuch"), no_id),
                (Some("f"), no_id),
                (Some("f"), no_id),
            ]),
        ),
        with("by name and by id", 6, move |known| {
            delete(&[(Some("d"), no_id), (None, known.topic("d"))])
        }),
        with("by id", 6, move |known| delete(&[(None, known.topic("d"))])),
        with("by id again", 6, move |known| delete(&[(None, known.topic("d"))])),
        step("nothing", 6, delete(&[])),
    ]
}
