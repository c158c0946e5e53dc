//! Moving a replica from one log directory to another.

use std::sync::Arc;

use log::{Log, LogDirs};

use crate::support::*;

#[test]
fn a_future_log_takes_the_place_of_the_one_in_use() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let [from, to] = dirs.dirs() else { unreachable!() };
        let mut current = dirs.create(from, &partition(), TOPIC_ID, settings.clone()).unwrap();
        for n in 0..40 {
            append(&mut current, batch(1, 100, NOW + n), 0);
        }
        let all = read_all(&current);
        let mut future = dirs.create_future(to, &partition(), TOPIC_ID, settings.clone()).unwrap();
        for (.., bytes) in &all[..20] {
            future.append_follower(bytes, 0, NOW).unwrap();
        }
        drop((current, future, dirs));

        // A restart finds both.
        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let mut loaded = node.load(&dirs, &settings);
        let (mut current, mut future) =
            (loaded.logs.pop().unwrap().log, loaded.future.pop().unwrap().log);
        assert_eq!(future.log_end_offset(), 20);
        for (.., bytes) in &all[20..] {
            future.append_follower(bytes, 0, NOW).unwrap();
        }
        let reader = current.reader();
        dirs.promote(&mut current, &mut future).unwrap();
        assert_eq!(current.path(), node.dir.join("b/t-0"));
        assert!(reader.read(whole()).is_ok(), "the log that was in use is still there");
        dirs.delete(&future).unwrap();
        assert!(reader.read(whole()).is_err());
        assert_eq!(read_all(&current), all);
        append(&mut current, batch(1, 100, NOW), 0);
        drop((current, reader, future, dirs));

        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let loaded = node.load(&dirs, &settings);
        assert_eq!(loaded.logs.len(), 1);
        assert_eq!(loaded.logs[0].log.log_end_offset(), 41);
    });
}

fn whole() -> log::ReadRequest {
    log::ReadRequest { offset: 0, bound: i64::MAX, max_bytes: 100, at_least_one_batch: true }
}

#[test]
fn a_copy_that_does_not_end_where_the_log_does_is_not_promoted() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, mut current, mut future) = two(&node);
        append(&mut current, batch(2, 10, NOW), 0);
        assert!(matches!(
            dirs.promote(&mut current, &mut future),
            Err(log::Error::UnexpectedOffset { offset: 0, expected: 2 })
        ));
        assert_eq!(current.path(), node.dir.join("a/t-0"));
    });
}

#[test]
fn what_batches_do_not_tell_goes_along() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, mut current, mut future) = two(&node);
        append(&mut current, batch(1, 10, NOW), 3);
        append(&mut current, batch(1, 10, NOW), 3);
        current.begin_leader_epoch(7);
        current.advance_log_start_offset(1).unwrap();
        for (.., bytes) in read_all(&current) {
            future.truncate_fully_and_start_at(1, NOW).unwrap();
            future.append_follower(&bytes, 7, NOW).unwrap();
        }
        dirs.promote(&mut current, &mut future).unwrap();
        dirs.delete(&future).unwrap();
        assert_eq!(current.leader_epochs().latest().unwrap().epoch, 7);
        assert_eq!(current.log_start_offset(), 1);
    });
}

#[test]
fn a_flush_of_the_log_that_was_in_use_says_nothing_of_the_copy() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, mut current, mut future) = two(&node);
        append(&mut current, batch(5, 10, NOW), 0);
        for (.., bytes) in read_all(&current) {
            future.append_follower(&bytes, 0, NOW).unwrap();
        }
        let job = current.flush(NOW).unwrap();
        job.run().unwrap();
        dirs.promote(&mut current, &mut future).unwrap();
        current.flushed(&job);
        assert_eq!(current.recovery_point(), 0);
    });
}

#[test]
fn checkpoints_of_an_earlier_replica_do_not_speak_of_a_copy() {
    use log::OffsetCheckpoint::{HighWatermark, LogStartOffset, RecoveryPoint};
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let [_, to] = dirs.dirs() else { unreachable!() };
        let other = log::TopicPartition::new("other", 0);
        for checkpoint in [HighWatermark, LogStartOffset, RecoveryPoint] {
            let entries = [(&partition(), 1000), (&other, 7)];
            to.write_offsets(checkpoint, entries.into_iter()).unwrap();
        }
        let _future = dirs.create_future(to, &partition(), TOPIC_ID, settings).unwrap();
        for checkpoint in [HighWatermark, LogStartOffset, RecoveryPoint] {
            let left = to.read_offsets(checkpoint).unwrap();
            assert_eq!(left.into_iter().collect::<Vec<_>>(), [(other.clone(), 7)]);
        }
    });
}

#[test]
fn a_copy_is_recovered_from_where_its_directory_says() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, current, mut future) = two(&node);
        append(&mut future, batch(5, 10, NOW), 0);
        flush(&mut future);
        checkpoint(&mut future);
        drop((dirs, current, future));
        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let loaded = node.load(&dirs, &Arc::new(small()));
        assert_eq!(loaded.future[0].log.recovery_point(), 5);
    });
}

#[test]
fn a_move_that_was_cut_off_leaves_both_logs_the_longer_one_first() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        for (index, dir) in dirs.dirs().iter().enumerate() {
            let mut log = dirs.create(dir, &partition(), TOPIC_ID, settings.clone()).unwrap();
            append(&mut log, batch(1 + index, 10, NOW), 0);
        }
        drop(dirs);
        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let loaded = node.load(&dirs, &settings);
        let paths: Vec<_> = loaded.logs.iter().map(|loaded| loaded.log.path()).collect();
        assert_eq!(paths, [node.dir.join("b/t-0"), node.dir.join("a/t-0")]);
    });
}

/// A log in use in `a`, and an empty copy in `b`.
fn two(node: &Node) -> (LogDirs, Log, Log) {
    let settings = Arc::new(small());
    let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
    let [from, to] = dirs.dirs() else { unreachable!() };
    let current = dirs.create(from, &partition(), TOPIC_ID, settings.clone()).unwrap();
    let future = dirs.create_future(to, &partition(), TOPIC_ID, settings).unwrap();
    (dirs, current, future)
}
