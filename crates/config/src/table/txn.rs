//! Transactions and idempotent producers.

use crate::setting::{Setting, boolean, int, short};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("add.partitions.to.txn.retry.backoff.max.ms", 100).at_least(0).high(),
    int("add.partitions.to.txn.retry.backoff.ms", 20).at_least(1).high(),
    int("producer.id.expiration.check.interval.ms", 600_000).at_least(1).low().internal(),
    int("producer.id.expiration.ms", 86_400_000).at_least(1).low().cluster_wide(),
    int("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000).at_least(1).low(),
    int("transaction.max.timeout.ms", 900_000).at_least(1).high(),
    boolean("transaction.partition.verification.enable", true).low().cluster_wide(),
    int("transaction.remove.expired.transaction.cleanup.interval.ms", 3_600_000).at_least(1).low(),
    int("transaction.state.log.load.buffer.size", 5_242_880).at_least(1).high().never(),
    int("transaction.state.log.min.isr", 2).at_least(1).high(),
    int("transaction.state.log.num.partitions", 50).at_least(1).high(),
    short("transaction.state.log.replication.factor", 3).at_least(1).high(),
    int("transaction.state.log.segment.bytes", 104_857_600).at_least(1).high(),
    boolean("transaction.two.phase.commit.enable", false).low(),
    int("transactional.id.expiration.ms", 604_800_000).at_least(1).high(),
];
