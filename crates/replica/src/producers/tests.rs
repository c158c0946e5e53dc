use bytes::Bytes;
use records::{BatchBuilder, BatchView, EndTxnMarker, StampedBatch};

use super::*;
use crate::ProducerError;

const ID: i64 = 1000;

/// A batch to come or in the log: one producer's `count` records.
#[derive(Clone, Copy)]
struct Batch {
    epoch: i16,
    base_sequence: i32,
    count: i32,
    transactional: bool,
    timestamp: i64,
}

fn batch(epoch: i16, base_sequence: i32, count: i32) -> Batch {
    Batch { epoch, base_sequence, count, transactional: false, timestamp: 1 }
}

fn transactional(epoch: i16, base_sequence: i32, count: i32) -> Batch {
    Batch { transactional: true, ..batch(epoch, base_sequence, count) }
}

impl Batch {
    fn bytes(self) -> Bytes {
        let producer =
            records::Producer { id: ID, epoch: self.epoch, base_sequence: self.base_sequence };
        let mut builder = BatchBuilder::new(0).producer(producer);
        if self.transactional {
            builder = builder.transactional();
        }
        for _ in 0..self.count {
            builder.push_key_value(self.timestamp, None, None);
        }
        builder.build()
    }
}

fn stamped(bytes: &Bytes, base_offset: i64) -> Bytes {
    let mut batch = StampedBatch::new(bytes).unwrap().unwrap();
    batch.stamp(base_offset, 0);
    batch.to_bytes()
}

/// Checks as a client's append; appends at the log end if allowed. The offset of the batch.
fn produce(states: &mut ProducerStates, batch: Batch) -> Result<i64, ProducerError> {
    let bytes = stamped(&batch.bytes(), states.end_offset());
    let view = BatchView::first(&bytes).unwrap().unwrap();
    let unverified = (&Verifications::default(), Verified::default());
    match states.check(&view, AppendOrigin::Client, unverified.0, unverified.1)? {
        ProducerCheck::Duplicate(appended) => Ok(appended.base_offset()),
        ProducerCheck::Append => {
            states.append(&view);
            Ok(view.base_offset())
        }
    }
}

fn end(
    states: &mut ProducerStates,
    epoch: i16,
    marker: EndTxnMarker,
) -> Result<Option<CompletedTransaction>, ProducerError> {
    let bytes = stamped(&marker.batch(ID, epoch, 7), states.end_offset());
    let view = BatchView::first(&bytes).unwrap().unwrap();
    let (producer_id, producer_epoch) = (ID, epoch);
    states.check_end(&TransactionEnd {
        producer_id,
        producer_epoch,
        marker,
        transaction_version: 0,
    })?;
    Ok(states.complete(&view, marker))
}

fn is_out_of_order(result: Result<i64, ProducerError>) -> bool {
    matches!(result, Err(ProducerError::OutOfOrderSequence { .. }))
}

#[test]
fn kafka_semantics_27_28_five_batches_are_known_as_duplicates() {
    let mut states = ProducerStates::new(0);
    for n in 0..7 {
        assert_eq!(produce(&mut states, batch(0, n * 10, 10)), Ok(i64::from(n) * 10));
    }
    let end = states.end_offset();
    for n in 2..7 {
        assert_eq!(produce(&mut states, batch(0, n * 10, 10)), Ok(i64::from(n) * 10));
    }
    assert!(is_out_of_order(produce(&mut states, batch(0, 10, 10))), "older than the five");
    assert!(is_out_of_order(produce(&mut states, batch(0, 60, 9))), "not exactly the same");
    assert_eq!(states.end_offset(), end, "kafka-semantics 37");
}

