//! The state of a shard, and how records change it: the same way when they are written and when
//! they are loaded.

use std::collections::{BTreeMap, VecDeque};

use wire::Str;

use crate::ending::Ending;
use crate::error::Error;
use crate::journal::Record;
use crate::outcome::{Outcome, Timer};
use crate::settings::Settings;
use crate::transaction::Transaction;
use crate::version::TransactionVersion;
use crate::waiting::Waiting;

/// Everything one partition of `__transaction_state` says, and what goes on with it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) transactions: BTreeMap<Str, Entry>,
    /// Records above the high watermark, oldest first, at most one for each transactional id.
    in_flight: VecDeque<(i64, Str)>,
    /// The shard takes requests.
    pub(crate) is_live: bool,
    /// The cluster's `transaction.version`.
    pub(crate) version: TransactionVersion,
    pub(crate) scheduled: Scheduled,
    pub(crate) waiting: Waiting,
}

/// Which periodic timers run: none of them while there is nothing to look for.
#[derive(Debug, Default)]
pub(crate) struct Scheduled {
    abort_timed_out: bool,
    remove_expired: bool,
}

/// A transactional id.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// As it is committed; none for an id whose first record is under way.
    pub(crate) current: Option<Transaction>,
    /// As the record says that is not committed yet; the inner none is a tombstone.
    pub(crate) next: Option<Option<Box<Transaction>>>,
    /// What is done about a transaction that is to be ended.
    pub(crate) ending: Option<Ending>,
}

impl Entry {
    /// Whether a change is under way: nothing else may change it, and clients try again.
    pub(crate) fn is_changing(&self) -> bool {
        let is_prepared = |current: &Transaction| current.status.is_prepared();
        self.next.is_some() || self.current.as_ref().is_some_and(is_prepared)
    }
}

/// One event's surroundings.
pub(crate) struct Turn<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) now_ms: i64,
    pub(crate) out: &'a mut Outcome,
}

impl State {
    pub(crate) fn new(version: TransactionVersion) -> Self {
        Self { version, ..Self::default() }
    }

    pub(crate) fn replay(&mut self, record_offset: i64, record: Record) {
        let Record { transactional_id, value, .. } = record;
        if self.is_live {
            self.in_flight.push_back((record_offset, transactional_id.clone()));
            self.transactions.entry(transactional_id).or_default().next = Some(value);
        } else if let Some(value) = value {
            self.transactions.entry(transactional_id).or_default().current = Some(*value);
        } else {
            self.transactions.remove(&transactional_id);
        }
    }

    /// Records below the high watermark are there to stay.
    pub(crate) fn commit(&mut self, high_watermark: i64) {
        while self.in_flight.front().is_some_and(|(offset, _)| *offset < high_watermark) {
            let Some((_, transactional_id)) = self.in_flight.pop_front() else { return };
            let Some(entry) = self.transactions.get_mut(&transactional_id) else { continue };
            match entry.next.take() {
                Some(Some(next)) => {
                    entry.ending = entry.ending.take().filter(|_| next.status.is_prepared());
                    entry.current = Some(*next);
                }
                Some(None) => {
                    self.transactions.remove(&transactional_id);
                }
                None => {}
            }
        }
    }

    /// Takes back records from `offset` on.
    pub(crate) fn revert(&mut self, offset: i64) {
        while self.in_flight.back().is_some_and(|(record_offset, _)| *record_offset >= offset) {
            let Some((_, transactional_id)) = self.in_flight.pop_back() else { return };
            let Some(entry) = self.transactions.get_mut(&transactional_id) else { continue };
            entry.next = None;
            if entry.current.is_none() {
                self.transactions.remove(&transactional_id);
            }
        }
    }

    /// Whether a change of a transactional id is under way.
    pub(crate) fn is_changing(&self, transactional_id: &str) -> bool {
        self.transactions.get(transactional_id).is_some_and(Entry::is_changing)
    }

    /// A transactional id as it is committed.
    pub(crate) fn current(&self, transactional_id: &str) -> Option<&Transaction> {
        self.transactions.get(transactional_id)?.current.as_ref()
    }

    /// A transactional id that no change of is under way.
    pub(crate) fn settled(&self, transactional_id: &str) -> Result<Option<&Transaction>, Error> {
        match self.transactions.get(transactional_id) {
            Some(entry) if entry.is_changing() => Err(Error::ConcurrentTransactions),
            Some(entry) => Ok(entry.current.as_ref()),
            None => Ok(None),
        }
    }

    /// Writes what becomes of a transactional id, and goes on with it once that is committed.
    pub(crate) fn write(
        &mut self,
        transactional_id: &Str,
        value: Transaction,
        turn: &mut Turn<'_>,
    ) {
        let value = Some(Box::new(value));
        let transactional_id = transactional_id.detach();
        turn.out.go_on_with(&transactional_id);
        let record = Record { transactional_id, value, version: self.version };
        turn.out.records.push(record);
    }

    /// Sees to it that transactions are looked at before they take too long.
    pub(crate) fn watch_timeouts(&mut self, turn: &mut Turn<'_>) {
        if !std::mem::replace(&mut self.scheduled.abort_timed_out, true) {
            let after_ms = turn.settings.abort_timed_out_interval_ms;
            turn.out.schedule(Timer::AbortTimedOut, after_ms);
        }
    }

    /// Sees to it that transactional ids that nobody uses are found.
    pub(crate) fn watch_expiration(&mut self, turn: &mut Turn<'_>) {
        if !std::mem::replace(&mut self.scheduled.remove_expired, true) {
            turn.out.schedule(Timer::RemoveExpired, turn.settings.remove_expired_interval_ms);
        }
    }
}

impl Scheduled {
    pub(crate) fn abort_timed_out_fired(&mut self) {
        self.abort_timed_out = false;
    }

    pub(crate) fn remove_expired_fired(&mut self) {
        self.remove_expired = false;
    }
}
