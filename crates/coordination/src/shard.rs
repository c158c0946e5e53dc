//! What a machine has to be for the driver to run it.

use std::fmt::Debug;
use std::hash::Hash;

use bytes::Bytes;
use replica::Verified;

use crate::error::Error;

/// A machine whose state is one partition of an internal topic.
///
/// There are two kinds of methods. `handle`, `expire`, `written` and `loaded` decide: they return an
/// [`Outcome`]. `replay` and `replay_marker` change what is stored, the same way for records just
/// decided on and for records of the log. The driver calls everything from one task.
///
/// The driver's promises: `replay` gets growing offsets, except after `revert`, which takes them
/// back to the offset it names. Every `after_write` comes back through `written` once; when a batch
/// fails, newest first and before `revert`. Parked requests are answered by commands of later
/// outcomes; when the shard moves away they are answered by the driver.
pub trait Shard: Send + Sized + 'static {
    /// What it is asked.
    type Request: Send + 'static;
    /// What it answers.
    type Response: Send + 'static;
    /// What it stores.
    type Record: Send + 'static;
    /// Names a timer.
    type Timer: Clone + Debug + Eq + Hash + Ord + Send + 'static;
    /// The rest of an event that waits for its records.
    type AfterWrite: Send + 'static;
    /// What it wants done outside.
    type Effect: Send + 'static;

    /// Key and value of a record as they are stored. Fails if the record does not fit its format.
    fn encode(record: &Self::Record) -> Result<(Bytes, Option<Bytes>), String>;

    /// Reads a record. None if its type is of the future.
    fn decode(key: Option<&Bytes>, value: Option<&Bytes>) -> Result<Option<Self::Record>, String>;

    /// Applies a record; `producer_id` is set in a transaction.
    fn replay(
        &mut self,
        record_offset: i64,
        producer_id: Option<i64>,
        record: Self::Record,
        now_ms: i64,
    );

    /// Applies the marker that ends a producer's transaction.
    fn replay_marker(&mut self, record_offset: i64, producer_id: i64, commits: bool);

    /// Records below `high_watermark` are committed.
    fn committed(&mut self, high_watermark: i64);

    /// Takes back records from `offset` on.
    fn revert(&mut self, offset: i64);

    /// The log is replayed; requests follow.
    fn loaded(&mut self, now_ms: i64) -> Outcome<Self>;

    /// Handles a request.
    fn handle(&mut self, request: Self::Request, token: Token, now_ms: i64) -> Outcome<Self>;

    /// Handles a timer that fired.
    fn expire(&mut self, timer: &Self::Timer, now_ms: i64) -> Outcome<Self>;

    /// Goes on after records are committed, or failed.
    fn written(
        &mut self,
        after: Self::AfterWrite,
        result: Result<(), Error>,
        now_ms: i64,
    ) -> Outcome<Self>;
}

/// Where an effect comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The shard's partition.
    pub partition: i32,
    /// The epoch it is led in.
    pub leader_epoch: i32,
}

/// The transaction that a request writes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTransaction {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// What its coordinator was asked about.
    pub verified: Verified,
}

/// Names a request to its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What one event leads to.
pub struct Outcome<S: Shard> {
    /// Records to append.
    pub records: Vec<S::Record>,
    /// Whether the records may be spread over several batches.
    pub divisible: bool,
    /// What to tell the one who asked; none for timers.
    pub answer: Option<Answer<S>>,
    /// To be done at once.
    pub commands: Vec<Command<S>>,
    /// To be handed to [`Shard::written`] once the records are committed, or failed. None without
    /// records.
    pub after_write: Option<S::AfterWrite>,
}

/// When a request is answered.
pub enum Answer<S: Shard> {
    /// At once.
    Now(S::Response),
    /// When everything written so far is committed.
    Committed(S::Response),
    /// By a [`Command::Reply`] of a later outcome.
    Parked,
}

/// An effect that needs no durable record.
pub enum Command<S: Shard> {
    /// Answers a parked request.
    Reply {
        /// The request.
        to: Token,
        /// Its answer.
        response: S::Response,
    },
    /// Starts a timer in place of the one of that name.
    Schedule {
        /// The timer.
        timer: S::Timer,
        /// When it fires, from now.
        after_ms: i64,
    },
    /// Has something done outside; a request tells the shard what became of it.
    Perform(S::Effect),
    /// Stops a timer, if it runs.
    Cancel {
        /// The timer.
        timer: S::Timer,
    },
}
