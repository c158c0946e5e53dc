//! Appending and reading back.

use std::sync::Arc;

use bytes::Bytes;
use log::{Error, LogSettings, ReadRequest};
use records::BatchView;

use crate::support::*;

/// A batch as it lies in a leader's log.
fn stamped(base_offset: i64, epoch: i32, count: usize) -> Bytes {
    let mut batch = batch(count, 20, NOW);
    batch.stamp(base_offset, epoch);
    batch.to_bytes()
}

#[test]
fn kafka_semantics_74_reads_at_the_end_are_empty_and_outside_are_refused() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        append(&mut log, batch(5, 10, NOW), 0);
        log.advance_log_start_offset(2).unwrap();
        let reader = log.reader();
        assert!(read(&reader, 5, 1000).unwrap().is_empty());
        for offset in [1, 6, -1] {
            let error = read(&reader, offset, 1000).unwrap_err();
            let Error::OffsetOutOfRange { log_start_offset: 2, log_end_offset: 5, .. } = error
            else {
                panic!("{error}")
            };
        }
    });
}

#[test]
fn kafka_semantics_76_77_slices_begin_with_a_whole_batch_and_may_cut_the_last() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(LogSettings::default()));
        for _ in 0..3 {
            append(&mut log, batch(4, 50, NOW), 0);
        }
        let size = log.size() as u32 / 3;
        let request =
            ReadRequest { offset: 6, bound: 12, max_bytes: size + 10, at_least_one_batch: false };
        let bytes = log.reader().read(request).unwrap().read_bytes().unwrap();
        assert_eq!(bytes.len(), size as usize + 10);
        assert_eq!(BatchView::first(&bytes).unwrap().unwrap().base_offset(), 4);

        let small = ReadRequest { max_bytes: 30, ..request };
        let result = log.reader().read(small).unwrap();
        assert!(result.is_empty() && result.first_batch_incomplete);
        let one = ReadRequest { at_least_one_batch: true, ..small };
        assert_eq!(log.reader().read(one).unwrap().len(), u64::from(size));
    });
}

#[test]
fn nothing_above_the_bound_is_read() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(LogSettings::default()));
        for _ in 0..20 {
            append(&mut log, batch(2, 10, NOW), 0);
        }
        let reader = log.reader();
        let size = log.size() / 20;
        for bound in 0..=40 {
            let request =
                ReadRequest { offset: 6, bound, max_bytes: u32::MAX, at_least_one_batch: true };
            let expected = (bound / 2 - 3).max(0) as u64 * size;
            assert_eq!(reader.read(request).unwrap().len(), expected, "bound {bound}");
        }
    });
}

#[test]
fn a_reader_sees_what_is_appended_after_it_was_made() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        let reader = log.reader();
        for offset in 0..200 {
            append(&mut log, batch(1, 30, NOW), 0);
            let bytes = read(&reader, offset, 1).unwrap();
            assert_eq!(BatchView::first(&bytes).unwrap().unwrap().base_offset(), offset);
        }
    });
}

#[test]
fn every_offset_is_found_through_an_index_larger_than_its_memory() {
    everywhere(|world| {
        let settings = LogSettings { index_interval_bytes: 0, ..LogSettings::default() };
        let (_dirs, mut log) = world.start().log(&Arc::new(settings));
        for n in 0..700 {
            append(&mut log, batch(2, 3, NOW + n), 0);
        }
        let check = |log: &log::Log| {
            for offset in (0..1400).step_by(3) {
                let bytes = read(&log.reader(), offset, 1).unwrap();
                let batch = BatchView::first(&bytes).unwrap().unwrap();
                assert_eq!(batch.base_offset(), offset & !1);
                let found = log.reader().offset_for_timestamp(NOW + offset / 2).unwrap().unwrap();
                assert_eq!(found.offset, offset & !1);
            }
        };
        check(&log);
        flush(&mut log);
        check(&log);
    });
}

#[test]
fn a_batch_that_does_not_continue_the_log_is_refused() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        append(&mut log, batch(5, 10, NOW), 0);
        let mut below = batch(1, 1, NOW);
        below.stamp(4, 0);
        let error = log.append(&below, NOW).unwrap_err();
        assert!(matches!(error, Error::UnexpectedOffset { offset: 4, expected: 5 }), "{error}");
        let mut large = batch(1, 5000, NOW);
        large.stamp(5, 0);
        let error = log.append(&large, NOW).unwrap_err();
        assert!(matches!(error, Error::AppendTooLarge { segment_bytes: 4000, .. }), "{error}");
        assert_eq!(log.log_end_offset(), 5);
        append(&mut log, batch(1, 1, NOW), 0);
    });
}

