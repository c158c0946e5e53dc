//! Staying below a number of things per second, as Apache Kafka's tools do: not evenly, but by a
//! pause whenever a few are ahead of their time.

use std::time::Duration;

use env::{Env, Instant};

/// Pauses below this are saved up.
const PAUSE_MIN: Duration = Duration::from_millis(2);

/// Keeps to a throughput.
pub(crate) struct Throughput {
    began: Instant,
    /// Things per second; below 0 as many as possible, 0 none.
    target: f64,
    owed: Duration,
}

impl Throughput {
    pub(crate) fn new(target: f64, began: Instant) -> Self {
        Self { began, target, owed: Duration::ZERO }
    }

    /// Waits where `done` things by `now` are too many.
    pub(crate) async fn keep(&mut self, env: &Env, done: u64, now: Instant) {
        // Most runs are without a bound.
        if self.target < 0.0 {
            return;
        }
        let elapsed = now.duration_since(self.began).as_millis() as f64 / 1000.0;
        if elapsed <= 0.0 || done as f64 / elapsed <= self.target {
            return;
        }
        if self.target == 0.0 {
            return std::future::pending().await;
        }
        self.owed += Duration::from_secs_f64((1.0 / self.target).min(1e9));
        if self.owed >= PAUSE_MIN {
            env.sleep(std::mem::take(&mut self.owed)).await;
        }
    }
}
