//! What becomes of the states of a group's share partitions, and how a group is described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::{Str, Uuid};

use super::part::Part;
use super::request::{
    AlteredTopic, BeginStates, DescribedShareGroup, DescribedShareMember, EndStates, NotDeleted,
    StatesBegun,
};
use super::state::ShareGroup;
use super::states::{States, Tracked};
use crate::cluster::Cluster;
use crate::consumer::Partitions;

impl ShareGroup {
    fn states(&self) -> States {
        self.states.as_deref().cloned().unwrap_or_default()
    }

    /// States have begun, or could not.
    pub(crate) fn states_begun(
        &self,
        told: &StatesBegun,
        cluster: &dyn Cluster,
        now_ms: i64,
    ) -> Vec<Part> {
        let mut states = self.states();
        states.begun(&told.begun, cluster, now_ms);
        states.failed(&told.failed);
        self.changed(states)
    }

    /// The partitions that have states.
    pub(crate) fn list_states(&self) -> Partitions {
        let states = self.states.iter().flat_map(|states| &states.initialized);
        states.map(|(topic_id, tracked)| (*topic_id, tracked.partitions.clone())).collect()
    }

    /// The start offsets of partitions are set: their states begin anew.
    pub(crate) fn alter_states(
        &self,
        topics: &[(Str, Vec<(i32, i64)>)],
        cluster: &dyn Cluster,
        now_ms: i64,
    ) -> (Vec<AlteredTopic>, BeginStates, Vec<Part>) {
        let (mut altered, mut partitions) = (Vec::with_capacity(topics.len()), Vec::new());
        let mut begin: BTreeMap<Uuid, Tracked> = BTreeMap::new();
        for (name, asked) in topics {
            let topic = cluster.topic(name);
            let exists =
                |index: i32| topic.is_some_and(|topic| (0..topic.partitions).contains(&index));
            let topic_id = topic.map_or(Uuid::ZERO, |topic| topic.id);
            let told = asked.iter().map(|(index, _)| (*index, exists(*index))).collect();
            altered.push(AlteredTopic { name: name.clone(), topic_id, partitions: told });
            let known = asked.iter().filter(|(index, _)| exists(*index));
            partitions.extend(known.clone().map(|(index, offset)| (topic_id, *index, *offset)));
            let indexes: BTreeSet<i32> = known.map(|(index, _)| *index).collect();
            if !indexes.is_empty() {
                let tracked =
                    Tracked { name: name.detach(), partitions: indexes, since_ms: now_ms };
                begin.insert(topic_id, tracked);
            }
        }
        let state_epoch = self.epoch.epoch;
        let group_id = self.id.clone();
        let begins = BeginStates { group_id, state_epoch, partitions };
        if begin.is_empty() {
            return (altered, begins, Vec::new());
        }
        let mut states = self.states();
        states.begin(begin);
        (altered, begins, self.changed(states))
    }

    /// States are to end: those of some topics, or all of them.
    pub(crate) fn delete_states(
        &self,
        topics: Option<&[Str]>,
        cluster: &dyn Cluster,
    ) -> (EndStates, Vec<Part>) {
        let Some(before) = &self.states else {
            return (EndStates::default(), Vec::new());
        };
        let mut states = (**before).clone();
        let end = match topics {
            Some(topics) => end_topics(&mut states, topics, cluster),
            None => end_all(&mut states, cluster),
        };
        (end, self.changed(states))
    }

    /// The states of topics have ended.
    pub(crate) fn states_deleted(&self, topic_ids: &[Uuid]) -> Vec<Part> {
        let mut states = self.states();
        topic_ids.iter().for_each(|topic_id| drop(states.deleting.remove(topic_id)));
        self.changed(states)
    }

    /// Topics are gone, and share coordinators forget their states by themselves.
    pub(crate) fn topics_gone(&self, topic_ids: &BTreeSet<Uuid>) -> Vec<Part> {
        let mut states = self.states();
        if states.topics_gone(topic_ids) { self.changed(states) } else { Vec::new() }
    }

    fn changed(&self, states: States) -> Vec<Part> {
        match &self.states {
            Some(before) if **before == states => Vec::new(),
            None if states == States::default() => Vec::new(),
            _ => vec![Part::States(Some(Arc::new(states)))],
        }
    }

    /// As clients see it (kafka-apis 77).
    pub(crate) fn describe(&self, cluster: &dyn Cluster) -> DescribedShareGroup {
        let members = self.members().map(|(member_id, member, subscription)| {
            let current = member.current.as_deref();
            let assigned = current.into_iter().flat_map(|current| &current.assigned);
            let assigned = assigned.filter_map(|(topic_id, partitions)| {
                let name = cluster.topic_name(*topic_id)?;
                Some((*topic_id, name, partitions.iter().copied().collect()))
            });
            DescribedShareMember {
                member_id: member_id.clone(),
                rack_id: subscription.rack_id.clone(),
                epoch: current.map_or(0, |current| current.epoch),
                client: subscription.client.clone(),
                topics: subscription.topics.iter().cloned().collect(),
                assigned: assigned.collect(),
            }
        });
        DescribedShareGroup {
            group_id: self.id.clone(),
            state: self.state_name(),
            epoch: self.epoch.epoch,
            assignment_epoch: self.target_epoch.epoch,
            members: members.collect(),
        }
    }
}

fn end_topics(states: &mut States, topics: &[Str], cluster: &dyn Cluster) -> EndStates {
    let mut end = EndStates::default();
    for name in topics {
        let Some(topic) = cluster.topic(name) else {
            end.refused.push((name.clone(), NotDeleted::UnknownTopic));
            continue;
        };
        let partitions = match states.initialized.remove(&topic.id) {
            Some(tracked) => tracked.partitions.into_iter().collect(),
            // An earlier attempt was not finished.
            None if states.deleting.contains_key(&topic.id) => (0..topic.partitions).collect(),
            None => {
                end.refused.push((name.clone(), NotDeleted::NoStates));
                continue;
            }
        };
        states.deleting.insert(topic.id, name.detach());
        end.topics.push((topic.id, name.clone(), partitions));
    }
    end
}

fn end_all(states: &mut States, cluster: &dyn Cluster) -> EndStates {
    let mut all: BTreeMap<Uuid, (Str, BTreeSet<i32>)> = BTreeMap::new();
    let tracked = std::mem::take(&mut states.initialized).into_iter();
    for (topic_id, tracked) in tracked.chain(std::mem::take(&mut states.initializing)) {
        let (_, partitions) = all.entry(topic_id).or_insert((tracked.name, BTreeSet::new()));
        partitions.extend(tracked.partitions);
    }
    // What an earlier attempt did not finish; topics that are gone have no states.
    for (topic_id, name) in std::mem::take(&mut states.deleting) {
        let topic = cluster.topic(&name).filter(|topic| topic.id == topic_id);
        if let Some(topic) = topic {
            let (_, partitions) = all.entry(topic_id).or_insert((name, BTreeSet::new()));
            partitions.extend(0..topic.partitions);
        }
    }
    states.deleting = all.iter().map(|(topic_id, (name, _))| (*topic_id, name.clone())).collect();
    let topics = all
        .into_iter()
        .map(|(topic_id, (name, partitions))| (topic_id, name, partitions.into_iter().collect()));
    EndStates { topics: topics.collect(), refused: Vec::new() }
}
