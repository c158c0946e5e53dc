//! Replicas that come and go.

use std::sync::Arc;

use log::{LogDirs, TopicPartition};

use crate::support::*;

#[test]
fn replicas_are_placed_where_there_are_fewest() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b", "c"])).unwrap();
        let mut logs = Vec::new();
        for partition in 0..7 {
            let partition = TopicPartition::new("t", partition);
            let dir = dirs.place(|_| true).unwrap();
            logs.push(dirs.create(dir, &partition, TOPIC_ID, settings.clone()).unwrap());
        }
        let counts = |dirs: &LogDirs| -> Vec<usize> {
            dirs.dirs().iter().map(log::LogDir::replicas).collect()
        };
        assert_eq!(counts(&dirs), [3, 2, 2]);
        dirs.delete(&logs[0]).unwrap();
        assert_eq!(counts(&dirs), [2, 2, 2]);
        drop((dirs, logs));
        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b", "c"])).unwrap();
        let _loaded = node.load(&dirs, &settings);
        assert_eq!(counts(&dirs), [2, 2, 2]);
    });
}

#[test]
fn a_directory_that_is_not_admitted_gets_replicas_only_when_no_other_does() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
        let [a, b] = dirs.dirs() else { unreachable!() };
        let metadata = TopicPartition::new(log::CLUSTER_METADATA, 0);
        let _quorum = dirs.open_log(b, &metadata, settings.clone()).unwrap();
        assert_eq!(b.replicas(), 0, "the metadata log is no replica");
        let _log = dirs.create(a, &partition(), TOPIC_ID, settings).unwrap();
        assert_eq!(dirs.place(|_| true).unwrap().path(), b.path());
        assert_eq!(dirs.place(|dir| dir.id() != b.id()).unwrap().path(), a.path());
        assert_eq!(dirs.place(|_| false).unwrap().path(), b.path());
    });
}

#[test]
fn a_deleted_replica_waits_and_then_goes() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(log::LogSettings { file_delete_delay_ms: 1000, ..small() });
        let (dirs, mut log) = node.log(&settings);
        append(&mut log, batch(1, 10, NOW), 0);
        let now = node.env.clock().wall_ms();
        dirs.delete(&log).unwrap();
        let dir = node.dir.join("d");
        let deleted = |node: &Node| -> Vec<String> {
            let names = node.file_names(&dir);
            names.into_iter().filter(|name| name.ends_with("-delete")).collect()
        };
        assert!(deleted(&node)[0].starts_with("t-0."), "{:?}", deleted(&node));
        dirs.dirs()[0].remove_deleted(now + 500);
        assert_eq!(deleted(&node).len(), 1);
        // The name is free at once.
        dirs.create(&dirs.dirs()[0], &partition(), TOPIC_ID, settings).unwrap();
        dirs.dirs()[0].remove_deleted(now + 60_000);
        assert!(deleted(&node).is_empty());
    });
}

#[test]
fn what_a_crash_left_to_be_deleted_goes_at_the_next_start() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let (dirs, log) = node.log(&settings);
        dirs.delete(&log).unwrap();
        drop((dirs, log));
        let node = world.start();
        let dirs = node.open();
        assert!(node.load(&dirs, &settings).logs.is_empty());
        dirs.dirs()[0].remove_deleted(0);
        let names = node.file_names(node.dir.join("d"));
        assert!(names.iter().all(|name| !name.ends_with("-delete")), "{names:?}");
    });
}

#[test]
fn strays_and_the_metadata_log_are_left_alone() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let (dirs, mut log) = node.log(&settings);
        append(&mut log, batch(1, 10, NOW), 0);
        dirs.set_aside(&log).unwrap();
        let metadata = TopicPartition::new(log::CLUSTER_METADATA, 0);
        let mut quorum = dirs.open_log(&dirs.dirs()[0], &metadata, settings.clone()).unwrap();
        append(&mut quorum, batch(3, 10, NOW), 1);
        drop((dirs, log, quorum));
        let node = world.start();
        let dirs = node.open();
        let loaded = node.load(&dirs, &settings);
        assert!(loaded.logs.is_empty() && loaded.failed.is_empty());
        let (stray, path) = &loaded.strays[0];
        assert_eq!(*stray, partition());
        assert!(path.to_str().unwrap().ends_with("-stray"));
        let quorum = dirs.open_log(&dirs.dirs()[0], &metadata, settings).unwrap();
        assert_eq!(quorum.log_end_offset(), 3);
    });
}

#[test]
fn a_start_that_is_kept_outlives_a_crash_and_not_the_log() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let (dirs, mut log) = node.log(&settings);
        for _ in 0..3 {
            append(&mut log, batch(1, 10, NOW), 0);
        }
        let (dir, name) = (log.dir().clone(), partition());
        dir.keep_log_starts(&[(name.clone(), 2)]).unwrap();
        log.advance_log_start_offset(2).unwrap();
        // Collected before it was kept, written after.
        let stale = [(&name, 1)].into_iter();
        dir.write_offsets(log::OffsetCheckpoint::LogStartOffset, stale).unwrap();
        drop((dirs, log, dir));

        let node = world.start();
        let (dirs, log) = node.log(&settings);
        assert_eq!(log.log_start_offset(), 2);
        dirs.delete(&log).unwrap();
        drop(dirs.create(&dirs.dirs()[0], &name, TOPIC_ID, settings.clone()).unwrap());
        drop((dirs, log));

        let node = world.start();
        let (_dirs, log) = node.log(&settings);
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (0, 0));
    });
}
