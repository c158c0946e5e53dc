//! The driver's task: takes letters in, asks the machine, does what it says.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::{Env, Instant};
use quorum::message::Token;
use quorum::{BOOTSTRAP_SNAPSHOT, Command, Event, Machine, Now, Refusal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout_at;

use crate::door::Payload;
use crate::error::{AppendError, Error};
use crate::mail::{Appended, Mail};
use crate::metadata_log::MetadataLog;
use crate::patience::Patience;
use crate::rpc::RpcSender;
use crate::settings::Settings;
use crate::snapshot::{Download, SnapshotStore};
use crate::snapshot_cycle::SnapshotCycle;
use crate::status::Status;

/// Letters taken in before the log is flushed: one flush serves all of them.
const LETTERS_PER_FLUSH_MAX: usize = 256;

/// The machine, its log and everyone who waits for an answer.
pub(crate) struct Node {
    pub(crate) env: Env,
    pub(crate) settings: Settings,
    pub(crate) machine: Machine,
    pub(crate) log: MetadataLog,
    pub(crate) store: SnapshotStore,
    pub(crate) sender: Arc<dyn RpcSender>,
    pub(crate) letters: mpsc::Receiver<Mail>,
    pub(crate) mailbox: mpsc::Sender<Mail>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) cycle: SnapshotCycle,
    pub(crate) started: Instant,
    pub(crate) waiting: Waiting,
    pub(crate) download: Option<Download>,
}

/// Who waits for what, by token.
#[derive(Default)]
pub(crate) struct Waiting {
    next_token: u64,
    pub(crate) appends: HashMap<Token, PendingAppend>,
    pub(crate) requests: HashMap<Token, oneshot::Sender<Payload>>,
    pub(crate) upgrades: HashMap<Token, oneshot::Sender<Result<i64, Refusal>>>,
}

pub(crate) struct PendingAppend {
    pub(crate) records: Vec<Bytes>,
    pub(crate) epoch: i32,
    pub(crate) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Waiting {
    fn token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }
}

/// The environment's randomness, as the machine takes it.
pub(crate) struct EnvRandom<'a>(pub(crate) &'a env::Random);

impl quorum::Random for EnvRandom<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }
}

/// Whether the node goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    Stop,
}

