//! A cleaning that is cut off at each of its operations on the disk (kafka-storage 3.6).

use std::sync::Arc;

use env::{DiskFault, DiskOperation, Random};
use log::{Log, LogSettings};

use crate::compaction::{Model, Outcome, append_random, clean, clean_with, compacted, options};
use crate::support::*;

const OPERATIONS: [DiskOperation; 5] = [
    DiskOperation::Open,
    DiskOperation::Write,
    DiskOperation::Sync,
    DiskOperation::Rename,
    DiskOperation::Remove,
];

/// How a cleaning ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    PowerLost,
}

/// A log with two cleanings behind it, on the disk, and dirty again.
fn dirty(node: &Node, settings: &Arc<LogSettings>, seed: u64) -> (log::LogDirs, Log, Model) {
    let random = Random::seeded(seed);
    let (dirs, mut log) = node.log(settings);
    let mut model = Model::default();
    for round in 0..3 {
        for _ in 0..12 {
            append_random(&mut log, &mut model, &random, NOW);
        }
        log.roll(NOW).unwrap();
        if round < 2 {
            assert!(matches!(clean(&mut log, NOW), Outcome::Cleaned(_)));
        }
    }
    append_random(&mut log, &mut model, &random, NOW);
    flush(&mut log);
    checkpoint(&mut log);
    (dirs, log, model)
}

/// Cuts the cleaning off at its `nth` such operation; whether there is one.
fn cut_off(operation: DiskOperation, nth: u64, end: End, seed: u64) -> bool {
    let context = format!("{operation:?} {nth}, {end:?}, seed {seed}");
    let world = World::sim(seed);
    let World::Sim { node: host } = &world else { unreachable!() };
    let settings = Arc::new(LogSettings { segment_bytes: 900, ..compacted() });
    let (dirs, mut log, model) = dirty(&world.start(), &settings, seed);
    host.disk().inject(DiskFault::io(operation).after(nth));
    let outcome = clean_with(&mut log, options(NOW));
    let struck = outcome.is_err();
    host.disk().clear_faults();
    assert!(struck || matches!(outcome, Ok(Outcome::Cleaned(_))), "{context}: {outcome:?}");
    match end {
        End::Killed => host.kill(),
        End::PowerLost => host.power_loss(),
    }
    drop((dirs, log));

    let node = world.start();
    let (_dirs, mut log) = node.log(&settings);
    model.check(&log, &context);
    for name in node.file_names(node.path("")) {
        assert!(!name.ends_with(".cleaned") && !name.ends_with(".swap"), "{context}: {name}");
    }
    if let Outcome::Cleaned(end) = clean(&mut log, NOW) {
        model.check_clean(&log, end, &context);
    }
    model.check(&log, &context);
    struck
}

fn cut_off_everywhere(end: End, seed: u64) {
    for operation in OPERATIONS {
        let count = (0..).take_while(|nth| cut_off(operation, *nth, end, seed)).count();
        let expected = match operation {
            // Files go only after their delay.
            DiskOperation::Remove => 0,
            _ => 4,
        };
        assert!(count >= expected, "{operation:?} was struck {count} times only");
    }
}

#[test]
fn kafka_storage_3_6_a_cleaning_may_be_killed_anywhere() {
    cut_off_everywhere(End::Killed, 1);
}

#[test]
fn kafka_storage_3_6_the_power_may_go_anywhere_in_a_cleaning() {
    for seed in 2..4 {
        cut_off_everywhere(End::PowerLost, seed);
    }
}

#[test]
fn kafka_storage_3_6_what_a_crashed_cleaning_of_kafka_leaves_is_put_in_order() {
    // `.cleaned` files are removed; a `.swap` takes the place of the segments it covers; one at or
    // above a `.cleaned` is removed.
    for (suffix, has_cleaned, expect_whole) in
        [(".cleaned", false, true), (".swap", false, false), (".swap", true, true)]
    {
        let world = World::sim(9);
        let node = world.start();
        let settings = Arc::new(compacted());
        let (dirs, mut log) = node.log(&settings);
        let (random, mut model) = (Random::seeded(9), Model::default());
        for _ in 0..10 {
            append_random(&mut log, &mut model, &random, NOW);
        }
        log.roll(NOW).unwrap();
        append_random(&mut log, &mut model, &random, NOW);
        flush(&mut log);
        let whole = crate::compaction::records_of(&log);
        // What a cleaning makes of the first segments, kept aside.
        let names = |node: &Node| node.file_names(node.path(""));
        let before: Vec<(String, Vec<u8>)> = names(&node)
            .into_iter()
            .map(|name| (name.clone(), node.read_file(node.path(&name))))
            .collect();
        clean(&mut log, NOW);
        let cleaned_records = crate::compaction::records_of(&log);
        let cleaned = node.read_file(node.path("00000000000000000000.log"));
        drop((dirs, log));
        let node = world.start();
        for name in names(&node) {
            node.env.files().remove_file(node.path(&name)).unwrap();
        }
        for (name, bytes) in &before {
            node.write_file(node.path(name), bytes);
        }
        for kind in ["log", "index", "timeindex"] {
            let bytes: &[u8] = if kind == "log" { &cleaned } else { &[] };
            node.write_file(node.path(&format!("{:020}.{kind}{suffix}", 0)), bytes);
        }
        if has_cleaned {
            node.write_file(node.path(&format!("{:020}.log.cleaned", 0)), b"");
        }
        let (_dirs, log) = node.log(&settings);
        let expected = if expect_whole { &whole } else { &cleaned_records };
        assert_eq!(&crate::compaction::records_of(&log), expected, "{suffix} {has_cleaned}");
        assert!(names(&node).iter().all(|name| {
            !name.ends_with(".swap") && !name.ends_with(".cleaned") && !name.ends_with(".deleted")
        }));
    }
}
