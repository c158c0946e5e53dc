//! The controller quorum and the metadata log.

use crate::setting::{Setting, boolean, int, list, long, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("broker.heartbeat.interval.ms", 2000),
    int("broker.session.timeout.ms", 9000),
    list("controller.listener.names", "").required().items(Items::SOME).high(),
    long("controller.performance.always.log.threshold.ms", 2000).at_least(0).internal().never(),
    long("controller.performance.sample.period.ms", 60_000).at_least(100).internal().never(),
    int("controller.quorum.append.linger.ms", 25).at_least(0),
    boolean("controller.quorum.auto.join.enable", false).low(),
    list("controller.quorum.bootstrap.servers", "").valid(Valid::BootstrapServers).high(),
    int("controller.quorum.election.backoff.max.ms", 1000).at_least(0).high(),
    int("controller.quorum.election.timeout.ms", 1000).at_least(0).high(),
    int("controller.quorum.fetch.max.bytes", 1_048_576).at_least(1).low(),
    int("controller.quorum.fetch.snapshot.max.bytes", 1_048_576).at_least(1).low(),
    int("controller.quorum.fetch.timeout.ms", 2000).at_least(0).high(),
    int("controller.quorum.request.timeout.ms", 2000).at_least(0),
    int("controller.quorum.retry.backoff.ms", 20).at_least(0).low(),
    list("controller.quorum.voters", "").valid(Valid::QuorumVoters).high(),
    int("initial.broker.registration.timeout.ms", 60_000),
    long("internal.metadata.delete.delay.millis", 60_000).low().internal(),
    int("internal.metadata.log.segment.bytes", 0).null().low().internal(),
    int("internal.metadata.max.batch.size.in.bytes", 8_388_608).low().internal(),
    string("metadata.log.dir", "").null().high(),
    long("metadata.log.max.record.bytes.between.snapshots", 20_971_520).at_least(1).high(),
    long("metadata.log.max.snapshot.interval.ms", 3_600_000).at_least(0).high(),
    int("metadata.log.segment.bytes", 1_073_741_824).at_least(8_388_608).high(),
    long("metadata.log.segment.ms", 604_800_000).high(),
    int("metadata.max.idle.interval.ms", 500).at_least(0).low(),
    long("metadata.max.retention.bytes", 104_857_600).high(),
    long("metadata.max.retention.ms", 604_800_000).high(),
    long("server.max.startup.time.ms", i64::MAX).at_least(0).internal().never(),
];
