//! What a leader knows of a follower, from its fetches alone.

use crate::{BrokerStanding, Context};

/// A follower's fetch, as far as it tells how far the follower has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowerFetch {
    /// The follower.
    pub replica_id: i32,
    /// Offset it fetches from: the end of its log.
    pub fetch_offset: i64,
    /// Start of its log.
    pub log_start_offset: i64,
    /// Epoch of its broker, -1 when the request carries none.
    pub broker_epoch: i64,
}

/// One follower as its leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteReplica {
    /// The broker it is on.
    pub broker_id: i32,
    /// Start of its log, -1 before its first fetch.
    pub log_start_offset: i64,
    /// End of its log, -1 before its first fetch.
    pub log_end_offset: i64,
    /// Epoch its broker fetches with; `None` before its first fetch.
    pub broker_epoch: Option<i64>,
    /// The last time at which it had all that the leader had then, by the leader's clock.
    pub last_caught_up_ms: Option<i64>,
    /// When it last fetched, and where the leader's log ended then.
    last_fetch_ms: Option<i64>,
    last_fetch_leader_end_offset: i64,
}

impl RemoteReplica {
    /// A follower that has not fetched from this leader yet.
    pub(crate) fn new(broker_id: i32) -> Self {
        Self {
            broker_id,
            log_start_offset: -1,
            log_end_offset: -1,
            broker_epoch: None,
            last_caught_up_ms: None,
            last_fetch_ms: None,
            last_fetch_leader_end_offset: -1,
        }
    }

    /// A leader epoch begins. Members of the ISR count as caught up now, so that they get the
    /// whole lag time to fetch; the others do not hold back the high watermark.
    pub(crate) fn on_new_epoch(&mut self, leader_end_offset: i64, in_isr: bool, now_ms: i64) {
        let since = in_isr.then_some(now_ms);
        self.last_caught_up_ms = since;
        self.last_fetch_ms = since;
        self.last_fetch_leader_end_offset = leader_end_offset;
    }

    /// The follower fetched when the leader's log ended at `leader_end_offset`.
    ///
    /// If it has all up to there, it is caught up now; if it has all up to where the log ended at
    /// its previous fetch, it was caught up then. So a follower that is always one fetch behind a
    /// busy leader still counts as in sync (kafka-semantics 47).
    pub(crate) fn on_fetch(&mut self, fetch: &FollowerFetch, leader_end_offset: i64, now_ms: i64) {
        let caught_up = if fetch.fetch_offset >= leader_end_offset {
            Some(now_ms)
        } else if fetch.fetch_offset >= self.last_fetch_leader_end_offset {
            self.last_fetch_ms
        } else {
            None
        };
        self.last_caught_up_ms = self.last_caught_up_ms.max(caught_up);
        self.last_fetch_ms = Some(now_ms);
        self.last_fetch_leader_end_offset =
            self.last_fetch_leader_end_offset.max(leader_end_offset);
        self.log_start_offset = fetch.log_start_offset;
        self.log_end_offset = fetch.fetch_offset;
        self.broker_epoch = Some(fetch.broker_epoch);
    }

    /// Whether it has all, or had all within the last `lag_max_ms` (kafka-semantics 47).
    pub(crate) fn is_caught_up(
        &self,
        leader_end_offset: i64,
        now_ms: i64,
        lag_max_ms: i64,
    ) -> bool {
        self.log_end_offset == leader_end_offset
            || self.last_caught_up_ms.is_some_and(|at| now_ms.saturating_sub(at) <= lag_max_ms)
    }

    /// Whether its broker may be in an ISR (kafka-semantics 48).
    pub(crate) fn is_eligible(&self, context: &Context<'_>) -> bool {
        let standing: Option<BrokerStanding> = context.brokers.standing(self.broker_id);
        standing
            .zip(self.broker_epoch)
            .is_some_and(|(standing, fetch_epoch)| standing.may_join_isr(fetch_epoch))
    }
}
