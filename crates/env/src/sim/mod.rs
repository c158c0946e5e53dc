//! A simulated world: nodes with disks and clocks of their own on one network, one thread, one
//! virtual time, one seed.

mod node;
mod process;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

pub use node::SimNode;
pub(crate) use process::SimProcess;

use crate::clock::SimClock;
use crate::network::SimNetwork;
use crate::{Clock, Random};

/// 2026-01-01 00:00:00 UTC: when every simulation starts.
const START_WALL_MS: i64 = 1_767_225_600_000;

/// A simulation. Time stands still while anything can run, and jumps to the next timer when
/// nothing can. Dropping it ends all its tasks.
#[derive(Debug)]
pub struct Sim {
    world: Arc<World>,
    nodes: Mutex<Vec<SimNode>>,
}

/// What the nodes of a simulation share.
#[derive(Debug)]
pub(crate) struct World {
    /// Taken out on drop only.
    runtime: Option<Runtime>,
    clock: SimClock,
    random: Random,
    network: SimNetwork,
}

impl Sim {
    /// A world without nodes whose every choice follows from `seed`.
    ///
    /// # Panics
    /// The system refuses an event queue.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { world: World::new(seed), nodes: Mutex::default() }
    }

    /// Adds a node: a host of that name with an address and an empty disk of its own.
    #[must_use]
    pub fn node(&self, name: &str) -> SimNode {
        let node = SimNode::new(Arc::clone(&self.world), name);
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(node.clone());
        node
    }

    /// Runs the world until `main` is done.
    pub fn block_on<F: Future>(&self, main: F) -> F::Output {
        self.world.block_on(main)
    }

    /// The time as someone without skew sees it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::sim(self.world.clock.clone())
    }

    /// The world's randomness, for what the test itself decides.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.world.random
    }

    /// The network between the nodes, to disturb it.
    #[must_use]
    pub fn network(&self) -> &SimNetwork {
        &self.world.network
    }
}

/// A node alone in a world that lives as long as what runs in it.
pub(crate) fn lone_node(seed: u64) -> SimNode {
    SimNode::new(World::new(seed), "node")
}

impl World {
    fn new(seed: u64) -> Arc<Self> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap_or_else(|error| panic!("no runtime for a simulation: {error}"));
        let random = Random::seeded(seed);
        let clock = SimClock::new(runtime.handle().clone(), START_WALL_MS);
        let network = SimNetwork::new(random.fork());
        Arc::new(Self { runtime: Some(runtime), clock, random, network })
    }

    fn runtime(&self) -> &Runtime {
        match &self.runtime {
            Some(runtime) => runtime,
            None => unreachable!("the runtime is there until the world is dropped"),
        }
    }

    fn block_on<F: Future>(&self, main: F) -> F::Output {
        self.runtime().block_on(main)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        for node in self.nodes.get_mut().unwrap_or_else(PoisonError::into_inner) {
            node.kill();
        }
        // Tasks hold the world they run in: without a turn to drop them it would never go.
        if tokio::runtime::Handle::try_current().is_err() {
            self.world.block_on(tokio::task::yield_now());
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