#[test]
fn kafka_semantics_52_a_follower_leaves_out_epochs_above_its_own() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        let bytes =
            [stamped(0, 1, 2), stamped(2, 2, 2), stamped(4, 3, 2), stamped(6, 2, 1)].concat();
        let info = log.append_follower(&bytes.into(), 2, NOW).unwrap().unwrap();
        assert_eq!((info.base_offset, info.last_offset), (0, 3));
        let epochs: Vec<_> = log.leader_epochs().entries().iter().map(|e| e.epoch).collect();
        assert_eq!(epochs, [1, 2]);
        assert_eq!(log.append_follower(&stamped(4, 3, 1), 2, NOW).unwrap(), None);
    });
}

#[test]
fn a_follower_refuses_what_is_not_what_the_leader_wrote() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        let mut changed = stamped(0, 1, 2).to_vec();
        *changed.last_mut().unwrap() ^= 1;
        let error = log.append_follower(&changed.into(), 1, NOW).unwrap_err();
        assert!(matches!(error, Error::InvalidBatch(_)), "{error}");
        let disordered = [stamped(0, 1, 2), stamped(1, 1, 2)].concat();
        let error = log.append_follower(&disordered.into(), 1, NOW).unwrap_err();
        assert!(matches!(error, Error::UnexpectedOffset { offset: 1, expected: 2 }), "{error}");
        assert_eq!(log.log_end_offset(), 0);
        // Offsets may be missing: the leader may have compacted.
        let gaps = [stamped(3, 1, 2), stamped(90, 1, 2)].concat();
        log.append_follower(&gaps.into(), 1, NOW).unwrap();
        assert_eq!(log.log_end_offset(), 92);
        assert_eq!(read_all(&log).len(), 2);
    });
}

#[test]
fn a_follower_splits_what_no_single_segment_can_hold() {
    everywhere(|world| {
        let settings = LogSettings { segment_bytes: 300, ..small() };
        let (_dirs, mut log) = world.start().log(&Arc::new(settings));
        let batches: Vec<Bytes> = (0..10).map(|n| stamped(2 * n, 0, 2)).collect();
        let bytes = Bytes::from(batches.concat());
        let info = log.append_follower(&bytes, 0, NOW).unwrap().unwrap();
        assert_eq!((info.base_offset, info.last_offset, info.size), (0, 19, bytes.len()));
        assert!(info.rolled);
        let read: Vec<Bytes> = read_all(&log).into_iter().map(|(.., bytes)| bytes).collect();
        assert_eq!(read, batches);
    });
}

#[test]
fn appends_count_as_unflushed_by_number_and_by_time() {
    everywhere(|world| {
        let settings = LogSettings { flush_messages: 10, flush_ms: 1000, ..small() };
        let (_dirs, mut log) = world.start().log(&Arc::new(settings));
        assert!(!log.is_flush_due() && log.flush_deadline_ms().is_none());
        append(&mut log, batch(9, 1, NOW), 0);
        assert!(!log.is_flush_due());
        assert_eq!(log.flush_deadline_ms(), Some(NOW + 1000));
        append(&mut log, batch(1, 1, NOW), 0);
        assert!(log.is_flush_due());
        let job = log.flush(NOW).unwrap();
        append(&mut log, batch(2, 1, NOW), 0);
        job.run().unwrap();
        log.flushed(&job);
        assert_eq!((job.up_to(), log.recovery_point(), log.log_end_offset()), (10, 10, 12));
        assert!(!log.is_flush_due());
        flush(&mut log);
        assert!(log.flush(NOW).is_none() && log.flush_deadline_ms().is_none());
    });
}

#[test]
fn a_sync_of_records_leaves_the_recovery_point_and_survives_a_power_cut() {
    for seed in 0..20 {
        let world = World::sim(seed);
        let World::Sim { node: host } = &world else { unreachable!() };
        let settings = Arc::new(small());
        let (dirs, mut log) = world.start().log(&settings);
        for _ in 0..40 {
            append(&mut log, batch(10, 30, NOW), 0);
        }
        let job = log.sync(NOW).unwrap();
        append(&mut log, batch(3, 1, NOW), 0);
        job.run().unwrap();
        log.flushed(&job);
        assert_eq!((log.recovery_point(), log.synced_offset()), (0, 400));
        assert!(log.sync(NOW).is_some());
        drop((dirs, log));
        host.power_loss();
        let (_dirs, log) = world.start().log(&settings);
        assert!(log.log_end_offset() >= 400, "seed {seed}: {}", log.log_end_offset());
    }
}
