//! The environment of one node.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;

use crate::sim::{self, SimProcess};
use crate::task::{Blocking, Task};
use crate::termination::{self, Termination};
use crate::threads::{OsThreads, start_thread};
use crate::usage::{self, Usage};
use crate::{Clock, Files, Instant, Network, Random};
use crate::{memory, open_files};

/// All that a node reaches of the world: clock, randomness, files, network, threads and timers.
/// Cheap to clone; clones are the same environment.
#[derive(Clone, Debug)]
pub struct Env(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    random: Random,
    files: Files,
    network: Network,
    tasks: Tasks,
    /// The first task of the control runtime that panicked.
    broken: watch::Sender<Option<&'static str>>,
}

#[derive(Debug)]
enum Tasks {
    Os(OsThreads),
    Sim(Arc<SimProcess>),
}

/// How many threads the machine's own environment may use.
#[derive(Clone, Debug)]
pub struct OsOptions {
    /// Workers of the control runtime; at least 1.
    pub control_threads: usize,
    /// Bound of the pool for blocking work; threads exist only while they are needed.
    pub blocking_threads: usize,
}

impl Default for OsOptions {
    /// A quarter of the cores for control, and 16 threads for what blocks.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { control_threads: cores.div_ceil(4), blocking_threads: 16 }
    }
}

impl Env {
    /// The machine's own environment.
    ///
    /// # Errors
    /// A thread or an event queue cannot be made.
    pub fn os(options: &OsOptions) -> io::Result<Self> {
        let tasks = Tasks::Os(OsThreads::start(options)?);
        let (clock, random, files) = (Clock::os(), Random::os(), Files::os());
        let network = Network::os();
        let broken = watch::Sender::new(None);
        Ok(Self(Arc::new(Inner { clock, random, files, network, tasks, broken })))
    }

    /// A simulated environment of one node alone, on virtual time from a seed. For several nodes,
    /// faults and restarts, see [`Sim`](crate::Sim).
    #[must_use]
    pub fn sim(seed: u64) -> Self {
        sim::lone_node(seed).start()
    }

    pub(crate) fn of_process(
        clock: Clock,
        random: Random,
        files: Files,
        network: Network,
        process: Arc<SimProcess>,
    ) -> Self {
        let (tasks, broken) = (Tasks::Sim(process), watch::Sender::new(None));
        Self(Arc::new(Inner { clock, random, files, network, tasks, broken }))
    }

