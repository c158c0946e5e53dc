//! Cleaning whole logs, compared with a model that keeps the last record of each key.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use env::Random;
use log::{CleanError, CleaningOptions, CleanupSettings, Log, LogSettings, Step};
use records::{
    BatchBuilder, Compression, EndTxnMarker, Producer, Record, StampedBatch, TimestampType,
};

use crate::support::*;

pub(crate) const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

pub(crate) fn compacted() -> LogSettings {
    LogSettings { segment_bytes: 1500, compact: true, ..small() }
}

pub(crate) fn cleanup() -> CleanupSettings {
    CleanupSettings {
        compact: true,
        delete: false,
        delete_retention_ms: 1000,
        min_cleanable_dirty_ratio: 0.0,
        ..CleanupSettings::default()
    }
}

pub(crate) fn options(now_ms: i64) -> CleaningOptions {
    CleaningOptions {
        map_bytes: 64 << 10,
        load_factor: 0.9,
        buffer_bytes: 4096,
        delete_retention_ms: cleanup().delete_retention_ms,
        now_ms,
        hash_key: [9; 16],
    }
}

/// What `clean` came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    NothingToDo,
    Cleaned(i64),
    Aborted,
}

/// Cleans a log as its driver does.
pub(crate) fn clean_with(log: &mut Log, options: CleaningOptions) -> Result<Outcome, log::Error> {
    let end = log.log_end_offset();
    log.producers_mut().on_high_watermark(end);
    let stable = log.producers().last_stable_offset(log.log_start_offset(), log.log_end_offset());
    let found = log.survey(stable).cleanable(&cleanup(), options.now_ms)?;
    if !found.is_due(&cleanup()) {
        return Ok(Outcome::NothingToDo);
    }
    let Some(mut cleaning) = log.begin_cleaning(found, stable, options) else {
        return Ok(Outcome::Aborted);
    };
    cleaning.write_progress(found.first_dirty_offset)?;
    loop {
        match cleaning.step() {
            Ok(Step::Worked(_)) => {}
            Ok(Step::Replace(mut replacement)) => {
                if !log.replace_segments(&mut replacement, options.now_ms)? {
                    return Ok(Outcome::Aborted);
                }
                replacement.sync()?;
            }
            Ok(Step::Done(summary)) => {
                assert!(log.cleaned(&cleaning, summary.end_offset));
                cleaning.write_progress(summary.end_offset)?;
                return Ok(Outcome::Cleaned(summary.end_offset));
            }
            Err(CleanError::Aborted) => return Ok(Outcome::Aborted),
            Err(CleanError::Failed(error)) => return Err(error),
        }
    }
}

pub(crate) fn clean(log: &mut Log, now_ms: i64) -> Outcome {
    clean_with(log, options(now_ms)).unwrap()
}

/// All records with a key or a value, in order.
pub(crate) fn records_of(log: &Log) -> Vec<Record> {
    let mut records = Vec::new();
    for (_, _, bytes) in batches_of(log) {
        let batch = records::BatchView::first(&bytes).unwrap().unwrap();
        if !batch.is_control() {
            let all = batch.records(1 << 20).unwrap();
            records.extend(all.iter().map(|record| record.unwrap().to_record()));
        }
    }
    records
}

/// As [`read_all`], of a log that may have a gap at its end.
fn batches_of(log: &Log) -> Vec<(i64, i64, Bytes)> {
    let reader = log.reader();
    let mut offset = reader.log_start_offset();
    let mut all = Vec::new();
    while offset < reader.log_end_offset() {
        let bytes = read(&reader, offset, 1).unwrap();
        let Some(batch) = records::BatchView::first(&bytes).unwrap() else { break };
        batch.verify_crc().unwrap();
        assert!(batch.last_offset() >= offset);
        all.push((batch.base_offset(), batch.last_offset(), bytes.slice(..batch.size())));
        offset = batch.next_offset();
    }
    all
}

fn text(value: impl ToString) -> Bytes {
    value.to_string().into()
}

/// What was put into a log.
#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) records: Vec<Record>,
}

