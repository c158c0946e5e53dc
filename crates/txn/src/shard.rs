//! The face of the machine: one partition of `__transaction_state`.

use crate::journal::Record;
use crate::outcome::{AfterWrite, Outcome, Timer, Token};
use crate::request::{Request, Response};
use crate::settings::Settings;
use crate::state::{State, Turn};
use crate::version::TransactionVersion;

/// The transaction coordinator of one partition of `__transaction_state`.
///
/// There are two kinds of methods. [`handle`](Self::handle), [`expire`](Self::expire),
/// [`written`](Self::written) and [`loaded`](Self::loaded) decide: they return records, answers,
/// timers and what is to be done outside. [`replay`](Self::replay) changes what is stored, the same
/// way for records just decided on and for records of the log.
///
/// A transactional id changes one step at a time: until the record of a step is committed all other
/// changes are refused, and readers see what was before it.
#[derive(Debug)]
pub struct Shard {
    settings: Settings,
    state: State,
}

impl Shard {
    /// A shard without transactional ids, to be loaded by `replay`. `version` is the cluster's
    /// `transaction.version`.
    pub fn new(settings: Settings, version: TransactionVersion) -> Self {
        Self { settings, state: State::new(version) }
    }

    /// Applies the record at `record_offset`. Offsets grow from call to call, except after
    /// [`revert`](Self::revert).
    pub fn replay(&mut self, record_offset: i64, record: Record) {
        self.state.replay(record_offset, record);
    }

    /// Records below `high_watermark` are committed.
    pub fn committed(&mut self, high_watermark: i64) {
        self.state.commit(high_watermark);
    }

    /// Takes back records from `offset` on: they could not be written.
    pub fn revert(&mut self, offset: i64) {
        self.state.revert(offset);
    }

    /// The whole log is replayed and requests may come. Transactions that were to be ended are
    /// (kafka-semantics 149).
    pub fn loaded(&mut self, now_ms: i64) -> Outcome {
        self.state.is_live = true;
        self.turn(now_ms, |state, turn| state.loaded(turn))
    }

    /// Handles a request.
    pub fn handle(&mut self, request: Request, token: Token, now_ms: i64) -> Outcome {
        if let Some(response) = request.refusal(&self.settings) {
            let mut out = Outcome::default();
            out.answer(response);
            return out;
        }
        self.turn(now_ms, |state, turn| handle(state, request, token, turn))
    }

    /// Handles a timer that fired.
    pub fn expire(&mut self, timer: &Timer, now_ms: i64) -> Outcome {
        self.turn(now_ms, |state, turn| match timer {
            Timer::AbortTimedOut => state.abort_timed_out(turn),
            Timer::RemoveExpired => state.remove_expired(turn),
            Timer::Resume { transactional_id } => state.resume(transactional_id, turn),
        })
    }

    /// Goes on after the records of an outcome are committed or failed. When a batch fails, this is
    /// called for its outcomes, the newest first, before [`revert`](Self::revert).
    pub fn written(&mut self, after: &AfterWrite, is_written: bool, now_ms: i64) -> Outcome {
        self.turn(now_ms, |state, turn| match is_written {
            true => state.written(&after.transactional_ids, turn),
            false => State::resume_later(&after.transactional_ids, turn),
        })
    }

    fn turn(&mut self, now_ms: i64, event: impl FnOnce(&mut State, &mut Turn<'_>)) -> Outcome {
        let mut out = Outcome::default();
        event(&mut self.state, &mut Turn { settings: &self.settings, now_ms, out: &mut out });
        out
    }
}

fn handle(state: &mut State, request: Request, token: Token, turn: &mut Turn<'_>) {
    match request {
        Request::InitProducerId(request) => state.init(&request, turn),
        Request::AddPartitions(request) => state.add(request, turn),
        Request::EndTxn(request) => state.end(&request, turn),
        Request::VerifyPartitions(request) => {
            turn.out.answer(Response::VerifyPartitions(state.verify(request)));
        }
        Request::DescribeTransaction(request) => {
            turn.out.answer(Response::DescribeTransaction(state.describe(&request)));
        }
        Request::ListTransactions(request) => {
            turn.out.answer(Response::ListTransactions(state.list(&request, turn.now_ms)));
        }
        Request::AwaitSettled(request) => state.await_settled(&request, token, turn.out),
        Request::MarkersWritten(request) => {
            state.markers_written(request, turn);
            turn.out.answer(Response::MarkersWritten(()));
        }
        Request::ProducerIdAllocated(request) => {
            state.abort_with_producer_id(&request, turn);
            turn.out.answer(Response::ProducerIdAllocated(()));
        }
        Request::VersionChanged(request) => {
            state.version = request.0;
            turn.out.answer(Response::VersionChanged(()));
        }
    }
}
