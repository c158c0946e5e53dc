//! How fast replicas move: Apache Kafka's measure of a rate, over a window of samples.

use std::collections::VecDeque;

/// What a rate is measured over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many samples count, the one that is being filled included.
    pub(crate) samples: u32,
    /// The length of a sample, ms.
    pub(crate) sample_ms: u64,
}

#[derive(Debug)]
struct Sample {
    began_ms: u64,
    bytes: u64,
}

/// Bytes moved of late. Time is ms from any beginning.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    samples: VecDeque<Sample>,
}

impl Throttle {
    /// Takes note of bytes that were moved.
    pub(crate) fn record(&mut self, bytes: u64, now_ms: u64, window: Window) {
        match self.samples.back_mut() {
            Some(sample) if now_ms.saturating_sub(sample.began_ms) < window.sample_ms => {
                sample.bytes = sample.bytes.saturating_add(bytes);
            }
            _ => self.samples.push_back(Sample { began_ms: now_ms, bytes }),
        }
        self.forget(now_ms, window);
    }

    /// How long to wait, in ms, until the rate is at most `bytes_per_second`; 0 when it is. Not
    /// longer than a sample, since by then the limit may be another one.
    pub(crate) fn pause_ms(&mut self, bytes_per_second: u64, now_ms: u64, window: Window) -> u64 {
        self.forget(now_ms, window);
        let Some(oldest) = self.samples.front() else { return 0 };
        let elapsed_ms = now_ms.saturating_sub(oldest.began_ms).max(window.sample_ms);
        let bytes: u64 =
            self.samples.iter().fold(0, |sum, sample| sum.saturating_add(sample.bytes));
        let due_ms = match u128::from(bytes_per_second) {
            0 => u128::from(u64::MAX),
            limit => u128::from(bytes).saturating_mul(1_000).div_ceil(limit),
        };
        let pause_ms = due_ms.saturating_sub(elapsed_ms.into());
        u64::try_from(pause_ms).unwrap_or(u64::MAX).min(window.sample_ms)
    }

    fn forget(&mut self, now_ms: u64, window: Window) {
        let kept_ms = window.sample_ms.saturating_mul(window.samples.into());
        while self.samples.pop_front_if(|s| now_ms.saturating_sub(s.began_ms) >= kept_ms).is_some()
        {
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { samples: 11, sample_ms: 1_000 };

    #[test]
    fn nothing_moved_is_no_reason_to_wait() {
        assert_eq!(Throttle::default().pause_ms(1, 0, WINDOW), 0);
        assert_eq!(Throttle::default().pause_ms(0, 0, WINDOW), 0);
    }

    #[test]
    fn the_rate_over_the_window_stays_at_the_limit() {
        let mut throttle = Throttle::default();
        let (mut now_ms, mut moved) = (0, 0);
        while now_ms < 60_000 {
            match throttle.pause_ms(10_000, now_ms, WINDOW) {
                0 => {
                    throttle.record(1_000, now_ms, WINDOW);
                    moved += 1_000;
                }
                pause_ms => now_ms += pause_ms,
            }
        }
        assert!((540_000..=660_000).contains(&moved), "{moved} bytes in a minute");
    }

    #[test]
    fn the_wait_is_no_longer_than_a_sample_so_that_a_new_limit_is_seen() {
        let mut throttle = Throttle::default();
        throttle.record(1 << 40, 0, WINDOW);
        assert_eq!(throttle.pause_ms(1, 10, WINDOW), 1_000);
        assert_eq!(throttle.pause_ms(0, 10, WINDOW), 1_000);
        assert_eq!(throttle.pause_ms(u64::MAX, 10, WINDOW), 0);
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut throttle = Throttle::default();
        throttle.record(1 << 40, 0, WINDOW);
        assert_eq!(throttle.pause_ms(1, 10_999, WINDOW), 1_000);
        assert_eq!(throttle.pause_ms(1, 11_000, WINDOW), 0);
    }
}
