//! One life of a simulated node, from start to end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::World;
use crate::Random;
use crate::task::{Blocking, Task};
use crate::termination::Termination;

#[derive(Debug)]
pub(crate) struct SimProcess {
    world: Arc<World>,
    stall: Arc<Stall>,
    tasks: Mutex<Tasks>,
    terminated: watch::Sender<bool>,
}

/// How long work that blocks is held up, on a host whose disk is slow.
#[derive(Debug, Default)]
pub(super) struct Stall(Mutex<(Duration, Duration)>);

impl Stall {
    pub(super) fn set(&self, shortest: Duration, longest: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (shortest, longest.max(shortest));
    }

    fn draw(&self, random: &Random) -> Duration {
        let (shortest, longest) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if longest.is_zero() {
            return Duration::ZERO;
        }
        let spread = (longest - shortest).as_nanos() as u64;
        shortest + Duration::from_nanos(random.below(spread.saturating_add(1)))
    }
}

#[derive(Debug)]
struct Tasks {
    alive: bool,
    running: Vec<AbortHandle>,
    /// The ended ones are swept out when there are this many.
    sweep_at: usize,
}

impl SimProcess {
    pub(super) fn new(world: Arc<World>, stall: Arc<Stall>) -> Self {
        let tasks = Tasks { alive: true, running: Vec::new(), sweep_at: 64 };
        Self { world, stall, tasks: Mutex::new(tasks), terminated: watch::Sender::new(false) }
    }

    pub(crate) fn block_on<F: Future>(&self, main: F) -> F::Output {
        self.world.block_on(main)
    }

    pub(crate) fn spawn<F>(&self, name: &'static str, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = Task::new(name, self.world.runtime().spawn(future));
        self.track(task.abort_handle());
        task
    }

    pub(crate) fn blocking<F, T>(&self, work: F) -> Blocking<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let pause = self.stall.draw(&self.world.random);
        let handle = self.world.runtime().spawn(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            work()
        });
        self.track(handle.abort_handle());
        Blocking::new(handle)
    }

    fn track(&self, task: AbortHandle) {
        let mut tasks = self.tasks();
        if !tasks.alive {
            task.abort();
            return;
        }
        tasks.running.push(task);
        if tasks.running.len() >= tasks.sweep_at {
            tasks.running.retain(|task| !task.is_finished());
            tasks.sweep_at = (tasks.running.len() * 2).max(64);
        }
    }

    /// Drops all tasks at the world's next turn; later ones never begin.
    pub(crate) fn abort_tasks(&self) {
        let mut tasks = self.tasks();
        tasks.alive = false;
        for task in tasks.running.drain(..) {
            task.abort();
        }
    }

    pub(super) fn terminate(&self) {
        self.terminated.send_replace(true);
    }

    pub(crate) async fn terminated(&self) -> Termination {
        let mut terminated = self.terminated.subscribe();
        // The sender is in here and lives on.
        _ = terminated.wait_for(|asked| *asked).await;
        Termination::Terminate
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
