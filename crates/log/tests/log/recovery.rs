//! Start-up: kafka-storage §4, rules 3 to 8.

use std::sync::Arc;

use log::{Log, LogDirs, LogSettings};

use crate::support::*;

const FIRST: &str = "00000000000000000000.log";

/// A log with several segments, none of it flushed.
fn filled(node: &Node, settings: &Arc<LogSettings>) -> (LogDirs, Log) {
    let (dirs, mut log) = node.log(settings);
    for n in 0..60 {
        append(&mut log, batch(2, 50, NOW + n), (n / 25) as i32);
    }
    (dirs, log)
}

#[test]
fn after_kill_minus_9_everything_is_there() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let (dirs, log) = filled(&world.start(), &settings);
        let before = read_all(&log);
        let epochs = log.leader_epochs().clone();
        drop((dirs, log));
        let (_dirs, mut log) = world.start().log(&settings);
        assert_eq!(read_all(&log), before);
        assert_eq!(log.leader_epochs(), &epochs);
        assert_eq!(log.recovery_point(), 0, "nothing was flushed");
        let info = append(&mut log, batch(1, 1, NOW), 3);
        assert_eq!(info.base_offset, 120);
    });
}

#[test]
fn rule_4_a_bad_batch_ends_the_log() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, log) = filled(&node, &settings);
        let all = read_all(&log);
        let second = log.reader().read(log::ReadRequest {
            offset: 60,
            bound: 120,
            max_bytes: 1,
            at_least_one_batch: true,
        });
        let log::ReadResult { segment_base_offset, position, .. } = second.unwrap();
        drop((dirs, log));
        // One bit of a record in the middle of a segment in the middle of the log.
        let path = format!("{segment_base_offset:020}.log");
        assert!(segment_base_offset > 0);
        let mut bytes = node.read_file(node.path(&path));
        bytes[position as usize + 100] ^= 4;
        node.write_file(node.path(&path), &bytes);

        let node = world.start();
        let (_dirs, mut log) = node.log(&settings);
        assert_eq!(log.log_end_offset(), 60);
        assert_eq!(read_all(&log), all[..30]);
        let names = node.file_names(node.path(""));
        let last = names.iter().rfind(|name| name.ends_with(".log")).unwrap();
        assert_eq!(*last, path, "later segments are gone");
        assert_eq!(log.leader_epochs().latest().unwrap().epoch, 1);
        append(&mut log, batch(1, 1, NOW), 3);
    });
}

#[test]
fn rule_4_garbage_and_zeros_at_the_end_are_cut() {
    let tails: [&[u8]; 4] = [b"x", &[0; 500], &[0xff; 61], &batch(9, 9, NOW).to_bytes()[..80]];
    for tail in tails {
        everywhere(|world| {
            let settings = Arc::new(LogSettings::default());
            let node = world.start();
            let (dirs, mut log) = node.log(&settings);
            append(&mut log, batch(3, 10, NOW), 0);
            drop((dirs, log));
            let good = node.read_file(node.path(FIRST));
            node.write_file(node.path(FIRST), &[&good, tail].concat());
            let node = world.start();
            let (_dirs, log) = node.log(&settings);
            assert_eq!(log.log_end_offset(), 3);
            assert_eq!(node.read_file(node.path(FIRST)), good);
        });
    }
}

#[test]
fn rule_4_only_what_lies_above_the_recovery_point_is_looked_at() {
    everywhere(|world| {
        let settings =
            Arc::new(LogSettings { index_interval_bytes: 200, ..LogSettings::default() });
        let node = world.start();
        let (dirs, mut log) = node.log(&settings);
        for _ in 0..20 {
            append(&mut log, batch(1, 100, NOW), 0);
        }
        flush(&mut log);
        checkpoint(&mut log);
        for _ in 0..20 {
            append(&mut log, batch(1, 100, NOW), 0);
        }
        drop((dirs, log));
        // A record of the third batch, which no start-up reads: a reader's checksum finds it.
        let mut bytes = node.read_file(node.path(FIRST));
        let third = 2 * bytes.len() / 40;
        bytes[third + 100] ^= 1;
        node.write_file(node.path(FIRST), &bytes);
        let (dirs, log) = world.start().log(&settings);
        assert_eq!(log.log_end_offset(), 40);
        assert_eq!(log.recovery_point(), 20);
        drop((dirs, log));
        // Without the index the whole segment is.
        node_remove(world, "00000000000000000000.index");
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!(log.log_end_offset(), 2);
    });
}