#[test]
fn kafka_semantics_29_sequences_follow_on_and_wrap() {
    let mut states = ProducerStates::new(0);
    produce(&mut states, batch(0, i32::MAX - 2, 2)).unwrap();
    assert!(is_out_of_order(produce(&mut states, batch(0, i32::MAX - 1, 1))));
    produce(&mut states, batch(0, i32::MAX, 3)).unwrap();
    assert!(is_out_of_order(produce(&mut states, batch(0, 0, 1))));
    assert_eq!(produce(&mut states, batch(0, 2, 1)), Ok(5));
    assert_eq!(produce(&mut states, batch(0, i32::MAX, 3)), Ok(2), "duplicate across the wrap");

    let mut states = ProducerStates::new(0);
    produce(&mut states, batch(0, i32::MAX, 1)).unwrap();
    produce(&mut states, batch(0, 0, 1)).unwrap();
}

#[test]
fn kafka_semantics_30_31_epochs() {
    let mut states = ProducerStates::new(0);
    produce(&mut states, batch(3, 0, 5)).unwrap();
    assert!(is_out_of_order(produce(&mut states, batch(4, 5, 1))));
    produce(&mut states, batch(4, 0, 5)).unwrap();
    let error = ProducerError::InvalidEpoch { producer_id: ID, epoch: 3, current: 4 };
    assert_eq!(produce(&mut states, batch(3, 5, 1)), Err(error));
    assert_eq!(produce(&mut states, batch(3, 0, 5)), Err(error), "a duplicate of an old epoch");
}

#[test]
fn kafka_semantics_32_an_unknown_producer_may_begin_anywhere() {
    let mut states = ProducerStates::new(50);
    assert_eq!(produce(&mut states, batch(7, 123, 2)), Ok(50));
    assert!(is_out_of_order(produce(&mut states, batch(7, 126, 1))));
}

#[test]
fn kafka_semantics_34_followers_take_in_what_they_get() {
    let mut states = ProducerStates::new(0);
    for base_sequence in [5, 90, 3] {
        let bytes = stamped(&batch(0, base_sequence, 2).bytes(), states.end_offset());
        let view = BatchView::first(&bytes).unwrap().unwrap();
        let (verifications, verified) = (Verifications::default(), Verified::default());
        let check = states.check(&view, AppendOrigin::Replication, &verifications, verified);
        assert_eq!(check, Ok(ProducerCheck::Append));
        states.append(&view);
    }
    assert_eq!(produce(&mut states, batch(0, 90, 2)), Ok(2), "duplicates are known as leader");
}

#[test]
fn kafka_semantics_35_a_snapshot_keeps_the_newest_batch() {
    let mut states = ProducerStates::new(0);
    produce(&mut states, batch(2, 0, 5)).unwrap();
    produce(&mut states, batch(2, 5, 3)).unwrap();
    let entries: Vec<_> = states.snapshot().collect();
    let expected = ProducerSnapshotEntry {
        producer_id: ID,
        epoch: 2,
        last_sequence: 7,
        last_offset: 7,
        offset_delta: 2,
        timestamp: 1,
        coordinator_epoch: -1,
        current_txn_first_offset: -1,
    };
    assert_eq!(entries, [expected]);
    let mut loaded = ProducerStates::from_snapshot(entries, 8);
    assert_eq!(produce(&mut loaded, batch(2, 5, 3)), Ok(5));
    assert!(is_out_of_order(produce(&mut loaded, batch(2, 0, 5))));
    assert_eq!(produce(&mut loaded, batch(2, 8, 1)), Ok(8));
}

#[test]
fn kafka_semantics_36_silent_producers_expire() {
    let mut states = ProducerStates::new(0);
    produce(&mut states, Batch { timestamp: 1000, ..batch(0, 0, 1) }).unwrap();
    states.remove_expired(1000 + 499, 500);
    assert_eq!(states.len(), 1);
    states.remove_expired(1000 + 500, 500);
    assert!(states.is_empty());

    produce(&mut states, transactional(0, 0, 1)).unwrap();
    states.remove_expired(i64::MAX, 500);
    assert_eq!(states.len(), 1, "an open transaction keeps its producer");
}

