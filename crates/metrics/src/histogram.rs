//! How long things take: counts by size, exact to an eighth.

use crate::Counter;

/// Each doubling is divided into two to this power.
const SUB_BITS: u32 = 3;
const SUB: usize = 1 << SUB_BITS;
/// Values from here on (over an hour in microseconds) count as the largest.
const BITS_MAX: u32 = 32;
/// Counts of a histogram.
const BUCKETS: usize = SUB * (BITS_MAX - SUB_BITS + 1) as usize;

/// Counts of values, of any unit, that one thread at a time writes and any thread reads.
#[derive(Debug)]
pub struct Histogram {
    counts: [Counter; BUCKETS],
    sum: Counter,
}

/// What a histogram had counted at some time, or counted between two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    counts: Vec<u64>,
    sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [const { Counter::new() }; BUCKETS], sum: Counter::new() }
    }
}

impl Histogram {
    /// Counts a value. For the one writer.
    pub fn record(&self, value: u64) {
        self.counts[bucket(value)].add(1);
        self.sum.add(value);
    }

    /// Adds what is counted so far to a distribution.
    pub fn add_to(&self, distribution: &mut Distribution) {
        for (sum, count) in distribution.counts.iter_mut().zip(&self.counts) {
            *sum += count.get();
        }
        distribution.sum = distribution.sum.wrapping_add(self.sum.get());
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], sum: 0 }
    }
}

impl Distribution {
    /// The number of values.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of the values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let pairs = self.counts.iter().zip(&earlier.counts);
        Self {
            counts: pairs.map(|(now, before)| now.saturating_sub(*before)).collect(),
            sum: self.sum.wrapping_sub(earlier.sum),
        }
    }

    /// A value that `share` (0 to 1) of the values do not exceed, at most an eighth too large;
    /// 0 without values.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return largest_of(index);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    if value < SUB as u64 {
        return value as usize;
    }
    let bits = value.ilog2();
    if bits >= BITS_MAX {
        return BUCKETS - 1;
    }
    let shift = bits - SUB_BITS;
    // The bits below the highest one say which part of the doubling it is.
    let part = (value >> shift) as usize & (SUB - 1);
    SUB * (shift as usize + 1) + part
}

/// The largest value that counts in a bucket.
fn largest_of(index: usize) -> u64 {
    if index < SUB {
        return index as u64;
    }
    let shift = (index / SUB - 1) as u32;
    let part = (index % SUB) as u64;
    ((SUB as u64 + part + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_counts_within_an_eighth_of_itself() {
        for value in (0..5_000).chain([65_535, 65_536, 1 << 31, (1 << 32) - 1]) {
            let told = largest_of(bucket(value));
            assert!(told >= value && told - value <= value / 8, "{value} is told as {told}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(bucket((1 << 32) - 1), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_a_span() {
        let histogram = Histogram::default();
        let mut before = Distribution::default();
        assert_eq!(before.quantile(0.5), 0);
        histogram.record(1_000_000);
        histogram.add_to(&mut before);
        for value in 1..=7 {
            histogram.record(value);
        }
        let mut after = Distribution::default();
        histogram.add_to(&mut after);
        let span = after.since(&before);
        assert_eq!((span.count(), span.sum()), (7, 28));
        assert_eq!([0.0, 0.5, 1.0].map(|share| span.quantile(share)), [1, 4, 7]);
    }
}