#[test]
fn a_truncation_lowers_the_recovery_point_on_the_disk() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = node.log(&settings);
        for _ in 0..10 {
            append(&mut log, batch(1, 100, NOW), 0);
        }
        flush(&mut log);
        checkpoint(&mut log);
        let path = node.dir.join("d").join("recovery-point-offset-checkpoint");
        assert_eq!(node.read_file(&path), b"0\n1\nt 0 10\n");
        let collected = log.recovery_point();
        log.truncate_to(4, NOW).unwrap();
        assert_eq!(node.read_file(&path), b"0\n1\nt 0 4\n");
        // What a timer collected before does not raise it again, what it collects next may.
        for (offset, expected) in [(collected, "4"), (7, "7")] {
            let entry = [(log.topic_partition(), offset)].into_iter();
            dirs.dirs()[0].write_offsets(log::OffsetCheckpoint::RecoveryPoint, entry).unwrap();
            assert_eq!(node.read_file(&path), format!("0\n1\nt 0 {expected}\n").as_bytes());
        }
    });
}

fn node_remove(world: &World, file: &str) {
    let node = world.start();
    node.env.files().remove_file(node.path(file)).unwrap();
}

#[test]
fn rule_4_the_clean_mark_saves_the_scan_once() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = filled(&node, &settings);
        close(&dirs, &mut log);
        drop((dirs, log));
        let mark = node.dir.join("d").join(".kafka_cleanshutdown");
        assert_eq!(node.read_file(&mark), br#"{"version":0,"brokerEpoch":5}"#);

        let node = world.start();
        let (dirs, log) = node.log(&settings);
        assert_eq!(dirs.previous_broker_epoch(), Some(5));
        assert_eq!(log.recovery_point(), 120);
        assert!(!node.env.files().exists(&mark).unwrap(), "a crash from now on is one");
        drop((dirs, log));
        let (dirs, log) = world.start().log(&settings);
        assert_eq!(dirs.previous_broker_epoch(), None);
        assert_eq!(log.log_end_offset(), 120);
    });
}

#[test]
fn rule_3_indexes_that_are_missing_or_garbage_are_rebuilt() {
    type Spoil = fn(&Node, &str);
    let spoils: [(bool, Spoil); 4] = [
        (true, |node, name| node.env.files().remove_file(node.path(name)).unwrap()),
        (false, |node, name| node.write_file(node.path(name), &[0x55; 400])),
        (false, |node, name| node.write_file(node.path(name), b"")),
        (false, |node, name| node.write_file(node.path(name), &[0; 10_000])),
    ];
    for (removed, spoil) in spoils {
        everywhere(|world| {
            let settings = Arc::new(small());
            let node = world.start();
            let (dirs, mut log) = filled(&node, &settings);
            let before = read_all(&log);
            close(&dirs, &mut log);
            drop((dirs, log));
            let is_index = |name: &String| name.ends_with(".index") || name.ends_with(".timeindex");
            let names: Vec<String> =
                node.file_names(node.path("")).into_iter().filter(is_index).collect();
            let good: Vec<Vec<u8>> =
                names.iter().map(|name| node.read_file(node.path(name))).collect();
            names.iter().for_each(|name| spoil(&node, name));

            let node = world.start();
            let (_dirs, mut log) = node.log(&settings);
            let check = |log: &Log| {
                assert_eq!(read_all(log), before);
                for n in 0..60 {
                    let found = log.reader().offset_for_timestamp(NOW + n).unwrap().unwrap();
                    assert_eq!(found.offset, 2 * n);
                }
                assert_eq!(log.reader().offset_for_timestamp(NOW + 60).unwrap(), None);
            };
            check(&log);
            if let Some(job) = log.repair() {
                log.repaired(job.run().unwrap());
            }
            assert!(log.repair().is_none());
            check(&log);
            if removed {
                let rebuilt: Vec<Vec<u8>> =
                    names.iter().map(|name| node.read_file(node.path(name))).collect();
                assert_eq!(rebuilt, good);
            }
        });
    }
}

#[test]
fn rule_5_a_log_that_ends_before_its_start_is_emptied() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = filled(&node, &settings);
        log.advance_log_start_offset(100).unwrap();
        close(&dirs, &mut log);
        drop((dirs, log));
        for name in node.file_names(node.path("")) {
            let base = name.split('.').next().unwrap().parse::<i64>();
            if base.is_ok_and(|base| base > 0) {
                node.env.files().remove_file(node.path(&name)).unwrap();
            }
        }
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!((log.log_start_offset(), log.log_end_offset(), log.size()), (100, 100, 0));
    });
}

