//! Members that leave, are silent, or do not give partitions back (kafka-semantics 126, 129, 131).

use std::sync::Arc;

use wire::Str;

use super::hash::TopicHashes;
use super::member::{EpochPartitions, MemberState, Subscription};
use super::part::{Epoch, Part};
use super::regex;
use super::request::{AWAY, ConsumerBeat, ConsumerHeartbeat};
use super::state::ConsumerGroup;
use super::subscribe::fenced;
use crate::error::Error;
use crate::outcome::Timer;
use crate::turn::Turn;

impl ConsumerGroup {
    /// Handles a heartbeat of a member that leaves.
    pub(crate) fn leave(
        &self,
        request: &ConsumerHeartbeat,
        hashes: &mut TopicHashes,
        turn: &mut Turn<'_>,
    ) -> Result<ConsumerBeat, Error> {
        let member_id = &request.member_id;
        if let Some(instance_id) = &request.instance_id {
            match self.static_member(instance_id) {
                None => return Err(Error::UnknownInstanceId(instance_id.clone())),
                Some(owner) if owner != member_id => {
                    return Err(fenced(member_id, instance_id, owner));
                }
                Some(_) => {}
            }
        }
        let (member, _) = self.member(member_id).ok_or_else(|| self.unknown_member(member_id))?;
        if request.member_epoch == AWAY {
            let mut current = member.current();
            current.epoch = AWAY;
            current.revoking = EpochPartitions::new();
            // Who comes back has had them from the start.
            current
                .assigned
                .values_mut()
                .flat_map(|topic| topic.values_mut())
                .for_each(|it| *it = 0);
            let part = Part::Current(member_id.detach(), Some(Arc::new(current)));
            turn.out.records.push(self.record(part));
        } else {
            self.fence(std::slice::from_ref(member_id), hashes, turn);
        }
        Ok(ConsumerBeat {
            member_id: member_id.clone(),
            member_epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        })
    }

    /// Removes members. Where all others speak the classic protocol, the group becomes classic.
    pub(crate) fn fence(&self, member_ids: &[Str], hashes: &mut TopicHashes, turn: &mut Turn<'_>) {
        let leaving: Vec<(&Str, &Arc<Subscription>)> = member_ids
            .iter()
            .filter_map(|member_id| Some((member_id, self.member(member_id)?.1)))
            .collect();
        if leaving.is_empty() || self.downgrade_without(member_ids, turn) {
            return;
        }
        let mut counts = self.topic_counts.clone();
        let mut regex_counts = self.regex_counts.clone();
        let mut regexes = self.regexes.clone();
        for (member_id, subscription) in leaving {
            self.remove_member(member_id, &mut turn.out.records);
            self.cancel_timers(member_id, turn);
            for topic in &subscription.topics {
                counts.entry(topic.clone()).and_modify(|count| *count -= 1);
            }
            if let Some(regex) = subscription.pattern() {
                regex_counts.entry(regex.clone()).and_modify(|count| *count -= 1);
            }
        }
        counts.retain(|_, count| *count > 0);
        for regex in regex_counts.into_iter().filter(|(_, count)| *count == 0).map(|it| it.0) {
            if regexes.remove(&regex).is_some() {
                turn.out.records.push(self.record(Part::Regex(regex, None)));
            }
        }
        let names = regex::topic_names(&counts, &regexes);
        let metadata_hash = hashes.of(names.into_iter(), &**turn.cluster);
        let epoch = Epoch { epoch: self.epoch.epoch.saturating_add(1), metadata_hash };
        turn.out.records.push(self.record(Part::Epoch(Some(epoch))));
    }

    fn cancel_timers(&self, member_id: &Str, turn: &mut Turn<'_>) {
        let (group_id, member) = (self.id.clone(), member_id.clone());
        turn.out.cancel(self.session_timer(member_id));
        turn.out.cancel(Timer::Revocation { group_id, member_id: member });
        turn.out.cancel(self.rejoin_timer(member_id));
        turn.out.cancel(self.sync_timer(member_id));
    }

    /// A member took too long to give partitions back, unless it did meanwhile.
    pub(crate) fn expire_revocation(
        &self,
        member_id: &Str,
        hashes: &mut TopicHashes,
        turn: &mut Turn<'_>,
    ) {
        let state = self.members.get(member_id).map(|member| member.current().state);
        if state == Some(MemberState::UnrevokedPartitions) {
            self.fence(std::slice::from_ref(member_id), hashes, turn);
        }
    }

    /// The group is loaded: its members' clocks start anew.
    pub(crate) fn loaded(&self, turn: &mut Turn<'_>) {
        for (member_id, member, subscription) in self.members() {
            self.await_heartbeat(member_id, turn);
            if member.current().state == MemberState::UnrevokedPartitions {
                let (group_id, member_id) = (self.id.clone(), member_id.clone());
                let after_ms = i64::from(subscription.rebalance_timeout_ms);
                turn.out.schedule(Timer::Revocation { group_id, member_id }, after_ms);
            }
        }
    }
}
