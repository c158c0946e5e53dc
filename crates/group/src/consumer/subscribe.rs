//! Which member a heartbeat is of (kafka-semantics 125, 126).

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::{Str, Uuid};

use super::member::{Current, EpochPartitions, Partitions, Subscription};
use super::part::Part;
use super::request::{AWAY, ConsumerHeartbeat};
use super::state::ConsumerGroup;
use crate::classic::request::Client;
use crate::error::Error;
use crate::journal::Record;

/// The member of a heartbeat as it was before.
pub(super) struct Subject {
    pub(super) member_id: Str,
    /// What it said of itself; none if it is new.
    pub(super) subscription: Option<Arc<Subscription>>,
    pub(super) current: Current,
    /// The member whose place it takes.
    pub(super) replaces: Option<Str>,
}

impl ConsumerGroup {
    /// The member that sends a heartbeat, or that joins with it. Records are added where it takes
    /// the place of another one.
    pub(super) fn subject(
        &self,
        request: &ConsumerHeartbeat,
        member_id: &Str,
        records: &mut Vec<Record>,
    ) -> Result<Subject, Error> {
        match &request.instance_id {
            None => self.dynamic_subject(request, member_id),
            Some(instance_id) => self.static_subject(request, member_id, instance_id, records),
        }
    }

    fn dynamic_subject(
        &self,
        request: &ConsumerHeartbeat,
        member_id: &Str,
    ) -> Result<Subject, Error> {
        match self.existing(member_id) {
            Some(subject) => {
                validate_epoch(&subject.current, request)?;
                Ok(subject)
            }
            None if request.is_join() => Ok(new_subject(member_id)),
            None => Err(self.unknown_member(member_id)),
        }
    }

    fn static_subject(
        &self,
        request: &ConsumerHeartbeat,
        member_id: &Str,
        instance_id: &Str,
        records: &mut Vec<Record>,
    ) -> Result<Subject, Error> {
        let existing = self.static_member(instance_id);
        let existing = existing.and_then(|owner| Some((owner, self.existing(owner)?)));
        let Some((owner, subject)) = existing else {
            return match request.is_join() {
                true => Ok(self.existing(member_id).unwrap_or_else(|| new_subject(member_id))),
                false => Err(Error::UnknownInstanceId(instance_id.clone())),
            };
        };
        if !request.is_join() {
            if owner != member_id {
                return Err(fenced(member_id, instance_id, owner));
            }
            validate_epoch(&subject.current, request)?;
            return Ok(subject);
        }
        if subject.current.epoch != AWAY && !subject.speaks_classic() {
            return Err(Error::UnreleasedInstanceId(format!(
                "Static member {member_id} with instance id {instance_id} cannot join the group \
                 because the instance id is owned by {owner} member."
            )));
        }
        Ok(self.take_over(owner, member_id, subject, records))
    }

    /// A static member is back with another id, and gets what the old one had.
    fn take_over(
        &self,
        owner: &Str,
        member_id: &Str,
        mut subject: Subject,
        records: &mut Vec<Record>,
    ) -> Subject {
        subject.current.epoch = 0;
        subject.current.previous_epoch = 0;
        let target = self.targets.get(owner).cloned().unwrap_or_default();
        self.remove_member(owner, records);
        let (subscription, current) = (subject.subscription.clone(), subject.current.clone());
        for part in [
            Part::Member(member_id.clone(), subscription),
            Part::Target(member_id.clone(), Some(target)),
            Part::Current(member_id.clone(), Some(Arc::new(current))),
        ] {
            records.push(self.record(part));
        }
        Subject { member_id: member_id.clone(), replaces: Some(owner.clone()), ..subject }
    }

    fn existing(&self, member_id: &Str) -> Option<Subject> {
        let (member, subscription) = self.member(member_id)?;
        Some(Subject {
            member_id: member_id.clone(),
            subscription: Some(Arc::clone(subscription)),
            current: member.current(),
            replaces: None,
        })
    }

    pub(super) fn unknown_member(&self, member_id: &Str) -> Error {
        Error::NotAMember { member_id: member_id.clone(), group_id: self.id.clone() }
    }