impl Model {
    /// What a reader may rely on, whatever was cleaned: the last record of each key below the log
    /// end, tombstones aside.
    pub(crate) fn live(records: &[Record]) -> BTreeMap<Bytes, (i64, Bytes)> {
        let mut live = BTreeMap::new();
        for record in records {
            let Some(key) = record.key.clone() else { continue };
            match &record.value {
                Some(value) => _ = live.insert(key, (record.offset, value.clone())),
                None => _ = live.remove(&key),
            }
        }
        live
    }

    /// Checks a log against what was put into it.
    pub(crate) fn check(&self, log: &Log, context: &str) {
        let found = records_of(log);
        assert_eq!(Self::live(&found), Self::live(&self.records), "{context}");
        let mut all = self.records.iter();
        for record in &found {
            assert!(
                all.any(|put| put == record),
                "{context}: {record:?} is not what was put there"
            );
        }
    }

    /// Checks what a cleaning up to `end` must have removed, tombstones aside.
    pub(crate) fn check_clean(&self, log: &Log, end: i64, context: &str) {
        let mut last = BTreeMap::new();
        for record in self.records.iter().filter(|record| record.offset < end) {
            last.insert(record.key.clone(), record.offset);
        }
        for record in records_of(log).iter().filter(|record| record.offset < end) {
            assert!(record.key.is_some(), "{context}: {record:?} has no key");
            assert_eq!(last[&record.key], record.offset, "{context}: {record:?} is not the last");
        }
    }
}

/// Appends a random batch, and notes what is in it.
pub(crate) fn append_random(log: &mut Log, model: &mut Model, random: &Random, now_ms: i64) {
    let base_offset = log.log_end_offset();
    let codec = CODECS[random.below(5) as usize];
    let mut builder = BatchBuilder::new(base_offset).codec(codec);
    let appends_time = random.below(6) == 0;
    if appends_time {
        builder = builder.log_append_time(now_ms);
    }
    if random.below(3) == 0 {
        let id = random.below(4) as i64;
        builder = builder.producer(Producer { id, epoch: 0, base_sequence: 0 });
    }
    for index in 0..1 + random.below(6) as i64 {
        let key = (random.below(20) > 0).then(|| text(random.below(25)));
        let value = (random.below(5) > 0).then(|| text(random.below(1 << 40)));
        let headers = match random.below(4) {
            0 => vec![records::Header { key: text("h"), value: None }],
            _ => Vec::new(),
        };
        let timestamp = if appends_time { now_ms } else { now_ms - random.below(50) as i64 };
        let record = Record { offset: base_offset + index, timestamp, key, value, headers };
        builder.push(&record);
        model.records.push(record);
    }
    let batch = StampedBatch::new(&builder.build()).unwrap().unwrap();
    append(log, batch, 0);
}

fn live(world: &World, seed: u64) {
    let random = Random::seeded(seed);
    let settings = Arc::new(LogSettings {
        segment_bytes: 500 + random.below(3000) as u32,
        index_interval_bytes: random.below(500) as u32,
        ..compacted()
    });
    let node = world.start();
    let (mut dirs, mut log) = node.log(&settings);
    let mut model = Model::default();
    let mut now_ms = NOW;
    for turn in 0..30 {
        let context = format!("seed {seed} turn {turn}");
        now_ms += random.below(400) as i64;
        for _ in 0..random.below(12) {
            append_random(&mut log, &mut model, &random, now_ms);
        }
        if random.below(3) == 0 {
            log.roll(now_ms).unwrap();
        }
        let mut options = options(now_ms);
        if random.below(3) == 0 {
            // Room for few keys: only a front is cleaned.
            options.map_bytes = 64 + random.below(300) as usize;
        }
        if let Outcome::Cleaned(end) = clean_with(&mut log, options).unwrap() {
            assert_eq!(log.cleaned_up_to(), Some(end), "{context}");
            model.check_clean(&log, end, &context);
        }
        model.check(&log, &context);
        match random.below(20) {
            0 => {
                close(&dirs, &mut log);
                drop((dirs, log));
                (dirs, log) = node.log(&settings);
            }
            1 => {
                let end = log.log_end_offset();
                log.truncate_to(end - random.below(10).min(end as u64) as i64, now_ms).unwrap();
                let end = log.log_end_offset();
                assert!(log.cleaned_up_to().is_none_or(|cleaned| cleaned <= end));
                // A truncation also brings an older record of a key back, unless it is gone.
                let kept = records_of(&log);
                model.records.retain(|record| record.offset < end);
                model.records.retain(|record| kept.iter().any(|k| k.offset == record.offset));
            }
            _ => {}
        }
        model.check(&log, &context);
    }
}

