//! The controller quorum and the metadata log.

use crate::setting::{Setting, boolean, int, list, long, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("broker.heartbeat.interval.ms", 2000)
        .works()
        .doc("How often a broker tells the controller that it lives."),
    int("broker.session.timeout.ms", 9000)
        .works()
        .doc("A broker that was not heard of for this long is fenced."),
    list("controller.listener.names", "").required().items(Items::SOME).high().works().doc(
        "Listeners that lead to controllers; a node without the controller role \
         connects to the first.",
    ),
    long("controller.performance.always.log.threshold.ms", 2000)
        .at_least(0)
        .internal()
        .never()
        .doc("Log every controller operation that takes longer."),
    long("controller.performance.sample.period.ms", 60_000)
        .at_least(100)
        .internal()
        .never()
        .doc("How often to log a summary of the slowest controller operations."),
    int("controller.quorum.append.linger.ms", 25)
        .at_least(0)
        .doc("How long the leader waits for more metadata records before it writes."),
    boolean("controller.quorum.auto.join.enable", false).low().works().doc(
        "A controller that is not a voter adds itself to the voters. Needs a dynamic \
         quorum.",
    ),
    list("controller.quorum.bootstrap.servers", "")
        .valid(Valid::BootstrapServers)
        .high()
        .works()
        .doc("Controllers to find the quorum by, as `host:port,...`."),
    int("controller.quorum.election.backoff.max.ms", 1000)
        .at_least(0)
        .high()
        .works()
        .doc("Upper bound of the random wait before an election is tried again."),
    int("controller.quorum.election.timeout.ms", 1000)
        .at_least(0)
        .high()
        .works()
        .doc("How long an election may take."),
    int("controller.quorum.fetch.max.bytes", 1_048_576)
        .at_least(1)
        .low()
        .works()
        .doc("Bytes of metadata records in one fetch answer."),
    int("controller.quorum.fetch.snapshot.max.bytes", 1_048_576)
        .at_least(1)
        .low()
        .works()
        .doc("Bytes of a metadata snapshot in one answer."),
    int("controller.quorum.fetch.timeout.ms", 2000).at_least(0).high().works().doc(
        "A follower that could not fetch for this long asks for an election; a leader \
         not fetched from by a majority for 1.5 times this resigns.",
    ),
    int("controller.quorum.request.timeout.ms", 2000)
        .at_least(0)
        .works()
        .doc("How long to wait for an answer within the quorum."),
    int("controller.quorum.retry.backoff.ms", 20)
        .at_least(0)
        .low()
        .works()
        .doc("Wait before a failed request within the quorum is repeated."),
    list("controller.quorum.voters", "").valid(Valid::QuorumVoters).high().works().doc(
        "Voters of a static quorum, as `id@host:port,...`. Empty for a \
         dynamic quorum.",
    ),
    int("initial.broker.registration.timeout.ms", 60_000)
        .doc("A broker that could not register at start for this long stops."),
    long("internal.metadata.delete.delay.millis", 60_000)
        .low()
        .internal()
        .doc("How long files of deleted metadata segments stay on disk. For tests."),
    int("internal.metadata.log.segment.bytes", 0).null().low().internal().works().doc(
        "Size at which a segment of the metadata log rolls, instead of \
         `metadata.log.segment.bytes`. For tests.",
    ),
    int("internal.metadata.max.batch.size.in.bytes", 8_388_608)
        .low()
        .internal()
        .works()
        .doc("Largest batch of the metadata log. For tests."),
    string("metadata.log.dir", "")
        .null()
        .high()
        .works()
        .doc("Directory of the metadata log; by default the first of `log.dirs`."),
    long("metadata.log.max.record.bytes.between.snapshots", 20_971_520)
        .at_least(1)
        .high()
        .works()
        .doc("Take a snapshot of the metadata after so many bytes of records."),
    long("metadata.log.max.snapshot.interval.ms", 3_600_000).at_least(0).high().works().doc(
        "Take a snapshot of the metadata after this time if there is anything new; 0: \
         not by time.",
    ),
    int("metadata.log.segment.bytes", 1_073_741_824)
        .at_least(8_388_608)
        .high()
        .works()
        .doc("Size at which a segment of the metadata log rolls."),
    long("metadata.log.segment.ms", 604_800_000)
        .high()
        .works()
        .doc("Time after which a segment of the metadata log rolls."),
    int("metadata.max.idle.interval.ms", 500).at_least(0).low().works().doc(
        "The active controller writes an empty record when nothing else was written for \
         this long; 0: never.",
    ),
    long("metadata.max.retention.bytes", 104_857_600)
        .high()
        .works()
        .doc("Bytes of metadata log and snapshots before old ones are deleted."),
    long("metadata.max.retention.ms", 604_800_000)
        .high()
        .works()
        .doc("Time before old metadata log segments and snapshots are deleted."),
    long("server.max.startup.time.ms", i64::MAX)
        .at_least(0)
        .internal()
        .never()
        .doc("Give up when starting takes longer."),
];
