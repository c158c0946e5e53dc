//! How many partitions internal topics get.

use std::collections::{BTreeMap, HashMap};

use super::configure::TopicProblem;
use super::copartition::Copartitioning;
use super::topology::{Subtopology, Topology, TopologyError};

/// Partition counts of topics that are there.
pub(super) type PartitionsOf<'a> = &'a dyn Fn(&str) -> Option<i32>;

/// Why partition counts cannot be decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// The topology is wrong.
    Invalid(TopologyError),
    /// The topics of users do not fit it.
    Problem(TopicProblem),
}

/// Partition counts: of topics that are there, and those decided for the others.
pub(super) struct Counts<'a> {
    existing: PartitionsOf<'a>,
    decided: BTreeMap<String, i32>,
}

impl Undecided {
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(TopologyError(text.into()))
    }
}

impl<'a> Counts<'a> {
    /// Decides for all internal topics of a topology whose source topics are there: repartition
    /// topics from what is written into them, then those that are joined, then changelogs from
    /// what their subtopology reads.
    pub(super) fn decide(
        topology: &Topology,
        existing: PartitionsOf<'a>,
    ) -> Result<Self, Undecided> {
        let parts = topology.in_order();
        let mut counts = Self { existing, decided: repartition_counts(&parts, existing)? };
        Copartitioning::new(&parts, &counts).enforce(&parts, &mut counts)?;
        let mut changelogs = BTreeMap::new();
        for part in &parts {
            let count = counts.task_count(part).ok_or_else(|| {
                Undecided::invalid(format!("No source topics found for subtopology {}", part.id))
            })?;
            for topic in &part.state_changelog_topics {
                changelogs.insert(topic.name.to_string(), count);
            }
        }
        counts.decided.extend(changelogs);
        Ok(counts)
    }

    /// Partitions of a topic that is there, or decided for it.
    pub(super) fn get(&self, topic: &str) -> Option<i32> {
        (self.existing)(topic).or_else(|| self.decided(topic))
    }

    pub(super) fn decided(&self, topic: &str) -> Option<i32> {
        self.decided.get(topic).copied()
    }

    pub(super) fn set(&mut self, topic: &str, count: i32) {
        self.decided.insert(topic.to_owned(), count);
    }

    /// As many tasks as the largest topic that the subtopology reads has partitions.
    pub(super) fn task_count(&self, part: &Subtopology) -> Option<i32> {
        part.all_source_topics().filter_map(|topic| self.get(topic)).max()
    }
}

/// Counts of repartition topics: as the topology says, or as many as the largest topic of known
/// size that the writing subtopology reads.
fn repartition_counts(
    parts: &[&Subtopology],
    existing: PartitionsOf<'_>,
) -> Result<BTreeMap<String, i32>, Undecided> {
    let mut counts = BTreeMap::new();
    for topic in parts.iter().flat_map(|part| &part.repartition_source_topics) {
        if topic.partitions != 0 {
            counts.insert(topic.name.to_string(), topic.partitions);
        }
    }
    let mut known = Known::new(parts, existing, &counts);
    let mut pending: Vec<usize> = (0..parts.len()).collect();
    while !pending.is_empty() {
        let mut progress = false;
        let mut still_pending = Vec::new();
        for index in pending {
            let mut is_missing = false;
            for sink in &parts[index].repartition_sink_topics {
                if counts.contains_key(sink.as_str()) {
                    continue;
                }
                match known.largest[index] {
                    Some(count) => {
                        counts.insert(sink.to_string(), count);
                        known.add(sink, count);
                        progress = true;
                    }
                    None => is_missing = true,
                }
            }
            if is_missing {
                still_pending.push(index);
            }
        }
        if !progress && !still_pending.is_empty() {
            return Err(Undecided::invalid(
                "Failed to compute number of partitions for all repartition topics. There may be \
                 loops in the topology that cannot be resolved.",
            ));
        }
        pending = still_pending;
    }
    let mut sources = parts.iter().flat_map(|part| &part.repartition_source_topics);
    if sources.any(|topic| !counts.contains_key(topic.name.as_str())) {
        return Err(Undecided::invalid(
            "Failed to compute number of partitions for all repartition topics, because a \
             repartition source topic is never used as a sink topic.",
        ));
    }
    Ok(counts)
}

/// The largest known size among what each subtopology reads. It grows while counts are decided, at
/// the cost of one step for each reader of a topic.
struct Known<'a> {
    largest: Vec<Option<i32>>,
    readers: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Known<'a> {
    fn new(
        parts: &[&'a Subtopology],
        existing: PartitionsOf<'_>,
        counts: &BTreeMap<String, i32>,
    ) -> Self {
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut largest = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            for topic in &part.repartition_source_topics {
                readers.entry(&topic.name).or_default().push(index);
            }
            let repartition = part.repartition_source_topics.iter();
            let fixed = repartition.filter_map(|topic| counts.get(topic.name.as_str()).copied());
            let external = part.source_topics.iter().filter_map(|topic| existing(topic));
            largest.push(external.chain(fixed).max());
        }
        Self { largest, readers }
    }

    fn add(&mut self, topic: &str, count: i32) {
        for &index in self.readers.get(topic).into_iter().flatten() {
            self.largest[index] = self.largest[index].max(Some(count));
        }
    }
}
