//! Producers and transactions: kafka-semantics B, kafka-storage 3.5.

use std::sync::Arc;

use log::{Log, ReadRequest};
use records::{BatchBuilder, EndTxnMarker, Producer, StampedBatch};
use replica::{AppendOrigin, ProducerCheck, Verifications, Verified};

use crate::support::*;

fn produced(producer_id: i64, base_sequence: i32, count: usize) -> StampedBatch {
    let producer = Producer { id: producer_id, epoch: 0, base_sequence };
    let mut builder = BatchBuilder::new(0).transactional().producer(producer);
    for _ in 0..count {
        builder.push_key_value(NOW, None, Some(b"value"));
    }
    StampedBatch::new(&builder.build()).unwrap().unwrap()
}

fn end(log: &mut Log, producer_id: i64, committed: bool) {
    let marker = EndTxnMarker { committed, coordinator_epoch: 0 };
    let bytes = marker.batch(producer_id, 0, NOW);
    append(log, StampedBatch::new(&bytes).unwrap().unwrap(), 0);
}

/// First and last offsets of the transactions a reader of `offset` up to `bound` must leave out.
fn aborted(log: &Log, offset: i64, bound: i64) -> Vec<(i64, i64)> {
    let request = ReadRequest { offset, bound, max_bytes: u32::MAX, at_least_one_batch: true };
    let read = log.reader().read(request).unwrap();
    let aborted = log.reader().aborted_transactions(offset, &read).unwrap();
    aborted.iter().map(|entry| (entry.first_offset, entry.last_offset)).collect()
}

/// 0..2 producer 1, 2..4 producer 2, 4 abort of 1, 5 commit of 2, 6..8 producer 1, 8 abort.
fn fill(log: &mut Log) {
    append(log, produced(1, 0, 2), 0);
    append(log, produced(2, 0, 2), 0);
    end(log, 1, false);
    end(log, 2, true);
    append(log, produced(1, 2, 2), 0);
    end(log, 1, false);
}

#[test]
fn kafka_semantics_78_readers_learn_of_aborted_transactions() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let (dirs, mut log) = world.start().log(&settings);
        fill(&mut log);
        assert_eq!(log.producers().first_unstable_offset(), Some(0), "not replicated yet");
        log.producers_mut().on_high_watermark(9);
        assert_eq!(log.producers().first_unstable_offset(), None);
        assert_eq!(aborted(&log, 0, 9), [(0, 4), (6, 8)]);
        assert_eq!(aborted(&log, 5, 9), [(6, 8)]);
        close(&dirs, &mut log);
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!(aborted(&log, 0, 9), [(0, 4), (6, 8)], "after a clean stop");
    });
}

#[test]
fn a_crash_rebuilds_the_transaction_index() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = node.log(&settings);
        fill(&mut log);
        drop((dirs, log));
        node.write_file(node.path("00000000000000000000.txnindex"), b"garbage");
        let (_dirs, mut log) = world.start().log(&settings);
        log.producers_mut().on_high_watermark(9);
        assert_eq!(aborted(&log, 0, 9), [(0, 4), (6, 8)]);
    });
}

#[test]
fn a_crash_keeps_the_transaction_index_below_the_recovery_point() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let (dirs, mut log) = world.start().log(&settings);
        fill(&mut log);
        {
            let job = log.checkpoint(NOW).unwrap();
            job.run().unwrap();
            log.flushed(&job);
        }
        checkpoint(&mut log);
        append(&mut log, produced(1, 4, 1), 0);
        end(&mut log, 1, false);
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!(aborted(&log, 0, 11), [(0, 4), (6, 8), (9, 10)]);
    });
}

#[test]
fn truncation_takes_transactions_back() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        fill(&mut log);
        log.truncate_to(8, NOW).unwrap();
        assert_eq!(aborted(&log, 0, 8), [(0, 4)]);
        assert!(log.producers().has_open_transaction(1));
        assert!(!log.producers().has_open_transaction(2));
        log.truncate_to(4, NOW).unwrap();
        assert_eq!(aborted(&log, 0, 4), []);
        assert!(log.producers().has_open_transaction(2));
        assert_eq!(log.producers().first_unstable_offset(), Some(0));
    });
}

#[test]
fn kafka_semantics_35_producers_are_known_after_a_restart() {
    let duplicate = |log: &Log| {
        let batch = produced(7, 3, 2);
        let (verifications, verified) = (Verifications::default(), Verified::default());
        let (header, origin) = (batch.header(), AppendOrigin::Client);
        let check = log.producers().check(&header, origin, &verifications, verified).unwrap();
        match check {
            ProducerCheck::Duplicate(appended) => Some(appended.base_offset()),
            ProducerCheck::Append => None,
        }
    };
    everywhere(|world| {
        let settings = Arc::new(small());
        for clean in [true, false] {
            let (dirs, mut log) = world.start().log(&settings);
            log.truncate_to(0, NOW).unwrap();
            append(&mut log, produced(7, 0, 3), 0);
            append(&mut log, produced(7, 3, 2), 0);
            assert_eq!(duplicate(&log), Some(3));
            if clean {
                close(&dirs, &mut log);
            }
            drop((dirs, log));
            let (_dirs, log) = world.start().log(&settings);
            assert_eq!(duplicate(&log), Some(3), "clean: {clean}");
        }
    });
}

#[test]
fn a_bad_snapshot_gives_way_to_the_one_before() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = node.log(&settings);
        append(&mut log, produced(7, 0, 3), 0);
        log.roll(NOW).unwrap();
        flush(&mut log);
        append(&mut log, produced(8, 0, 2), 0);
        close(&dirs, &mut log);
        drop((dirs, log));
        let (snapshot, before) = ("00000000000000000005.snapshot", "00000000000000000003.snapshot");
        let mut bytes = node.read_file(node.path(snapshot));
        bytes[20] ^= 1;
        node.write_file(node.path(snapshot), &bytes);
        let node = world.start();
        let (_dirs, log) = node.log(&settings);
        assert!(log.producers().has_open_transaction(7) && log.producers().has_open_transaction(8));
        let names = node.file_names(node.path(""));
        assert!(!names.contains(&snapshot.to_owned()) && names.contains(&before.to_owned()));
    });
}

#[test]
fn only_snapshots_that_a_start_would_use_are_kept() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (_dirs, mut log) = node.log(&settings);
        for n in 0..4 {
            append(&mut log, produced(7, n, 1), 0);
            if n == 1 {
                log.roll(NOW).unwrap();
            }
            let job = log.checkpoint(NOW).unwrap();
            job.run().unwrap();
            log.flushed(&job);
        }
        let names = node.file_names(node.path(""));
        let snapshots: Vec<_> = names.iter().filter(|name| name.ends_with(".snapshot")).collect();
        assert_eq!(snapshots, ["00000000000000000002.snapshot", "00000000000000000004.snapshot"]);
    });
}

#[test]
fn silent_producers_are_forgotten_at_start() {
    everywhere(|world| {
        let node = world.start();
        let long_ago = node.env.clock().wall_ms() - 50_000;
        let settings = Arc::new(log::LogSettings { producer_id_expiration_ms: 40_000, ..small() });
        let (dirs, mut log) = node.log(&settings);
        let producer = Producer { id: 9, epoch: 0, base_sequence: 0 };
        let mut builder = BatchBuilder::new(0).producer(producer);
        builder.push_key_value(long_ago, None, None);
        append(&mut log, StampedBatch::new(&builder.build()).unwrap().unwrap(), 0);
        assert_eq!(log.producers().len(), 1);
        close(&dirs, &mut log);
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert!(log.producers().is_empty());
    });
}
