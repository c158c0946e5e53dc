//! Stretches of offsets with their state, as they are stored, and what becomes of stretches that
//! overlap.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A stretch of offsets in one state. The state is kept as it is written, for what is known of it
/// here matters only to the leader of the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBatch {
    /// The first offset.
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// The state (kafka-storage 8.3).
    pub delivery_state: i8,
    /// How often the records were delivered.
    pub delivery_count: i16,
}

/// No start offset is known.
pub const NO_OFFSET: i64 = -1;

/// A stretch that covers the offset at hand; what was delivered more often, or is in a higher
/// state, is the newer truth.
#[derive(PartialEq, Eq)]
struct Covering(StateBatch);

impl Covering {
    fn rank(&self) -> (i16, i8, i64) {
        (self.0.delivery_count, self.0.delivery_state, self.0.last_offset)
    }
}

impl Ord for Covering {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Covering {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Stretches without overlap that say the same: of those that overlap the newer truth counts,
/// neighbours in one state become one, and what is below `start_offset` goes.
pub fn combine(
    batches: impl IntoIterator<Item = StateBatch>,
    start_offset: i64,
) -> Vec<StateBatch> {
    let mut batches: Vec<StateBatch> = batches
        .into_iter()
        .map(|batch| StateBatch { first_offset: batch.first_offset.max(start_offset), ..batch })
        .filter(|batch| batch.first_offset <= batch.last_offset)
        .collect();
    batches.sort_by_key(|batch| batch.first_offset);
    let mut combined = Vec::with_capacity(batches.len());
    let mut covering: BinaryHeap<Covering> = BinaryHeap::new();
    let mut coming = batches.into_iter().peekable();
    let mut offset = i64::MIN;
    loop {
        while covering.peek().is_some_and(|top| top.0.last_offset < offset) {
            covering.pop();
        }
        if covering.is_empty() {
            match coming.peek() {
                Some(next) => offset = next.first_offset,
                None => return combined,
            }
        }
        while let Some(next) = coming.next_if(|next| next.first_offset <= offset) {
            covering.push(Covering(next));
        }
        let Some(Covering(top)) = covering.peek() else { continue };
        let until = coming.peek().map_or(i64::MAX, |next| next.first_offset - 1);
        let last_offset = top.last_offset.min(until);
        if last_offset >= offset {
            append(&mut combined, StateBatch { first_offset: offset, last_offset, ..*top });
        }
        if last_offset == i64::MAX {
            return combined;
        }
        offset = last_offset.max(offset - 1) + 1;
    }
}

fn append(combined: &mut Vec<StateBatch>, batch: StateBatch) {
    if let Some(last) = combined.last_mut()
        && last.last_offset + 1 == batch.first_offset
        && last.delivery_state == batch.delivery_state
        && last.delivery_count == batch.delivery_count
    {
        last.last_offset = batch.last_offset;
    } else {
        combined.push(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch((first_offset, last_offset, delivery_state, delivery_count): Row) -> StateBatch {
        StateBatch { first_offset, last_offset, delivery_state, delivery_count }
    }

    type Row = (i64, i64, i8, i16);

    fn combined(batches: &[Row], start_offset: i64) -> Vec<Row> {
        let rows = combine(batches.iter().copied().map(batch), start_offset).into_iter();
        rows.map(|b| (b.first_offset, b.last_offset, b.delivery_state, b.delivery_count)).collect()
    }

    /// kafka-storage 8.3: an update counts over what was there, offset by offset.
    #[test]
    fn the_newer_truth_counts() {
        for (batches, expected) in [
            (vec![(0, 9, 0, 1), (3, 5, 2, 1)], vec![(0, 2, 0, 1), (3, 5, 2, 1), (6, 9, 0, 1)]),
            (vec![(3, 5, 0, 1), (0, 9, 2, 1)], vec![(0, 9, 2, 1)]),
            (vec![(0, 9, 2, 1), (5, 14, 0, 1)], vec![(0, 9, 2, 1), (10, 14, 0, 1)]),
            (vec![(0, 9, 2, 1), (5, 14, 0, 2)], vec![(0, 4, 2, 1), (5, 14, 0, 2)]),
            (vec![(0, 4, 2, 1), (5, 9, 2, 1), (11, 12, 2, 1)], vec![(0, 9, 2, 1), (11, 12, 2, 1)]),
            (
                vec![(0, 20, 0, 1), (2, 4, 2, 1), (8, 9, 4, 1)],
                vec![(0, 1, 0, 1), (2, 4, 2, 1), (5, 7, 0, 1), (8, 9, 4, 1), (10, 20, 0, 1)],
            ),
            (vec![], vec![]),
        ] {
            assert_eq!(combined(&batches, NO_OFFSET), expected, "{batches:?}");
        }
    }

    #[test]
    fn what_is_below_the_start_goes() {
        let batches = [(0, 4, 2, 1), (5, 9, 0, 1), (20, 24, 0, 3)];
        assert_eq!(combined(&batches, 7), vec![(7, 9, 0, 1), (20, 24, 0, 3)]);
        assert_eq!(combined(&batches, 25), vec![]);
    }

    #[test]
    fn any_numbers_are_taken() {
        let extremes = [(i64::MIN, i64::MAX, 0, 1), (5, 2, 0, 1), (i64::MAX, i64::MAX, 2, 1)];
        let expected = vec![(-1, i64::MAX - 1, 0, 1), (i64::MAX, i64::MAX, 2, 1)];
        assert_eq!(combined(&extremes, NO_OFFSET), expected);
        assert_eq!(combined(&[(7, i64::MAX, 0, 1)], 3), vec![(7, i64::MAX, 0, 1)]);
    }
}
