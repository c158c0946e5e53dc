//! Which transactions a walk over a log is in (kafka-storage 6.6).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use records::{BatchView, ControlType, Error};
use replica::AbortedTransaction;

/// Control records are small; those of the quorum name all voters.
const CONTROL_RECORD_MAX: usize = 1 << 20;

/// The transactions that are open at the place a walk has reached, and how they ended.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// Aborted ones that begin further on, the earliest on top.
    ahead: BinaryHeap<Reverse<ByFirstOffset>>,
    /// The aborted one each producer is in.
    aborted: HashMap<i64, Aborted>,
    /// Producers with data of a committed transaction since its last marker.
    committed: HashSet<i64>,
    /// Aborted transactions whose marker stays, for the index of the segment being written.
    retained: Vec<AbortedTransaction>,
}

#[derive(Debug)]
struct Aborted {
    transaction: AbortedTransaction,
    /// Whether a batch of it was seen.
    has_data: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct ByFirstOffset(AbortedTransaction);

impl PartialOrd for ByFirstOffset {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByFirstOffset {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |entry: &Self| (entry.0.first_offset, entry.0.last_offset, entry.0.producer_id);
        key(self).cmp(&key(other))
    }
}

impl Transactions {
    /// Takes in entries of transaction indexes for what comes next. A transaction over several
    /// segments may be told again for each.
    pub(crate) fn expect(&mut self, aborted: impl IntoIterator<Item = AbortedTransaction>) {
        self.ahead.extend(aborted.into_iter().map(|entry| Reverse(ByFirstOffset(entry))));
    }

    /// Takes in the next batch; whether it is of no use to anyone: data of an aborted transaction,
    /// or the marker of one of which no data was seen.
    pub(crate) fn observe(&mut self, batch: &BatchView<'_>) -> Result<bool, Error> {
        self.begin_up_to(batch.last_offset());
        if batch.is_control() {
            return self.end(batch);
        }
        if !batch.is_transactional() {
            return Ok(false);
        }
        match self.aborted.get_mut(&batch.producer_id()) {
            Some(aborted) => {
                aborted.has_data = true;
                Ok(true)
            }
            None => {
                self.committed.insert(batch.producer_id());
                Ok(false)
            }
        }
    }

    /// Aborted transactions whose markers stay, of the batches since the last call.
    pub(crate) fn take_retained(&mut self) -> Vec<AbortedTransaction> {
        std::mem::take(&mut self.retained)
    }

    fn begin_up_to(&mut self, offset: i64) {
        while let Some(Reverse(ByFirstOffset(next))) = self.ahead.peek() {
            if next.first_offset > offset {
                return;
            }
            let transaction = *next;
            self.ahead.pop();
            let begun = Aborted { transaction, has_data: false };
            self.aborted.entry(transaction.producer_id).or_insert(begun);
        }
    }

    fn end(&mut self, batch: &BatchView<'_>) -> Result<bool, Error> {
        let records = batch.records(CONTROL_RECORD_MAX)?;
        let Some(record) = records.iter().next().transpose()? else {
            // It was emptied before.
            return Ok(true);
        };
        let key = record.key.ok_or(Error::Record("control record without a key"))?;
        match ControlType::of_key(key)? {
            Some(ControlType::Abort) => match self.aborted.remove(&batch.producer_id()) {
                Some(aborted) if aborted.has_data => {
                    self.retained.push(aborted.transaction);
                    Ok(false)
                }
                _ => Ok(true),
            },
            Some(ControlType::Commit) => Ok(!self.committed.remove(&batch.producer_id())),
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use records::{BatchBuilder, EndTxnMarker, Producer, StampedBatch};

    use super::*;

    fn at(offset: i64, batch: Bytes) -> Bytes {
        let mut stamped = StampedBatch::new(&batch).unwrap().unwrap();
        stamped.stamp(offset, 0);
        stamped.to_bytes()
    }

    fn data(offset: i64, producer: i64) -> Bytes {
        let producer = Producer { id: producer, epoch: 0, base_sequence: 0 };
        let mut builder = BatchBuilder::new(0).producer(producer).transactional();
        builder.push_key_value(1, Some(b"k"), Some(b"v"));
        at(offset, builder.build())
    }

    fn marker(offset: i64, producer: i64, committed: bool) -> Bytes {
        at(offset, EndTxnMarker { committed, coordinator_epoch: 0 }.batch(producer, 0, 1))
    }

    fn entry(producer_id: i64, first_offset: i64, last_offset: i64) -> AbortedTransaction {
        AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset: 0 }
    }

    fn observe(transactions: &mut Transactions, batch: &[u8]) -> bool {
        transactions.observe(&BatchView::first(batch).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn kafka_storage_6_6_aborted_data_goes_and_its_marker_stays_until_it_is_gone() {
        let mut walk = Transactions::default();
        walk.expect([entry(1, 10, 20), entry(1, 10, 20)]);
        assert!(!observe(&mut walk, &data(5, 2)), "of a committed transaction");
        assert!(observe(&mut walk, &data(10, 1)));
        assert!(!observe(&mut walk, &marker(20, 1, false)));
        assert_eq!(walk.take_retained(), [entry(1, 10, 20)]);
        assert!(!observe(&mut walk, &data(21, 1)), "the next transaction of the producer");
        assert!(!observe(&mut walk, &marker(22, 1, true)));
        assert!(!observe(&mut walk, &marker(23, 2, true)));
        assert!(observe(&mut walk, &marker(30, 2, true)), "nothing was between the two");
    }

    #[test]
    fn kafka_storage_6_6_a_marker_without_data_may_go() {
        let mut walk = Transactions::default();
        walk.expect([entry(1, 10, 20)]);
        assert!(observe(&mut walk, &marker(20, 1, false)));
        assert!(observe(&mut walk, &marker(21, 3, true)));
        assert!(walk.take_retained().is_empty());
        let emptied = marker(25, 3, true);
        let emptied = BatchView::first(&emptied).unwrap().unwrap().without_records();
        assert!(observe(&mut walk, &emptied));
    }
}