#[test]
fn kafka_semantics_227_the_last_record_of_each_key_stays_at_its_offset() {
    let world = World::os();
    (0..1).for_each(|seed| {
        live(&world, seed);
        let World::Os { dir, env } = &world else { unreachable!() };
        env.files().remove_dir_all(dir.path().join("d")).unwrap();
    });
    (0..12).for_each(|seed| live(&World::sim(seed), seed));
}

fn put(log: &mut Log, key: &str, value: Option<&str>, timestamp: i64) {
    let mut builder = BatchBuilder::new(0);
    builder.push_key_value(timestamp, Some(key.as_bytes()), value.map(str::as_bytes));
    append(log, StampedBatch::new(&builder.build()).unwrap().unwrap(), 0);
}

fn keys(log: &Log) -> Vec<(i64, String)> {
    let key = |record: Record| String::from_utf8(record.key.unwrap().to_vec()).unwrap();
    records_of(log).into_iter().map(|record| (record.offset, key(record))).collect()
}

#[test]
fn kafka_storage_6_5_a_tombstone_is_stamped_and_goes_after_its_horizon() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(compacted()));
        put(&mut log, "a", Some("1"), NOW);
        put(&mut log, "a", None, NOW);
        put(&mut log, "b", Some("2"), NOW);
        log.roll(NOW).unwrap();
        assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(3));
        assert_eq!(keys(&log), [(1, "a".into()), (2, "b".into())]);
        put(&mut log, "c", Some("3"), NOW);
        log.roll(NOW).unwrap();
        assert_eq!(clean(&mut log, NOW + 999), Outcome::Cleaned(4));
        assert_eq!(keys(&log).len(), 3);
        put(&mut log, "c", Some("4"), NOW);
        log.roll(NOW).unwrap();
        assert_eq!(clean(&mut log, NOW + 1000), Outcome::Cleaned(5));
        assert_eq!(keys(&log), [(2, "b".into()), (4, "c".into())]);
        assert_eq!(log.log_start_offset(), 0);
    });
}

#[test]
fn kafka_storage_6_1_what_is_open_or_young_or_active_is_left_alone() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(compacted()));
        for round in 0..3 {
            put(&mut log, "a", Some("x"), NOW + round * 100);
            put(&mut log, "a", Some("y"), NOW + round * 100);
            log.roll(NOW).unwrap();
        }
        let of = |log: &Log, stable, lag| {
            let cleanup = CleanupSettings { min_compaction_lag_ms: lag, ..cleanup() };
            log.survey(stable).cleanable(&cleanup, NOW + 250).unwrap().first_uncleanable_offset
        };
        assert_eq!(of(&log, 6, 0), 6);
        assert_eq!(of(&log, 5, 0), 4);
        assert_eq!(of(&log, 6, 100), 4);
        assert_eq!(of(&log, 6, 200), 2);
        let overdue = |log: &Log, lag| {
            let cleanup = CleanupSettings { max_compaction_lag_ms: lag, ..cleanup() };
            log.survey(6).cleanable(&cleanup, NOW + 250).unwrap().overdue
        };
        assert!(overdue(&log, 249) && !overdue(&log, 250));
        assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(6));
        assert_eq!(keys(&log), [(5, "a".into())]);
    });
}

fn transaction(log: &mut Log, producer: i64, keys: &[&str], commit: bool) {
    let base_sequence = log.log_end_offset() as i32;
    let producer_of = Producer { id: producer, epoch: 0, base_sequence };
    let mut builder = BatchBuilder::new(0).producer(producer_of).transactional();
    for key in keys {
        builder.push_key_value(NOW, Some(key.as_bytes()), Some(b"in a transaction"));
    }
    append(log, StampedBatch::new(&builder.build()).unwrap().unwrap(), 0);
    let marker = EndTxnMarker { committed: commit, coordinator_epoch: 0 };
    let marker = marker.batch(producer, 0, NOW);
    append(log, StampedBatch::new(&marker).unwrap().unwrap(), 0);
}

