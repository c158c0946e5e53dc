//! Moving a replica from one log directory to another.

use std::sync::Arc;

use log::LogDirs;

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
        let (current, mut future) =
            (loaded.logs.pop().unwrap().log, loaded.future.pop().unwrap().log);
        assert_eq!(future.log_end_offset(), 20);
        for (.., bytes) in &all[20..] {
            future.append_follower(bytes, 0, NOW).unwrap();
        }
        let reader = current.reader();
        dirs.replace_with_future(&current, &mut future).unwrap();
        assert_eq!(future.path(), node.dir.join("b/t-0"));
        assert!(reader.read(whole()).is_err());
        assert_eq!(read_all(&future), all);
        append(&mut future, batch(1, 100, NOW), 0);
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
fn a_move_that_was_cut_off_leaves_one_log() {
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
        assert_eq!(loaded.logs.len(), 1);
        assert_eq!(loaded.logs[0].log.path(), node.dir.join("b/t-0"));
        let names = node.file_names(node.dir.join("a"));
        assert!(names.iter().any(|name| name.ends_with("-stray")), "{names:?}");
    });
}
