//! What the perf test of producers measures and says.

use std::io;
use std::time::Duration;

use crate::java::decimal;
use crate::terminal::Terminal;

/// Latencies kept for the percentiles.
const SAMPLES_MAX: u64 = 500_000;
const MB: f64 = 1024.0 * 1024.0;

/// Counts of a stretch of time.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    records: u64,
    bytes: u64,
    latency_total: u64,
    latency_max: u64,
}

impl Counts {
    fn add(&mut self, latency: u64, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
        self.latency_total += latency;
        self.latency_max = self.latency_max.max(latency);
    }

    fn records_per_second(&self, ms: u64) -> f64 {
        1000.0 * self.records as f64 / ms as f64
    }

    fn mb_per_second(&self, ms: u64) -> f64 {
        1000.0 * self.bytes as f64 / ms as f64 / MB
    }

    fn latency(&self) -> f64 {
        self.latency_total as f64 / self.records as f64
    }
}

/// What is measured of one test, or of the part of it that comes after warming up. Times are
/// milliseconds since the test began.
#[derive(Debug)]
pub(super) struct Stats {
    begin: u64,
    interval: u64,
    is_steady: bool,
    pub(super) is_silent: bool,
    sampling: u64,
    latencies: Vec<u32>,
    all: Counts,
    window: Counts,
    window_begin: u64,
}

impl Stats {
    pub(super) fn new(begin: u64, count: u64, interval: Duration, is_steady: bool) -> Self {
        Self {
            begin,
            interval: interval.as_millis() as u64,
            is_steady,
            is_silent: false,
            sampling: count / count.clamp(1, SAMPLES_MAX),
            latencies: Vec::new(),
            all: Counts::default(),
            window: Counts::default(),
            window_begin: begin,
        }
    }

    /// A record of `bytes` bytes that was sent at `sent` is delivered at `now`.
    pub(super) fn record(
        &mut self,
        (sent, now): (u64, u64),
        bytes: u64,
        terminal: &mut Terminal,
    ) -> io::Result<()> {
        let latency = now.saturating_sub(sent);
        if self.all.records.is_multiple_of(self.sampling.max(1)) {
            self.latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
        }
        self.all.add(latency, bytes);
        self.window.add(latency, bytes);
        let elapsed = now.saturating_sub(self.window_begin);
        if elapsed < self.interval {
            return Ok(());
        }
        if self.is_steady && self.all.records == self.window.records {
            terminal.say("In steady state.")?;
        }
        if !self.is_silent {
            let window = std::mem::take(&mut self.window);
            terminal.say(format!(
                "{} records sent, {} records/sec ({} MB/sec), {} ms avg latency, {} ms max \
                 latency.",
                window.records,
                decimal(window.records_per_second(elapsed), 1),
                decimal(window.mb_per_second(elapsed), 2),
                decimal(window.latency(), 1),
                decimal(window.latency_max as f64, 1),
            ))?;
            terminal.flush()?;
        }
        self.window = Counts::default();
        self.window_begin = now;
        Ok(())
    }

    /// The summary.
    pub(super) fn total(&mut self, now: u64) -> String {
        let elapsed = now.saturating_sub(self.begin);
        self.latencies.sort_unstable();
        let percentile = |share: f64| {
            let at = (share * self.latencies.len() as f64) as usize;
            self.latencies.get(at).copied().unwrap_or_default()
        };
        format!(
            "{}{} records sent, {} records/sec ({} MB/sec), {} ms avg latency, {} ms max latency, \
             {} ms 50th, {} ms 95th, {} ms 99th, {} ms 99.9th.",
            self.all.records,
            if self.is_steady { " steady state" } else { "" },
            decimal(self.all.records_per_second(elapsed), 6),
            decimal(self.all.mb_per_second(elapsed), 2),
            decimal(self.all.latency(), 2),
            decimal(self.all.latency_max as f64, 2),
            percentile(0.5),
            percentile(0.95),
            percentile(0.99),
            percentile(0.999),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_apache_kafkas() {
        let mut terminal = Terminal::process();
        let mut stats = Stats::new(0, 4, Duration::from_secs(5), false);
        for (sent, now) in [(0, 10), (0, 20), (10, 20), (20, 60)] {
            stats.record((sent, now), 1 << 20, &mut terminal).unwrap();
        }
        assert_eq!(
            stats.total(2_000),
            "4 records sent, 2.000000 records/sec (2.00 MB/sec), 20.00 ms avg latency, 40.00 ms \
             max latency, 20 ms 50th, 40 ms 95th, 40 ms 99th, 40 ms 99.9th."
        );
        let mut nothing = Stats::new(0, 1, Duration::from_secs(5), true);
        assert!(nothing.total(0).starts_with("0 steady state records sent, NaN records/sec (NaN"));
    }
}
