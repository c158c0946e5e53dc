use std::sync::Arc;

use metadata::{Delta, Image};
use tokio::sync::oneshot;
use wire::messages::assign_replicas_to_dirs_response as response;
use wire::stored::metadata::{FeatureLevelRecord, MetadataRecord, PartitionRecord, TopicRecord};

use super::*;

const TOPIC: Uuid = Uuid([1; 16]);
const A: Uuid = Uuid([10; 16]);
const B: Uuid = Uuid([11; 16]);

/// A topic with two partitions, the first on node 1, the second on node 2.
fn image() -> Image {
    image_of_version(19)
}

fn image_of_version(metadata_version: i16) -> Image {
    let mut delta = Delta::new(Arc::new(Image::default()));
    let level = FeatureLevelRecord {
        name: "metadata.version".into(),
        feature_level: metadata_version,
        ..FeatureLevelRecord::default()
    };
    delta.replay(0, &MetadataRecord::FeatureLevel(level)).unwrap();
    let topic = TopicRecord { name: "t".into(), topic_id: TOPIC, ..TopicRecord::default() };
    delta.replay(0, &MetadataRecord::Topic(topic)).unwrap();
    for (index, broker) in [(0, 1), (1, 2)] {
        let partition = PartitionRecord {
            topic_id: TOPIC,
            partition_id: index,
            replicas: vec![broker],
            isr: vec![broker],
            leader: broker,
            directories: vec![A],
            ..PartitionRecord::default()
        };
        delta.replay(1, &MetadataRecord::Partition(partition)).unwrap();
    }
    delta.image().clone()
}

fn assign(index: i32, directory: Uuid) -> (DirectoryAssignment, oneshot::Receiver<()>) {
    let (accepted, is_accepted) = oneshot::channel();
    let accepted = Some(accepted);
    (DirectoryAssignment { topic_id: TOPIC, index, directory, accepted }, is_accepted)
}

fn answer(error: ErrorCode, of_partition: ErrorCode) -> AssignReplicasToDirsResponse {
    let partition = response::PartitionData {
        partition_index: 0,
        error_code: of_partition.code(),
        ..response::PartitionData::default()
    };
    let topic = response::TopicData {
        topic_id: TOPIC,
        partitions: vec![partition],
        ..response::TopicData::default()
    };
    AssignReplicasToDirsResponse {
        error_code: error.code(),
        directories: vec![response::DirectoryData {
            id: B,
            topics: vec![topic],
            ..response::DirectoryData::default()
        }],
        ..AssignReplicasToDirsResponse::default()
    }
}

#[test]
fn the_one_who_asked_learns_that_the_controller_knows() {
    let mut assignments = Assignments::default();
    let (assignment, mut is_accepted) = assign(0, B);
    assignments.add(assignment);
    let sent = assignments.take(1, &image());
    assert_eq!(to_wire(&sent)[0].id, B);
    assignments.answered(sent, &answer(ErrorCode::None, ErrorCode::None));
    assert_eq!(is_accepted.try_recv(), Ok(()));
    assert_eq!(assignments.pause(), None);
}

#[test]
fn of_several_directories_of_a_replica_the_latest_is_told() {
    let mut assignments = Assignments::default();
    let (first, mut is_accepted) = assign(0, B);
    assignments.add(first);
    assignments.add(assign(0, A).0);
    assert!(is_accepted.try_recv().is_err(), "the first one is superseded");
    let sent = assignments.take(1, &image());
    assert_eq!(to_wire(&sent)[0].id, A);
    // What failed does not come back over what is newer.
    assignments.add(assign(0, B).0);
    assignments.failed(sent);
    assert_eq!(assignments.waiting[&(TOPIC, 0)].directory, B);
}

#[test]
fn replicas_that_are_not_here_are_not_told_of() {
    let mut assignments = Assignments::default();
    let (assignment, mut is_accepted) = assign(1, B);
    assignments.add(assignment);
    assert!(assignments.take(1, &image()).is_empty());
    assert_eq!(is_accepted.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

#[test]
fn a_cluster_that_knows_no_directories_is_not_told() {
    let mut assignments = Assignments::default();
    let (assignment, mut is_accepted) = assign(0, B);
    assignments.add(assignment);
    assert!(assignments.take(1, &image_of_version(14)).is_empty());
    assert_eq!(is_accepted.try_recv(), Ok(()));
}

#[test]
fn failures_are_tried_again_after_growing_pauses() {
    let mut assignments = Assignments::default();
    assignments.add(assign(0, B).0);
    let mut pauses = Vec::new();
    for error in [ErrorCode::NotController, ErrorCode::None, ErrorCode::StaleBrokerEpoch] {
        let sent = assignments.take(1, &image());
        let of_partition = ErrorCode::UnknownTopicId;
        assignments.answered(sent, &answer(error, of_partition));
        pauses.push(assignments.pause().unwrap().as_millis());
    }
    assert_eq!(pauses, [100, 200, 400]);
    (0..20).for_each(|_| assignments.failures += 1);
    assert_eq!(assignments.pause(), Some(BACKOFF_MAX));
    let sent = assignments.take(1, &image());
    assignments.answered(sent, &answer(ErrorCode::None, ErrorCode::None));
    assert_eq!(assignments.pause(), None);
}
