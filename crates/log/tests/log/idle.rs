//! What a partition costs that nobody uses.

use std::sync::Arc;

use log::{LogDirs, LogDirsOptions, LogSettings, TopicPartition};

use crate::support::*;

#[test]
fn idle_logs_keep_no_file_open() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(small());
        let dirs = node.open();
        let logs: Vec<_> = (0..50)
            .map(|partition| {
                let partition = TopicPartition::new("t", partition);
                dirs.create(&dirs.dirs()[0], &partition, TOPIC_ID, settings.clone()).unwrap()
            })
            .collect();
        dirs.close_unused_files();
        dirs.close_unused_files();
        assert_eq!(dirs.open_files(), 0);
        drop((dirs, logs));
        let node = world.start();
        let dirs = node.open();
        let mut loaded = node.load(&dirs, &settings);
        assert_eq!(loaded.logs.len(), 50);
        assert_eq!(dirs.open_files(), 0, "loading empty logs opens nothing");
        let log = &mut loaded.logs[7].log;
        append(log, batch(1, 1, NOW), 0);
        assert_eq!(dirs.open_files(), 1);
        dirs.close_unused_files();
        assert_eq!(dirs.open_files(), 1, "in use since the last look");
        dirs.close_unused_files();
        assert_eq!(dirs.open_files(), 0);
        append(log, batch(1, 1, NOW), 0);
        assert_eq!(read_all(log).len(), 2);
    });
}

#[test]
fn the_number_of_open_files_is_bounded() {
    everywhere(|world| {
        let node = world.start();
        let settings = Arc::new(LogSettings { index_interval_bytes: 0, ..small() });
        let options = LogDirsOptions { open_files_max: 8, ..node.options(&["d"]) };
        let dirs = LogDirs::open(&node.env, options).unwrap();
        let mut logs: Vec<_> = (0..30)
            .map(|partition| {
                let partition = TopicPartition::new("t", partition);
                dirs.create(&dirs.dirs()[0], &partition, TOPIC_ID, settings.clone()).unwrap()
            })
            .collect();
        for round in 0..5 {
            for log in &mut logs {
                append(log, batch(1, 10, NOW + round), 0);
                flush(log);
                assert!(dirs.open_files() <= 8, "{}", dirs.open_files());
            }
        }
        for log in &logs {
            assert_eq!(read_all(log).len(), 5);
            assert!(dirs.open_files() <= 8);
        }
    });
}
