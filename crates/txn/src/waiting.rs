//! Those who wait until a transactional id is settled.

use std::collections::{BTreeMap, VecDeque};

use wire::Str;

use crate::outcome::{Outcome, Token};
use crate::request::{AwaitSettled, Response};
use crate::state::State;

/// Requests that may wait for one transactional id. A producer waits with one at a time, and may
/// have given up on those before.
const WAITING_MAX: usize = 8;

/// Parked requests by transactional id, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting(BTreeMap<Str, VecDeque<Token>>);

impl State {
    pub(crate) fn await_settled(
        &mut self,
        request: &AwaitSettled,
        token: Token,
        out: &mut Outcome,
    ) {
        let transactional_id = &request.transactional_id;
        if !self.is_changing(transactional_id) {
            out.answer(Response::AwaitSettled(true));
            return;
        }
        let tokens = match self.waiting.0.get_mut(transactional_id) {
            Some(tokens) => tokens,
            None => self.waiting.0.entry(transactional_id.detach()).or_default(),
        };
        tokens.push_back(token);
        if tokens.len() > WAITING_MAX
            && let Some(oldest) = tokens.pop_front()
        {
            out.reply(oldest, Response::AwaitSettled(false));
        }
        out.park();
    }

    /// Answers those who wait for a transactional id, if it is settled.
    pub(crate) fn release(&mut self, transactional_id: &Str, out: &mut Outcome) {
        if self.waiting.0.is_empty() || self.is_changing(transactional_id) {
            return;
        }
        for token in self.waiting.0.remove(transactional_id).into_iter().flatten() {
            out.reply(token, Response::AwaitSettled(true));
        }
    }
}
