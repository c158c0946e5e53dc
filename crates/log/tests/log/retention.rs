//! Old segments go by log start, by size and by age (kafka-storage §5).

use std::sync::Arc;

use log::{CleanupSettings, Expired, Log, LogSettings};

use crate::support::*;

/// Nothing goes by these.
fn keep() -> CleanupSettings {
    CleanupSettings { retention_ms: -1, retention_bytes: -1, ..CleanupSettings::default() }
}

/// Ten segments of one batch of ten records each, ten ms apart, and the active one empty or not.
fn ten(node: &Node, active: bool) -> (log::LogDirs, Log) {
    let (dirs, mut log) = node.log(&Arc::new(LogSettings { segment_bytes: 400, ..small() }));
    for index in 0..10 {
        append(&mut log, batch(10, 20, NOW + index * 10), 0);
        log.roll(NOW).unwrap();
    }
    if active {
        append(&mut log, batch(1, 5, NOW + 100), 0);
    }
    (dirs, log)
}

fn expire(log: &mut Log, cleanup: &CleanupSettings, now_ms: i64) -> usize {
    expire_below(log, cleanup, i64::MAX, now_ms)
}

fn expire_below(log: &mut Log, cleanup: &CleanupSettings, high_watermark: i64, now: i64) -> usize {
    log.reader().prepare_expiry(cleanup, now).unwrap();
    let expired = log.delete_old_segments(cleanup, high_watermark, now).unwrap();
    let all = read_all(log);
    assert!(all.first().is_none_or(|(_, last, _)| *last >= log.log_start_offset()));
    assert_eq!(log.log_start_offset(), log.first_segment_base_offset().max(log.log_start_offset()));
    expired.segments
}

#[test]
fn kafka_storage_5_time_takes_what_is_older_than_its_largest_timestamp_allows() {
    everywhere(|world| {
        let (_dirs, mut log) = ten(&world.start(), true);
        let by_time = CleanupSettings { retention_ms: 1000, ..keep() };
        assert_eq!(expire(&mut log, &keep(), i64::MAX), 0);
        assert_eq!(expire(&mut log, &by_time, NOW + 1000), 0, "just as old is not older");
        assert_eq!(expire(&mut log, &by_time, NOW + 1001), 1);
        assert_eq!(log.log_start_offset(), 10);
        assert_eq!(expire(&mut log, &by_time, NOW + 1051), 5);
        // The last one as well: a new one begins where it ended.
        assert_eq!(expire(&mut log, &by_time, NOW + 9999), 5);
        assert_eq!((log.log_start_offset(), log.log_end_offset(), log.size()), (101, 101, 0));
        assert_eq!(expire(&mut log, &by_time, NOW + 99_999), 0, "an empty segment stays");
        append(&mut log, batch(1, 1, NOW), 0);
        assert_eq!(log.log_end_offset(), 102);
    });
}

#[test]
fn kafka_storage_5_a_timestamp_in_the_future_holds_up_what_follows() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(small()));
        for timestamp in [NOW, NOW + 1_000_000, NOW] {
            append(&mut log, batch(1, 5, timestamp), 0);
            log.roll(NOW).unwrap();
        }
        let by_time = CleanupSettings { retention_ms: 1000, ..keep() };
        assert_eq!(expire(&mut log, &by_time, NOW + 5000), 1);
        assert_eq!(expire(&mut log, &by_time, NOW + 5000), 0);
        assert_eq!(expire(&mut log, &by_time, NOW + 1_002_000), 2);
    });
}

#[test]
fn kafka_storage_5_without_timestamps_the_age_of_the_file_counts() {
    let world = World::os();
    let node = world.start();
    let (_dirs, mut log) = node.log(&Arc::new(small()));
    append(&mut log, batch(1, 5, -1), 0);
    log.roll(NOW).unwrap();
    append(&mut log, batch(1, 5, NOW), 0);
    flush(&mut log);
    let path = node.path("00000000000000000000.log");
    let file = node.env.files().open(path, env::OpenOptions::write()).unwrap();
    file.set_modified_ms(NOW).unwrap();
    let by_time = CleanupSettings { retention_ms: 1000, ..keep() };
    assert_eq!(expire(&mut log, &by_time, NOW + 1000), 0);
    assert_eq!(expire(&mut log, &by_time, NOW + 1001), 2);
}