#[test]
fn kafka_storage_6_6_aborted_data_goes_and_markers_follow_after_the_horizon() {
    everywhere(|world| {
        let (_dirs, mut log) = world.start().log(&Arc::new(compacted()));
        put(&mut log, "a", Some("before"), NOW);
        transaction(&mut log, 1, &["a", "b"], false);
        transaction(&mut log, 2, &["b"], true);
        log.roll(NOW).unwrap();
        assert_eq!(log.survey(6).cleanable(&cleanup(), NOW).unwrap().first_uncleanable_offset, 6);
        assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(6));
        assert_eq!(keys(&log), [(0, "a".into()), (4, "b".into())]);
        let batches = |log: &Log| -> Vec<_> {
            let ends = read_all(log).into_iter().map(|(base, last, _)| (base, last));
            ends.collect()
        };
        // The aborted batch keeps its header for the last sequence number of its producer, and its
        // marker stays as long as that.
        assert_eq!(batches(&log), [(0, 0), (1, 2), (3, 3), (4, 4), (5, 5)]);
        let again = |log: &mut Log, now_ms| {
            put(log, "z", Some("z"), NOW);
            log.roll(NOW).unwrap();
            assert!(matches!(clean(log, now_ms), Outcome::Cleaned(_)));
        };
        again(&mut log, NOW + 10);
        assert_eq!(batches(&log)[..5], [(0, 0), (1, 2), (3, 3), (4, 4), (5, 5)]);
        // Both producers go on, so what told their sequence numbers is not needed any more.
        transaction(&mut log, 1, &["c"], true);
        transaction(&mut log, 2, &["d"], true);
        log.roll(NOW).unwrap();
        assert!(matches!(clean(&mut log, NOW + 20), Outcome::Cleaned(_)));
        assert_eq!(batches(&log)[..4], [(0, 0), (3, 3), (4, 4), (5, 5)]);
        again(&mut log, NOW + 30);
        again(&mut log, NOW + 5000);
        assert_eq!(batches(&log)[..3], [(0, 0), (4, 4), (5, 5)], "the abort marker is gone");
        let all = keys(&log);
        assert_eq!(all[..4], [(0, "a".into()), (4, "b".into()), (7, "c".into()), (9, "d".into())]);
    });
}

#[test]
fn kafka_storage_6_9_the_output_is_as_old_as_its_newest_source() {
    let world = World::os();
    let node = world.start();
    let (_dirs, mut log) = node.log(&Arc::new(compacted()));
    put(&mut log, "a", Some("1"), NOW);
    put(&mut log, "a", Some("2"), NOW);
    log.roll(NOW).unwrap();
    flush(&mut log);
    let path = node.path("00000000000000000000.log");
    let file = node.env.files().open(&path, env::OpenOptions::write()).unwrap();
    file.set_modified_ms(1_600_000_000_000).unwrap();
    assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(2));
    assert_eq!(node.env.files().metadata(&path).unwrap().modified_ms, 1_600_000_000_000);
}

#[test]
fn kafka_storage_6_10_a_truncation_or_a_damaged_batch_ends_a_cleaning_and_nothing_changes() {
    let world = World::sim(3);
    let node = world.start();
    let (dirs, mut log) = node.log(&Arc::new(compacted()));
    for round in 0..60 {
        put(&mut log, &format!("k{}", round % 7), Some("some value"), NOW);
    }
    log.roll(NOW).unwrap();
    flush(&mut log);
    let found = log.survey(60).cleanable(&cleanup(), NOW).unwrap();
    let mut cleaning = log.begin_cleaning(found, 60, options(NOW)).unwrap();
    let mut replacement = loop {
        if let Step::Replace(replacement) = cleaning.step().unwrap() {
            break replacement;
        }
    };
    log.truncate_to(55, NOW).unwrap();
    assert!(!log.replace_segments(&mut replacement, NOW).unwrap());
    assert!(matches!(cleaning.step(), Err(CleanError::Aborted)));
    drop((replacement, cleaning));
    let unfinished = |names: Vec<String>| names.iter().any(|name| name.ends_with(".cleaned"));
    assert!(!unfinished(node.file_names(node.path(""))));
    assert_eq!(records_of(&log).len(), 55);

    let World::Sim { node: host } = &world else { unreachable!() };
    host.disk().corrupt(node.path("00000000000000000000.log"), 200).unwrap();
    log.roll(NOW).unwrap();
    let error = clean_with(&mut log, options(NOW)).unwrap_err();
    assert!(error.to_string().contains("00000000000000000000.log is corrupt at byte"), "{error}");
    assert!(!error.is_offline() && !unfinished(node.file_names(node.path(""))));
    assert_eq!(log.log_end_offset(), 55);
    drop(dirs);
}

