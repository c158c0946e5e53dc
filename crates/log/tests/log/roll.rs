//! When segments end: kafka-storage 3.6.

use std::sync::Arc;

use log::{Log, LogSettings};

use crate::support::*;

/// Appends batches with these timestamps; the base offsets of the segments that came of it.
fn segments(log: &mut Log, node: &Node, timestamps: impl IntoIterator<Item = i64>) -> Vec<i64> {
    for timestamp in timestamps {
        append(log, batch(1, 100, timestamp), 0);
    }
    let names = node.file_names(node.path(""));
    let logs = names.iter().filter_map(|name| name.strip_suffix(".log"));
    logs.map(|base| base.parse().unwrap()).collect()
}

#[test]
fn rolls_when_the_next_batch_would_not_fit() {
    everywhere(|world| {
        let node = world.start();
        let size = batch(1, 100, NOW).to_bytes().len() as u32;
        let settings = LogSettings { segment_bytes: 3 * size, ..LogSettings::default() };
        let (_dirs, mut log) = node.log(&Arc::new(settings));
        assert_eq!(segments(&mut log, &node, [NOW; 3]), [0]);
        assert_eq!(segments(&mut log, &node, [NOW]), [0, 3]);
        assert_eq!(segments(&mut log, &node, [NOW; 3]), [0, 3, 6]);
        assert_eq!(log.active_segment_base_offset(), 6);
    });
}

#[test]
fn rolls_when_timestamps_span_more_than_segment_ms() {
    everywhere(|world| {
        let node = world.start();
        let settings = LogSettings { segment_ms: 1000, ..LogSettings::default() };
        let (_dirs, mut log) = node.log(&Arc::new(settings));
        assert_eq!(segments(&mut log, &node, [NOW, NOW + 1000, NOW - 5000]), [0]);
        assert_eq!(segments(&mut log, &node, [NOW + 1001]), [0, 3]);
    });
}

#[test]
fn rolls_by_the_clock_when_records_have_no_timestamp() {
    everywhere(|world| {
        let node = world.start();
        let settings = LogSettings { segment_ms: 1000, ..LogSettings::default() };
        let made = node.env.clock().wall_ms();
        let (_dirs, mut log) = node.log(&Arc::new(settings));
        let append = |log: &mut Log, now: i64| {
            let mut batch = batch(1, 1, -1);
            batch.stamp(log.log_end_offset(), 0);
            log.append(&batch, now).unwrap().rolled
        };
        assert!(!append(&mut log, made), "an empty segment is not rolled");
        assert!(!append(&mut log, made + 1000));
        assert!(append(&mut log, made + 60_000));
    });
}

#[test]
fn jitter_makes_segments_roll_earlier_each_at_a_time_of_its_own() {
    everywhere(|world| {
        let node = world.start();
        let settings =
            LogSettings { segment_ms: 10_000, segment_jitter_ms: 9_000, ..LogSettings::default() };
        let (_dirs, mut log) = node.log(&Arc::new(settings));
        let timestamps = (0..400).map(|n| NOW + n * 100);
        let bases = segments(&mut log, &node, timestamps);
        let lengths: Vec<i64> = bases.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(lengths.iter().all(|length| (10..=101).contains(length)), "{lengths:?}");
        assert!(lengths.iter().any(|length| *length != lengths[0]), "{lengths:?}");
    });
}

#[test]
fn rolls_when_an_index_is_full() {
    everywhere(|world| {
        let node = world.start();
        // Room for 10 entries of the offset index, and 6 of the time index of which one is kept.
        let settings = LogSettings {
            segment_index_bytes: 80,
            index_interval_bytes: 0,
            ..LogSettings::default()
        };
        let (_dirs, mut log) = node.log(&Arc::new(settings));
        // The first batch has no entry. At equal timestamps the time index has but one.
        assert_eq!(segments(&mut log, &node, [NOW; 11]), [0]);
        assert_eq!(segments(&mut log, &node, [NOW]), [0, 11]);
        // Rising ones fill the time index.
        log.roll(NOW).unwrap();
        assert_eq!(segments(&mut log, &node, (0..6).map(|n| NOW + n)), [0, 11, 12]);
        assert_eq!(segments(&mut log, &node, [NOW + 9]), [0, 11, 12, 18]);
    });
}

#[test]
fn rolls_when_an_offset_is_too_far_from_the_base() {
    everywhere(|world| {
        let node = world.start();
        let (_dirs, mut log) = node.log(&Arc::new(LogSettings::default()));
        let far = |base_offset: i64| {
            let mut batch = batch(2, 1, NOW);
            batch.stamp(base_offset, 0);
            batch.to_bytes()
        };
        let last = i64::from(i32::MAX);
        log.append_follower(&far(0), 0, NOW).unwrap();
        log.append_follower(&far(last - 1), 0, NOW).unwrap();
        assert_eq!(log.active_segment_base_offset(), 0);
        log.append_follower(&far(last + 1), 0, NOW).unwrap();
        assert_eq!(log.active_segment_base_offset(), last + 1);
        // The new base is as low as it may be: the batch ends 2^31 - 1 above it.
        log.append_follower(&far(10_000_000_000), 0, NOW).unwrap();
        assert_eq!(log.active_segment_base_offset(), 10_000_000_001 - last);
        let offsets: Vec<i64> = read_all(&log).into_iter().map(|(base, ..)| base).collect();
        assert_eq!(offsets, [0, last - 1, last + 1, 10_000_000_000]);
    });
}

#[test]
fn an_empty_segment_gives_way_to_one_at_a_far_offset() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(LogSettings { compact: true, ..LogSettings::default() });
        let (dirs, mut log) = node.log(&settings);
        let mut far = batch(1, 1, NOW);
        far.stamp(5_000_000_000, 0);
        log.append_follower(&far.to_bytes(), 0, NOW).unwrap();
        let bytes = read(&log.reader(), 7, 1000).unwrap();
        assert_eq!(bytes, far.to_bytes());
        close(&dirs, &mut log);
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!(log.log_end_offset(), 5_000_000_001);
    });
}

#[test]
fn a_closed_segment_ends_with_its_largest_timestamp_in_the_time_index() {
    everywhere(|world| {
        let node = world.start();
        let (_dirs, mut log) = node.log(&Arc::new(LogSettings::default()));
        for timestamp in [NOW, NOW + 7, NOW + 3] {
            append(&mut log, batch(2, 10, timestamp), 0);
        }
        log.roll(NOW).unwrap();
        let job = log.flush_rolled(NOW).unwrap();
        job.run().unwrap();
        log.flushed(&job);
        assert_eq!(log.recovery_point(), 6);
        let entry = [&(NOW + 7).to_be_bytes()[..], &3_u32.to_be_bytes()].concat();
        assert_eq!(node.read_file(node.path("00000000000000000000.timeindex")), entry);
        assert!(node.read_file(node.path("00000000000000000000.index")).is_empty());
        assert_eq!(node.read_file(node.path("00000000000000000006.snapshot")).len(), 10);
    });
}
