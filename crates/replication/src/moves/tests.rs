//! The steps of a move on a simulated disk.

use std::path::PathBuf;

use arc_swap::ArcSwap;
use config::{ServerConfig, StaticConfig};
use env::Env;
use log::{Log, LogDirs, LogDirsOptions, ReadRequest, TopicPartition};
use metadata::Image;
use records::{BatchBuilder, StampedBatch};
use replica::{LogOffsets, ReplicaState, ReplicationRules};
use tokio::sync::mpsc;
use wire::Uuid;

use super::copy::{MoveError, Swapped};
use super::*;
use crate::partition::State;
use crate::settings::{BrokerDefaults, TopicSettings};
use crate::surroundings::{Surroundings, ToController};

const NOW: i64 = 1_800_000_000_000;

/// A partition in the first of two directories, on its way to the second.
struct World {
    env: Env,
    dirs: LogDirs,
    partition: Arc<Partition>,
}

impl World {
    fn new() -> Self {
        let env = Env::sim(1);
        let options = LogDirsOptions {
            dirs: vec![PathBuf::from("/a"), PathBuf::from("/b")],
            node_id: 1,
            cluster_id: None,
            open_files_max: 100,
            recovery_threads_per_dir: 1,
            min_free_bytes: None,
        };
        let dirs = LogDirs::open(&env, options).unwrap();
        let settings = settings();
        let name = TopicPartition::new("t", 0);
        let [from, to] = dirs.dirs() else { unreachable!() };
        let log = dirs.create(from, &name, TOPIC_ID, settings.log.clone()).unwrap();
        let copy = dirs.create_future(to, &name, TOPIC_ID, settings.log.clone()).unwrap();
        let rules = ReplicationRules { min_insync_replicas: 1, replica_lag_time_max_ms: 30_000 };
        let offsets = LogOffsets { log_start_offset: 0, log_end_offset: 0, committable_offset: 0 };
        let state = State::new(log, ReplicaState::new(1, 0, offsets, rules));
        let to_controller = ToController {
            proposals: mpsc::unbounded_channel().0,
            assignments: mpsc::unbounded_channel().0,
        };
        let image = Arc::new(ArcSwap::from_pointee(Image::default()));
        let surroundings = Arc::new(Surroundings::new(env.clone(), image, to_controller));
        let topic = Str::from_static("t");
        let partition = Partition::new(topic, TOPIC_ID, 0, state, settings, surroundings);
        partition.future.attach(copy, 0, false);
        Self { env, dirs, partition }
    }

    /// Appends a batch of `count` records as leader of `epoch`.
    fn append(&self, count: usize, epoch: i32) {
        append(&mut self.partition.lock().log, count, epoch);
    }

    /// Copies until there is nothing left; where the copy ends then.
    fn copy_all(&self) -> i64 {
        while !self.partition.copy_some(0, 300, NOW).unwrap().caught_up {}
        self.copy_end()
    }

    fn copy_end(&self) -> i64 {
        self.partition.future.lock().as_ref().unwrap().log.log_end_offset()
    }

    fn copied_bytes(&self) -> Vec<u8> {
        bytes(&self.partition.future.lock().as_ref().unwrap().log)
    }
}

const TOPIC_ID: Uuid = Uuid([7; 16]);

fn settings() -> Arc<TopicSettings> {
    let config = ServerConfig::new(StaticConfig::without_file("/a")).unwrap();
    let config = config.topic_defaults.log_config([("segment.bytes", "1048576")]).unwrap();
    let broker = BrokerDefaults { producer_id_expiration_ms: 86_400_000, flush_before_ack: false };
    Arc::new(TopicSettings::new(&config, broker))
}

fn append(log: &mut Log, count: usize, epoch: i32) {
    let mut builder = BatchBuilder::new(0);
    (0..count).for_each(|_| builder.push_key_value(NOW, None, Some(&[b'v'; 50])));
    let mut batch = StampedBatch::new(&builder.build()).unwrap().unwrap();
    batch.stamp(log.log_end_offset(), epoch);
    log.append(&batch, NOW).unwrap();
}

fn bytes(log: &Log) -> Vec<u8> {
    let request = ReadRequest {
        offset: log.log_start_offset(),
        bound: i64::MAX,
        max_bytes: 1 << 20,
        at_least_one_batch: true,
    };
    log.reader().read(request).unwrap().read_bytes().unwrap().to_vec()
}