#[test]
fn kafka_storage_5_size_keeps_at_least_the_limit() {
    everywhere(|world| {
        let (_dirs, mut log) = ten(&world.start(), false);
        let segment = log.size() as i64 / 10;
        let by_size = |bytes| CleanupSettings { retention_bytes: bytes, ..keep() };
        assert_eq!(expire(&mut log, &by_size(10 * segment), NOW), 0);
        assert_eq!(expire(&mut log, &by_size(9 * segment + 1), NOW), 0);
        assert_eq!(expire(&mut log, &by_size(9 * segment), NOW), 1);
        assert_eq!(expire(&mut log, &by_size(6 * segment + 1), NOW), 2);
        assert_eq!(log.size() as i64, 7 * segment);
        assert_eq!(expire(&mut log, &by_size(0), NOW), 7);
        assert_eq!(log.log_start_offset(), 100);
    });
}

#[test]
fn kafka_storage_5_nothing_at_or_above_the_high_watermark_goes() {
    everywhere(|world| {
        let (_dirs, mut log) = ten(&world.start(), true);
        let all = CleanupSettings { retention_bytes: 0, retention_ms: 0, ..keep() };
        assert_eq!(expire_below(&mut log, &all, 39, NOW + 9999), 3);
        assert_eq!(expire_below(&mut log, &all, 100, NOW + 9999), 7);
        assert_eq!(expire_below(&mut log, &all, 101, NOW + 9999), 1);
    });
}

#[test]
fn kafka_storage_5_what_lies_below_the_log_start_goes_by_every_policy() {
    everywhere(|world| {
        let (_dirs, mut log) = ten(&world.start(), true);
        let nothing = CleanupSettings { delete: false, ..CleanupSettings::default() };
        log.advance_log_start_offset(29).unwrap();
        assert_eq!(expire(&mut log, &nothing, i64::MAX), 2);
        assert_eq!((log.log_start_offset(), log.first_segment_base_offset()), (29, 20));
        let compacted = CleanupSettings { compact: true, ..nothing };
        log.advance_log_start_offset(30).unwrap();
        assert_eq!(expire(&mut log, &compacted, i64::MAX), 1);
        // The active segment stays, even if all of it lies below.
        log.advance_log_start_offset(101).unwrap();
        assert_eq!(expire(&mut log, &nothing, i64::MAX), 7);
        assert_eq!((log.log_start_offset(), log.first_segment_base_offset()), (101, 100));
        log.advance_log_start_offset(101).unwrap();
    });
}

#[test]
fn kafka_storage_3_6_expired_files_are_renamed_and_go_after_their_delay_or_at_the_next_start() {
    everywhere(|world| {
        let node = world.start();
        let settings = LogSettings { file_delete_delay_ms: 500, ..small() };
        let (dirs, mut log) = node.log(&Arc::new(settings.clone()));
        for _ in 0..3 {
            append(&mut log, batch(10, 20, NOW), 0);
            log.roll(NOW).unwrap();
        }
        flush(&mut log);
        let deleted = |node: &Node| {
            let names = node.file_names(node.path(""));
            names.iter().filter(|name| name.ends_with(".deleted")).count()
        };
        let all = CleanupSettings { retention_ms: 0, ..keep() };
        let expired = log.delete_old_segments(&all, 20, NOW + 1).unwrap();
        assert_eq!(expired.segments, 2);
        assert!(expired.bytes > 0 && expired != Expired::default());
        assert_eq!(deleted(&node), 6);
        let dir = &dirs.dirs()[0];
        assert!(!dir.has_deleted(NOW + 500) && dir.has_deleted(NOW + 501));
        dir.remove_deleted(NOW + 500);
        assert_eq!(deleted(&node), 6);
        dir.remove_deleted(NOW + 501);
        assert_eq!(deleted(&node), 0);
        log.delete_old_segments(&all, 30, NOW + 1).unwrap();
        assert_eq!(deleted(&node), 3);
        drop((dirs, log));
        let node = world.start();
        let (_dirs, log) = node.log(&Arc::new(settings));
        assert_eq!(deleted(&node), 0);
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (30, 30));
    });
}

#[test]
fn a_log_that_expired_whole_ends_where_it_did_after_the_power_went() {
    for seed in 0..40 {
        let world = World::sim(seed);
        let World::Sim { node: host } = &world else { unreachable!() };
        let (dirs, mut log) = ten(&world.start(), true);
        flush(&mut log);
        checkpoint(&mut log);
        let all = CleanupSettings { retention_ms: 0, ..keep() };
        assert_eq!(expire(&mut log, &all, NOW + 9999), 11);
        if seed % 2 == 0 {
            flush(&mut log);
        }
        host.power_loss();
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&Arc::new(small()));
        assert_eq!(log.log_end_offset(), 101, "seed {seed}: offsets would be given out again");
    }
}