    /// What removes a member, in the order that loading relies on.
    pub(super) fn remove_member(&self, member_id: &Str, records: &mut Vec<Record>) {
        let parts = [
            Part::Current(member_id.clone(), None),
            Part::Target(member_id.clone(), None),
            Part::Member(member_id.clone(), None),
        ];
        records.extend(parts.into_iter().map(|part| self.record(part)));
    }

    /// What a member shall have so far; that of the one whose place it took.
    pub(super) fn target_of(&self, subject: &Subject) -> Arc<Partitions> {
        let holder = subject.replaces.as_ref().unwrap_or(&subject.member_id);
        self.targets.get(holder).cloned().unwrap_or_default()
    }
}

impl Subject {
    fn speaks_classic(&self) -> bool {
        self.subscription.as_ref().is_some_and(|subscription| subscription.classic.is_some())
    }

    /// What the member says of itself now. What a request leaves out stays.
    pub(super) fn updated(&self, request: &ConsumerHeartbeat) -> Subscription {
        let mut after = self
            .subscription
            .as_deref()
            .cloned()
            .unwrap_or(Subscription { rebalance_timeout_ms: -1, ..Subscription::default() });
        let update = |field: &mut Option<Str>, value: &Option<Str>| {
            if let Some(value) = value {
                *field = Some(value.detach());
            }
        };
        update(&mut after.instance_id, &request.instance_id);
        update(&mut after.rack_id, &request.rack_id);
        update(&mut after.regex, &request.regex);
        update(&mut after.server_assignor, &request.server_assignor);
        if request.rebalance_timeout_ms != -1 {
            after.rebalance_timeout_ms = request.rebalance_timeout_ms;
        }
        if let Some(topics) = &request.topics {
            after.topics = topics.iter().map(Str::detach).collect();
        }
        let Client { id, host } = &request.client;
        after.client = Client { id: id.detach(), host: host.detach() };
        after.classic = None;
        after
    }
}

fn new_subject(member_id: &Str) -> Subject {
    Subject {
        member_id: member_id.clone(),
        subscription: None,
        current: Current::default(),
        replaces: None,
    }
}

/// An older epoch is the member's if the answer with the newer one was lost.
fn validate_epoch(current: &Current, request: &ConsumerHeartbeat) -> Result<(), Error> {
    let (received, known) = (request.member_epoch, current.epoch);
    if request.is_join() || received == known {
        return Ok(());
    }
    let is_retry = received == current.previous_epoch
        && request.owned.as_ref().is_some_and(|owned| is_subset(owned, &current.assigned));
    if received < known && is_retry {
        return Ok(());
    }
    let which = if received > known { "greater" } else { "smaller" };
    Err(Error::FencedMemberEpoch(format!(
        "The consumer group member has a {which} member epoch ({received}) than the one known by \
         the group coordinator ({known}). The member must abandon all its partitions and rejoin."
    )))
}

fn is_subset(owned: &[(Uuid, Vec<i32>)], assigned: &EpochPartitions) -> bool {
    owned.iter().all(|(topic_id, indexes)| {
        assigned
            .get(topic_id)
            .is_some_and(|topic| indexes.iter().all(|index| topic.contains_key(index)))
    })
}

pub(super) fn fenced(member_id: &Str, instance_id: &Str, owner: &Str) -> Error {
    Error::FencedStaticMember(format!(
        "Static member {member_id} with instance id {instance_id} was fenced by member {owner}."
    ))
}

/// The ids of the topics that a member is subscribed to.
pub(super) fn topic_ids(
    subscription: &Subscription,
    regexes: &std::collections::BTreeMap<Str, Arc<super::part::Resolved>>,
    cluster: &dyn crate::cluster::Cluster,
) -> BTreeSet<Uuid> {
    let resolved = subscription.pattern().and_then(|regex| regexes.get(regex));
    let by_pattern = resolved.into_iter().flat_map(|resolved| &resolved.topics);
    let names = subscription.topics.iter().chain(by_pattern);
    names.filter_map(|name| cluster.topic(name)).map(|topic| topic.id).collect()
}
