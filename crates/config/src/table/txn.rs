//! Transactions and idempotent producers.

use crate::setting::{Setting, boolean, int, short};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("add.partitions.to.txn.retry.backoff.max.ms", 100).at_least(0).high().works().doc(
        "Longest the broker itself retries adding partitions to a transaction while the \
         previous one is being completed.",
    ),
    int("add.partitions.to.txn.retry.backoff.ms", 20)
        .at_least(1)
        .high()
        .works()
        .doc("Wait between two such retries."),
    int("producer.id.expiration.check.interval.ms", 600_000)
        .at_least(1)
        .low()
        .internal()
        .works()
        .doc("How often to look for expired producer ids."),
    int("producer.id.expiration.ms", 86_400_000).at_least(1).low().cluster_wide().works().doc(
        "How long the sequence numbers of a producer are remembered after its last \
         write.",
    ),
    int("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000)
        .at_least(1)
        .low()
        .works()
        .doc("How often to look for transactions that have timed out."),
    int("transaction.max.timeout.ms", 900_000)
        .at_least(1)
        .high()
        .works()
        .doc("Largest transaction timeout a producer may ask for."),
    boolean("transaction.partition.verification.enable", true).low().cluster_wide().works().doc(
        "Check with the coordinator that a partition belongs to the transaction before \
         writing to it.",
    ),
    int("transaction.remove.expired.transaction.cleanup.interval.ms", 3_600_000)
        .at_least(1)
        .low()
        .works()
        .doc("How often to look for expired transactional ids."),
    int("transaction.state.log.load.buffer.size", 5_242_880)
        .at_least(1)
        .high()
        .works()
        .doc("Bytes read at once when a partition of the transaction log is loaded."),
    int("transaction.state.log.min.isr", 2)
        .at_least(1)
        .high()
        .works()
        .doc("`min.insync.replicas` of the transaction log."),
    int("transaction.state.log.num.partitions", 50)
        .at_least(1)
        .high()
        .works()
        .doc("Partitions of the transaction log. Not to be changed once it exists."),
    short("transaction.state.log.replication.factor", 3)
        .at_least(1)
        .high()
        .works()
        .doc("Replicas of the transaction log."),
    int("transaction.state.log.segment.bytes", 104_857_600)
        .at_least(1)
        .high()
        .works()
        .doc("Size at which a segment of the transaction log rolls."),
    boolean("transaction.two.phase.commit.enable", false).low().works().doc(
        "Allow producers to take part in two-phase commits of other systems: their \
         transactions do not time out.",
    ),
    int("transactional.id.expiration.ms", 604_800_000)
        .at_least(1)
        .high()
        .works()
        .doc("How long a transactional id is remembered after its last transaction."),
];
