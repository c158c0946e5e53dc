//! The topology of an application, as its members bring it and as it is stored.

use std::collections::BTreeSet;

use wire::Str;

use super::java_order::hash_map_order;
use crate::limits::{SUBTOPOLOGIES_MAX, TOPOLOGY_ITEMS_MAX};

/// What an application consists of.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Grows when an application is changed.
    pub epoch: i32,
    /// Its parts, each with an id of its own, in the order they came.
    pub subtopologies: Vec<Subtopology>,
}

/// A part of a topology. It has a task for each partition of its source topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtopology {
    /// Its id, such as `0`.
    pub id: Str,
    /// Topics of users that it reads.
    pub source_topics: Vec<Str>,
    /// Expressions naming topics that it reads; not served in Apache Kafka 4.3.
    pub source_topic_regex: Vec<Str>,
    /// Topics that back its stores.
    pub state_changelog_topics: Vec<TopologyTopic>,
    /// Internal topics that it writes.
    pub repartition_sink_topics: Vec<Str>,
    /// Internal topics that it reads.
    pub repartition_source_topics: Vec<TopologyTopic>,
    /// Topics that must have the same number of partitions.
    pub copartition_groups: Vec<CopartitionGroup>,
}

/// An internal topic as a topology describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyTopic {
    /// Its name.
    pub name: Str,
    /// Its number of partitions; 0 leaves it to the coordinator.
    pub partitions: i32,
    /// Its replication factor; 0 leaves it to the broker.
    pub replication_factor: i16,
    /// Its settings.
    pub configs: Vec<(Str, Str)>,
}

/// Topics of a subtopology that are joined with each other, by their index in its lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopartitionGroup {
    /// Indexes of source topics.
    pub source_topics: Vec<i16>,
    /// Indexes of source topic expressions.
    pub source_topic_regex: Vec<i16>,
    /// Indexes of repartition source topics.
    pub repartition_source_topics: Vec<i16>,
}

/// Why a topology cannot be served (STREAMS_INVALID_TOPOLOGY, kafka-semantics 172). The text is for
/// the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TopologyError(pub String);

/// Two topologies are the same whatever the order of their subtopologies.
impl PartialEq for Topology {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.sorted() == other.sorted()
    }
}

impl Topology {
    /// Whether the topology can be worked with at all. Apache Kafka finds most of these while it
    /// works with it and answers UNKNOWN_SERVER_ERROR; that changelogs have no partition count is
    /// its own rule.
    pub fn check(&self) -> Result<(), TopologyError> {
        let refuse = |text: String| Err(TopologyError(text));
        if self.epoch < 0 {
            return refuse("Topology epoch must be non-negative.".into());
        }
        if self.subtopologies.len() > SUBTOPOLOGIES_MAX {
            let count = self.subtopologies.len();
            return refuse(format!(
                "The topology has {count} subtopologies, more than {SUBTOPOLOGIES_MAX}."
            ));
        }
        let items: usize = self.subtopologies.iter().map(Subtopology::item_count).sum();
        if items > TOPOLOGY_ITEMS_MAX {
            return refuse(format!(
                "The topology names {items} topics and settings, more than {TOPOLOGY_ITEMS_MAX}."
            ));
        }
        for topic in self.subtopologies.iter().flat_map(|part| &part.state_changelog_topics) {
            if topic.partitions != 0 {
                let (name, partitions) = (&topic.name, topic.partitions);
                return refuse(format!(
                    "Changelog topic {name} must have an undefined partition count, but it is set \
                     to {partitions}."
                ));
            }
        }
        if !all_different(self.subtopologies.iter().map(|part| part.id.as_str())) {
            return refuse("Two subtopologies have the same id.".into());
        }
        self.subtopologies.iter().try_for_each(Subtopology::check)
    }

    fn sorted(&self) -> Vec<&Subtopology> {
        let mut parts: Vec<_> = self.subtopologies.iter().collect();
        parts.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        parts
    }

    /// All topics that must exist before tasks can run.
    pub(crate) fn required_topics(&self) -> BTreeSet<&Str> {
        self.subtopologies
            .iter()
            .flat_map(|part| {
                let changelogs = part.state_changelog_topics.iter().map(|topic| &topic.name);
                part.all_source_topics().chain(changelogs)
            })
            .collect()
    }

