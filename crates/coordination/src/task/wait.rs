//! Waiting for the next event.

use std::future::{pending, poll_fn};
use std::pin::Pin;

use env::{Env, Instant};
use tokio::time::Sleep;

use super::{Pending, Server, Stop};
use crate::error::LogError;
use crate::log::Wait;
use crate::settings::Linger;
use crate::shard::Shard;

/// Requests handled before timers and the high watermark are looked at again.
const REQUESTS_PER_TURN: usize = 256;

/// One timer of the runtime for everything that has a time, moved only when that changes.
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self { sleep: None }
    }

    /// Waits until `at`, for ever without one.
    async fn ring(&mut self, env: &Env, at: Option<Instant>) {
        let Some(at) = at else { return pending().await };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(env.sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        poll_fn(|cx| sleep.as_mut().poll(cx)).await;
    }
}

impl<S: Shard> Server<S> {
    /// Serves until there is a reason to stop.
    pub(super) async fn serve(&mut self) -> Stop {
        let outcome = self.shard.loaded(self.now_ms());
        self.carry_out(Pending::of_shard(outcome));
        let mut committed: Option<Wait<Result<i64, LogError>>> = None;
        loop {
            self.append_if_due();
            if self.out_of_step {
                return Stop::OutOfStep;
            }
            if committed.is_none() && self.high_watermark < self.log_end_offset {
                let offset = self.deferred.next_offset().unwrap_or(self.log_end_offset);
                committed = Some(self.start.log.committed(offset));
            }
            let at = self.next_deadline();
            tokio::select! {
                biased;
                result = poll_fn(|cx| match &mut committed {
                    Some(wait) => wait.as_mut().poll(cx),
                    None => std::task::Poll::Pending,
                }) => {
                    committed = None;
                    match result {
                        Ok(high_watermark) => {
                            self.advance(high_watermark);
                            self.carry_out_rest();
                        }
                        Err(error) => {
                            tracing::info!(shard = self.start.name, %error, "the log is lost");
                            return Stop::Lost;
                        }
                    }
                }
                () = self.alarm.ring(&self.start.env, at) => self.expire(),
                envelope = self.start.mailbox.recv() => match envelope {
                    Some(envelope) => {
                        self.handle(envelope);
                        self.handle_more();
                    }
                    None => return Stop::Closed,
                },
            }
        }
    }

    /// Handles what else is in the mailbox, so that its records share a batch.
    fn handle_more(&mut self) {
        for _ in 1..REQUESTS_PER_TURN {
            match self.start.mailbox.try_recv() {
                Ok(envelope) => self.handle(envelope),
                Err(_) => break,
            }
        }
    }

    /// Appends the open batch unless it shall wait for more. What follows from it may open another one.
    fn append_if_due(&mut self) {
        while self.batch.is_some() {
            let is_due = match self.start.settings.linger {
                Linger::WhileBusy => true,
                Linger::For(_) => {
                    self.batch_deadline().is_some_and(|at| at <= self.start.env.now())
                }
            };
            if !is_due {
                break;
            }
            // A failure is told to those who wait for the batch.
            let _ = self.append_batch();
            self.carry_out_rest();
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.timers.next(), self.deferred.next_deadline(), self.batch_deadline()]
            .into_iter()
            .flatten()
            .min()
    }
}