#[test]
fn kafka_semantics_45_an_open_transaction_holds_the_last_stable_offset() {
    let committed = EndTxnMarker { committed: true, coordinator_epoch: 0 };
    let mut states = ProducerStates::new(0);
    produce(&mut states, transactional(0, 0, 4)).unwrap();
    assert_eq!(states.last_stable_offset(0, 3), 0);
    assert_eq!(states.last_stable_offset(2, 3), 2, "not below the log start");
    let ended = end(&mut states, 0, committed).unwrap().unwrap();
    assert_eq!((ended.first_offset, ended.last_offset, ended.aborted()), (0, 4, None));
    assert_eq!(states.last_stable_offset(0, 4), 0, "the marker is not replicated");
    states.on_high_watermark(4);
    assert_eq!(states.first_unstable_offset(), Some(0));
    states.on_high_watermark(5);
    assert_eq!(states.last_stable_offset(0, 5), 5);
    assert_eq!(end(&mut states, 0, committed), Ok(None), "a marker for nothing");
}

#[test]
fn an_aborted_transaction_gets_an_index_entry() {
    let aborted = EndTxnMarker { committed: false, coordinator_epoch: 3 };
    let mut states = ProducerStates::from_snapshot(
        [ProducerSnapshotEntry {
            producer_id: 5,
            epoch: 0,
            last_sequence: 0,
            last_offset: 9,
            offset_delta: 0,
            timestamp: 0,
            coordinator_epoch: -1,
            current_txn_first_offset: 9,
        }],
        10,
    );
    produce(&mut states, transactional(0, 0, 2)).unwrap();
    let entry = end(&mut states, 0, aborted).unwrap().unwrap().aborted().unwrap();
    assert_eq!((entry.producer_id, entry.first_offset, entry.last_offset), (ID, 10, 12));
    assert_eq!(entry.last_stable_offset, 9, "another transaction is still open");
    let zombie = EndTxnMarker { coordinator_epoch: 2, ..aborted };
    assert!(matches!(end(&mut states, 0, zombie), Err(ProducerError::CoordinatorFenced { .. })));
}

#[test]
fn within_a_transaction_every_batch_is_transactional() {
    let mut states = ProducerStates::new(0);
    produce(&mut states, transactional(0, 0, 1)).unwrap();
    let error = ProducerError::NotTransactional { producer_id: ID };
    assert_eq!(produce(&mut states, batch(0, 1, 1)), Err(error));
}

#[test]
fn an_epoch_bumped_by_a_marker_begins_at_sequence_zero() {
    let committed = EndTxnMarker { committed: true, coordinator_epoch: 0 };
    let mut states = ProducerStates::new(0);
    produce(&mut states, transactional(0, 0, 3)).unwrap();
    end(&mut states, 1, committed).unwrap();
    assert!(is_out_of_order(produce(&mut states, transactional(1, 3, 1))));
    produce(&mut states, transactional(1, 0, 1)).unwrap();
}

/// One partition with its questions to transaction coordinators.
#[derive(Default)]
struct Asking {
    states: ProducerStates,
    verifications: Verifications,
}

impl Asking {
    fn begin(&mut self, epoch: i16, base_sequence: i32, bumps_epoch: bool) -> VerificationGuard {
        self.verifications.begin(ID, epoch, base_sequence, bumps_epoch, 0)
    }

    fn produce(
        &mut self,
        batch: Batch,
        guard: Option<VerificationGuard>,
    ) -> Result<(), ProducerError> {
        let bytes = stamped(&batch.bytes(), self.states.end_offset());
        let view = BatchView::first(&bytes).unwrap().unwrap();
        let verified = Verified { guard, is_required: true };
        let origin = AppendOrigin::Client;
        self.states.check(&view, origin, &self.verifications, verified)?;
        self.states.append(&view);
        self.verifications.on_appended(ID);
        Ok(())
    }

    fn end(&mut self, epoch: i16, transaction_version: i16) -> Result<(), ProducerError> {
        let marker = EndTxnMarker { committed: true, coordinator_epoch: 0 };
        let end =
            TransactionEnd { producer_id: ID, producer_epoch: epoch, marker, transaction_version };
        self.states.check_end(&end)?;
        let bytes = stamped(&marker.batch(ID, epoch, 7), self.states.end_offset());
        let view = BatchView::first(&bytes).unwrap().unwrap();
        self.states.complete(&view, marker);
        self.verifications.on_end(ID, epoch);
        Ok(())
    }
}

