//! What is done from time to time: transactions that take too long, transactional ids that nobody
//! uses, and what a crash left unfinished (kafka-semantics 149 to 151).

use wire::Str;

use crate::journal::Record;
use crate::outcome::{Command, Effect};
use crate::request::ProducerIdAllocated;
use crate::state::{State, Turn};
use crate::transaction::{Status, Transaction};

impl State {
    /// Takes up what the log left unfinished.
    pub(crate) fn loaded(&mut self, turn: &mut Turn<'_>) {
        for transactional_id in self.ids(|transaction| transaction.status.is_prepared()) {
            self.begin_ending(&transactional_id, turn);
        }
        if !self.ids(|transaction| transaction.status == Status::Ongoing).is_empty() {
            self.watch_timeouts(turn);
        }
        if !self.transactions.is_empty() {
            self.watch_expiration(turn);
        }
    }

    /// Aborts transactions that take too long, in place of their producers.
    pub(crate) fn abort_timed_out(&mut self, turn: &mut Turn<'_>) {
        self.scheduled.abort_timed_out_fired();
        let now_ms = turn.now_ms;
        for transactional_id in self.ids(|transaction| transaction.is_timed_out(now_ms)) {
            self.abort(&transactional_id, None, turn);
        }
        // Those just aborted do not count any more only once that is committed.
        if !self.ids(|transaction| transaction.status == Status::Ongoing).is_empty() {
            self.watch_timeouts(turn);
        }
    }

    /// Aborts a transaction that timed out, now that there is a producer id for its end.
    pub(crate) fn abort_with_producer_id(
        &mut self,
        request: &ProducerIdAllocated,
        turn: &mut Turn<'_>,
    ) {
        self.abort(&request.transactional_id, Some(request.producer_id), turn);
    }

    fn abort(&mut self, transactional_id: &Str, new_producer_id: Option<i64>, turn: &mut Turn<'_>) {
        let Ok(Some(current)) = self.settled(transactional_id) else { return };
        if !current.is_timed_out(turn.now_ms) {
            return;
        }
        let rotates = self.version.bumps_epoch() && current.is_epoch_exhausted();
        if rotates && new_producer_id.is_none() {
            let transactional_id = transactional_id.clone();
            let effect = Effect::AllocateProducerId { transactional_id };
            turn.out.commands.push(Command::Perform(effect));
            return;
        }
        let next_producer_id = new_producer_id.filter(|_| rotates);
        let next = current.fence(self.version, next_producer_id, turn.now_ms);
        self.write(transactional_id, next, turn);
    }

    /// Removes transactional ids that were not used for long.
    pub(crate) fn remove_expired(&mut self, turn: &mut Turn<'_>) {
        self.scheduled.remove_expired_fired();
        let (expiration_ms, now_ms) = (turn.settings.expiration_ms, turn.now_ms);
        for transactional_id in self.ids(|it| it.is_expired(expiration_ms, now_ms)) {
            let version = self.version;
            turn.out.go_on_with(&transactional_id);
            turn.out.records.push(Record { transactional_id, value: None, version });
        }
        if !self.transactions.is_empty() {
            self.watch_expiration(turn);
        }
    }

    /// The transactional ids, among those that no change of is under way or that are prepared.
    fn ids(&self, selects: impl Fn(&Transaction) -> bool) -> Vec<Str> {
        let ids = self.transactions.iter().filter(|(_, entry)| {
            entry.next.is_none() && entry.current.as_ref().is_some_and(&selects)
        });
        ids.map(|(transactional_id, _)| transactional_id.clone()).collect()
    }
}
