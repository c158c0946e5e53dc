//! What a shard wants done: the closed list of its effects.

use super::journal::Record;
use super::request::Response;

/// What one event leads to.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Records to append. The driver replays them into the shard at the offsets they get.
    pub records: Vec<Record>,
    /// What to tell the one who asked; none for timers.
    pub answer: Option<Answer>,
    /// To be done now, whatever becomes of the records.
    pub commands: Vec<Command>,
}

/// When a request is answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// At once.
    Now(Response),
    /// As soon as everything written so far, this outcome's records included, is committed. If
    /// that fails the request fails.
    Committed(Response),
}

/// An effect that needs no durable record.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Calls [`Shard::expire`](super::Shard::expire) with the timer after a while.
    Schedule {
        /// The timer.
        timer: Timer,
        /// When it fires, from now.
        after_ms: i64,
    },
    /// To be done outside.
    Perform(Effect),
}

/// What is to be done outside of the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nobody needs the shard's records below an offset any more; told of by
    /// [`Pruned`](super::Pruned).
    DeleteRecords {
        /// The first offset that is needed.
        before_offset: i64,
    },
}

/// The timers of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Time to delete records that nobody needs.
    Prune,
    /// Time to write snapshots of partitions that are not written to.
    SnapshotCold,
}

impl Outcome {
    pub(crate) fn now(response: impl Into<Response>) -> Self {
        Self { answer: Some(Answer::Now(response.into())), ..Self::default() }
    }

    pub(crate) fn committed(records: Vec<Record>, response: Response) -> Self {
        Self { records, answer: Some(Answer::Committed(response)), commands: Vec::new() }
    }

    pub(crate) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        self.commands.push(Command::Schedule { timer, after_ms });
    }
}
