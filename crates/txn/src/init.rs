//! InitProducerId (kafka-semantics 136 to 139).

use crate::error::Error;
use crate::request::{InitProducerId, Response};
use crate::state::{State, Turn};
use crate::transaction::{Status, Transaction};

/// What a producer's arrival leads to.
enum Arrival {
    /// It has the transactional id.
    Initialized(Transaction),
    /// A transaction of its predecessor is open: it is aborted first.
    Fenced(Transaction),
}

impl State {
    pub(crate) fn init(&mut self, request: &InitProducerId, turn: &mut Turn<'_>) {
        let transactional_id = &request.transactional_id;
        match self.arrive(request, turn.now_ms) {
            Err(error) => turn.out.answer(Response::InitProducerId(Err(error))),
            Ok(Arrival::Initialized(next)) => {
                let producer = next.producer();
                self.write(transactional_id, next, turn);
                self.watch_expiration(turn);
                turn.out.answer_committed(Response::InitProducerId(Ok(producer)));
            }
            Ok(Arrival::Fenced(next)) => {
                self.write(transactional_id, next, turn);
                let again = Err(Error::ConcurrentTransactions);
                turn.out.answer_committed(Response::InitProducerId(again));
            }
        }
    }

    fn arrive(&self, request: &InitProducerId, now_ms: i64) -> Result<Arrival, Error> {
        let new_producer_id = || request.new_producer_id.ok_or(Error::ProducerIdNeeded);
        let fresh;
        let current = match self.settled(&request.transactional_id)? {
            Some(current) => current,
            None => {
                fresh = Transaction::new(new_producer_id()?);
                &fresh
            }
        };
        if request.expected.is_some_and(|expected| !current.is_valid_producer(expected)) {
            return Err(Error::ProducerFenced);
        }
        match current.status {
            Status::Ongoing => self.fenced(current, request.new_producer_id, now_ms),
            Status::PrepareCommit | Status::PrepareAbort => Err(Error::ConcurrentTransactions),
            Status::Empty | Status::CompleteCommit | Status::CompleteAbort => {
                let is_last = request.expected.is_none_or(|it| it.epoch == current.producer_epoch);
                let next = match current.is_epoch_exhausted() && is_last {
                    true => current.rotate(new_producer_id()?, request, now_ms),
                    false => current.increment_epoch(request, now_ms)?,
                };
                Ok(Arrival::Initialized(next))
            }
        }
    }

    fn fenced(
        &self,
        current: &Transaction,
        new_producer_id: Option<i64>,
        now_ms: i64,
    ) -> Result<Arrival, Error> {
        let rotates = self.version.bumps_epoch() && current.is_epoch_exhausted();
        if rotates && new_producer_id.is_none() {
            return Err(Error::ProducerIdNeeded);
        }
        let next_producer_id = new_producer_id.filter(|_| rotates);
        Ok(Arrival::Fenced(current.fence(self.version, next_producer_id, now_ms)))
    }
}
