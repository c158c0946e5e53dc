//! Disks that fail and bytes that change.

use std::sync::Arc;

use env::{DiskFault, DiskOperation};
use log::{Error, LogSettings, ReadRequest};

use crate::support::*;

#[test]
fn a_failed_write_takes_the_directory_offline() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let node = world.start();
    let settings = Arc::new(small());
    let (dirs, mut log) = node.log(&settings);
    append(&mut log, batch(2, 10, NOW), 0);
    host.disk().inject(DiskFault::io(DiskOperation::Write).on(".log").times(1));
    let mut failing = batch(1, 10, NOW);
    failing.stamp(2, 0);
    let error = log.append(&failing, NOW).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if path.ends_with("00000000000000000000.log")));
    assert!(error.is_offline() && dirs.dirs()[0].is_offline());
    // The disk works again, but who knows what is on it: nothing more is written.
    let error = log.append(&failing, NOW).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
    assert!(matches!(log.flush(NOW).unwrap().run(), Err(Error::Offline { .. })));
    assert!(matches!(log.close(NOW), Err(Error::Offline { .. })));
    assert!(dirs.dirs()[0].mark_clean(1).is_err());
    assert_eq!(log.log_end_offset(), 2);
    drop((dirs, log));
    let (_dirs, log) = world.start().log(&settings);
    assert_eq!(log.log_end_offset(), 2);
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was_and_writes_go_on_when_there_is_room() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let node = world.start();
    let settings = Arc::new(small());
    let (dirs, mut log) = node.log(&settings);
    append(&mut log, batch(2, 10, NOW), 0);
    let before = read_all(&log);
    host.disk().inject(DiskFault::full().on(".log"));
    let mut failing = batch(1, 100, NOW);
    failing.stamp(2, 0);
    for _ in 0..2 {
        let error = log.append(&failing, NOW).unwrap_err();
        assert!(matches!(&error, Error::NoSpace { .. }), "{error}");
        assert!(error.is_for_want_of_space() && !error.is_offline());
    }
    assert!(!dirs.dirs()[0].is_offline());
    assert_eq!((log.log_end_offset(), read_all(&log)), (2, before.clone()));
    host.disk().clear_faults();
    log.append(&failing, NOW).unwrap();
    // Nothing of the writes that failed is left in the file.
    close(&dirs, &mut log);
    drop((dirs, log));
    let (_dirs, log) = world.start().log(&settings);
    assert_eq!(log.log_end_offset(), 3);
    assert_eq!(read_all(&log)[..before.len()], before);
}

#[test]
fn a_flush_that_finds_no_room_is_done_later() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let node = world.start();
    let settings = Arc::new(small());
    let (dirs, mut log) = node.log(&settings);
    for epoch in 0..20 {
        append(&mut log, batch(10, 30, NOW), epoch);
    }
    host.disk().inject(DiskFault::full());
    let job = log.checkpoint(NOW).unwrap();
    let error = job.run().unwrap_err();
    assert!(matches!(&error, Error::NoSpace { .. }), "{error}");
    log.flush_postponed(job);
    assert_eq!(log.recovery_point(), 0);
    host.disk().clear_faults();
    let job = log.checkpoint(NOW).unwrap();
    job.run().unwrap();
    log.flushed(&job);
    let epochs = log.leader_epochs().entries().to_vec();
    assert_eq!(log.recovery_point(), 200);
    close(&dirs, &mut log);
    drop((dirs, log));
    host.power_loss();
    let (_dirs, log) = world.start().log(&settings);
    assert_eq!(log.leader_epochs().entries(), epochs);
    assert_eq!(log.log_end_offset(), 200);
}

#[test]
fn clients_are_refused_before_the_disk_is_full() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let node = world.start();
    host.disk().set_capacity(100_000);
    let options = log::LogDirsOptions { min_free_bytes: Some(50_000), ..node.options(&["d"]) };
    let dirs = log::LogDirs::open(&node.env, options).unwrap();
    let dir = &dirs.dirs()[0];
    dir.admit(1000).unwrap();
    node.write_file("/data/d/ballast", &[1; 60_000]);
    let error = (0..20).find_map(|_| dir.admit(1000).err()).expect("it looks again");
    assert!(matches!(&error, Error::LowSpace { min_free: 50_000, .. }), "{error}");
    node.env.files().remove_file("/data/d/ballast").unwrap();
    dir.admit(1000).unwrap();
}

