//! Heartbeats of members (kafka-semantics 158).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::{Str, Uuid};

use super::assign::{Spec, assign};
use super::member::{Current, Subscription};
use super::part::{Epoch, Part, TargetEpoch};
use super::request::{BeginStates, JOINING, ShareBeat, ShareHeartbeat};
use super::state::ShareGroup;
use super::states::{States, Tracked};
use crate::cluster::Cluster;
use crate::consumer::{Partitions, TopicHashes};
use crate::error::Error;
use crate::turn::Turn;

/// The epoch and target that a member is led to.
struct Target {
    epoch: i32,
    partitions: Arc<Partitions>,
}

impl ShareGroup {
    /// A member says that it is there. What changes is in the parts, to be applied in their order.
    pub(crate) fn heartbeat(
        &mut self,
        request: &ShareHeartbeat,
        hashes: &mut TopicHashes,
        turn: &Turn<'_>,
    ) -> Result<(ShareBeat, Vec<Part>), Error> {
        let member_id = &request.member_id;
        let known = self.member(member_id);
        if known.is_none() && self.size() >= turn.settings.share.max_size {
            return Err(Error::ShareGroupFull(turn.settings.share.max_size));
        }
        if known.is_none() && request.member_epoch != JOINING {
            return Err(self.not_a_member(member_id));
        }
        let current = known.and_then(|(member, _)| member.current.clone()).unwrap_or_default();
        check_epoch(&current, request.member_epoch)?;
        let before = known.map(|(_, subscription)| Arc::clone(subscription));
        let subscription = Arc::new(updated(before.as_deref(), request));

        let mut parts = Vec::new();
        let mut bump = before.as_ref().is_none_or(|before| before.topics != subscription.topics);
        if before.as_ref() != Some(&subscription) {
            parts.push(Part::Member(member_id.detach(), Some(Arc::clone(&subscription))));
        }
        let up_to_date = self.target_epoch.epoch >= self.epoch.epoch;
        bump |= up_to_date && self.has_unassigned_states();
        let topics = self.topics_with(member_id, Some(&subscription));
        let mut epoch = self.epoch.epoch;
        if bump || self.is_check_due() {
            let metadata_hash = hashes.of(topics.iter(), &**turn.cluster);
            bump |= metadata_hash != self.epoch.metadata_hash;
            if bump {
                epoch = epoch.wrapping_add(1);
                parts.push(Part::Epoch(Some(Epoch { epoch, metadata_hash })));
            }
            self.checked_in_epoch = Some(epoch);
        }
        let target = self.target(member_id, &subscription, epoch, turn, &mut parts);
        let reconciled = reconcile(&current, &target, &subscription, bump, &**turn.cluster);
        if reconciled != *current {
            let reconciled = Some(Arc::new(reconciled.clone()));
            parts.push(Part::Current(member_id.detach(), reconciled));
        }
        let is_told = request.member_epoch == JOINING
            || request.topics.is_some()
            || reconciled.assigned != current.assigned;
        let begins = self.states_to_begin(&topics, epoch, turn, &mut parts);
        let interval_ms = turn.settings.share.heartbeat_interval_ms;
        let beat = ShareBeat {
            member_id: member_id.clone(),
            member_epoch: reconciled.epoch,
            heartbeat_interval_ms: turn.cluster.group_millis(
                &self.id,
                "share.heartbeat.interval.ms",
                interval_ms,
            ),
            assignment: is_told.then_some(reconciled.assigned),
            begins,
        };
        Ok((beat, parts))
    }

    /// A member leaves, or was silent for too long.
    pub(crate) fn remove_member(
        &self,
        member_id: &Str,
        hashes: &mut TopicHashes,
        turn: &Turn<'_>,
    ) -> Result<Vec<Part>, Error> {
        if self.member(member_id).is_none() {
            return Err(self.not_a_member(member_id));
        }
        let topics = self.topics_with(member_id, None);
        let metadata_hash = hashes.of(topics.iter(), &**turn.cluster);
        let epoch = self.epoch.epoch.wrapping_add(1);
        let member_id = member_id.detach();
        Ok(vec![
            Part::Current(member_id.clone(), None),
            Part::Target(member_id.clone(), None),
            Part::Member(member_id, None),
            Part::Epoch(Some(Epoch { epoch, metadata_hash })),
        ])
    }

    fn not_a_member(&self, member_id: &Str) -> Error {
        Error::NotAMember { member_id: member_id.clone(), group_id: self.id.clone() }
    }

    /// Whether partitions of topics that members are subscribed to have states and are nobody's.
    fn has_unassigned_states(&self) -> bool {
        let Some(states) = self.states.as_ref().filter(|_| !self.is_empty()) else { return false };
        let mut assigned = Partitions::new();
        for (topic_id, partitions) in self.targets.values().flat_map(|target| target.iter()) {
            assigned.entry(*topic_id).or_default().extend(partitions);
        }
        states.initialized.iter().any(|(topic_id, tracked)| {
            self.is_subscribed_to(&tracked.name)
                && assigned.get(topic_id) != Some(&tracked.partitions)
        })
    }

