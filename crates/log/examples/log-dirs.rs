//! Opens log directories of a stopped node, reads every batch of every log, and says what was
//! found; with `--append N`, appends N batches to each log and closes everything cleanly.
//!
//! ```sh
//! cargo run -p log --example log-dirs -- [--append N] NODE_ID DIR...
//! ```
//!
//! For trying directories that Apache Kafka wrote, and for letting Apache Kafka read ours. It
//! writes to the directories: give it copies.

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use env::{Env, OsOptions};
use log::{Log, LogDirs, LogDirsOptions, LogSettings, OffsetCheckpoint, ReadRequest};
use records::{BatchBuilder, BatchView, StampedBatch};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let append = match args.first().map(String::as_str) {
        Some("--append") => args.drain(..2).nth(1).unwrap_or_default().parse()?,
        _ => 0,
    };
    let [node_id, dirs @ ..] = &args[..] else { return Err("NODE_ID and DIR are wanted".into()) };
    let env = Env::os(&OsOptions::default())?;
    let options = LogDirsOptions {
        dirs: dirs.iter().map(Into::into).collect(),
        node_id: node_id.parse()?,
        cluster_id: None,
        open_files_max: 1000,
        min_free_bytes: None,
        recovery_threads_per_dir: 2,
    };
    let began = Instant::now();
    let dirs = LogDirs::open(&env, options)?;
    println!("cluster {}, last broker epoch {:?}", dirs.cluster_id(), dirs.previous_broker_epoch());
    let settings = Arc::new(LogSettings { segment_bytes: 1 << 20, ..LogSettings::default() });
    let mut loaded = env.block_on(dirs.load(Arc::new(move |_: &_| settings.clone())));
    println!("{} logs loaded in {:?}", loaded.logs.len(), began.elapsed());
    for failed in &loaded.failed {
        println!("{}: {}", failed.topic_partition, failed.error);
    }
    for loaded in &mut loaded.logs {
        let log = &mut loaded.log;
        if log.size() > 0 || append > 0 {
            describe(log, loaded.high_watermark)?;
        }
        for n in 0..append {
            append_batch(log, n, env.clock().wall_ms())?;
        }
    }
    if append > 0 {
        close(&dirs, loaded.logs.iter_mut().map(|loaded| &mut loaded.log).collect(), &env)?;
    }
    Ok(())
}

/// Reads the whole log as a consumer does, a slice at a time.
fn describe(log: &Log, high_watermark: i64) -> Result<(), Box<dyn Error>> {
    let reader = log.reader();
    let (mut offset, end) = (log.log_start_offset(), log.log_end_offset());
    let (mut batches, mut records, mut largest) = (0_u64, 0_u64, -1);
    while offset < end {
        let request =
            ReadRequest { offset, bound: end, max_bytes: 64 << 10, at_least_one_batch: true };
        let bytes = reader.read(request)?.read_bytes()?;
        for batch in records::batches(&bytes) {
            let batch: BatchView<'_> = batch?;
            batch.verify_crc()?;
            batches += 1;
            records += batch.records(64 << 20)?.iter().count() as u64;
            largest = largest.max(batch.max_timestamp());
            offset = batch.next_offset();
        }
    }
    let found = reader.offset_of_max_timestamp()?;
    println!(
        "{} {:?}: {}..{end} high watermark {high_watermark}, recovery point {}, {} bytes, \
         {batches} batches, {records} records, {} producers, epochs {:?}, largest timestamp \
         {largest} (looked up: {found:?})",
        log.topic_partition(),
        log.topic_id(),
        log.log_start_offset(),
        log.recovery_point(),
        log.size(),
        log.producers().len(),
        log.leader_epochs().entries(),
    );
    Ok(())
}

fn append_batch(log: &mut Log, n: i64, now_ms: i64) -> Result<(), Box<dyn Error>> {
    let mut builder = BatchBuilder::new(0);
    for index in 0..10 {
        let value = format!("value {n} {index} {}", "x".repeat(80));
        builder.push_key_value(now_ms + n, Some(b"key"), Some(value.as_bytes()));
    }
    let mut batch = StampedBatch::new(&builder.build())?.ok_or("a whole batch")?;
    let epoch = log.leader_epochs().latest().map_or(0, |latest| latest.epoch);
    batch.stamp(log.log_end_offset(), epoch);
    if log.append(&batch, now_ms)?.rolled
        && let Some(job) = log.flush_rolled(now_ms)
    {
        job.run()?;
        log.flushed(&job);
    }
    Ok(())
}

fn close(dirs: &LogDirs, mut logs: Vec<&mut Log>, env: &Env) -> Result<(), Box<dyn Error>> {
    for log in &mut logs {
        log.close(env.clock().wall_ms())?;
    }
    for dir in dirs.dirs() {
        let mut recovery_points = Vec::new();
        let mut high_watermarks = Vec::new();
        for log in logs.iter_mut().filter(|log| log.dir().path() == dir.path()) {
            let recovery_point = log.recovery_point();
            recovery_points.push((log.topic_partition().clone(), recovery_point));
            high_watermarks.push((log.topic_partition().clone(), log.log_end_offset()));
        }
        for (checkpoint, offsets) in [
            (OffsetCheckpoint::RecoveryPoint, recovery_points),
            (OffsetCheckpoint::HighWatermark, high_watermarks),
        ] {
            dir.write_offsets(checkpoint, offsets.iter().map(|(name, offset)| (name, *offset)))?;
        }
        dir.mark_clean(-1)?;
    }
    Ok(())
}
