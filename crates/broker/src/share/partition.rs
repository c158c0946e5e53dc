//! A share partition on the leader of its partition: the machine, its state's way to the share
//! coordinator, its timer, and those who wait for its records.
//!
//! One task belongs to it. It reads the state, then writes what changes, one write after the other:
//! changes that come meanwhile share the next. So the coordinator hears of them in their order.
//!
//! **Invariant:** nothing under its lock awaits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use env::Env;
use replication::{ListAsk, OffsetSpec, Parked, Partition, Visibility};
use share::coordinator::{self, Read, ReadState, Write};
use share::partition::{AckError, Acknowledgement, Settings, SharePartition, StateWrite, WriteId};
use share::{NO_OFFSET, ShareKey, combine};
use tokio::sync::{Notify, oneshot};
use wire::{ErrorCode, Str};

use super::settings::OffsetReset;
use super::state::StateRefusal;
use crate::error_map;
use crate::state::Broker;

/// How often a coordinator that cannot answer now is asked again, and how long before the first time.
const ATTEMPTS: u32 = 6;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The leader of the partition, when it is asked about no time.
const LOOKS_FOR_LATEST: Visibility = Visibility::HighWatermark;

/// What became of an acknowledgement: a code and what is said beside it.
pub(super) type Result<T> = std::result::Result<T, StateRefusal>;

/// A share partition.
pub(super) struct SharedPartition {
    pub(super) key: ShareKey,
    pub(super) replica: Arc<Partition>,
    pub(super) leader_epoch: i32,
    inner: Mutex<Inner>,
    /// Fetches that wait for something to happen here.
    waiting: Mutex<Vec<Arc<Parked>>>,
    /// The task has something to do.
    work: Notify,
}

enum Phase {
    /// Its state is read.
    Loading,
    Active(Box<SharePartition>),
    /// Its state cannot be had.
    Failed(ErrorCode),
    /// Somebody else leads it, or nobody needs it.
    Fenced,
}

struct Inner {
    phase: Phase,
    /// Changes that are not written yet, and who waits for each.
    writes: Vec<Change>,
    /// Nobody fetches any more: it goes when everything is written.
    retires: bool,
}

/// A change that is not written yet, and who waits for that.
type Change = (StateWrite, Option<oneshot::Sender<Result<()>>>);

/// How the task goes on.
enum Next {
    Work,
    Wait(Option<Duration>),
    End,
}

/// What a share partition is at.
pub(super) enum Access<T> {
    /// It was looked at.
    Done(T),
    /// Its state is still read.
    Loading,
    /// It cannot be had.
    Refused(ErrorCode),
}

impl SharedPartition {
    pub(super) fn new(key: ShareKey, replica: Arc<Partition>, leader_epoch: i32) -> Arc<Self> {
        Arc::new(Self {
            key,
            replica,
            leader_epoch,
            inner: Mutex::new(Inner { phase: Phase::Loading, writes: Vec::new(), retires: false }),
            waiting: Mutex::default(),
            work: Notify::new(),
        })
    }

