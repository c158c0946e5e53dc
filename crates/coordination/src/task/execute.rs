//! Carrying out what the shard decided.

use std::time::Duration;

use super::batch::Encoded;
use super::deferred::{Due, Waiting};
use super::{Asked, Envelope, Pending, Server, Start};
use crate::error::{Error, LogError};
use crate::reply::ReplyTo;
use crate::settings::Linger;
use crate::shard::{Answer, Command, Origin, Outcome, Shard, Token};

impl<S: Shard> Server<S> {
    /// Handles one request, or the end of a transaction.
    pub(super) fn handle(&mut self, envelope: Envelope<S>) {
        match envelope {
            Envelope::Ask { asked, reply_to } => self.ask(*asked, reply_to),
            Envelope::End { end, reply_to } => {
                self.end_transaction(&end, reply_to);
                self.carry_out_rest();
            }
        }
    }

    fn ask(&mut self, asked: Asked<S>, reply_to: ReplyTo<S::Response>) {
        if self.out_of_step {
            // Dropped without an answer, it is told that the shard is gone.
            return;
        }
        if self.unanswered() >= self.start.settings.unanswered_max {
            let _ = reply_to.send(Err(Error::CoordinatorNotAvailable));
            return;
        }
        let token = Token(self.next_token);
        self.next_token += 1;
        let Asked { request, transaction } = asked;
        let outcome = self.shard.handle(request, token, self.now_ms());
        self.carry_out(Pending { outcome, asked: Some((token, reply_to)), transaction });
    }

    /// Handles the timers that are due.
    pub(super) fn expire(&mut self) {
        let now = self.start.env.now();
        while let Some(timer) = self.timers.pop_due(now) {
            let outcome = self.shard.expire(&timer, self.now_ms());
            self.carry_out(Pending::of_shard(outcome));
        }
        while let Some(waiting) = self.deferred.pop_late(now) {
            let error = Error::from(&LogError::TimedOut);
            let outcome = self.fail(waiting, error);
            self.outcomes.extend(outcome);
        }
        self.carry_out_rest();
    }

    /// Carries out an outcome, and those that follow from it.
    pub(super) fn carry_out(&mut self, pending: Pending<S>) {
        self.outcomes.push_back(pending);
        self.carry_out_rest();
    }

    pub(super) fn carry_out_rest(&mut self) {
        while let Some(pending) = self.outcomes.pop_front() {
            self.carry_out_one(pending);
        }
    }

    fn carry_out_one(&mut self, Pending { outcome, asked, transaction }: Pending<S>) {
        let Outcome { records, divisible, answer, commands, after_write } = outcome;
        let mut waiting = Waiting { answer: None, after_write };
        match (answer, asked) {
            (Some(Answer::Now(response)), Some((_, reply_to))) => {
                let _ = reply_to.send(Ok(response));
            }
            (Some(Answer::Parked), Some((token, reply_to))) => {
                self.parked.insert(token, reply_to);
            }
            (Some(Answer::Committed(response)), Some((_, reply_to))) => {
                waiting.answer = Some(Due::Response(reply_to, response));
            }
            (None, _) | (Some(_), None) => {}
        }
        // After parking: the request itself may be among those that are answered now.
        for command in commands {
            self.command(command);
        }
        if records.is_empty() {
            self.wait_for_earlier(waiting);
            return;
        }
        let encoded = self.encode(records);
        match encoded.and_then(|records| self.write(records, divisible, transaction)) {
            Ok(()) => self.wait_for_batch(waiting),
            Err(error) => {
                let outcome = self.fail(waiting, error);
                self.outcomes.extend(outcome);
            }
        }
        if transaction.is_some() || self.start.settings.linger == Linger::For(Duration::ZERO) {
            // A failure is told to those who wait for the batch.
            let _ = self.append_batch();
        }
    }

    fn command(&mut self, command: Command<S>) {
        match command {
            Command::Reply { to, response } => {
                if let Some(reply_to) = self.parked.remove(&to) {
                    let _ = reply_to.send(Ok(response));
                }
            }
            Command::Schedule { timer, after_ms } => {
                let after = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0));
                self.timers.schedule(timer, self.start.env.now() + after);
            }
            Command::Cancel { timer } => self.timers.cancel(&timer),
            Command::Perform(effect) => {
                let Start { partition, leader_epoch, .. } = self.start;
                (self.start.perform)(Origin { partition, leader_epoch }, effect);
            }
        }
    }

    fn encode(&self, records: Vec<S::Record>) -> Result<Vec<Encoded<S::Record>>, Error> {
        let encode = |record: S::Record| {
            let (key, value) = S::encode(&record)?;
            Ok(Encoded { record, key, value })
        };
        records.into_iter().map(encode).collect::<Result<_, String>>().map_err(|reason| {
            tracing::warn!(shard = self.start.name, reason, "a record cannot be written");
            Error::from(&LogError::Invalid(reason))
        })
    }

    /// An event without records of its own waits for what it may have seen.
    fn wait_for_earlier(&mut self, waiting: Waiting<S>) {
        if self.batch.is_some() {
            self.wait_for_batch(waiting);
        } else if self.high_watermark < self.log_end_offset && waiting.answer.is_some() {
            self.deferred.push(self.log_end_offset, self.start.env.now(), waiting);
        } else {
            self.release(waiting);
        }
    }

    fn wait_for_batch(&mut self, waiting: Waiting<S>) {
        if waiting.answer.is_none() && waiting.after_write.is_none() {
            return;
        }
        if let Some(batch) = &mut self.batch {
            batch.waiting.push(waiting);
        }
    }

    /// The high watermark has passed the records of an event.
    fn release(&mut self, waiting: Waiting<S>) {
        if let Some(due) = waiting.answer {
            due.send();
        }
        if let Some(after_write) = waiting.after_write {
            let outcome = self.shard.written(after_write, Ok(()), self.now_ms());
            self.outcomes.push_back(Pending::of_shard(outcome));
        }
    }

    /// The high watermark is at `high_watermark`.
    pub(super) fn advance(&mut self, high_watermark: i64) {
        let high_watermark = high_watermark.min(self.log_end_offset);
        if high_watermark <= self.high_watermark {
            return;
        }
        self.high_watermark = high_watermark;
        self.shard.committed(high_watermark);
        while let Some(waiting) = self.deferred.pop_committed(high_watermark) {
            self.release(waiting);
        }
    }
}