    /// What the member shall have: as it was, or computed anew if the group has changed and the last
    /// time is long enough ago.
    fn target(
        &self,
        member_id: &Str,
        subscription: &Arc<Subscription>,
        epoch: i32,
        turn: &Turn<'_>,
        parts: &mut Vec<Part>,
    ) -> Target {
        let as_before = || Target {
            epoch: self.target_epoch.epoch,
            partitions: self.targets.get(member_id).cloned().unwrap_or_default(),
        };
        let interval_ms = turn.cluster.group_millis(
            &self.id,
            "share.assignment.interval.ms",
            turn.settings.share.assignment_interval_ms,
        );
        let made_ms = self.target_epoch.timestamp_ms;
        let may_compute = made_ms == 0
            || interval_ms == 0
            || turn.now_ms >= made_ms.saturating_add(interval_ms.into());
        if self.target_epoch.epoch >= epoch || !may_compute {
            return as_before();
        }
        let mut targets = self.compute_targets(member_id, subscription, &**turn.cluster);
        for (of_member, target) in &targets {
            if self.targets.get(of_member).is_none_or(|before| before != target) {
                parts.push(Part::Target(of_member.clone(), Some(Arc::clone(target))));
            }
        }
        let timestamp_ms = turn.now_ms;
        parts.push(Part::TargetEpoch(Some(TargetEpoch { epoch, timestamp_ms })));
        Target { epoch, partitions: targets.remove(member_id).unwrap_or_default() }
    }

    fn compute_targets(
        &self,
        member_id: &Str,
        subscription: &Arc<Subscription>,
        cluster: &dyn Cluster,
    ) -> BTreeMap<Str, Arc<Partitions>> {
        let ids = |topics: &BTreeSet<Str>| -> BTreeSet<Uuid> {
            topics.iter().filter_map(|name| cluster.topic(name)).map(|topic| topic.id).collect()
        };
        let mut members: BTreeMap<&Str, &Arc<Subscription>> =
            self.members().map(|(id, _, subscription)| (id, subscription)).collect();
        members.insert(member_id, subscription);
        let specs: Vec<Spec<'_>> = members
            .into_iter()
            .map(|(member_id, subscription)| Spec {
                member_id,
                topics: ids(&subscription.topics),
                target: self.targets.get(member_id).map(|target| &**target),
            })
            .collect();
        let states = self.states.iter().flat_map(|states| &states.initialized);
        let assignable = states
            .map(|(topic_id, tracked)| (*topic_id, tracked.partitions.clone()))
            .collect::<Partitions>();
        let targets = assign(&specs, &assignable).into_iter();
        targets.map(|(member_id, target)| (member_id.detach(), Arc::new(target))).collect()
    }

    /// Partitions of the group's topics that have no state yet, or do not come to one.
    fn states_to_begin(
        &self,
        topics: &BTreeSet<Str>,
        state_epoch: i32,
        turn: &Turn<'_>,
        parts: &mut Vec<Part>,
    ) -> Option<BeginStates> {
        let none = Arc::new(States::default());
        let states = self.states.as_ref().unwrap_or(&none);
        let (now_ms, retry_ms) =
            (turn.now_ms, turn.settings.share.initialize_retry_interval_ms.into());
        let mut begin: BTreeMap<Uuid, Tracked> = BTreeMap::new();
        for name in topics {
            let Some(topic) = turn.cluster.topic(name) else { continue };
            let missing = (0..topic.partitions)
                .filter(|index| !states.is_under_way(&topic.id, *index, now_ms, retry_ms));
            let partitions: BTreeSet<i32> = missing.collect();
            if !partitions.is_empty() {
                let tracked = Tracked { name: name.detach(), partitions, since_ms: now_ms };
                begin.insert(topic.id, tracked);
            }
        }
        if begin.is_empty() {
            return None;
        }
        let partitions = begin.iter().flat_map(|(topic_id, tracked)| {
            tracked.partitions.iter().map(|index| (*topic_id, *index, -1))
        });
        let partitions = partitions.collect();
        let mut states = (**states).clone();
        states.begin(begin);
        parts.push(Part::States(Some(Arc::new(states))));
        Some(BeginStates { group_id: self.id.clone(), state_epoch, partitions })
    }
}

/// A member comes with its epoch, or with the one before if an answer was lost.
fn check_epoch(current: &Current, epoch: i32) -> Result<(), Error> {
    let Current { epoch: known, previous_epoch: previous, .. } = *current;
    if epoch == JOINING || epoch == known || epoch == previous && epoch < known {
        return Ok(());
    }
    let what = match epoch > known {
        true => format!(
            "a greater member epoch ({epoch}) than the one known by the group coordinator ({known})"
        ),
        false => format!(
            "a smaller member epoch ({epoch}) than the one known by the group coordinator ({known}), \
             and it does not match the previous member epoch ({previous})"
        ),
    };
    Err(Error::FencedMemberEpoch(format!(
        "The share group member has {what}. The member must abandon all its partitions and rejoin."
    )))
}

fn updated(before: Option<&Subscription>, request: &ShareHeartbeat) -> Subscription {
    let mut subscription = before.cloned().unwrap_or_default();
    if let Some(rack_id) = &request.rack_id {
        subscription.rack_id = Some(rack_id.detach());
    }
    if let Some(topics) = &request.topics {
        subscription.topics = topics.iter().map(Str::detach).collect();
    }
    subscription.client.id = request.client.id.detach();
    subscription.client.host = request.client.host.detach();
    subscription
}

/// A member has what it shall have, of the topics it is subscribed to, at once: others may have the
/// same.
fn reconcile(
    current: &Current,
    target: &Target,
    subscription: &Subscription,
    has_changed: bool,
    cluster: &dyn Cluster,
) -> Current {
    let moves = target.epoch != current.epoch;
    if !moves && !has_changed {
        return current.clone();
    }
    let names = subscription.topics.iter();
    let ids: BTreeSet<Uuid> =
        names.filter_map(|name| cluster.topic(name)).map(|topic| topic.id).collect();
    let assigned = target.partitions.iter().filter(|(topic_id, _)| ids.contains(topic_id));
    Current {
        epoch: target.epoch,
        previous_epoch: if moves { current.epoch } else { current.previous_epoch },
        assigned: assigned.map(|(topic_id, of)| (*topic_id, of.clone())).collect(),
    }
}
