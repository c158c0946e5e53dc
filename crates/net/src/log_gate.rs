//! Log lines that strangers can cause are let through one per second.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use env::{Clock, Instant};

/// Lets one line through per second and counts the others.
#[derive(Debug, Default)]
pub(crate) struct LogGate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed_until: Option<Instant>,
    suppressed: u64,
}

const PERIOD: Duration = Duration::from_secs(1);

impl LogGate {
    /// If a line may pass: how many were held back since the one before.
    pub(crate) fn pass(&self, clock: &Clock) -> Option<u64> {
        let now = clock.now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed_until.is_some_and(|until| now < until) {
            state.suppressed += 1;
            return None;
        }
        state.closed_until = Some(now + PERIOD);
        Some(std::mem::take(&mut state.suppressed))
    }
}
