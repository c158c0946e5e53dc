//! Monotonic and wall-clock time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A point of monotonic time; virtual in a simulation.
pub use tokio::time::Instant;

/// Reads the monotonic and the wall clock of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Os,
    Sim(SimClock),
}

/// Virtual time: the paused clock of the simulation's runtime, and a wall clock that follows it
/// with an adjustable skew.
#[derive(Clone, Debug)]
pub(crate) struct SimClock {
    runtime: tokio::runtime::Handle,
    started: Instant,
    started_wall_ms: i64,
    skew_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clocks.
    #[must_use]
    pub fn os() -> Self {
        Self(Kind::Os)
    }

    pub(crate) fn sim(clock: SimClock) -> Self {
        Self(Kind::Sim(clock))
    }

    /// The present point of monotonic time.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Kind::Os => Instant::now(),
            Kind::Sim(sim) => sim.now(),
        }
    }

    /// Milliseconds since 1970-01-01 UTC, as this node believes. May jump in both directions.
    #[must_use]
    pub fn wall_ms(&self) -> i64 {
        match &self.0 {
            Kind::Os => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Kind::Sim(sim) => sim.wall_ms(),
        }
    }
}

impl SimClock {
    /// A clock that starts at `started_wall_ms` now, on the (paused) time of `runtime`.
    pub(crate) fn new(runtime: tokio::runtime::Handle, started_wall_ms: i64) -> Self {
        let started = {
            let _inside = runtime.enter();
            Instant::now()
        };
        Self { runtime, started, started_wall_ms, skew_ms: Arc::default() }
    }

    /// The same time with a skew of its own, which starts at zero.
    pub(crate) fn with_own_skew(&self) -> Self {
        Self { skew_ms: Arc::default(), ..self.clone() }
    }

    pub(crate) fn set_skew_ms(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    fn now(&self) -> Instant {
        // Outside of its runtime tokio would answer with the machine's clock.
        let _inside = self.runtime.enter();
        Instant::now()
    }

    fn wall_ms(&self) -> i64 {
        let elapsed = self.now().saturating_duration_since(self.started).as_millis();
        self.started_wall_ms
            .saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX))
            .saturating_add(self.skew_ms.load(Ordering::Relaxed))
    }
}
