//! One topic and its partitions.

use std::sync::Arc;

use wire::{Str, Uuid};

use super::partition::Partition;

/// Partitions per shared block: changing one partition of a published topic copies this many.
const BLOCK_LEN: usize = 64;

/// How far beyond the last partition a new one may lie. Partitions are written in order, but
/// nothing in the log's format says so; the bound keeps a damaged index from asking for memory.
const GAP_MAX: usize = 10_000;

/// A topic. Cloning shares its partitions.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The name.
    pub name: Str,
    /// The id, never used again after the topic is gone (kafka-semantics 200).
    pub id: Uuid,
    blocks: Vec<Arc<Vec<Option<Partition>>>>,
    partition_count: usize,
}

impl Topic {
    /// A topic without partitions.
    pub fn new(name: Str, id: Uuid) -> Self {
        Self { name, id, blocks: Vec::new(), partition_count: 0 }
    }

    /// The number of partitions.
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// The partition with this index.
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        let index = usize::try_from(index).ok()?;
        self.blocks.get(index / BLOCK_LEN)?.get(index % BLOCK_LEN)?.as_ref()
    }

    /// All partitions with their indexes, in ascending order.
    pub fn partitions(&self) -> impl Iterator<Item = (i32, &Partition)> {
        let all = self.blocks.iter().flat_map(|block| block.iter());
        all.enumerate().filter_map(|(index, slot)| Some((index as i32, slot.as_ref()?)))
    }

    /// Sets a partition; `None` if its index is negative or far beyond the last partition.
    pub(crate) fn set_partition(&mut self, index: i32, partition: Partition) -> Option<()> {
        let index = usize::try_from(index).ok()?;
        let slots =
            self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK_LEN + last.len());
        if index > slots + GAP_MAX {
            return None;
        }
        for slot in slots..=index {
            if slot % BLOCK_LEN == 0 {
                push_tight(&mut self.blocks, Arc::new(Vec::new()));
            }
            if let Some(block) = self.blocks.last_mut() {
                push_tight(Arc::make_mut(block), None);
            }
        }
        let block = Arc::make_mut(self.blocks.get_mut(index / BLOCK_LEN)?);
        let before = block.get_mut(index % BLOCK_LEN)?.replace(partition);
        self.partition_count += usize::from(before.is_none());
        Some(())
    }
}

/// Pushes without the room for four that a vector starts with: most topics are small.
fn push_tight<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len().max(1));
    }
    items.push(item);
}

impl PartialEq for Topic {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.id == other.id
            && self.partition_count == other.partition_count
            && self.partitions().eq(other.partitions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{BrokerIds, Directories};

    fn partition(broker: i32) -> Partition {
        Partition::new(BrokerIds::from([broker]), Directories::default(), BrokerIds::from([broker]))
    }

    #[test]
    fn partitions_come_back_in_order() {
        let mut topic = Topic::new(Str::from("t"), Uuid([1; 16]));
        for index in [2, 0, 1, 70, 69] {
            topic.set_partition(index, partition(index)).unwrap();
        }
        let leaders: Vec<_> = topic.partitions().map(|(index, p)| (index, p.leader)).collect();
        assert_eq!(leaders, [(0, 0), (1, 1), (2, 2), (69, 69), (70, 70)]);
        assert_eq!(topic.partition_count(), 5);
        assert_eq!(topic.partition(3), None);
        assert_eq!(topic.partition(-1), None);
        assert_eq!(topic.set_partition(-1, partition(1)), None);
        assert_eq!(topic.set_partition(i32::MAX, partition(1)), None);
    }

    #[test]
    fn a_change_leaves_the_clone_and_shares_the_other_blocks() {
        let mut topic = Topic::new(Str::from("t"), Uuid([1; 16]));
        for index in 0..1_000 {
            topic.set_partition(index, partition(1)).unwrap();
        }
        let before = topic.clone();
        topic.set_partition(500, partition(2)).unwrap();
        assert_eq!(before.partition(500).unwrap().leader, 1);
        assert_eq!(topic.partition(500).unwrap().leader, 2);
        let copied = topic.blocks.iter().zip(&before.blocks).filter(|(a, b)| !Arc::ptr_eq(a, b));
        assert_eq!(copied.count(), 1);
    }
}
