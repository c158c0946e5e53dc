//! ConsumerGroupHeartbeat (kafka-semantics 123 to 134).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::{Str, Uuid};

use super::assign::{Assignor, Candidate};
use super::hash::TopicHashes;
use super::member::{Current, MemberState, Partitions, Subscription};
use super::part::{Epoch, Part, TargetEpoch};
use super::reconcile::Step;
use super::regex::{self, Change};
use super::request::{ConsumerBeat, ConsumerHeartbeat};
use super::state::ConsumerGroup;
use super::subscribe::{Arrival, Subject, topic_ids};
use crate::error::Error;
use crate::journal::Record;
use crate::outcome::Timer;
use crate::turn::Turn;

/// Where the target assignment stands after a heartbeat, and what of it is the member's.
struct Target {
    epoch: i32,
    partitions: Arc<Partitions>,
}

impl ConsumerGroup {
    /// Handles a heartbeat of a member that stays or joins. Nothing of the group changes but what is
    /// soft; the records say what does.
    pub(crate) fn heartbeat(
        &mut self,
        request: &ConsumerHeartbeat,
        hashes: &mut TopicHashes,
        records: &mut Vec<Record>,
        turn: &mut Turn<'_>,
    ) -> Result<ConsumerBeat, Error> {
        let member_id = match request.member_id.is_empty() {
            true => Str::from(request.random.to_string()),
            false => request.member_id.detach(),
        };
        self.check_room(&member_id, turn.settings.consumer.max_size)?;
        let owned = request.owned.as_deref();
        let arrival = Arrival {
            member_id: &member_id,
            instance_id: request.instance_id.as_ref(),
            joins: request.is_join(),
            epoch: Some(request.member_epoch),
            owned,
        };
        let subject = self.subject(&arrival, records)?;
        let after = subject.updated(request);
        let current = self.advance(&subject, &after, owned, hashes, records, turn)?;
        self.await_heartbeat(&member_id, turn);
        let has_moved = !Arc::ptr_eq(&current, &subject.current)
            && current.assigned != subject.current.assigned;
        let is_answered = request.is_join() || request.is_full() || has_moved;
        let millis = |name, of_broker| turn.cluster.group_millis(&self.id, name, of_broker);
        Ok(ConsumerBeat {
            member_id,
            member_epoch: current.epoch,
            heartbeat_interval_ms: millis(
                "consumer.heartbeat.interval.ms",
                turn.settings.consumer.heartbeat_interval_ms,
            ),
            assignment: is_answered.then(|| without_epochs(&current)),
        })
    }

    /// Takes in what a member says of itself, brings group and target assignment up to date, and
    /// leads the member a step on. Gives its assignment after it.
    pub(super) fn advance(
        &mut self,
        subject: &Subject,
        after: &Arc<Subscription>,
        owned: Option<&[(Uuid, Vec<i32>)]>,
        hashes: &mut TopicHashes,
        records: &mut Vec<Record>,
        turn: &mut Turn<'_>,
    ) -> Result<Arc<Current>, Error> {
        let member_id = &subject.member_id;
        let before = subject.subscription.as_deref();
        let is_same = subject.subscription.as_ref().is_some_and(|it| Arc::ptr_eq(it, after));
        if !is_same && before != Some(&**after) {
            let part = Part::Member(member_id.clone(), Some(Arc::clone(after)));
            records.push(self.record(part));
        }
        let nothing = BTreeSet::new();
        let has_new_topics =
            !is_same && before.map_or(&nothing, |before| &before.topics) != &after.topics;
        let change = self.update_regexes(before, after, records, turn)?;
        let must_bump = has_new_topics || change == Change::Resolved;
        let mut epoch = self.epoch.epoch;
        if must_bump || self.is_check_due() {
            epoch = self.check_topics(must_bump, before, after, hashes, records, turn);
        }
        let target = self.update_target(epoch, subject, after, records, turn);
        let has_changed = has_new_topics || change != Change::None;
        let current = self.reconcile(subject, after, &target, has_changed, owned, turn)?;
        if !Arc::ptr_eq(&current, &subject.current) {
            let part = Part::Current(member_id.clone(), Some(Arc::clone(&current)));
            records.push(self.record(part));
            // Members that speak the classic protocol are timed by their joins.
            if after.classic.is_none() {
                self.time_revocation(member_id, &current, after, turn);
            }
        }
        Ok(current)
    }