#[test]
fn rule_5_the_log_start_comes_from_the_checkpoint_or_the_first_segment() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = filled(&node, &settings);
        log.advance_log_start_offset(7).unwrap();
        close(&dirs, &mut log);
        drop((dirs, log));
        let checkpoint = node.dir.join("d").join("log-start-offset-checkpoint");
        assert_eq!(node.read_file(checkpoint), b"0\n1\nt 0 7\n");
        let (dirs, mut log) = world.start().log(&settings);
        assert_eq!(log.log_start_offset(), 7);
        log.truncate_fully_and_start_at(500, NOW).unwrap();
        assert_eq!(log.log_start_offset_to_checkpoint(), None);
        close(&dirs, &mut log);
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (500, 500));
    });
}

#[test]
fn rule_6_leader_epochs_fit_the_log_and_a_bad_file_is_replaced() {
    for (text, expected) in [
        (&b"0\n4\n0 0\n1 50\n2 100\n9 120\n"[..], vec![(0, 0), (1, 50), (2, 100)]),
        (b"nonsense", vec![(0, 0), (1, 50), (2, 100)]),
    ] {
        everywhere(|world| {
            let settings = Arc::new(small());
            let node = world.start();
            let (dirs, mut log) = filled(&node, &settings);
            close(&dirs, &mut log);
            drop((dirs, log));
            let path = node.path("leader-epoch-checkpoint");
            assert_eq!(node.read_file(&path), b"0\n3\n0 0\n1 50\n2 100\n");
            node.write_file(&path, text);
            let (_dirs, log) = world.start().log(&settings);
            let entries = log.leader_epochs().entries().iter();
            let entries: Vec<_> = entries.map(|entry| (entry.epoch, entry.start_offset)).collect();
            assert_eq!(entries, expected);
        });
    }
}

#[test]
fn files_of_interrupted_work_are_put_in_order() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = filled(&node, &settings);
        let before = read_all(&log);
        close(&dirs, &mut log);
        drop((dirs, log));
        // A finished cleaning that was not renamed yet: the same content as the first segment.
        let first = node.read_file(node.path(FIRST));
        node.write_file(node.path("00000000000000000000.log.swap"), &first);
        node.write_file(node.path("00000000000000000000.index.swap"), b"");
        node.write_file(node.path("00000000000000000000.timeindex.swap"), b"");
        // One that was not finished, leftovers, and an index without a log.
        for name in [
            "00000000000000000500.log.cleaned",
            "00000000000000000600.log.swap",
            "00000000000000000028.log.deleted",
            "00000000000000000777.index",
            "00000000000000000777.timeindex",
            "leader-epoch-checkpoint.tmp",
        ] {
            node.write_file(node.path(name), b"x");
        }
        let node = world.start();
        let (_dirs, log) = node.log(&settings);
        assert_eq!(read_all(&log), before);
        for name in node.file_names(node.path("")) {
            let gone = [".swap", ".cleaned", ".deleted", ".tmp"];
            assert!(!gone.iter().any(|suffix| name.ends_with(suffix)), "{name}");
            assert!(!name.starts_with("00000000000000000777"), "{name}");
        }
    });
}

#[test]
fn a_segment_that_lost_its_end_is_the_last() {
    everywhere(|world| {
        for compact in [false, true] {
            let settings = Arc::new(LogSettings { compact, ..small() });
            let node = world.start();
            let (dirs, mut log) = node.log(&settings);
            log.truncate_fully_and_start_at(0, NOW).unwrap();
            drop((dirs, log));
            let (dirs, log) = filled(&world.start(), &settings);
            let all = read_all(&log);
            drop((dirs, log));
            // The length of the file was not on the disk: it ends with a whole batch, too early.
            let node = world.start();
            let bytes = node.read_file(node.path(FIRST));
            let len = all[0].2.len();
            node.write_file(node.path(FIRST), &bytes[..bytes.len() - len]);
            let (_dirs, log) = world.start().log(&settings);
            let kept = bytes.len() / len - 1;
            let expected = if compact { all.len() - 1 } else { kept };
            assert_eq!(read_all(&log).len(), expected, "compact: {compact}");
        }
    });
}
