//! Whose directories these are: kafka-storage §4, rules 1 and 2.

use std::sync::Arc;

use log::{Error, LogDirs, LogDirsOptions, MetaProperties, TopicPartition};
use wire::Uuid;

use crate::support::*;

fn meta(node: &Node, dir: &str) -> MetaProperties {
    MetaProperties::decode(&node.read_file(node.dir.join(dir).join("meta.properties"))).unwrap()
}

fn put_meta(node: &Node, dir: &str, meta: &MetaProperties) {
    node.env.files().create_dir_all(node.dir.join(dir)).unwrap();
    node.write_file(node.dir.join(dir).join("meta.properties"), &meta.encode());
}

fn refusal(node: &Node, options: LogDirsOptions) -> String {
    LogDirs::open(&node.env, options).unwrap_err().to_string()
}

#[test]
fn empty_directories_become_a_cluster() {
    everywhere(|world| {
        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "deep/b"])).unwrap();
        assert!(dirs.is_new());
        let (a, b) = (meta(&node, "a"), meta(&node, "deep/b"));
        assert_eq!((a.version, a.node_id), (1, Some(1)));
        assert_eq!(a.cluster_id.as_deref(), Some(dirs.cluster_id()));
        assert_eq!(a.cluster_id, b.cluster_id);
        assert_ne!(a.directory_id, b.directory_id);
        assert_eq!(a.directory_id, Some(dirs.dirs()[0].id()));
        let cluster_id = dirs.cluster_id().to_owned();
        drop(dirs);

        let node = world.start();
        let dirs = LogDirs::open(&node.env, node.options(&["a", "deep/b", "c"])).unwrap();
        assert!(!dirs.is_new());
        assert_eq!(dirs.cluster_id(), cluster_id);
        assert_eq!(meta(&node, "c").cluster_id, Some(cluster_id), "a new disk joins");
        assert_eq!(meta(&node, "a"), a);
    });
}

#[test]
fn a_second_process_is_refused() {
    let world = World::os();
    let node = world.start();
    let _dirs = node.open();
    let refused = refusal(&node, node.options(&["d"]));
    let owner = format!("locked by process {}", std::process::id());
    assert!(refused.contains(&owner) && refused.contains("log.dirs"), "{refused}");
}

#[test]
fn directories_of_others_are_refused_with_the_reason() {
    everywhere(|world| {
        let node = world.start();
        put_meta(&node, "mine", &MetaProperties::new("cluster-a", 1, Uuid([1; 16])));
        put_meta(&node, "other-cluster", &MetaProperties::new("cluster-b", 1, Uuid([2; 16])));
        put_meta(&node, "other-node", &MetaProperties::new("cluster-a", 2, Uuid([3; 16])));
        put_meta(&node, "copy", &MetaProperties::new("cluster-a", 1, Uuid([1; 16])));
        let old =
            MetaProperties { version: 0, ..MetaProperties::new("cluster-a", 1, Uuid([4; 16])) };
        put_meta(&node, "zookeeper", &old);
        for (dirs, words) in [
            (&["mine", "other-cluster"][..], ["cluster.id is cluster-b", "expected cluster-a"]),
            (&["other-node"], ["node.id is 2", "expected 1"]),
            (&["mine", "copy"], ["directory.id is that of", "leave it out"]),
            (&["zookeeper"], ["version is 0", "ZooKeeper"]),
        ] {
            let refused = refusal(&node, node.options(dirs));
            assert!(words.iter().all(|word| refused.contains(word)), "{refused}");
            assert!(refused.contains("meta.properties"), "{refused}");
        }
        let asked =
            LogDirsOptions { cluster_id: Some("cluster-c".into()), ..node.options(&["mine"]) };
        let refused = refusal(&node, asked);
        assert!(refused.contains("another cluster"), "{refused}");
        let dirs = LogDirs::open(&node.env, node.options(&["mine"])).unwrap();
        assert_eq!(dirs.cluster_id(), "cluster-a");
    });
}

