//! Groups that see committed records only (kafka-semantics 167).

use std::collections::BTreeSet;

use super::acquire::{Acquired, AcquiredRange, FetchedBatch};
use super::record::RecordState;
use super::window::SharePartition;

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// Where it began.
    pub first_offset: i64,
}

impl SharePartition {
    /// Archives what was aborted of records just acquired, and tells the rest.
    pub(super) fn without_aborted(
        &mut self,
        acquired: Acquired,
        fetched: &[FetchedBatch],
        aborted: &[AbortedTransaction],
    ) -> Acquired {
        let aborted = aborted_batches(fetched, aborted);
        if aborted.is_empty() {
            return acquired;
        }
        for (first, last) in &aborted {
            let Some((key, _)) = self.batches.range(..=*first).next_back() else { continue };
            let from = *key;
            self.archive(from, *first, last + 1, RecordState::Acquired, true);
        }
        // Nobody will acknowledge them, so nothing else would move the start over them.
        self.advance_start();
        let mut ranges = acquired.ranges;
        for (first, last) in aborted {
            ranges = ranges.into_iter().flat_map(|range| without(range, first, last)).collect();
        }
        let count = ranges.iter().map(AcquiredRange::len).sum();
        Acquired { ranges, count }
    }
}

/// A range without some offsets.
fn without(range: AcquiredRange, first: i64, last: i64) -> impl Iterator<Item = AcquiredRange> {
    let before = AcquiredRange { last_offset: range.last_offset.min(first - 1), ..range };
    let after = AcquiredRange { first_offset: range.first_offset.max(last + 1), ..range };
    [before, after].into_iter().filter(|range| range.first_offset <= range.last_offset)
}

/// The batches that are part of aborted transactions, by first and last offset.
fn aborted_batches(fetched: &[FetchedBatch], aborted: &[AbortedTransaction]) -> Vec<(i64, i64)> {
    if aborted.is_empty() {
        return Vec::new();
    }
    let mut coming = aborted.to_vec();
    coming.sort_by_key(|transaction| transaction.first_offset);
    let mut coming = coming.into_iter().peekable();
    let (mut producers, mut batches) = (BTreeSet::new(), Vec::new());
    for batch in fetched {
        let Some(producer_id) = batch.producer_id else { continue };
        while let Some(transaction) = coming.next_if(|t| t.first_offset <= batch.last_offset) {
            producers.insert(transaction.producer_id);
        }
        if batch.is_abort_marker {
            producers.remove(&producer_id);
        } else if batch.is_transactional && producers.contains(&producer_id) {
            batches.push((batch.base_offset, batch.last_offset));
        }
    }
    batches
}