    /// The node's clocks.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The node's source of random numbers.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// The node's files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    /// The node's network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// The present point of monotonic time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// A timer for the task that awaits it. Must be called within a task.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        tokio::time::sleep(duration)
    }

    /// A timer for the task that awaits it. Must be called within a task.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        tokio::time::sleep_until(deadline)
    }

    /// Drives the program's main future on the calling thread; in a simulation, with it everything
    /// else. Tasks that still run afterwards stay: see [`shutdown`](Self::shutdown).
    pub fn block_on<F: Future>(&self, main: F) -> F::Output {
        match &self.0.tasks {
            Tasks::Os(threads) => threads.control().block_on(main),
            Tasks::Sim(process) => process.block_on(main),
        }
    }

    /// Starts a task on the control runtime: for what is not a connection (coordinators, the
    /// controller, timers, HTTP). A panic in it is told by [`task_panicked`](Self::task_panicked).
    pub fn spawn<F>(&self, name: &'static str, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let alarm = Alarm { name, broken: self.0.broken.clone() };
        let future = async move {
            let _alarm = alarm;
            future.await
        };
        match &self.0.tasks {
            Tasks::Os(threads) => Task::new(name, threads.control().spawn(future)),
            Tasks::Sim(process) => process.spawn(name, future),
        }
    }

    /// Waits until a task of the control runtime has panicked, and names it. Each of these tasks
    /// stands for a part that the rest counts on, so a server has no reason to go on.
    pub async fn task_panicked(&self) -> &'static str {
        let mut broken = self.0.broken.subscribe();
        loop {
            if let Some(name) = *broken.borrow_and_update() {
                return name;
            }
            // The sender is in here and lives on.
            _ = broken.changed().await;
        }
    }

    /// Runs what may block (fsync, recovery, name lookup) on a bounded pool of threads; in a
    /// simulation, on the one thread, as a task of its own. It starts whether or not the result is
    /// awaited.
    pub fn blocking<F, T>(&self, work: F) -> Blocking<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match &self.0.tasks {
            Tasks::Os(threads) => Blocking::new(threads.control().spawn_blocking(work)),
            Tasks::Sim(process) => process.blocking(work),
        }
    }

    /// Starts `count` data threads, each with a single-threaded runtime of its own. In a simulation
    /// there is one thread, so one executor comes back whatever the count.
    ///
    /// # Errors
    /// A thread or an event queue cannot be made.
    pub fn data_threads(&self, count: usize) -> io::Result<Vec<Executor>> {
        match &self.0.tasks {
            Tasks::Os(threads) => (0..count.max(1))
                .map(|_| threads.start_data_thread().map(|handle| Executor(Kind::Os(handle))))
                .collect(),
            Tasks::Sim(process) => Ok(vec![Executor(Kind::Sim(Arc::clone(process)))]),
        }
    }

    /// Starts a thread for work that goes on for long and blocks at any point, such as compaction:
    /// tasks on it need not wait asynchronously. It ends when the result is dropped, at the next
    /// wait of what runs on it. In a simulation it is the one thread.
    ///
    /// # Errors
    /// A thread or an event queue cannot be made.
    pub fn worker(&self, name: &str) -> io::Result<Worker> {
        Ok(match &self.0.tasks {
            Tasks::Os(_) => {
                let (handle, stop) = start_thread(name.to_owned(), || ())?;
                Worker { executor: Executor(Kind::Os(handle)), _stop: Some(stop) }
            }
            Tasks::Sim(process) => {
                Worker { executor: Executor(Kind::Sim(Arc::clone(process))), _stop: None }
            }
        })
    }

    /// Bytes of memory this process may use: the machine's, or less where a control group bounds
    /// it; one gigabyte in a simulation.
    #[must_use]
    pub fn memory(&self) -> u64 {
        match &self.0.tasks {
            Tasks::Os(_) => memory::os(),
            Tasks::Sim(_) => 1 << 30,
        }
    }

    /// Lets this process open as many files and connections as the system permits it, and tells how
    /// many those are.
    #[must_use]
    pub fn raise_open_files_limit(&self) -> u64 {
        match &self.0.tasks {
            Tasks::Os(_) => open_files::raise(),
            Tasks::Sim(_) => u64::MAX,
        }
    }

    /// What the process has used so far of the machine; nothing in a simulation. Reads files of the
    /// kernel.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match &self.0.tasks {
            Tasks::Os(_) => usage::os(),
            Tasks::Sim(_) => Usage::default(),
        }
    }

    /// Whether everything runs on one simulated thread.
    #[must_use]
    pub fn is_sim(&self) -> bool {
        matches!(self.0.tasks, Tasks::Sim(_))
    }

    /// Waits until the process is asked to end (SIGTERM, SIGINT, or the simulation's
    /// [`terminate`](crate::SimNode::terminate)). Signals that come before the first call have their
    /// usual, deadly effect.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub async fn termination(&self) -> io::Result<Termination> {
        match &self.0.tasks {
            Tasks::Os(_) => termination::signal().await,
            Tasks::Sim(process) => Ok(process.terminated().await),
        }
    }

    /// Ends everything that was started here: tasks are dropped where they wait, threads joined for
    /// at most `timeout`. Must not be called from within a task. The end of the process does as
    /// well.
    pub fn shutdown(&self, timeout: Duration) {
        match &self.0.tasks {
            Tasks::Os(threads) => threads.shutdown(timeout),
            Tasks::Sim(process) => process.abort_tasks(),
        }
    }
}

/// Goes off when it is dropped by a panic.
struct Alarm {
    name: &'static str,
    broken: watch::Sender<Option<&'static str>>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.broken.send_if_modified(|broken| broken.replace(self.name).is_none());
        }
    }
}

/// A data thread: tasks given to it run there to their end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Executor(Kind);

/// A thread for work that blocks, from [`Env::worker`]. Ends when dropped.
#[derive(Debug)]
pub struct Worker {
    executor: Executor,
    _stop: Option<oneshot::Sender<()>>,
}

impl Worker {
    /// Starts a task on this thread.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.executor.spawn(name, future)
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Os(Handle),
    Sim(Arc<SimProcess>),
}

impl Executor {
    /// How long this thread was busy since it was started; in a simulation, where working takes no
    /// time, never.
    #[must_use]
    pub fn busy(&self) -> Duration {
        match &self.0 {
            Kind::Os(handle) => handle.metrics().worker_total_busy_duration(0),
            Kind::Sim(_) => Duration::ZERO,
        }
    }

    /// Starts a task on this thread.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match &self.0 {
            Kind::Os(handle) => Task::new(name, handle.spawn(future)),
            Kind::Sim(process) => process.spawn(name, future),
        }
    }
}