#[test]
fn a_failed_sync_does_not_count_as_a_flush() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let (_dirs, mut log) = world.start().log(&Arc::new(small()));
    append(&mut log, batch(2, 10, NOW), 0);
    host.disk().inject(DiskFault::io(DiskOperation::Sync));
    let job = log.flush(NOW).unwrap();
    assert!(job.run().unwrap_err().is_offline());
    assert_eq!(log.recovery_point(), 0);
}

#[test]
fn one_directory_that_fails_while_loading_leaves_the_others() {
    let world = World::sim(1);
    let World::Sim { node: host, .. } = &world else { unreachable!() };
    let node = world.start();
    let settings = Arc::new(small());
    let dirs = log::LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
    for (index, dir) in dirs.dirs().iter().enumerate() {
        let partition = log::TopicPartition::new("t", index as i32);
        let mut log = dirs.create(dir, &partition, TOPIC_ID, settings.clone()).unwrap();
        append(&mut log, batch(1, 1, NOW), 0);
    }
    drop(dirs);
    let node = world.start();
    host.disk().inject(DiskFault::io(DiskOperation::Read).on("a/t-0/00000000000000000000.log"));
    let dirs = log::LogDirs::open(&node.env, node.options(&["a", "b"])).unwrap();
    let loaded = node.load(&dirs, &settings);
    assert_eq!(loaded.logs.len(), 1);
    assert_eq!(loaded.failed.len(), 1);
    assert!(loaded.failed[0].error.is_offline(), "{}", loaded.failed[0].error);
    let offline: Vec<bool> = dirs.dirs().iter().map(log::LogDir::is_offline).collect();
    assert_eq!(offline, [true, false]);
    assert_eq!(dirs.place(|_| true).unwrap().path(), node.dir.join("b"));
}

#[test]
fn what_is_not_a_batch_is_named_and_not_served() {
    everywhere(|world| {
        let node = world.start();
        let (_dirs, mut log) = node.log(&Arc::new(LogSettings::default()));
        for _ in 0..30 {
            append(&mut log, batch(1, 100, NOW), 0);
        }
        let path = node.path("00000000000000000000.log");
        let mut bytes = node.read_file(&path);
        let size = bytes.len() / 30;
        bytes[3 * size..3 * size + 40].fill(0);
        node.env
            .files()
            .open(&path, env::OpenOptions::write())
            .unwrap()
            .write_all_at(&bytes, 0)
            .unwrap();
        let request =
            ReadRequest { offset: 3, bound: 30, max_bytes: 1000, at_least_one_batch: true };
        let error = log.reader().read(request).unwrap_err();
        let Error::Corrupt { path: named, position, .. } = &error else { panic!("{error}") };
        assert_eq!((named, *position), (&path, 3 * size as u64));
        assert!(!error.is_offline());
        assert_eq!(read(&log.reader(), 2, 1).unwrap().len(), size, "the rest is served");
    });
}

#[test]
fn a_removed_log_is_closed_for_its_readers() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, mut log) = node.log(&Arc::new(small()));
        append(&mut log, batch(2, 10, NOW), 0);
        let reader = log.reader();
        let request =
            ReadRequest { offset: 0, bound: 2, max_bytes: 1000, at_least_one_batch: true };
        let before = reader.read(request).unwrap();
        dirs.delete(&log).unwrap();
        dirs.dirs()[0].remove_deleted(i64::MAX);
        assert!(matches!(reader.read(request), Err(Error::Closed { .. })));
        assert_eq!(before.read_bytes().unwrap().len() as u64, before.len(), "what was begun ends");
        assert!(!dirs.dirs()[0].is_offline());
    });
}

#[test]
fn a_reader_of_a_segment_that_was_cut_away_looks_again() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, mut log) = node.log(&Arc::new(small()));
        for _ in 0..100 {
            append(&mut log, batch(1, 100, NOW), 0);
        }
        let reader = log.reader();
        dirs.close_unused_files();
        dirs.close_unused_files();
        log.truncate_to(10, NOW).unwrap();
        dirs.dirs()[0].remove_deleted(i64::MAX);
        assert!(matches!(read(&reader, 50, 10), Err(Error::OffsetOutOfRange { .. })));
        assert_eq!(read_all(&log).len(), 10);
        for _ in 0..100 {
            append(&mut log, batch(1, 100, NOW), 1);
        }
        assert_eq!(read_all(&log).len(), 110);
    });
}
