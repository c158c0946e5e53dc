//! What the active controller does from time to time.

use std::time::Duration;

use env::Instant;
use metadata::controller::Settings;

/// When each of the periodic tasks is due. A period of zero means never.
#[derive(Debug)]
pub(crate) struct Timers {
    /// After so long without a record one is written, so that the high watermark moves.
    idle: Duration,
    /// How often leadership goes back to preferred replicas (kafka-semantics 61).
    balance: Duration,
    /// How often unclean elections are tried where they are allowed (kafka-semantics 58).
    unclean: Duration,
    no_op_at: Instant,
    balance_at: Instant,
    unclean_at: Instant,
}

impl Timers {
    pub(crate) fn new(settings: &Settings, now: Instant) -> Self {
        let replication = &settings.server.replication;
        let balance = match replication.auto_leader_rebalance_enable {
            true => seconds(replication.leader_imbalance_check_interval_seconds),
            false => Duration::ZERO,
        };
        Self {
            idle: millis(settings.server.metadata_log.max_idle_interval_ms.into()),
            balance,
            unclean: millis(replication.unclean_leader_election_interval_ms),
            no_op_at: now,
            balance_at: now,
            unclean_at: now,
        }
    }

    /// A new term begins.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.no_op_at = now + self.idle;
        self.balance_at = now + self.balance;
        self.unclean_at = now + self.unclean;
    }

    /// The earliest of what is to be done.
    pub(crate) fn next(&self) -> Option<Instant> {
        let all = [
            (self.idle, self.no_op_at),
            (self.balance, self.balance_at),
            (self.unclean, self.unclean_at),
        ];
        all.into_iter().filter(|(period, _)| !period.is_zero()).map(|(_, at)| at).min()
    }

    pub(crate) fn is_no_op_due(&self, now: Instant) -> bool {
        !self.idle.is_zero() && now >= self.no_op_at
    }

    pub(crate) fn is_balance_due(&self, now: Instant) -> bool {
        !self.balance.is_zero() && now >= self.balance_at
    }

    pub(crate) fn is_unclean_election_due(&self, now: Instant) -> bool {
        !self.unclean.is_zero() && now >= self.unclean_at
    }

    /// A record was written, so the log is not idle.
    pub(crate) fn wrote(&mut self, now: Instant) {
        self.no_op_at = now + self.idle;
    }

    /// Leaders were balanced; if there is more to do, it is done at once.
    pub(crate) fn balanced(&mut self, now: Instant, is_more: bool) {
        self.balance_at = if is_more { now } else { now + self.balance };
    }

    /// Unclean elections were held; if there is more to do, it is done at once.
    pub(crate) fn elected_unclean(&mut self, now: Instant, is_more: bool) {
        self.unclean_at = if is_more { now } else { now + self.unclean };
    }
}

fn millis(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
