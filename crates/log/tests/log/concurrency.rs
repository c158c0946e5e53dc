//! Readers, flushes and index repair beside a writer, on the machine's threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Error, LogReader, LogSettings, ReadRequest};
use records::{BatchView, batches};

use crate::support::*;

/// Reads from `offset` on and checks what comes; the offset after the last whole batch.
fn follow(reader: &LogReader, offset: i64) -> Result<i64, Error> {
    let bound = reader.log_end_offset();
    let request = ReadRequest { offset, bound, max_bytes: 3000, at_least_one_batch: true };
    let bytes = reader.read(request)?.read_bytes().unwrap();
    let mut next = offset;
    for batch in batches(&bytes) {
        let batch: BatchView<'_> = batch.unwrap();
        batch.verify_crc().unwrap();
        assert!(batch.base_offset() <= next && batch.last_offset() >= next);
        assert!(batch.last_offset() < bound, "above the bound");
        next = batch.next_offset();
    }
    assert!(next > offset || offset == bound, "nothing at {offset} of {bound}");
    Ok(next)
}

fn join<T>(running: std::thread::ScopedJoinHandle<'_, T>) -> T {
    running.join().unwrap()
}

#[test]
fn readers_keep_up_with_a_writer_that_rolls_and_flushes() {
    let world = World::os();
    let settings = LogSettings { segment_bytes: 20_000, index_interval_bytes: 100, ..small() };
    let (dirs, mut log) = world.start().log(&Arc::new(settings));
    let end = 3000;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = log.reader();
            scope.spawn(move || {
                let mut offset = 0;
                while offset < end {
                    offset = follow(&reader, offset).unwrap();
                    let timestamp = NOW + offset / 2;
                    let found = reader.offset_for_timestamp(timestamp - 1).unwrap();
                    assert!(offset == 0 || found.is_some());
                }
            });
        }
        let mut flushing = None;
        while log.log_end_offset() < end {
            let timestamp = NOW + log.log_end_offset();
            append(&mut log, batch(1, 50, timestamp), 0);
            if log.log_end_offset() % 100 == 0 {
                dirs.close_unused_files();
                if let Some(job) = flushing.take().map(join) {
                    log.flushed(&job);
                }
                flushing = log.flush(NOW).map(|job| {
                    scope.spawn(move || {
                        job.run().unwrap();
                        job
                    })
                });
            }
        }
    });
    assert_eq!(read_all(&log).len() as i64, end);
}

#[test]
fn truncation_beside_readers_and_flushes_breaks_nothing() {
    let world = World::os();
    let settings =
        Arc::new(LogSettings { segment_bytes: 3000, index_interval_bytes: 100, ..small() });
    let (dirs, mut log) = world.start().log(&settings);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = log.reader();
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let end = reader.log_end_offset();
                    for offset in [end - 1, end - 20, end / 2] {
                        let bound = end;
                        let max_bytes = 500;
                        let at_least_one_batch = true;
                        let request = ReadRequest { offset, bound, max_bytes, at_least_one_batch };
                        match reader.read(request) {
                            Ok(_) | Err(Error::OffsetOutOfRange { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                    reader.offset_of_max_timestamp().unwrap();
                }
            });
        }
        for round in 0..25 {
            for n in 0..30 {
                append(&mut log, batch(1, 50, NOW + round * 100 + n), round as i32);
            }
            let job = log.flush(NOW).unwrap();
            let running = scope.spawn(move || {
                job.run().unwrap();
                job
            });
            let end = log.log_end_offset();
            log.truncate_to(end - 10 - round % 17, NOW).unwrap();
            for _ in 0..3 {
                append(&mut log, batch(1, 50, NOW), round as i32);
            }
            log.flushed(&join(running));
            dirs.close_unused_files();
        }
        done.store(true, Ordering::Relaxed);
    });
    let all = read_all(&log);
    close(&dirs, &mut log);
    drop((dirs, log));
    let (_dirs, log) = world.start().log(&settings);
    assert_eq!(read_all(&log), all);
    assert!(log.repair().is_none());
}