    /// Looks at the machine, if it is there.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut SharePartition) -> T) -> Access<T> {
        let mut inner = self.lock();
        inner.retires = false;
        match &mut inner.phase {
            Phase::Active(machine) => {
                let before = machine.next_expiry_ms();
                let done = act(machine);
                let is_sooner = machine
                    .next_expiry_ms()
                    .is_some_and(|at| before.is_none_or(|before| at < before));
                if is_sooner {
                    self.work.notify_one();
                }
                Access::Done(done)
            }
            Phase::Loading => Access::Loading,
            Phase::Failed(error) => Access::Refused(*error),
            Phase::Fenced => Access::Refused(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// A member acknowledges. What it says counts when the future is done.
    pub(super) fn acknowledge(
        &self,
        member: &Str,
        acknowledgements: &[Acknowledgement],
        settings: &Settings,
        now_ms: i64,
    ) -> Result<Option<oneshot::Receiver<Result<()>>>> {
        let mut inner = self.lock();
        let Inner { phase, writes, .. } = &mut *inner;
        let machine = match phase {
            Phase::Active(machine) => machine,
            // Nobody acquired anything yet.
            Phase::Loading => return Err(refused(AckError::NotInFlight)),
            Phase::Failed(error) => return Err((*error, Str::from(error.text()))),
            Phase::Fenced => return Err(not_leader()),
        };
        let write = machine.acknowledge(member, acknowledgements, settings, now_ms);
        let Some(write) = write.map_err(refused)? else { return Ok(None) };
        let (told, tells) = oneshot::channel();
        writes.push((write, Some(told)));
        self.work.notify_one();
        Ok(Some(tells))
    }

    /// A member is gone.
    pub(super) fn release(&self, member: &Str, settings: &Settings) {
        let mut inner = self.lock();
        let Inner { phase, writes, .. } = &mut *inner;
        if let Phase::Active(machine) = phase
            && let Some(write) = machine.release(member, settings)
        {
            writes.push((write, None));
            self.work.notify_one();
        }
    }

    /// Whether its state was never read.
    pub(super) fn is_loading(&self) -> bool {
        matches!(self.lock().phase, Phase::Loading)
    }

    /// Nobody fetches any more. Whether it can go at once; else it goes when everything is written.
    pub(super) fn retire(&self) -> bool {
        let mut inner = self.lock();
        inner.retires = true;
        let Phase::Active(machine) = &inner.phase else { return true };
        inner.writes.is_empty() && !machine.has_writes()
    }

    /// Nothing more happens here. Who waits for a write is told that somebody else leads.
    pub(super) fn fence(&self) {
        let writes = {
            let mut inner = self.lock();
            if !matches!(inner.phase, Phase::Failed(_)) {
                inner.phase = Phase::Fenced;
            }
            std::mem::take(&mut inner.writes)
        };
        for told in writes.into_iter().filter_map(|(_, told)| told) {
            let _ = told.send(Err(not_leader()));
        }
        self.work.notify_one();
        self.wake();
    }

    /// Wakes a fetch when something happens here.
    pub(super) fn await_change(&self, parked: &Arc<Parked>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(parked));
    }

    /// Forgets a fetch.
    pub(super) fn forget(&self, parked: &Arc<Parked>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| !Arc::ptr_eq(other, parked));
    }

