//! What a shard wants done: the closed list of its effects.

use std::collections::BTreeSet;

use wire::Str;

use crate::journal::Record;
use crate::request::Response;
use crate::transaction::{ProducerIdAndEpoch, TopicPartition};
use crate::version::TransactionVersion;

/// Names a request whose answer may come later. The driver gives it and never uses it twice for
/// one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What one event leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records to append. The driver replays them into the shard at the offsets they get.
    pub records: Vec<Record>,
    /// What to tell the one who asked; none for timers.
    pub answer: Option<Answer>,
    /// To be done now, whatever becomes of the records.
    pub commands: Vec<Command>,
    /// To be handed to [`Shard::written`](crate::Shard::written) once the records are committed
    /// or failed.
    pub after_write: Option<AfterWrite>,
}

/// When a request is answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// At once.
    Now(Response),
    /// As soon as everything written so far, this outcome's records included, is committed. If
    /// that fails the request fails.
    Committed(Response),
    /// By a [`Command::Reply`] of a later outcome.
    Parked,
}

/// An effect that needs no durable record.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Answers a parked request. Precondition: its token was parked and has no answer yet.
    Reply {
        /// The request.
        to: Token,
        /// Its answer.
        response: Response,
    },
    /// Calls [`Shard::expire`](crate::Shard::expire) with the key after a while. A timer of that
    /// key that runs already is replaced.
    Schedule {
        /// The timer.
        timer: Timer,
        /// When it fires, from now.
        after_ms: i64,
    },
    /// To be done outside; a request tells the shard what became of it.
    Perform(Effect),
}

/// What is to be done outside of the shard.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write markers; answered by [`MarkersWritten`](crate::MarkersWritten). Precondition: that the
    /// transaction is to be ended this way is committed.
    WriteMarkers(Markers),
    /// Get a producer id; answered by [`ProducerIdAllocated`](crate::ProducerIdAllocated).
    AllocateProducerId {
        /// The transactional id.
        transactional_id: Str,
    },
}

/// The markers that end a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markers {
    /// The transactional id.
    pub transactional_id: Str,
    /// Producer and epoch of the markers.
    pub producer: ProducerIdAndEpoch,
    /// Committed, or else aborted.
    pub commits: bool,
    /// How the client does transactions.
    pub version: TransactionVersion,
    /// Where to write.
    pub partitions: BTreeSet<TopicPartition>,
}

/// The transactions whose records are written, to go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterWrite {
    pub(crate) transactional_ids: Vec<Str>,
}

/// The timers of a shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Time to look for transactions that take too long.
    AbortTimedOut,
    /// Time to look for transactional ids nobody uses.
    RemoveExpired,
    /// Time to go on with a transaction whose records or markers could not be written.
    Resume {
        /// The transactional id.
        transactional_id: Str,
    },
}

impl Outcome {
    pub(crate) fn reply(&mut self, to: Token, response: Response) {
        self.commands.push(Command::Reply { to, response });
    }

    pub(crate) fn park(&mut self) {
        self.answer = Some(Answer::Parked);
    }

    pub(crate) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        self.commands.push(Command::Schedule { timer, after_ms });
    }

    /// Answers right away.
    pub(crate) fn answer(&mut self, response: Response) {
        self.answer = Some(Answer::Now(response));
    }

    /// Answers when everything written so far is committed.
    pub(crate) fn answer_committed(&mut self, response: Response) {
        self.answer = Some(Answer::Committed(response));
    }

    /// Goes on with a transaction when the records are written.
    pub(crate) fn go_on_with(&mut self, transactional_id: &Str) {
        let after = self.after_write.get_or_insert_default();
        after.transactional_ids.push(transactional_id.clone());
    }
}
