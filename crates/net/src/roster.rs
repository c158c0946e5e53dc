//! The connections of one data thread, and the timer that closes idle ones.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use env::{Executor, Task};
use tokio::sync::Notify;

use crate::Limits;
use crate::admission::{Admission, Admitted};
use crate::counters::Counters;
use crate::memory::ReplyMemory;
use crate::times::Times;

/// A data thread with its connections.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) executor: Executor,
    /// One for each listener.
    pub(crate) counters: Vec<Counters>,
    pub(crate) times: Times,
    members: Mutex<BTreeMap<u64, Arc<Member>>>,
    count: AtomicUsize,
    joined: Notify,
}

/// The place of a connection in its thread and among all that are counted, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) shard: Arc<Shard>,
    pub(crate) member: Arc<Member>,
    pub(crate) id: u64,
    /// Taken out on drop.
    admitted: Option<Admitted>,
}

impl Seat {
    pub(crate) fn take(shard: &Arc<Shard>, id: u64, listener: usize, admitted: Admitted) -> Self {
        let member = Arc::new(Member::new(listener));
        shard.count.fetch_add(1, Ordering::Relaxed);
        shard.members().insert(id, Arc::clone(&member));
        shard.joined.notify_one();
        Self { shard: Arc::clone(shard), member, id, admitted: Some(admitted) }
    }

    /// For use on the connection's own thread.
    pub(crate) fn counters(&self) -> &Counters {
        &self.shard.counters[self.member.listener]
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Whoever sees the connection gone may count on its place.
        drop(self.admitted.take());
        self.shard.members().remove(&self.id);
        self.shard.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the timer knows of a connection.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) listener: usize,
    /// Bytes have moved since the timer last looked.
    pub(crate) active: AtomicBool,
    /// A request waits: the silence is the server's.
    pub(crate) waiting: AtomicBool,
    /// Replies that the connection does not take.
    pub(crate) stuck: AtomicBool,
    task: OnceLock<Task<()>>,
    quiet: Mutex<Duration>,
}

/// How often an idle connection is looked at before it is closed.
const LOOKS: u32 = 16;
/// How often connections are looked at while the memory for replies is exceeded.
const PRESSURE_PERIOD: Duration = Duration::from_secs(1);
const PERIOD_MIN: Duration = Duration::from_millis(5);

impl Member {
    fn new(listener: usize) -> Self {
        Self {
            listener,
            active: AtomicBool::new(true),
            waiting: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
            task: OnceLock::new(),
            quiet: Mutex::default(),
        }
    }

    pub(crate) fn started(&self, task: Task<()>) {
        // It is started once.
        _ = self.task.set(task);
    }

    pub(crate) fn close(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    pub(crate) fn quiet(&self) -> MutexGuard<'_, Duration> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    pub(crate) fn new(executor: Executor, listeners: usize) -> Self {
        Self {
            executor,
            counters: (0..listeners).map(|_| Counters::default()).collect(),
            times: Times::default(),
            members: Mutex::default(),
            count: AtomicUsize::new(0),
            joined: Notify::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn close_all(&self) {
        for member in self.members().values() {
            member.close();
        }
    }

    /// The connections for which `matches` holds.
    pub(crate) fn select(&self, matches: impl Fn(&Member) -> bool) -> Vec<Arc<Member>> {
        self.members().values().filter(|member| matches(member)).cloned().collect()
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the connections now and then; sleeps while there is none.
    pub(crate) async fn watch(&self, admission: &Admission, replies: &ReplyMemory) {
        loop {
            if self.members().is_empty() {
                self.joined.notified().await;
                continue;
            }
            let limits = admission.limits();
            let pressed = replies.is_exceeded();
            let period = (limits.idle_max / LOOKS).max(PERIOD_MIN);
            let period = if pressed { period.min(PRESSURE_PERIOD) } else { period };
            let started = env::Instant::now();
            tokio::select! {
                biased;
                () = tokio::time::sleep(period) => {}
                () = replies.exceeded().notified(), if !pressed => {}
            }
            self.look(started.elapsed(), &limits, pressed);
        }
    }

    fn look(&self, elapsed: Duration, limits: &Limits, pressed: bool) {
        for member in self.members().values() {
            let mut quiet = member.quiet();
            if member.active.swap(false, Ordering::Relaxed) {
                *quiet = Duration::ZERO;
                continue;
            }
            *quiet += elapsed;
            let counters = &self.counters[member.listener];
            let stuck = member.stuck.load(Ordering::Relaxed);
            if pressed && stuck && *quiet >= limits.reply_stall_max {
                counters.connections_stalled_closed.add(1);
                member.close();
            } else if *quiet >= limits.idle_max && !member.waiting.load(Ordering::Relaxed) {
                counters.connections_idle_closed.add(1);
                member.close();
            }
        }
    }
}