    /// Wakes all fetches that wait here.
    pub(super) fn wake(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().for_each(|parked| parked.wake());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task of a share partition, until it is fenced. While it waits it holds no broker.
    pub(super) async fn run(self: Arc<Self>, broker: Weak<Broker>, env: Env) {
        let Some(loading) = broker.upgrade() else { return };
        let loaded = self.load(&loading).await;
        if let Err(error) = &loaded {
            loading.shares.remove(&self, *error);
        }
        {
            let mut inner = self.lock();
            if matches!(inner.phase, Phase::Loading) {
                inner.phase = match loaded {
                    Ok(machine) => Phase::Active(Box::new(machine)),
                    Err(error) => Phase::Failed(error),
                };
            }
        }
        drop(loading);
        self.wake();
        loop {
            let next = match broker.upgrade() {
                Some(broker) => self.work(&broker).await,
                None => return,
            };
            match next {
                Next::End => return,
                Next::Work => {}
                Next::Wait(None) => self.work.notified().await,
                Next::Wait(Some(patience)) => tokio::select! {
                    biased;
                    () = self.work.notified() => {}
                    () = env.sleep(patience) => {}
                },
            }
        }
    }

    /// Does what there is to do.
    async fn work(&self, broker: &Arc<Broker>) -> Next {
        let (writes, expires_ms, is_idle) = {
            let mut inner = self.lock();
            let Inner { phase, writes, retires } = &mut *inner;
            let Phase::Active(machine) = phase else { return Next::End };
            let now_ms = broker.shares.now_ms(&broker.env);
            if machine.next_expiry_ms().is_some_and(|at| at <= now_ms) {
                let settings = broker.share_settings(&self.key.group_id);
                let expired = machine.expire(&settings.partition, now_ms);
                writes.extend(expired.map(|write| (write, None)));
                self.wake();
            }
            let expires_ms = machine.next_expiry_ms().map(|at| at - now_ms);
            (std::mem::take(writes), expires_ms, *retires && !machine.has_writes())
        };
        if !writes.is_empty() {
            self.write(broker, writes).await;
            return Next::Work;
        }
        if is_idle {
            broker.shares.remove(self, ErrorCode::NotLeaderOrFollower);
            return Next::Work;
        }
        Next::Wait(expires_ms.map(|ms| Duration::from_millis(ms.unsigned_abs())))
    }

    /// Writes several changes as one.
    async fn write(&self, broker: &Arc<Broker>, writes: Vec<Change>) {
        let Some((newest, _)) = writes.last() else { return };
        let batches = writes.iter().flat_map(|(write, _)| write.batches.iter().copied());
        let (start_offset, complete) = (newest.start_offset, newest.delivery_complete_count);
        let call = Write {
            key: self.key.clone(),
            state_epoch: newest.state_epoch,
            leader_epoch: newest.leader_epoch,
            start_offset,
            delivery_complete_count: complete,
            batches: combine(batches, start_offset),
            exists: self.exists(broker),
        };
        let written = self.ask(broker, || call.clone()).await;
        let now_ms = broker.shares.now_ms(&broker.env);
        let ids: Vec<WriteId> = writes.iter().map(|(write, _)| write.id).collect();
        let mut look = false;
        if let Phase::Active(machine) = &mut self.lock().phase {
            for id in ids {
                look |= machine.written(id, written.is_ok(), now_ms);
            }
        }
        for told in writes.into_iter().filter_map(|(_, told)| told) {
            let _ = told.send(written.clone());
        }
        if let Err((error, text)) = &written {
            tracing::debug!(key = ?self.key, %error, "share state is not written: {text}");
            broker.shares.remove(self, *error);
        }
        if look {
            self.wake();
        }
    }

    async fn load(&self, broker: &Arc<Broker>) -> std::result::Result<SharePartition, ErrorCode> {
        let exists = self.exists(broker);
        let (key, leader_epoch) = (&self.key, self.leader_epoch);
        let read = || Read { key: key.clone(), leader_epoch, exists };
        let state: ReadState = self.ask(broker, read).await.map_err(|(error, _)| error)?;
        let start_offset = match state.start_offset {
            NO_OFFSET => self.first_offset(broker)?,
            offset => offset,
        };
        SharePartition::new(leader_epoch, &state, start_offset).map_err(|error| {
            tracing::error!(key = ?self.key, "the state of a share partition cannot be: {error}");
            ErrorCode::UnknownServerError
        })
    }

    /// Where the group begins that was never here (kafka-semantics 159).
    fn first_offset(&self, broker: &Arc<Broker>) -> std::result::Result<i64, ErrorCode> {
        let settings = broker.share_settings(&self.key.group_id);
        let spec = match settings.reset {
            OffsetReset::Latest => OffsetSpec::Latest,
            OffsetReset::Earliest => OffsetSpec::Earliest,
            OffsetReset::ByDuration(ms) => {
                OffsetSpec::Timestamp(broker.env.clock().wall_ms().saturating_sub(ms))
            }
        };
        let look = |spec| {
            let ask = ListAsk {
                spec,
                visibility: LOOKS_FOR_LATEST,
                current_leader_epoch: None,
                leader_only: true,
            };
            self.replica.list_offset(&ask).map_err(|error| error_map::read(&error))
        };
        match look(spec)? {
            Some(found) => Ok(found.offset),
            // There is nothing as young as that.
            None => look(OffsetSpec::Latest)?
                .map(|found| found.offset)
                .ok_or(ErrorCode::OffsetNotAvailable),
        }
    }

    /// Asks the share coordinator, also one that is not ready yet.
    async fn ask<C, A>(&self, broker: &Arc<Broker>, call: impl Fn() -> C) -> Result<A>
    where
        C: coordinator::Call<Answer = std::result::Result<A, coordinator::Error>>,
        A: Send + 'static,
    {
        let asked = super::state::ask_patiently(broker, &self.key, call, ATTEMPTS, FIRST_BACKOFF);
        asked.await.map_err(|(error, text)| (as_leader(error), text))
    }

    fn exists(&self, broker: &Broker) -> bool {
        let image = broker.image();
        let topic = image.topics.by_id(self.key.topic_id);
        topic.is_some_and(|topic| topic.partition(self.key.partition).is_some())
    }
}

/// What a coordinator's refusal means to consumers.
fn as_leader(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::NotCoordinator
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::CoordinatorLoadInProgress => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::FencedLeaderEpoch | ErrorCode::FencedStateEpoch => {
            ErrorCode::NotLeaderOrFollower
        }
        ErrorCode::UnknownTopicOrPartition => ErrorCode::UnknownTopicOrPartition,
        _ => ErrorCode::UnknownServerError,
    }
}

fn refused(error: AckError) -> StateRefusal {
    let code = if error.is_invalid_request() {
        ErrorCode::InvalidRequest
    } else {
        ErrorCode::InvalidRecordState
    };
    (code, Str::from(error.to_string()))
}

fn not_leader() -> StateRefusal {
    let error = ErrorCode::NotLeaderOrFollower;
    (error, Str::from(error.text()))
}
