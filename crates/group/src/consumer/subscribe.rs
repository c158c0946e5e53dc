//! Which member a heartbeat is of (kafka-semantics 125, 126).

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::{Str, Uuid};

use super::member::{Current, EpochPartitions, Partitions, Subscription};
use super::part::Part;
use super::request::{AWAY, ConsumerHeartbeat, JOINING};
use super::state::ConsumerGroup;
use crate::classic::request::Client;
use crate::error::Error;
use crate::journal::Record;

/// A member that comes, as both protocols tell of it.
pub(super) struct Arrival<'a> {
    pub(super) member_id: &'a Str,
    pub(super) instance_id: Option<&'a Str>,
    /// Whether it may be new.
    pub(super) joins: bool,
    /// Its epoch, which it has to know; none for members that speak the classic protocol.
    pub(super) epoch: Option<i32>,
    /// What it says it has.
    pub(super) owned: Option<&'a [(Uuid, Vec<i32>)]>,
}

/// The member of a heartbeat as it was before.
pub(super) struct Subject {
    pub(super) member_id: Str,
    /// What it said of itself; none if it is new.
    pub(super) subscription: Option<Arc<Subscription>>,
    pub(super) current: Arc<Current>,
    /// The member whose place it takes.
    pub(super) replaces: Option<Str>,
}

impl ConsumerGroup {
    /// The member that comes. Records are added where it takes the place of another one.
    pub(super) fn subject(
        &self,
        arrival: &Arrival<'_>,
        records: &mut Vec<Record>,
    ) -> Result<Subject, Error> {
        match arrival.instance_id {
            None => self.dynamic_subject(arrival),
            Some(instance_id) => self.static_subject(arrival, instance_id, records),
        }
    }

    fn dynamic_subject(&self, arrival: &Arrival<'_>) -> Result<Subject, Error> {
        match self.existing(arrival.member_id) {
            Some(subject) => {
                validate_epoch(&subject.current, arrival)?;
                Ok(subject)
            }
            None if arrival.joins => Ok(new_subject(arrival.member_id)),
            None => Err(self.unknown_member(arrival.member_id)),
        }
    }

    fn static_subject(
        &self,
        arrival: &Arrival<'_>,
        instance_id: &Str,
        records: &mut Vec<Record>,
    ) -> Result<Subject, Error> {
        let member_id = arrival.member_id;
        let existing = self.static_member(instance_id);
        let existing = existing.and_then(|owner| Some((owner, self.existing(owner)?)));
        let Some((owner, subject)) = existing else {
            return match arrival.joins {
                true => Ok(self.existing(member_id).unwrap_or_else(|| new_subject(member_id))),
                false => Err(Error::UnknownInstanceId(instance_id.clone())),
            };
        };
        if !arrival.joins {
            if owner != member_id {
                return Err(fenced(member_id, instance_id, owner));
            }
            validate_epoch(&subject.current, arrival)?;
            return Ok(subject);
        }
        let both_speak_consumer = arrival.epoch.is_some() && !subject.speaks_classic();
        if subject.current.epoch != AWAY && both_speak_consumer {
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
        let current = Arc::make_mut(&mut subject.current);
        current.epoch = 0;
        current.previous_epoch = 0;
        let target = self.targets.get(owner).cloned().unwrap_or_default();
        self.remove_member(owner, records);
        let (subscription, current) = (subject.subscription.clone(), subject.current.clone());
        for part in [
            Part::Member(member_id.clone(), subscription),
            Part::Target(member_id.clone(), Some(target)),
            Part::Current(member_id.clone(), Some(current)),
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
            current: member.current.clone().unwrap_or_default(),
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

    /// What the member says of itself now. What a request leaves out stays; most leave out all.
    pub(super) fn updated(&self, request: &ConsumerHeartbeat) -> Arc<Subscription> {
        match &self.subscription {
            Some(before) if request.says_nothing_new(before) => Arc::clone(before),
            _ => Arc::new(self.renewed(request)),
        }
    }

    fn renewed(&self, request: &ConsumerHeartbeat) -> Subscription {
        let mut after = self.subscription.as_deref().cloned().unwrap_or(Subscription {
            regex: Some(Str::new()),
            rebalance_timeout_ms: -1,
            ..Subscription::default()
        });
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
        current: Arc::default(),
        replaces: None,
    }
}

/// An older epoch is the member's if the answer with the newer one was lost.
fn validate_epoch(current: &Current, arrival: &Arrival<'_>) -> Result<(), Error> {
    let known = current.epoch;
    let Some(received) = arrival.epoch else { return Ok(()) };
    if received == JOINING || received == known {
        return Ok(());
    }
    let is_retry = received == current.previous_epoch
        && arrival.owned.is_some_and(|owned| is_subset(owned, &current.assigned));
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
