//! The single-writer task of one shard.
//!
//! It loads the log, then handles requests and timers one after the other. Records of several
//! events share a batch; answers that need them wait until the high watermark has passed.

mod batch;
mod deferred;
mod execute;
mod load;
mod wait;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use env::Env;
use replica::TransactionEnd;
use tokio::sync::mpsc;

use self::batch::OpenBatch;
use self::deferred::Deferred;
use self::wait::Alarm;
use crate::log::ShardLog;
use crate::place::Standing;
use crate::reply::ReplyTo;
use crate::settings::Settings;
use crate::shard::{InTransaction, Origin, Outcome, Shard, Token};
use crate::timers::Timers;

/// What is on its way to the shard; small, as an empty queue has room for dozens of them.
pub(crate) enum Envelope<S: Shard> {
    /// A request.
    Ask { asked: Box<Asked<S>>, reply_to: ReplyTo<S::Response> },
    /// The end of a transaction.
    End { end: Box<TransactionEnd>, reply_to: ReplyTo<()> },
}

/// A request, and the transaction that it writes in.
pub(crate) struct Asked<S: Shard> {
    request: S::Request,
    transaction: Option<InTransaction>,
}

impl<S: Shard> Envelope<S> {
    pub(crate) fn ask(
        request: S::Request,
        transaction: Option<InTransaction>,
        reply_to: ReplyTo<S::Response>,
    ) -> Self {
        Self::Ask { asked: Box::new(Asked { request, transaction }), reply_to }
    }
}

/// What the task is started with.
pub(crate) struct Start<S: Shard> {
    pub(crate) env: Env,
    /// The shard's name in logs, such as `__consumer_offsets-3`.
    pub(crate) name: String,
    pub(crate) settings: Arc<Settings>,
    pub(crate) make_shard: Arc<dyn Fn() -> S + Send + Sync>,
    pub(crate) perform: Arc<dyn Fn(Origin, S::Effect) + Send + Sync>,
    pub(crate) partition: i32,
    pub(crate) log: Arc<dyn ShardLog>,
    pub(crate) leader_epoch: i32,
    pub(crate) mailbox: mpsc::Receiver<Envelope<S>>,
    pub(crate) standing: Arc<Standing>,
}

/// Why the task stopped serving.
enum Stop {
    /// Nobody can reach it any more.
    Closed,
    /// Memory and log differ: the shard has to be loaded again.
    OutOfStep,
    /// The log is led elsewhere, or failed.
    Lost,
}

/// A shard that serves.
struct Server<S: Shard> {
    start: Start<S>,
    shard: S,
    timers: Timers<S::Timer>,
    /// Requests that the shard has parked; in order, so that simulations repeat.
    parked: BTreeMap<Token, ReplyTo<S::Response>>,
    next_token: u64,
    /// Outcomes that are not carried out yet, with the request each answers.
    outcomes: VecDeque<Pending<S>>,
    batch: Option<OpenBatch<S>>,
    deferred: Deferred<S>,
    /// The offset the next record gets once the open batch is appended.
    log_end_offset: i64,
    high_watermark: i64,
    alarm: Alarm,
    /// Set when appending showed that memory and log differ.
    out_of_step: bool,
}

/// An outcome to carry out.
struct Pending<S: Shard> {
    outcome: Outcome<S>,
    asked: Option<(Token, ReplyTo<S::Response>)>,
    /// The transaction that its records are part of.
    transaction: Option<InTransaction>,
}

impl<S: Shard> Pending<S> {
    /// An outcome that nobody asked for.
    fn of_shard(outcome: Outcome<S>) -> Self {
        Self { outcome, asked: None, transaction: None }
    }
}

/// Runs the shard until it is moved away.
pub(crate) async fn run<S: Shard>(mut start: Start<S>) {
    loop {
        start.standing.set_loading();
        let shard = match load::load(&start).await {
            Ok(shard) => shard,
            Err(reason) => {
                tracing::error!(shard = start.name, reason, "the shard cannot be loaded");
                break;
            }
        };
        let mut server = Server::new(start, shard);
        server.start.standing.set_active();
        match server.serve().await {
            Stop::Closed | Stop::Lost => {
                start = server.start;
                break;
            }
            Stop::OutOfStep => {
                tracing::error!(
                    shard = server.start.name,
                    "the log is not where the shard expected it; loading again"
                );
                start = server.start;
            }
        }
    }
    start.standing.set_failed();
}

impl<S: Shard> Server<S> {
    fn new(start: Start<S>, shard: S) -> Self {
        let log_end_offset = start.log.log_end_offset();
        Self {
            high_watermark: start.log.high_watermark().min(log_end_offset),
            deferred: Deferred::new(start.settings.write_timeout),
            start,
            shard,
            timers: Timers::new(),
            parked: BTreeMap::new(),
            next_token: 0,
            outcomes: VecDeque::new(),
            batch: None,
            log_end_offset,
            alarm: Alarm::new(),
            out_of_step: false,
        }
    }

    fn now_ms(&self) -> i64 {
        self.start.env.clock().wall_ms()
    }

    /// Requests without answer, wherever they wait.
    fn unanswered(&self) -> usize {
        self.parked.len()
            + self.deferred.len()
            + self.batch.as_ref().map_or(0, |batch| batch.waiting.len())
    }
}