#[test]
fn gaps_that_a_cleaning_left_are_no_loss_after_the_policy_changed() {
    let world = World::sim(4);
    let node = world.start();
    let (dirs, mut log) = node.log(&Arc::new(compacted()));
    for round in 0..40 {
        put(&mut log, &format!("k{round}"), Some("a value of some length"), NOW);
    }
    log.roll(NOW).unwrap();
    for round in 0..40 {
        put(&mut log, &format!("k{round}"), Some("a value of some length"), NOW);
    }
    log.roll(NOW).unwrap();
    put(&mut log, "last", Some("1"), NOW);
    assert!(matches!(clean(&mut log, NOW), Outcome::Cleaned(80)));
    let before = records_of(&log);
    // Killed before anything was flushed, and configured otherwise since.
    drop((dirs, log));
    let settings = LogSettings { compact: false, ..compacted() };
    let (_dirs, log) = world.start().log(&Arc::new(settings));
    assert_eq!(records_of(&log), before);
}

#[test]
fn a_topic_of_the_same_name_is_dirty_from_its_start() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(compacted());
        let (dirs, mut log) = node.log(&settings);
        put(&mut log, "a", Some("1"), NOW);
        log.roll(NOW).unwrap();
        assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(1));
        let checkpoint = node.dir.join("d").join("cleaner-offset-checkpoint");
        assert_eq!(node.read_file(&checkpoint), b"0\n1\nt 0 1\n");
        dirs.delete(&log).unwrap();
        assert_eq!(node.read_file(&checkpoint), b"0\n0\n");
        drop((dirs, log));
        let (_dirs, log) = world.start().log(&settings);
        assert_eq!(log.cleaned_up_to(), None);
    });
}

#[test]
fn batches_of_every_codec_stay_readable_with_their_timestamps() {
    everywhere(|world| {
        let settings = LogSettings { segment_bytes: 100_000, ..compacted() };
        let (_dirs, mut log) = world.start().log(&Arc::new(settings));
        for (epoch, codec) in CODECS.into_iter().enumerate() {
            for appends_time in [false, true] {
                let mut builder = BatchBuilder::new(0).codec(codec);
                if appends_time {
                    builder = builder.log_append_time(NOW + 7);
                }
                for key in ["same", "own"] {
                    let key = format!("{key}{}", if key == "own" { epoch } else { 0 });
                    builder.push_key_value(NOW, Some(key.as_bytes()), Some(&[b'v'; 300]));
                }
                append(
                    &mut log,
                    StampedBatch::new(&builder.build()).unwrap().unwrap(),
                    epoch as i32,
                );
            }
        }
        log.roll(NOW).unwrap();
        assert_eq!(clean(&mut log, NOW), Outcome::Cleaned(20));
        let left = read_all(&log);
        assert_eq!(left.len(), 5, "one batch per codec is left");
        for (index, (_, _, bytes)) in left.iter().enumerate() {
            let batch = records::BatchView::first(bytes).unwrap().unwrap();
            assert_eq!(batch.compression().unwrap(), CODECS[index]);
            assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
            assert_eq!(
                (batch.max_timestamp(), batch.partition_leader_epoch()),
                (NOW + 7, index as i32)
            );
        }
        let found = log.reader().offset_for_timestamp(NOW + 1).unwrap().unwrap();
        assert_eq!((found.timestamp, found.offset), (NOW + 7, 3));
    });
}