#[test]
fn replicas_without_identity_are_not_adopted() {
    everywhere(|world| {
        let node = world.start();
        let (dirs, log) = node.log(&Arc::new(small()));
        drop((dirs, log));
        let node = world.start();
        node.env.files().remove_file(node.dir.join("d/meta.properties")).unwrap();
        let error = LogDirs::open(&node.env, node.options(&["d"])).unwrap_err();
        assert!(matches!(error, Error::NoIdentity { .. }), "{error}");
        node.write_file(node.dir.join("d/meta.properties"), b"version=1\nnode.id=x\n");
        let refused = refusal(&node, node.options(&["d"]));
        assert!(refused.contains("meta.properties: line 2"), "{refused}");
    });
}

#[test]
fn a_directory_without_an_id_of_its_own_gets_one() {
    everywhere(|world| {
        let node = world.start();
        let old = MetaProperties { directory_id: None, ..MetaProperties::new("c", 1, Uuid::ZERO) };
        put_meta(&node, "d", &old);
        let dirs = node.open();
        assert_eq!(meta(&node, "d").directory_id, Some(dirs.dirs()[0].id()));
        assert!(!dirs.dirs()[0].id().is_zero());
    });
}

#[test]
fn checkpoints_that_cannot_be_read_count_as_empty() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let (dirs, mut log) = node.log(&settings);
        append(&mut log, batch(5, 10, NOW), 0);
        close(&dirs, &mut log);
        drop((dirs, log));
        for name in [
            "recovery-point-offset-checkpoint",
            "log-start-offset-checkpoint",
            "replication-offset-checkpoint",
        ] {
            node.write_file(node.dir.join("d").join(name), b"0\n7\nnonsense");
        }
        let node = world.start();
        let dirs = node.open();
        let loaded = node.load(&dirs, &settings);
        assert_eq!(loaded.logs[0].log.log_end_offset(), 5);
        assert_eq!(loaded.logs[0].high_watermark, 0);
    });
}

#[test]
fn rule_8_the_high_watermark_comes_from_its_checkpoint() {
    everywhere(|world| {
        let settings = Arc::new(small());
        for (stored, expected) in [(3, 3), (9, 5), (0, 2)] {
            let node = world.start();
            let (dirs, mut log) = node.log(&settings);
            if log.log_end_offset() == 0 {
                append(&mut log, batch(1, 10, NOW), 0);
                append(&mut log, batch(4, 10, NOW), 0);
                log.advance_log_start_offset(2).unwrap();
            }
            close(&dirs, &mut log);
            let entry = [(&partition(), stored)];
            let checkpoint = log::OffsetCheckpoint::HighWatermark;
            dirs.dirs()[0].write_offsets(checkpoint, entry.into_iter()).unwrap();
            drop((dirs, log));
            let node = world.start();
            let dirs = node.open();
            let mut loaded = node.load(&dirs, &settings);
            assert_eq!(loaded.logs[0].high_watermark, expected);
            close(&dirs, &mut loaded.logs[0].log);
        }
    });
}

#[test]
fn a_damaged_partition_metadata_fails_its_replica_only() {
    everywhere(|world| {
        let settings = Arc::new(small());
        let node = world.start();
        let dirs = node.open();
        for index in 0..2 {
            let partition = TopicPartition::new("t", index);
            let mut log =
                dirs.create(&dirs.dirs()[0], &partition, TOPIC_ID, settings.clone()).unwrap();
            log.close(NOW).unwrap();
        }
        dirs.dirs()[0].mark_clean(1).unwrap();
        drop(dirs);
        let node = world.start();
        let path = node.path("partition.metadata");
        assert_eq!(node.read_file(&path), format!("version: 0\ntopic_id: {TOPIC_ID}").as_bytes());
        node.write_file(&path, b"version: 9\n");
        let dirs = node.open();
        let loaded = node.load(&dirs, &settings);
        assert_eq!(loaded.logs.len(), 1);
        assert_eq!(loaded.logs[0].log.topic_id(), Some(TOPIC_ID));
        let failed = &loaded.failed[0];
        assert!(
            failed.error.to_string().contains("partition.metadata: line 1"),
            "{}",
            failed.error
        );
        assert!(!dirs.dirs()[0].is_offline());
        let again = dirs.create(&dirs.dirs()[0], &partition(), TOPIC_ID, settings);
        assert!(matches!(again, Err(Error::Exists { .. })));
    });
}