impl Node {
    /// Runs until the node is shut down, or cannot go on.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let mut next = self.step(Event::Tick).await?;
        while next == Next::GoOn {
            next = self.settle().await?;
            if next == Next::GoOn {
                next = self.turn().await?;
            }
        }
        let Self { env, log, .. } = self;
        env.blocking(move || log.close()).await
    }

    /// Waits for letters or a deadline, and handles what there is.
    async fn turn(&mut self) -> Result<Next, Error> {
        let deadline = self.next_deadline();
        let first = match deadline {
            Some(deadline) => timeout_at(deadline, self.letters.recv()).await.ok().flatten(),
            None => self.letters.recv().await,
        };
        let mut next = match first {
            Some(letter) => self.open(letter).await?,
            None => self.step(Event::Tick).await?,
        };
        for _ in 1..LETTERS_PER_FLUSH_MAX {
            if next == Next::Stop {
                return Ok(next);
            }
            let Ok(letter) = self.letters.try_recv() else { break };
            next = self.open(letter).await?;
        }
        if next == Next::GoOn {
            self.drive_snapshots().await?;
        }
        Ok(next)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let machine = self.machine.next_deadline();
        let millis = machine.into_iter().chain(self.cycle.next_deadline()).min()?;
        Some(self.started + Duration::from_millis(millis))
    }

    pub(crate) fn now(&self) -> Now {
        let since = self.env.now().saturating_duration_since(self.started);
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Now { ms, wall_ms: self.env.clock().wall_ms() }
    }

    async fn open(&mut self, letter: Mail) -> Result<Next, Error> {
        let event = match letter {
            Mail::Append { epoch, records, answer } => {
                if let Some(error) = self.check_append(&records) {
                    // A caller that went away does not want to know.
                    let _ = answer.send(Err(error));
                    return Ok(Next::GoOn);
                }
                let (token, record_count) = (self.waiting.token(), records.len() as u32);
                let pending = PendingAppend { records, epoch, answer };
                self.waiting.appends.insert(token, pending);
                Event::Append { token, epoch, record_count }
            }
            Mail::Request { request, answer } => {
                let token = self.waiting.token();
                self.waiting.requests.retain(|_, answer| !answer.is_closed());
                self.waiting.requests.insert(token, answer);
                Event::Request { token, request }
            }
            Mail::Response { request_id, outcome } => Event::Response { request_id, outcome },
            Mail::Resign { epoch } => Event::Resign { epoch },
            Mail::UpgradeKRaftVersion { epoch, version, validate_only, answer } => {
                let token = self.waiting.token();
                self.waiting.upgrades.insert(token, answer);
                Event::UpgradeKRaftVersion { token, epoch, version, validate_only }
            }
            Mail::SnapshotSource(source) => {
                self.cycle.set_source(source);
                return Ok(Next::GoOn);
            }
            Mail::SnapshotWritten { id, result } => {
                let Some(size) = self.cycle.written(id, result, self.now().ms) else {
                    return Ok(Next::GoOn);
                };
                Event::SnapshotWritten { id, size }
            }
            Mail::Shutdown { timeout_ms } => Event::Shutdown { timeout_ms },
        };
        self.step(event).await
    }

    fn check_append(&self, records: &[Bytes]) -> Option<AppendError> {
        if records.is_empty() {
            return Some(AppendError::Empty);
        }
        // A record's own header takes at most 21 bytes in this log.
        let size = records.iter().map(|record| record.len() + 21).sum::<usize>()
            + records::layout::BATCH_OVERHEAD;
        let max = self.settings.batch_bytes_max;
        (size > max).then_some(AppendError::TooLarge { size, max })
    }

    /// Hands an event to the machine and does what it says, and what follows from that.
    pub(crate) async fn step(&mut self, event: Event) -> Result<Next, Error> {
        let mut events = VecDeque::from([event]);
        let mut next = Next::GoOn;
        while let Some(event) = events.pop_front() {
            let random = self.env.random().clone();
            let commands = self.machine.handle(event, self.now(), &mut EnvRandom(&random));
            for command in commands {
                if command == Command::ShutdownComplete {
                    next = Next::Stop;
                } else if let Some(event) = self.execute(command).await? {
                    events.push_back(event);
                }
            }
        }
        Ok(next)
    }

    /// Brings the log onto the disk, and lets everyone see what that changed.
    async fn settle(&mut self) -> Result<Next, Error> {
        let mut patience = Patience::default();
        while let Some(job) = self.log.flush() {
            let (job, result) = self
                .env
                .blocking(move || {
                    let result = job.run();
                    (job, result)
                })
                .await;
            match result {
                Err(error) if error.is_for_want_of_space() => {
                    self.log.flush_postponed(job);
                    patience.wait(&self.env, &error).await;
                    continue;
                }
                result => result?,
            }
            self.log.flushed(&job);
            let end_offset = job.up_to();
            if self.step(Event::Flushed { end_offset }).await? == Next::Stop {
                return Ok(Next::Stop);
            }
        }
        self.publish();
        Ok(Next::GoOn)
    }

    pub(crate) fn publish(&self) {
        let (machine, election) = (&self.machine, self.machine.election());
        let status = Status {
            epoch: election.epoch,
            leader: machine.leader(),
            is_leader: machine.is_leader(),
            epoch_start_offset: machine.epoch_start_offset().unwrap_or(0),
            high_watermark: machine.high_watermark().unwrap_or(0),
            log_end_offset: machine.log().end_offset(),
            kraft_version: machine.kraft_version(),
            latest_snapshot: machine.log().latest_snapshot().filter(|id| *id != BOOTSTRAP_SNAPSHOT),
        };
        self.status.send_if_modified(|published| {
            let is_new = *published != status;
            *published = status;
            is_new
        });
    }
}
