//! Leading a member from what it has to what it shall have (kafka-semantics 129).

use std::collections::{BTreeMap, BTreeSet};

use wire::Uuid;

use super::member::{Current, EpochPartitions, MemberState, Partitions};
use crate::error::Error;

/// What a step of a member needs to know.
pub(super) struct Step<'a> {
    /// The epoch of the target assignment.
    pub(super) target_epoch: i32,
    /// What the member shall have.
    pub(super) target: &'a Partitions,
    /// The topics the member is subscribed to.
    pub(super) subscribed: &'a BTreeSet<Uuid>,
    /// Whether the member's subscription has just changed.
    pub(super) has_subscription_changed: bool,
    /// What the member says it has; none if it did not say.
    pub(super) owned: Option<&'a [(Uuid, Vec<i32>)]>,
    /// Whether another member has the partition, or has still to give it back.
    pub(super) is_taken: &'a dyn Fn(Uuid, i32) -> bool,
}

impl Step<'_> {
    /// The member's next assignment; the same if it cannot move.
    pub(super) fn next(&self, current: &Current) -> Result<Current, Error> {
        match current.state {
            MemberState::Stable if current.epoch != self.target_epoch => {
                Ok(self.towards_target(current, current.epoch))
            }
            MemberState::Stable if self.has_subscription_changed => {
                Ok(self.without_unsubscribed(current))
            }
            MemberState::Stable => Ok(current.clone()),
            MemberState::UnrevokedPartitions if self.still_owns(&current.revoking) => {
                match self.has_subscription_changed {
                    true => Ok(self.without_unsubscribed(current)),
                    false => Ok(current.clone()),
                }
            }
            MemberState::UnrevokedPartitions | MemberState::UnreleasedPartitions => {
                Ok(self.towards_target(current, current.epoch))
            }
            // A newer broker left it in a state that is not known here: it begins anew.
            MemberState::Unknown if self.owned.is_some_and(<[_]>::is_empty) => {
                Ok(self.towards_target(current, self.target_epoch))
            }
            MemberState::Unknown => Err(Error::FencedMemberEpoch(String::from(
                "The consumer group member is in a unknown state. The member must abandon all its \
                 partitions and rejoin.",
            ))),
        }
    }

    /// Whether the member has any of the partitions left; one that does not say may.
    fn still_owns(&self, partitions: &EpochPartitions) -> bool {
        let Some(owned) = self.owned else { return true };
        owned.iter().any(|(topic_id, indexes)| {
            partitions
                .get(topic_id)
                .is_some_and(|lost| indexes.iter().any(|index| lost.contains_key(index)))
        })
    }

    /// Takes topics away that the member is not subscribed to any more, ahead of a new target.
    fn without_unsubscribed(&self, current: &Current) -> Current {
        let is_subscribed = |topic_id: &Uuid| self.subscribed.contains(topic_id);
        if current.assigned.keys().all(is_subscribed) {
            return current.clone();
        }
        let (assigned, lost): (EpochPartitions, EpochPartitions) = current
            .assigned
            .iter()
            .map(|(topic_id, partitions)| (*topic_id, partitions.clone()))
            .partition(|(topic_id, _)| is_subscribed(topic_id));
        let mut revoking = current.revoking.clone();
        for (topic_id, partitions) in lost {
            revoking.entry(topic_id).or_default().extend(partitions);
        }
        if self.still_owns(&revoking) {
            let state = MemberState::UnrevokedPartitions;
            Current { state, assigned, revoking, previous_epoch: current.epoch, ..current.clone() }
        } else {
            Current { assigned, previous_epoch: current.epoch, ..current.clone() }
        }
    }

    /// What the member shall have, less what others have; before that it gives back what it shall
    /// not have.
    fn towards_target(&self, current: &Current, epoch: i32) -> Current {
        let nothing = BTreeSet::new();
        let (mut assigned, mut revoking) = (EpochPartitions::new(), EpochPartitions::new());
        let mut new: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        let mut has_unreleased = false;
        let topic_ids: BTreeSet<&Uuid> =
            self.target.keys().chain(current.assigned.keys()).collect();
        for topic_id in topic_ids {
            let target = match self.subscribed.contains(topic_id) {
                true => self.target.get(topic_id).unwrap_or(&nothing),
                false => &nothing,
            };
            for (index, since) in current.assigned.get(topic_id).into_iter().flatten() {
                let side = if target.contains(index) { &mut assigned } else { &mut revoking };
                side.entry(*topic_id).or_default().insert(*index, *since);
            }
            let has = current.assigned.get(topic_id);
            let gives = current.revoking.get(topic_id);
            let missing =
                target.iter().filter(|index| !has.is_some_and(|has| has.contains_key(*index)));
            for index in missing {
                let is_own = gives.is_some_and(|gives| gives.contains_key(index));
                if !is_own && (self.is_taken)(*topic_id, *index) {
                    has_unreleased = true;
                } else {
                    new.entry(*topic_id).or_default().push(*index);
                }
            }
        }
        if !revoking.is_empty() && self.still_owns(&revoking) {
            return Current {
                epoch,
                previous_epoch: current.epoch,
                state: MemberState::UnrevokedPartitions,
                assigned,
                revoking,
            };
        }
        for (topic_id, indexes) in new {
            let topic = assigned.entry(topic_id).or_default();
            topic.extend(indexes.into_iter().map(|index| (index, self.target_epoch)));
        }
        let state = match has_unreleased {
            true => MemberState::UnreleasedPartitions,
            false => MemberState::Stable,
        };
        Current {
            epoch: self.target_epoch,
            previous_epoch: current.epoch,
            state,
            assigned,
            revoking: EpochPartitions::new(),
        }
    }
}