    /// The subtopology that reads the topic.
    pub(crate) fn reader_of(&self, topic: &str) -> Option<&Subtopology> {
        // Apache Kafka remembers the one it walks last.
        self.in_order()
            .into_iter()
            .rfind(|part| part.all_source_topics().any(|source| *source == *topic))
    }

    /// The subtopologies as Apache Kafka walks them.
    pub(super) fn in_order(&self) -> Vec<&Subtopology> {
        hash_map_order(self.subtopologies.iter().collect(), |part| &part.id)
    }

    /// A copy that keeps no frame alive.
    pub(crate) fn detach(&self) -> Self {
        let strs = |strs: &[Str]| strs.iter().map(Str::detach).collect();
        let topics = |topics: &[TopologyTopic]| topics.iter().map(TopologyTopic::detach).collect();
        let subtopologies = self.subtopologies.iter().map(|part| Subtopology {
            id: part.id.detach(),
            source_topics: strs(&part.source_topics),
            source_topic_regex: strs(&part.source_topic_regex),
            state_changelog_topics: topics(&part.state_changelog_topics),
            repartition_sink_topics: strs(&part.repartition_sink_topics),
            repartition_source_topics: topics(&part.repartition_source_topics),
            copartition_groups: part.copartition_groups.clone(),
        });
        Self { epoch: self.epoch, subtopologies: subtopologies.collect() }
    }
}

impl Subtopology {
    /// Topics of users and repartition topics that it reads.
    pub(super) fn all_source_topics(&self) -> impl Iterator<Item = &Str> {
        let repartition = self.repartition_source_topics.iter().map(|topic| &topic.name);
        self.source_topics.iter().chain(repartition)
    }

    /// The topics of a group. None if an index is outside its list.
    pub(super) fn copartitioned(&self, group: &CopartitionGroup) -> Option<BTreeSet<&str>> {
        let place = |index: &i16| usize::try_from(*index).ok();
        let sources = group
            .source_topics
            .iter()
            .map(|index| Some(self.source_topics.get(place(index)?)?.as_str()));
        let repartition = group
            .repartition_source_topics
            .iter()
            .map(|index| Some(self.repartition_source_topics.get(place(index)?)?.name.as_str()));
        sources.chain(repartition).collect()
    }

    fn item_count(&self) -> usize {
        let topics = |topics: &[TopologyTopic]| -> usize {
            topics.iter().map(|topic| 1 + topic.configs.len()).sum()
        };
        let indexes: usize = self
            .copartition_groups
            .iter()
            .map(|group| {
                1 + group.source_topics.len()
                    + group.source_topic_regex.len()
                    + group.repartition_source_topics.len()
            })
            .sum();
        self.source_topics.len()
            + self.source_topic_regex.len()
            + self.repartition_sink_topics.len()
            + topics(&self.state_changelog_topics)
            + topics(&self.repartition_source_topics)
            + indexes
    }

    fn check(&self) -> Result<(), TopologyError> {
        let id = &self.id;
        let refuse = |what: &str| Err(TopologyError(format!("Subtopology {id}: {what}")));
        for topics in [&self.state_changelog_topics, &self.repartition_source_topics] {
            if !all_different(topics.iter().map(|topic| &*topic.name)) {
                return refuse("an internal topic is named twice.");
            }
            for topic in topics {
                if topic.partitions < 0 {
                    return refuse("the number of partitions of an internal topic is negative.");
                }
                if !all_different(topic.configs.iter().map(|(key, _)| key.as_str())) {
                    return refuse("a setting of an internal topic is given twice.");
                }
            }
        }
        if self.copartition_groups.iter().any(|group| self.copartitioned(group).is_none()) {
            return refuse("a copartition group refers to a topic that is not there.");
        }
        Ok(())
    }
}

impl TopologyTopic {
    fn detach(&self) -> Self {
        Self {
            name: self.name.detach(),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            configs: self
                .configs
                .iter()
                .map(|(key, value)| (key.detach(), value.detach()))
                .collect(),
        }
    }
}

fn all_different<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    names.into_iter().all(|name| seen.insert(name))
}
