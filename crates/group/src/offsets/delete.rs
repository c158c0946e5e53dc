//! OffsetDelete, and offsets that go with their group or topic (kafka-semantics 120, 121).

use wire::{Str, Uuid};

use super::request::{DeleteOffsets, DeletedTopic};
use crate::error::Error;
use crate::groups::Group;
use crate::journal::Record;
use crate::state::State;

impl State {
    /// The tombstones and results of OffsetDelete.
    pub(crate) fn delete_offsets(
        &self,
        group: &Group,
        request: DeleteOffsets,
        records: &mut Vec<Record>,
    ) -> Vec<DeletedTopic> {
        let DeleteOffsets { group_id, topics } = request;
        let mut results = Vec::with_capacity(topics.len());
        for (name, partitions) in topics {
            let result = match group.is_subscribed_to(&name) {
                true => Err(Error::GroupSubscribedToTopic),
                false => {
                    let present = partitions.iter().filter(|index| {
                        self.offsets.get(&group_id, &name, **index).is_some()
                            || self.offsets.is_pending(&group_id, &name, **index)
                    });
                    records.extend(present.map(|index| tombstone(&group_id, &name, *index)));
                    Ok(())
                }
            };
            results.push(DeletedTopic { name, partitions, result });
        }
        results
    }

    /// The tombstones of all offsets of a group, those of open transactions included.
    pub(crate) fn add_offset_tombstones(&self, group_id: &Str, records: &mut Vec<Record>) {
        let partitions = self.offsets.partitions(group_id);
        records.extend(partitions.iter().map(|(topic, index)| tombstone(group_id, topic, *index)));
    }

    /// The tombstones of offsets of topics that are gone. A topic created anew under the name
    /// keeps its offsets where they say whose they are.
    pub(crate) fn topic_tombstones(&self, deleted: &[(Str, Uuid)], records: &mut Vec<Record>) {
        let committed = self.offsets.groups();
        let pending = self.offsets.transactions().flatten();
        for (group_id, topics) in committed.chain(pending) {
            for (name, id) in deleted {
                for (index, entry) in topics.get(name).into_iter().flatten() {
                    let of_topic = entry.committed.topic_id;
                    if of_topic.is_zero() || id.is_zero() || of_topic == *id {
                        records.push(tombstone(group_id, name, *index));
                    }
                }
            }
        }
    }
}

pub(super) fn tombstone(group_id: &Str, topic: &Str, partition: i32) -> Record {
    Record::Offset { group_id: group_id.clone(), topic: topic.clone(), partition, value: None }
}
