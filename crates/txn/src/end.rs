//! EndTxn (kafka-semantics 145 to 147).

use crate::error::Error;
use crate::request::{EndTxn, Response};
use crate::state::{Entry, State, Turn};
use crate::transaction::{ProducerIdAndEpoch, Status, Transaction};
use crate::version::TransactionVersion;

/// What the request for an end leads to.
enum End {
    /// The transaction is to be ended.
    Prepared(Transaction),
    /// It is already: the request was repeated.
    Repeated,
}

impl State {
    pub(crate) fn end(&mut self, request: &EndTxn, turn: &mut Turn<'_>) {
        let entry = self.transactions.get(&request.transactional_id);
        let bumps_epoch = request.client_version.bumps_epoch();
        let (end, current) = match entry.filter(|entry| entry.current.is_some() || bumps_epoch) {
            None => (Err(Error::InvalidProducerIdMapping), ProducerIdAndEpoch::NONE),
            Some(entry) => {
                let end = match bumps_epoch {
                    true => end_with_bump(entry, request, turn.now_ms),
                    false => end_without_bump(entry, request, turn.now_ms),
                };
                let producer = entry.current.as_ref().map(Transaction::producer);
                (end, producer.unwrap_or(ProducerIdAndEpoch::NONE))
            }
        };
        // Older clients go on with the epoch they have.
        let told = |producer| if bumps_epoch { producer } else { ProducerIdAndEpoch::NONE };
        match end {
            Err(error) => turn.out.answer(Response::EndTxn(Err(error))),
            Ok(End::Repeated) => turn.out.answer(Response::EndTxn(Ok(told(current)))),
            Ok(End::Prepared(next)) => {
                let producer = next.complete(turn.now_ms).producer();
                self.write(&request.transactional_id, next, turn);
                turn.out.answer_committed(Response::EndTxn(Ok(told(producer))));
            }
        }
    }
}

/// Versions 0 to 4: the epoch stays.
fn end_without_bump(entry: &Entry, request: &EndTxn, now_ms: i64) -> Result<End, Error> {
    let current = entry.current.as_ref().ok_or(Error::InvalidProducerIdMapping)?;
    if current.producer_id != request.producer.id {
        return Err(Error::InvalidProducerIdMapping);
    }
    if current.producer_epoch != request.producer.epoch {
        return Err(Error::ProducerFenced);
    }
    if entry.is_changing() {
        return Err(Error::ConcurrentTransactions);
    }
    match (current.status, request.commits) {
        (Status::Ongoing, commits) => {
            Ok(End::Prepared(current.prepare(commits, TransactionVersion::V0, None, now_ms)))
        }
        (Status::CompleteCommit, true) | (Status::CompleteAbort, false) => Ok(End::Repeated),
        (Status::PrepareCommit | Status::PrepareAbort, _) => Err(Error::ConcurrentTransactions),
        (Status::Empty | Status::CompleteCommit | Status::CompleteAbort, _) => {
            Err(Error::InvalidTxnState)
        }
    }
}

/// Version 5: every end bumps the epoch, so the epoch tells whether a request is repeated. An abort
/// is taken without a transaction, too: the client may not know whether one began.
fn end_with_bump(entry: &Entry, request: &EndTxn, now_ms: i64) -> Result<End, Error> {
    // The first check: the change under way may give the producer another id.
    if entry.is_changing() {
        return Err(Error::ConcurrentTransactions);
    }
    let current = entry.current.as_ref().ok_or(Error::InvalidProducerIdMapping)?;
    let ProducerIdAndEpoch { id, epoch } = request.producer;
    let rotated =
        current.previous_producer_id == id && epoch == i16::MAX - 1 && current.producer_epoch == 0;
    let bumped = i32::from(current.producer_epoch) == i32::from(epoch) + 1;
    if current.producer_id != id && !rotated {
        return Err(Error::InvalidProducerIdMapping);
    }
    let is_complete = matches!(current.status, Status::CompleteCommit | Status::CompleteAbort);
    let is_repeated = bumped || rotated;
    if current.producer_epoch != epoch && !(is_complete && is_repeated) {
        return Err(Error::ProducerFenced);
    }
    match (current.status, request.commits, is_repeated) {
        (Status::Ongoing, commits, _) => prepare(current, commits, request, now_ms),
        (Status::CompleteCommit, true, true) | (Status::CompleteAbort, false, true) => {
            Ok(End::Repeated)
        }
        (Status::CompleteCommit | Status::CompleteAbort, false, false)
        | (Status::Empty, false, _) => prepare(current, false, request, now_ms),
        (Status::PrepareCommit | Status::PrepareAbort, _, _) => Err(Error::ConcurrentTransactions),
        (Status::CompleteCommit, true, false)
        | (Status::CompleteCommit, false, true)
        | (Status::CompleteAbort | Status::Empty, true, _) => Err(Error::InvalidTxnState),
    }
}

fn prepare(
    current: &Transaction,
    commits: bool,
    request: &EndTxn,
    now_ms: i64,
) -> Result<End, Error> {
    let next_producer_id = match current.is_epoch_exhausted() {
        true => Some(request.new_producer_id.ok_or(Error::ProducerIdNeeded)?),
        false => None,
    };
    let version = request.client_version;
    Ok(End::Prepared(current.prepare(commits, version, next_producer_id, now_ms)))
}
