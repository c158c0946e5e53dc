use super::*;
use crate::testing::{broker, change, config, fence, id, partition, remove_topic, topic};
use crate::{ConfigResource, ResourceType};
use std::collections::BTreeSet;
use wire::stored::metadata::{ClearElrRecord, MetadataRecord, PartitionChangeRecord};

fn update(before: &Arc<Image>, records: &[MetadataRecord]) -> Update {
    let mut delta = Delta::new(Arc::clone(before));
    for (offset, record) in (0..).zip(records) {
        delta.replay(offset, record).unwrap();
    }
    delta.finish(Provenance::EMPTY)
}

fn image(records: &[MetadataRecord]) -> Arc<Image> {
    update(&Arc::new(Image::default()), records).after
}

#[test]
fn an_update_leaves_the_image_before_as_it_was() {
    let before = image(&[topic("a", 1), partition(1, 0, &[1, 2])]);
    let after = update(
        &before,
        &[
            topic("b", 2),
            partition(2, 0, &[1]),
            MetadataRecord::PartitionChange(PartitionChangeRecord {
                isr: Some(vec![1]),
                ..change(1, 0)
            }),
        ],
    );
    assert!(before.topics.by_name("b").is_none());
    assert_eq!(&*before.topics.partition("a", 0).unwrap().isr, [1, 2]);
    assert_eq!(&*after.after.topics.partition("a", 0).unwrap().isr, [1]);
    assert_eq!(after.after.topics.partition_count(), 2);
    assert_eq!(after.changes.topics[&id(1)], TopicChange::Changed(BTreeSet::from([0])));
    assert_eq!(after.changes.topics[&id(2)], TopicChange::Created);
}

#[test]
fn a_topic_created_and_deleted_in_one_update_was_never_there() {
    let before = image(&[topic("a", 1), partition(1, 0, &[1])]);
    let after = update(&before, &[topic("b", 2), partition(2, 0, &[1]), remove_topic(2)]);
    assert!(after.changes.is_empty());
    let after = update(&before, &[remove_topic(1), topic("a", 3), partition(3, 0, &[1])]);
    assert_eq!(after.changes.deleted_topics[0].id, id(1));
    assert_eq!(after.after.topics.id("a"), Some(id(3)));
    let local = after.local_replicas(1);
    assert_eq!(local.deleted[0].topic.id, id(1));
    assert_eq!(local.leaders[0].topic.id, id(3));
}

#[test]
fn a_deleted_topic_takes_its_configurations_along() {
    let before = image(&[topic("a", 1), config(2, "a", "retention.ms", "1")]);
    let after = update(&before, &[remove_topic(1)]);
    assert!(after.after.configs.is_empty());
    assert!(after.changes.configs_changed(ResourceType::Topic));
    assert!(after.changes.configs.contains(&ConfigResource::topic("a".into())));
}

#[test]
fn local_replicas_are_led_followed_or_deleted() {
    let before = image(&[
        topic("a", 1),
        partition(1, 0, &[1, 2]),
        partition(1, 1, &[2, 1]),
        partition(1, 2, &[2, 3]),
    ]);
    let after = update(
        &before,
        &[
            MetadataRecord::PartitionChange(PartitionChangeRecord { leader: 2, ..change(1, 0) }),
            MetadataRecord::PartitionChange(PartitionChangeRecord {
                isr: Some(vec![2]),
                ..change(1, 1)
            }),
            MetadataRecord::PartitionChange(PartitionChangeRecord {
                replicas: Some(vec![3, 1]),
                directories: Some(vec![id(203), id(201)]),
                ..change(1, 2)
            }),
        ],
    );
    let indexes = |replicas: &[LocalReplica]| -> Vec<(i32, bool)> {
        replicas.iter().map(|replica| (replica.index, replica.is_new_leader_epoch)).collect()
    };
    let two = after.local_replicas(2);
    assert_eq!(indexes(&two.leaders), [(0, true), (1, false)]);
    assert_eq!(indexes(&two.followers), []);
    assert_eq!(indexes(&two.deleted), [(2, false)]);
    let one = after.local_replicas(1);
    assert_eq!(indexes(&one.leaders), []);
    assert_eq!(indexes(&one.followers), [(0, true), (1, false), (2, true)]);
    assert!(one.followers[2].is_new_directory);
    assert_eq!(one.followers[2].directory, id(201));
    assert!(after.local_replicas(4).is_empty());
}

#[test]
fn kafka_semantics_59_clear_elr() {
    let with_elr = |index| {
        MetadataRecord::PartitionChange(PartitionChangeRecord {
            eligible_leader_replicas: Some(vec![2]),
            ..change(1, index)
        })
    };
    let before =
        image(&[topic("a", 1), partition(1, 0, &[1, 2]), partition(1, 1, &[1, 2]), with_elr(1)]);
    let clear = |name: &'static str| {
        MetadataRecord::ClearElr(ClearElrRecord { topic_name: name.into(), ..Default::default() })
    };
    for name in ["a", ""] {
        let after = update(&before, &[clear(name)]);
        let partition = after.after.topics.partition("a", 1).unwrap();
        assert!(partition.eligible_leader_replicas.is_empty());
        assert_eq!(partition.partition_epoch, 2);
        assert_eq!(after.changes.topics[&id(1)], TopicChange::Changed(BTreeSet::from([1])));
    }
    let mut delta = Delta::new(before);
    assert!(delta.replay(0, &clear("b")).is_err());
}

#[test]
fn a_snapshot_says_what_is_gone() {
    let before = image(&[
        broker(1),
        topic("a", 1),
        partition(1, 0, &[1]),
        topic("b", 2),
        partition(2, 0, &[1]),
        config(4, "1", "log.retention.ms", "5"),
    ]);
    let mut after = Image::default();
    for record in [broker(1), fence(1), topic("b", 2), partition(2, 0, &[1]), topic("c", 3)] {
        after.replay(0, &record).unwrap();
    }
    let update = Update::from_snapshot(before, after);
    let deleted: Vec<_> = update.changes.deleted_topics.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(deleted, ["a"]);
    assert_eq!(update.changes.topics.len(), 1);
    assert_eq!(update.changes.topics[&id(3)], TopicChange::Created);
    assert_eq!(update.changes.brokers, BTreeSet::from([1]));
    assert!(update.changes.configs_changed(ResourceType::Broker));
}

#[test]
fn an_image_survives_its_records() {
    let before = image(&[
        crate::testing::metadata_version(),
        crate::testing::feature("group.version", 1),
        broker(1),
        broker(2),
        fence(2),
        topic("a", 1),
        partition(1, 0, &[1, 2]),
        partition(1, 1, &[2, 1]),
        config(2, "a", "retention.ms", "1"),
    ]);
    let again = image(&before.to_records());
    assert_eq!(again.features, before.features);
    assert_eq!(again.topics, before.topics);
    assert_eq!(again.configs, before.configs);
    assert_eq!(again.to_records(), before.to_records());
    assert!(again.cluster.broker(2).unwrap().fenced);
}
