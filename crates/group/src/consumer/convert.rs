//! A consumer group made of a classic one, and back, while there are members (kafka-semantics 124,
//! 135).

use std::sync::Arc;

use wire::Str;

use super::hash::TopicHashes;
use super::member::{Current, EpochPartitions, MemberState};
use super::part::{Epoch, Part, TargetEpoch};
use super::state::ConsumerGroup;
use crate::classic::{AfterWrite, ClassicGroup, Convert};
use crate::error::Error;
use crate::journal::Record;
use crate::turn::Turn;

impl ConsumerGroup {
    /// The group that a classic one becomes, and the records that make it. Members keep what they
    /// have, at the generation as epoch.
    pub(crate) fn upgraded(
        classic: &ClassicGroup,
        hashes: &mut TopicHashes,
        records: &mut Vec<Record>,
        turn: &mut Turn<'_>,
    ) -> Result<Self, Error> {
        let converts = classic.converts(turn)?;
        let epoch = classic.generation_id();
        let mut group = Self::new(classic.id.clone());
        let ids = || converts.iter().map(|convert| convert.member_id.clone());
        for convert in &converts {
            let subscription = Some(Arc::clone(&convert.subscription));
            group.apply(Part::Member(convert.member_id.clone(), subscription));
        }
        let metadata_hash = hashes.of(group.topic_counts.keys(), &**turn.cluster);
        let members = ids().zip(&converts).map(|(member_id, convert)| {
            Part::Member(member_id, Some(Arc::clone(&convert.subscription)))
        });
        let targets = ids().zip(&converts).map(|(member_id, convert)| {
            Part::Target(member_id, Some(Arc::clone(&convert.assignment)))
        });
        let currents = ids().zip(&converts).map(|(member_id, convert)| {
            Part::Current(member_id, Some(Arc::new(current_of(convert, epoch))))
        });
        let parts: Vec<Part> = members
            .chain([Part::Epoch(Some(Epoch { epoch, metadata_hash }))])
            .chain(targets)
            .chain([Part::TargetEpoch(Some(TargetEpoch { epoch, timestamp_ms: 0 }))])
            .chain(currents)
            .collect();
        records.push(Record::Group { group_id: classic.id.clone(), value: None });
        for part in parts {
            records.push(group.record(part.clone()));
            group.apply(part);
        }
        for member_id in ids() {
            group.await_heartbeat(&member_id, turn);
        }
        Ok(group)
    }

    /// Makes the group a classic one, if without these members all speak the classic protocol.
    /// False if it stays as it is.
    pub(super) fn downgrade_without(&self, leaving: &[Str], turn: &mut Turn<'_>) -> bool {
        let stays: Vec<Convert> = self
            .members()
            .filter(|(member_id, ..)| !leaving.contains(member_id))
            .map(|(member_id, _, subscription)| Convert {
                member_id: member_id.clone(),
                subscription: Arc::clone(subscription),
                assignment: self.targets.get(member_id).cloned().unwrap_or_default(),
            })
            .collect();
        let all_classic = stays.iter().all(|convert| convert.subscription.classic.is_some());
        let is_allowed = turn.settings.consumer.can_downgrade;
        if stays.is_empty() || !all_classic || !is_allowed || stays.len() > turn.settings.max_size {
            return false;
        }
        let (id, cluster) = (self.id.clone(), &**turn.cluster);
        let classic = ClassicGroup::of_converts(id, self.epoch.epoch, &stays, cluster, turn.now_ms);
        let Some(classic) = classic else { return false };
        self.add_tombstones(&mut turn.out.records);
        let value = Some(Box::new(classic.stored_now()));
        turn.out.records.push(Record::Group { group_id: self.id.clone(), value });
        turn.out.after_write = Some(AfterWrite::downgraded(self.id.clone()));
        true
    }
}

fn current_of(convert: &Convert, epoch: i32) -> Current {
    let topics = convert.assignment.iter();
    let since = |index: &i32| (*index, epoch);
    Current {
        epoch,
        previous_epoch: epoch,
        state: MemberState::Stable,
        assigned: topics.map(|(id, indexes)| (*id, indexes.iter().map(since).collect())).collect(),
        revoking: EpochPartitions::new(),
    }
}
