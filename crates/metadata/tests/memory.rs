//! How much memory an image takes: 10,000 partitions are what a small node must hold.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use metadata::{Delta, Image};
use wire::stored::metadata::{MetadataRecord, PartitionRecord, TopicRecord};
use wire::{Str, Uuid};

const PARTITIONS: i32 = 10_000;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// An image with 10,000 partitions of three replicas, in so many topics.
fn image(topics: i32) -> Image {
    let mut delta = Delta::new(Arc::new(Image::default()));
    for topic in 0..topics {
        let topic_id =
            Uuid(std::array::from_fn(|i| if i < 4 { topic.to_be_bytes()[i] } else { 1 }));
        let name = Str::from(format!("topic-with-a-name-{topic}"));
        let record = TopicRecord { name, topic_id, ..TopicRecord::default() };
        delta.replay(0, &MetadataRecord::Topic(record)).unwrap();
        for partition_id in 0..PARTITIONS / topics {
            let record = PartitionRecord {
                topic_id,
                partition_id,
                replicas: vec![1, 2, 3],
                isr: vec![1, 2, 3],
                leader: 1,
                directories: vec![Uuid([1; 16]), Uuid([2; 16]), Uuid([3; 16])],
                ..PartitionRecord::default()
            };
            delta.replay(0, &MetadataRecord::Partition(record)).unwrap();
        }
    }
    delta.image().clone()
}

/// The dearest case: every partition has a topic of its own. In one topic they take a third of it.
#[test]
fn ten_thousand_partitions_take_little() {
    let before = resident();
    let image = image(PARTITIONS);
    let taken = resident().saturating_sub(before);
    assert_eq!(image.topics.partition_count(), PARTITIONS as usize);
    assert!(taken < 8 << 20, "{taken} bytes");
}