#[test]
fn a_copy_has_the_same_bytes() {
    let world = World::new();
    for epoch in [0, 0, 3, 5, 5] {
        world.append(3, epoch);
    }
    assert_eq!(world.copy_all(), 15);
    let state = world.partition.lock();
    assert_eq!(world.copied_bytes(), bytes(&state.log));
    let copy = world.partition.future.lock();
    let copy = copy.as_ref().unwrap();
    assert_eq!(copy.log.leader_epochs(), state.log.leader_epochs());
}

#[test]
fn what_the_replica_cuts_off_is_cut_off_the_copy() {
    let world = World::new();
    for epoch in [0, 0, 3, 3] {
        world.append(5, epoch);
    }
    assert_eq!(world.copy_all(), 20);
    world.partition.lock().log.truncate_to(10, NOW).unwrap();
    assert_eq!(world.copy_all(), 10);
    // The replica was cut and went on with other records, beyond where the copy ends.
    (0..4).for_each(|_| world.append(5, 3));
    assert_eq!(world.copy_all(), 30);
    world.partition.lock().log.truncate_to(15, NOW).unwrap();
    (0..4).for_each(|_| world.append(5, 6));
    assert_eq!(world.copy_all(), 35);
    assert_eq!(world.copied_bytes(), bytes(&world.partition.lock().log));
}

#[test]
fn a_copy_whose_end_is_not_that_of_the_replica_any_more_is_not_used() {
    let world = World::new();
    world.append(5, 0);
    world.append(5, 3);
    assert_eq!(world.copy_all(), 10);
    // As many records as before, but others.
    world.partition.lock().log.truncate_to(5, NOW).unwrap();
    world.append(5, 4);
    assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Behind)));
    world.copy_all();
    assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Done(_))));
    assert_eq!(world.partition.place().0.path(), PathBuf::from("/b"));
}

#[test]
fn a_log_that_starts_amid_a_batch_is_copied_from_that_batch_on() {
    let world = World::new();
    (0..4).for_each(|_| world.append(5, 0));
    world.partition.lock().log.advance_log_start_offset(7).unwrap();
    assert_eq!(world.copy_all(), 20);
    let start = world.partition.future.lock().as_ref().unwrap().log.log_start_offset();
    assert_eq!(start, 7);
    assert_eq!(world.copied_bytes(), bytes(&world.partition.lock().log));
    // The copy ends before the start: it starts over there.
    world.append(5, 0);
    world.append(5, 0);
    world.partition.lock().log.advance_log_start_offset(27).unwrap();
    assert_eq!(world.copy_all(), 30);
    assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Done(_))));
    assert_eq!(world.partition.log_start_offset(), 27);
    assert_eq!(world.partition.log_end_offset(), 30);
}

#[test]
fn a_little_that_comes_last_is_copied_at_the_swap_and_much_is_not() {
    let world = World::new();
    world.append(5, 0);
    world.copy_all();
    for _ in 0..200 {
        world.append(100, 0);
    }
    assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Behind)));
    world.copy_all();
    world.append(5, 0);
    let before = bytes(&world.partition.lock().log);
    assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Done(_))));
    assert_eq!(bytes(&world.partition.lock().log), before);
    assert!(world.partition.future().is_none());
    let names = world.env.files().read_dir("/a").unwrap();
    assert!(names.iter().any(|entry| entry.name.ends_with("-delete")), "{names:?}");
}

#[test]
fn a_reader_goes_on_with_the_log_that_took_the_place_of_its_own() {
    let world = World::new();
    world.append(5, 0);
    world.copy_all();
    let found = world.partition.with_reader(|reader| {
        let request =
            ReadRequest { offset: 0, bound: 5, max_bytes: 1_000, at_least_one_batch: true };
        if reader.read(request).is_ok() && world.partition.future().is_some() {
            // The swap comes between looking for the log and reading it.
            assert!(matches!(world.partition.swap(0, &world.dirs, NOW), Ok(Swapped::Done(_))));
        }
        reader.read(request)
    });
    assert!(found.unwrap().range.is_some());
}

#[test]
fn the_step_of_a_move_that_was_ended_does_nothing() {
    let world = World::new();
    world.append(5, 0);
    assert!(matches!(world.partition.copy_some(1, 300, NOW), Err(MoveError::Ended)));
    assert!(matches!(world.partition.swap(1, &world.dirs, NOW), Err(MoveError::Ended)));
    world.partition.future.detach(world.partition.future.lock());
    assert!(matches!(world.partition.copy_some(0, 300, NOW), Err(MoveError::Ended)));
}