    pub(super) fn check_room(&self, member_id: &Str, max_size: usize) -> Result<(), Error> {
        if self.size() >= max_size && self.member(member_id).is_none() {
            return Err(Error::ConsumerGroupFull(max_size));
        }
        Ok(())
    }

    /// Looks at the topics that the group is subscribed to. Gives the group's epoch, which is a new
    /// one if they changed or if it must be.
    fn check_topics(
        &mut self,
        must_bump: bool,
        before: Option<&Subscription>,
        after: &Subscription,
        hashes: &mut TopicHashes,
        records: &mut Vec<Record>,
        turn: &Turn<'_>,
    ) -> i32 {
        let mut counts = self.topic_counts.clone();
        for topic in before.into_iter().flat_map(|before| &before.topics) {
            counts.entry(topic.clone()).and_modify(|count| *count -= 1);
        }
        for topic in &after.topics {
            *counts.entry(topic.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count > 0);
        let mut regexes = self.regexes.clone();
        regexes.retain(|regex, _| self.is_matched_for(regex, before, after));
        let names = regex::topic_names(&counts, &regexes);
        let metadata_hash = hashes.of(names.into_iter(), &**turn.cluster);
        let mut epoch = self.epoch.epoch;
        if must_bump || metadata_hash != self.epoch.metadata_hash {
            epoch = epoch.saturating_add(1);
            let part = Part::Epoch(Some(Epoch { epoch, metadata_hash }));
            records.push(self.record(part));
        }
        if self.partition_metadata.is_some() {
            records.push(self.record(Part::PartitionMetadata(None)));
        }
        self.checked_in_epoch = Some(epoch);
        epoch
    }

    /// Whether a pattern has subscribers once the member has the new one.
    fn is_matched_for(
        &self,
        regex: &Str,
        before: Option<&Subscription>,
        after: &Subscription,
    ) -> bool {
        let was = before.and_then(Subscription::pattern) == Some(regex);
        let is = after.pattern() == Some(regex);
        let others = self.regex_counts.get(regex).map_or(0, |count| count - usize::from(was));
        is || others > 0
    }

    /// Makes a new target assignment if the group's epoch asks for one and the last is old enough.
    fn update_target(
        &self,
        epoch: i32,
        subject: &Subject,
        after: &Arc<Subscription>,
        records: &mut Vec<Record>,
        turn: &Turn<'_>,
    ) -> Target {
        let last = self.target_epoch;
        let interval_ms = turn.cluster.group_millis(
            &self.id,
            "consumer.assignment.interval.ms",
            turn.settings.consumer.assignment_interval_ms,
        );
        let next_ms = last.timestamp_ms.saturating_add(i64::from(interval_ms));
        let is_late_enough = last.timestamp_ms == 0 || interval_ms == 0 || turn.now_ms >= next_ms;
        if last.epoch >= epoch || !is_late_enough {
            return Target { epoch: last.epoch, partitions: self.target_of(subject) };
        }
        let (candidates, partitions) = self.candidates(subject, after, turn);
        let assignor = self.preferred_assignor(subject.subscription.as_deref(), after, turn);
        let assignment = assignor.assign(&candidates, &partitions);
        let mut own = Arc::default();
        for (candidate, partitions) in candidates.iter().zip(assignment) {
            let is_own = candidate.member_id == subject.member_id;
            // One that takes another's place has its target in the records already.
            let has_target = self.targets.contains_key(&candidate.member_id)
                || (is_own && subject.replaces.is_some());
            let target = match has_target && partitions == *candidate.target {
                true => Arc::clone(&candidate.target),
                false => {
                    let target = Arc::new(partitions);
                    let value = Some(Arc::clone(&target));
                    records.push(self.record(Part::Target(candidate.member_id.clone(), value)));
                    target
                }
            };
            if is_own {
                own = target;
            }
        }
        let made = TargetEpoch { epoch, timestamp_ms: turn.now_ms };
        records.push(self.record(Part::TargetEpoch(Some(made))));
        Target { epoch, partitions: own }
    }

    /// The members as an assignor sees them, the one of the heartbeat as it is now, and the topics.
    fn candidates(
        &self,
        subject: &Subject,
        after: &Arc<Subscription>,
        turn: &Turn<'_>,
    ) -> (Vec<Candidate>, BTreeMap<Uuid, i32>) {
        let mut members: BTreeMap<&Str, (&Arc<Subscription>, Arc<Partitions>)> = self
            .members()
            .map(|(member_id, _, subscription)| {
                let target = self.targets.get(member_id).cloned().unwrap_or_default();
                (member_id, (subscription, target))
            })
            .collect();
        if let Some(replaced) = &subject.replaces {
            members.remove(replaced);
        }
        members.insert(&subject.member_id, (after, self.target_of(subject)));
        // Most members are subscribed to the same topics.
        let mut known = BTreeMap::new();
        let candidates: Vec<Candidate> = members
            .into_iter()
            .map(|(member_id, (subscription, target))| {
                let topics =
                    known.entry((&subscription.topics, subscription.pattern())).or_insert_with(
                        || Arc::new(topic_ids(subscription, &self.regexes, &**turn.cluster)),
                    );
                Candidate {
                    member_id: member_id.clone(),
                    instance_id: subscription.instance_id.clone(),
                    topics: Arc::clone(topics),
                    target,
                }
            })
            .collect();
        let names = known.keys().flat_map(|(names, regex)| {
            let resolved = regex.and_then(|regex| self.regexes.get(regex));
            names.iter().chain(resolved.into_iter().flat_map(|resolved| &resolved.topics))
        });
        let topics = names.filter_map(|name| turn.cluster.topic(name));
        let partitions = topics.map(|topic| (topic.id, topic.partitions)).collect();
        (candidates, partitions)
    }

    /// The assignor that most members prefer.
    fn preferred_assignor(
        &self,
        before: Option<&Subscription>,
        after: &Subscription,
        turn: &Turn<'_>,
    ) -> Assignor {
        let mut counts = self.assignor_counts.clone();
        if let Some(before) = before.and_then(|before| before.server_assignor.as_ref()) {
            counts.entry(before.clone()).and_modify(|count| *count -= 1);
        }
        if let Some(after) = &after.server_assignor {
            *counts.entry(after.clone()).or_default() += 1;
        }
        let preferred = counts.iter().filter(|(_, count)| **count > 0).max_by_key(|it| it.1);
        preferred
            .and_then(|(name, _)| Assignor::from_name(name))
            .unwrap_or_else(|| turn.settings.consumer.default_assignor())
    }

    fn reconcile(
        &self,
        subject: &Subject,
        after: &Subscription,
        target: &Target,
        has_subscription_changed: bool,
        owned: Option<&[(Uuid, Vec<i32>)]>,
        turn: &Turn<'_>,
    ) -> Result<Arc<Current>, Error> {
        if !has_subscription_changed && subject.current.is_reconciled_to(target.epoch) {
            return Ok(Arc::clone(&subject.current));
        }
        let is_own =
            |owner: &Str| *owner == subject.member_id || subject.replaces.as_ref() == Some(owner);
        let is_taken =
            |topic_id, index| self.owner(topic_id, index).is_some_and(|owner| !is_own(owner));
        let step = Step {
            target_epoch: target.epoch,
            target: &target.partitions,
            subscribed: &topic_ids(after, &self.regexes, &**turn.cluster),
            has_subscription_changed,
            owned,
            is_taken: &is_taken,
        };
        let next = step.next(&subject.current)?;
        Ok(if next == *subject.current { Arc::clone(&subject.current) } else { Arc::new(next) })
    }

    /// A member has to give partitions back in time (kafka-semantics 129).
    fn time_revocation(
        &self,
        member_id: &Str,
        current: &Current,
        subscription: &Subscription,
        turn: &mut Turn<'_>,
    ) {
        let timer = Timer::Revocation { group_id: self.id.clone(), member_id: member_id.clone() };
        match current.state {
            MemberState::UnrevokedPartitions => {
                turn.out.schedule(timer, i64::from(subscription.rebalance_timeout_ms));
            }
            MemberState::Stable | MemberState::UnreleasedPartitions | MemberState::Unknown => {
                turn.out.cancel(timer);
            }
        }
    }

    /// (Re)starts the timer that notices a member's silence (kafka-semantics 131).
    pub(super) fn await_heartbeat(&self, member_id: &Str, turn: &mut Turn<'_>) {
        let classic = self.member(member_id).and_then(|(_, it)| it.classic.as_ref());
        let after_ms = match classic {
            Some(classic) => classic.session_timeout_ms,
            None => turn.cluster.group_millis(
                &self.id,
                "consumer.session.timeout.ms",
                turn.settings.consumer.session_timeout_ms,
            ),
        };
        turn.out.schedule(self.session_timer(member_id), i64::from(after_ms));
    }
}

fn without_epochs(current: &Current) -> Partitions {
    let topics = current.assigned.iter();
    topics.map(|(topic_id, indexes)| (*topic_id, indexes.keys().copied().collect())).collect()
}
