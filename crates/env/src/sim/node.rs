//! A simulated host: what outlives the process that runs on it.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::process::Stall;
use super::{SimProcess, World};
use crate::clock::SimClock;
use crate::{Clock, Env, Network, SimDisk};

/// A host of a [`Sim`](super::Sim): name, address, disk and clock. A process on it starts, dies and
/// starts again. Clones are the same host.
#[derive(Clone, Debug)]
pub struct SimNode(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Arc<World>,
    address: IpAddr,
    disk: SimDisk,
    clock: SimClock,
    stall: Arc<Stall>,
    process: Mutex<Option<Arc<SimProcess>>>,
}

impl SimNode {
    pub(super) fn new(world: Arc<World>, name: &str) -> Self {
        let address = world.network.add_host(name);
        let clock = world.clock.with_own_skew();
        let (disk, stall, process) = (SimDisk::new(), Arc::default(), Mutex::default());
        Self(Arc::new(Inner { world, address, disk, clock, stall, process }))
    }

    /// Starts a process, killing the one that runs: an environment with the disk as it is.
    #[must_use]
    pub fn start(&self) -> Env {
        self.kill();
        let inner = &self.0;
        let process = Arc::new(SimProcess::new(Arc::clone(&inner.world), Arc::clone(&inner.stall)));
        *self.process() = Some(Arc::clone(&process));
        let clock = Clock::sim(inner.clock.clone());
        let files = inner.disk.files_at(Some(clock.clone()));
        let network = Network::sim(inner.world.network.host(inner.address));
        Env::of_process(clock, inner.world.random.fork(), files, network, process)
    }

    /// The process dies at once (`kill -9`): its tasks end, its connections are reset, and the disk
    /// keeps all that was written.
    pub fn kill(&self) {
        if let Some(process) = self.process().take() {
            process.abort_tasks();
            self.0.world.network.reset_host(self.0.address);
            self.0.disk.process_crash();
        }
    }

    /// The power goes: like [`kill`](Self::kill), and the disk loses what was not synced, as far as
    /// the seed has it.
    pub fn power_loss(&self) {
        self.kill();
        self.0.disk.power_loss(&self.0.world.random);
    }

    /// Asks the process to end, as SIGTERM does.
    pub fn terminate(&self) {
        if let Some(process) = &*self.process() {
            process.terminate();
        }
    }

    /// Holds up work that blocks (fsync, recovery, checkpoints) by a time out of `range`, each by
    /// one of its own, as a slow disk does; processes started later, too. Zero at first.
    pub fn set_blocking_delay(&self, range: RangeInclusive<Duration>) {
        self.0.stall.set(*range.start(), *range.end());
    }

    /// The disk, to disturb it.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.0.disk
    }

    /// The address other nodes reach it by, and by its name.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0.address
    }

    /// Sets its wall clock ahead of the world's, or behind it.
    pub fn set_clock_skew_ms(&self, skew_ms: i64) {
        self.0.clock.set_skew_ms(skew_ms);
    }

    fn process(&self) -> MutexGuard<'_, Option<Arc<SimProcess>>> {
        self.0.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