const NOT_IN_TRANSACTION: Result<(), ProducerError> =
    Err(ProducerError::NotInTransaction { producer_id: ID });

#[test]
fn kafka_semantics_142_a_transaction_begins_with_a_guard_only() {
    let mut asking = Asking::default();
    assert_eq!(asking.produce(transactional(0, 0, 1), None), NOT_IN_TRANSACTION);
    assert_eq!(asking.states.needs_verification(ID, 0), Ok(true));
    let guard = asking.begin(0, 0, false);
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(guard)), Ok(()));
    assert_eq!(asking.states.needs_verification(ID, 0), Ok(false));
    assert_eq!(asking.produce(transactional(0, 1, 1), None), Ok(()));
    let fenced = asking.states.needs_verification(ID, -1);
    assert!(matches!(fenced, Err(ProducerError::InvalidEpoch { .. })));
}

#[test]
fn kafka_semantics_143_a_marker_in_between_makes_the_guard_stale() {
    let mut asking = Asking::default();
    let stale = asking.begin(0, 0, false);
    assert_eq!(asking.end(0, 0), Ok(()));
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(stale)), NOT_IN_TRANSACTION);
    // The next question of the same producer has another guard.
    let fresh = asking.begin(0, 0, false);
    assert_ne!(stale, fresh);
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(stale)), NOT_IN_TRANSACTION);
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(fresh)), Ok(()));
}

#[test]
fn kafka_semantics_143_a_question_of_the_next_transaction_outlives_the_marker() {
    let mut asking = Asking::default();
    let guard = asking.begin(1, 0, true);
    assert_eq!(asking.end(1, 2), Ok(()));
    assert_eq!(asking.produce(transactional(1, 0, 1), Some(guard)), Ok(()));
}

#[test]
fn kafka_semantics_143_a_batch_does_not_overtake_one_that_waits_for_its_guard() {
    let mut asking = Asking::default();
    let guard = asking.begin(0, 0, false);
    assert_eq!(asking.begin(0, 1, false), guard);
    let overtaking = asking.produce(transactional(0, 1, 1), Some(guard));
    assert!(is_out_of_order(overtaking.map(|()| 0)));
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(guard)), Ok(()));
    // A higher epoch begins anew.
    let mut asking = Asking::default();
    let guard = asking.begin(0, 0, true);
    assert_eq!(asking.begin(1, 3, true), guard);
    let missing = asking.produce(transactional(1, 3, 1), Some(guard));
    assert!(is_out_of_order(missing.map(|()| 0)), "the first of the epoch is missing");
}

#[test]
fn kafka_semantics_148_markers_of_version_2_bump_the_epoch() {
    let mut asking = Asking::default();
    let guard = asking.begin(3, 0, true);
    assert_eq!(asking.produce(transactional(3, 0, 1), Some(guard)), Ok(()));
    let stale = Err(ProducerError::InvalidEpoch { producer_id: ID, epoch: 3, current: 3 });
    assert_eq!(asking.end(3, 2), stale, "the epoch of the records");
    assert_eq!(asking.end(4, 2), Ok(()));
    assert_eq!(asking.end(4, 2), Ok(()), "the same marker again");
    assert!(matches!(asking.end(3, 2), Err(ProducerError::InvalidEpoch { .. })));
    // Older versions end with the epoch of the records.
    assert_eq!(asking.end(4, 0), Ok(()));
    assert!(matches!(asking.end(3, 0), Err(ProducerError::InvalidEpoch { .. })));
}

#[test]
fn questions_that_nobody_answers_are_forgotten() {
    let mut asking = Asking::default();
    let guard = asking.begin(0, 0, false);
    asking.verifications.remove_expired(999, 1000);
    assert_eq!(asking.begin(0, 0, false), guard);
    asking.verifications.remove_expired(1000, 1000);
    assert_ne!(asking.begin(0, 0, false), guard);
    asking.verifications.clear();
    assert_eq!(asking.produce(transactional(0, 0, 1), Some(guard)), NOT_IN_TRANSACTION);
}
