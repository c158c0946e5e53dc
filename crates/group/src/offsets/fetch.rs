//! OffsetFetch (kafka-semantics 117, 118).

use std::collections::BTreeMap;

use wire::{Str, Uuid};

use super::request::{FetchOffsets, FetchTopic, FetchedTopic};
use super::{CommittedOffset, Entry};
use crate::error::Error;
use crate::groups::Group;
use crate::state::State;

/// Committed offsets of one group as a request may see them.
struct View<'a> {
    state: &'a State,
    request: &'a FetchOffsets,
    /// What is committed where the newest write is not; empty if the newest shall be seen.
    committed: BTreeMap<(&'a Str, i32), Option<&'a Entry>>,
}

impl State {
    /// Whether the member may ask. A group that does not exist has no members to ask for.
    pub(crate) fn validate_fetch(&self, request: &FetchOffsets) -> Result<(), Error> {
        let (member_id, member_epoch) = &request.member;
        match self.groups.get(&request.group_id) {
            Some(Group::Consumer(group)) => group.validate_fetch(member_id.as_ref(), *member_epoch),
            Some(Group::Streams(group)) => group.validate_fetch(member_id.as_ref(), *member_epoch),
            Some(Group::Share(_)) => Err(Error::NotConsumerGroup(request.group_id.clone())),
            Some(Group::Classic(_) | Group::Other(_)) | None => Ok(()),
        }
    }

    /// Offsets of a group: committed ones, or the newest if they shall be stable. A group that does
    /// not exist has none.
    pub(crate) fn fetch_offsets(&self, request: &FetchOffsets) -> Vec<FetchedTopic> {
        let committed = match request.require_stable {
            true => BTreeMap::new(),
            false => self.uncommitted.offsets_before(&request.group_id),
        };
        let view = View { state: self, request, committed };
        match &request.topics {
            Some(topics) => topics.iter().map(|topic| view.topic(topic)).collect(),
            None => view.everything(),
        }
    }
}

impl View<'_> {
    fn topic(&self, topic: &FetchTopic) -> FetchedTopic {
        let partitions = topic.partitions.iter().map(|index| {
            let offset = self.offset(&topic.name, *index).map(|offset| {
                // An offset of a deleted topic that had the same name is none of this one's.
                offset.filter(|offset| is_same_topic(offset.topic_id, topic.id))
            });
            (*index, offset)
        });
        FetchedTopic { name: topic.name.clone(), id: topic.id, partitions: partitions.collect() }
    }

    fn everything(&self) -> Vec<FetchedTopic> {
        let mut topics: Vec<FetchedTopic> = Vec::new();
        let mut keys: Vec<(&Str, i32)> = self.committed.keys().copied().collect();
        for (topic, partitions) in
            self.state.offsets.of_group(&self.request.group_id).into_iter().flatten()
        {
            keys.extend(partitions.keys().map(|index| (topic, *index)));
        }
        keys.sort_unstable();
        keys.dedup();
        for (topic, index) in keys {
            let offset = self.offset(topic, index);
            if offset == Ok(None) {
                continue;
            }
            match topics.last_mut() {
                Some(last) if last.name == *topic => last.partitions.push((index, offset)),
                _ => topics.push(FetchedTopic {
                    name: topic.clone(),
                    id: Uuid::ZERO,
                    partitions: vec![(index, offset)],
                }),
            }
        }
        topics
    }

    fn offset(&self, topic: &Str, partition: i32) -> Result<Option<CommittedOffset>, Error> {
        let (group_id, offsets) = (&self.request.group_id, &self.state.offsets);
        if self.request.require_stable && offsets.is_pending(group_id, topic, partition) {
            return Err(Error::UnstableOffsetCommit);
        }
        let entry = match self.committed.get(&(topic, partition)) {
            Some(before) => *before,
            None => offsets.get(group_id, topic, partition),
        };
        Ok(entry.map(|entry| entry.committed.clone()))
    }
}

/// Ids that are not known fit any topic (kafka-semantics 118).
fn is_same_topic(committed: Uuid, wanted: Uuid) -> bool {
    committed.is_zero() || wanted.is_zero() || committed == wanted
}
