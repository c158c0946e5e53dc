//! A bound on how fast the cleaner reads and writes (`log.cleaner.io.max.bytes.per.second`).

use std::time::Duration;

/// Keeps work at a number of bytes per second, over all who share it. The clock is an argument.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    bytes_per_second: f64,
    /// When all work so far would be done at this pace, in seconds of the caller's clock.
    done_at: f64,
}

/// Unused time is good for this long a burst at most.
const BURST_SECONDS: f64 = 0.3;

impl Pace {
    /// At most this many bytes per second; anything that is not a positive finite number is no
    /// bound.
    pub fn new(bytes_per_second: f64) -> Self {
        Self { bytes_per_second, done_at: f64::NEG_INFINITY }
    }

    /// Sets another bound; what was owed at the old one is forgotten.
    pub fn set(&mut self, bytes_per_second: f64) {
        if bytes_per_second.to_bits() != self.bytes_per_second.to_bits() {
            *self = Self::new(bytes_per_second);
        }
    }

    /// Takes note of work done at `now` (since any fixed point), and says how long to rest.
    pub fn work(&mut self, bytes: u64, now: Duration) -> Duration {
        if !(self.bytes_per_second.is_finite() && self.bytes_per_second > 0.0) {
            return Duration::ZERO;
        }
        let now = now.as_secs_f64();
        let begin = self.done_at.max(now - BURST_SECONDS);
        self.done_at = begin + bytes as f64 / self.bytes_per_second;
        Duration::try_from_secs_f64(self.done_at - now).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_storage_6_9_work_is_held_to_its_pace() {
        let mut pace = Pace::new(1000.0);
        let mut now = Duration::from_secs(100);
        for _ in 0..50 {
            now += pace.work(200, now);
        }
        let took = (now - Duration::from_secs(100)).as_secs_f64();
        assert!((9.6..=10.1).contains(&took), "{took} s for 10,000 bytes at 1,000 a second");
    }

    #[test]
    fn a_bound_can_be_lifted_and_set_anew() {
        let mut pace = Pace::new(f64::MAX);
        assert_eq!(pace.work(u64::MAX, Duration::ZERO), Duration::ZERO);
        pace.set(10.0);
        assert!(pace.work(100, Duration::from_secs(1)) > Duration::from_secs(9));
        pace.set(f64::MAX);
        assert_eq!(pace.work(1 << 40, Duration::from_secs(1)), Duration::ZERO);
    }
}
