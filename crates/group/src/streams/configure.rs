//! A topology set against the topics that are there: how many tasks it has, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use wire::Str;

use super::decide::{Counts, PartitionsOf, Undecided};
use super::java_order::hash_map_order;
use super::topology::{Subtopology, Topology, TopologyError, TopologyTopic};
use crate::limits::STREAMS_TASKS_MAX;

/// Names in a status detail; the others are counted.
const TOPICS_SHOWN_MAX: usize = 3;

/// What a topology comes to with the topics that are there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConfiguredTopology {
    /// Epoch of the topology.
    pub topology_epoch: i32,
    /// The parts by id, unless topics of users are missing or do not fit.
    pub subtopologies: BTreeMap<Str, ConfiguredSubtopology>,
    /// Internal topics that must be created.
    pub missing_topics: Vec<InternalTopic>,
    /// What keeps tasks from running.
    pub problem: Option<TopicProblem>,
}

/// A part of a topology whose topics have their sizes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConfiguredSubtopology {
    /// Number of tasks, from 0 on.
    pub task_count: i32,
    /// Topics of users that it reads.
    pub source_topics: BTreeSet<Str>,
    /// Internal topics that it reads.
    pub repartition_source_topics: Vec<InternalTopic>,
    /// Internal topics that it writes.
    pub repartition_sink_topics: BTreeSet<Str>,
    /// Topics that back its stores. Without, it has no state and needs no standbys.
    pub state_changelog_topics: Vec<InternalTopic>,
}

/// An internal topic as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalTopic {
    /// Its name.
    pub name: Str,
    /// Its number of partitions.
    pub partitions: i32,
    /// Its replication factor; none leaves it to the broker.
    pub replication_factor: Option<i16>,
    /// Its settings.
    pub configs: Vec<(Str, Str)>,
}

/// Why tasks cannot run yet (kafka-semantics 173), with the detail for members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicProblem {
    /// Topics of users are not there.
    MissingSource(String),
    /// Sizes of topics do not fit each other.
    IncorrectlyPartitioned(String),
    /// Internal topics are not there; they are being created.
    MissingInternal(String),
}

impl ConfiguredTopology {
    /// Configures a topology.
    pub(crate) fn new(
        topology: &Topology,
        partitions_of: PartitionsOf<'_>,
    ) -> Result<Self, TopologyError> {
        topology.check()?;
        match configure(topology, partitions_of) {
            Ok(configured) => Ok(configured),
            Err(Undecided::Invalid(error)) => Err(error),
            Err(Undecided::Problem(problem)) => Ok(Self {
                topology_epoch: topology.epoch,
                subtopologies: BTreeMap::new(),
                missing_topics: Vec::new(),
                problem: Some(problem),
            }),
        }
    }

    /// Whether tasks can run.
    pub(crate) fn is_ready(&self) -> bool {
        self.problem.is_none()
    }
}

fn configure(
    topology: &Topology,
    partitions_of: PartitionsOf<'_>,
) -> Result<ConfiguredTopology, Undecided> {
    let sources = topology.subtopologies.iter().flat_map(|part| &part.source_topics);
    let missing: BTreeSet<&str> =
        sources.map(Str::as_str).filter(|topic| partitions_of(topic).is_none()).collect();
    if !missing.is_empty() {
        let names = summary(missing.into_iter());
        let detail = format!("Source topics {names} are missing.");
        return Err(Undecided::Problem(TopicProblem::MissingSource(detail)));
    }
    let counts = Counts::decide(topology, partitions_of)?;
    let mut subtopologies = BTreeMap::new();
    for part in &topology.subtopologies {
        subtopologies.insert(part.id.clone(), configure_part(part, &counts)?);
    }
    let tasks: i64 = subtopologies.values().map(|part| i64::from(part.task_count)).sum();
    if tasks > STREAMS_TASKS_MAX {
        return Err(Undecided::invalid(format!(
            "The topology has {tasks} tasks, more than {STREAMS_TASKS_MAX}."
        )));
    }
    let missing_topics = missing_internal_topics(&subtopologies, partitions_of)?;
    let problem = (!missing_topics.is_empty()).then(|| {
        let names = summary(missing_topics.iter().map(|topic| topic.name.as_str()));
        TopicProblem::MissingInternal(format!("Internal topics are missing: {names}"))
    });
    Ok(ConfiguredTopology {
        topology_epoch: topology.epoch,
        subtopologies,
        missing_topics,
        problem,
    })
}

fn configure_part(
    part: &Subtopology,
    counts: &Counts<'_>,
) -> Result<ConfiguredSubtopology, Undecided> {
    let no_sources = || Undecided::invalid("Subtopology does not contain any source topics");
    let topics = |topics: &[TopologyTopic]| {
        topics.iter().map(|topic| internal_topic(topic, counts)).collect::<Result<Vec<_>, _>>()
    };
    Ok(ConfiguredSubtopology {
        task_count: counts.task_count(part).ok_or_else(no_sources)?,
        source_topics: part.source_topics.iter().cloned().collect(),
        repartition_source_topics: topics(&part.repartition_source_topics)?,
        repartition_sink_topics: part.repartition_sink_topics.iter().cloned().collect(),
        state_changelog_topics: topics(&part.state_changelog_topics)?,
    })
}

fn internal_topic(topic: &TopologyTopic, counts: &Counts<'_>) -> Result<InternalTopic, Undecided> {
    let partitions = match topic.partitions {
        0 => counts.decided(&topic.name),
        fixed => Some(fixed),
    };
    Ok(InternalTopic {
        name: topic.name.clone(),
        partitions: partitions.ok_or_else(|| {
            Undecided::invalid(format!("Number of partitions must be set for topic {}", topic.name))
        })?,
        replication_factor: (topic.replication_factor != 0).then_some(topic.replication_factor),
        configs: topic.configs.clone(),
    })
}

/// Internal topics that are not there. Those that are must have the size they should have.
fn missing_internal_topics(
    subtopologies: &BTreeMap<Str, ConfiguredSubtopology>,
    partitions_of: PartitionsOf<'_>,
) -> Result<Vec<InternalTopic>, Undecided> {
    let mut expected: BTreeMap<&str, &InternalTopic> = BTreeMap::new();
    for part in subtopologies.values() {
        for topic in part.repartition_source_topics.iter().chain(&part.state_changelog_topics) {
            expected.insert(&topic.name, topic);
        }
    }
    let ordered = hash_map_order(expected.into_values().collect(), |topic| &topic.name);
    let mut missing = Vec::new();
    for topic in ordered {
        match partitions_of(&topic.name) {
            None => missing.push(topic.clone()),
            Some(found) if found == topic.partitions => {}
            Some(found) => {
                let (name, partitions) = (&topic.name, topic.partitions);
                return Err(Undecided::Problem(TopicProblem::IncorrectlyPartitioned(format!(
                    "Existing topic {name} has different number of partitions: expected \
                     {partitions}, found {found}"
                ))));
            }
        }
    }
    Ok(missing)
}

fn summary<'a>(topics: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = topics.len();
    let shown: Vec<_> = topics.take(TOPICS_SHOWN_MAX).collect();
    let mut text = shown.join(", ");
    if count > TOPICS_SHOWN_MAX {
        text.push_str(&format!(" and {} additional topics", count - TOPICS_SHOWN_MAX));
    }
    text
}

#[cfg(test)]
mod tests;
