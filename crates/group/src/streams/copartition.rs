//! Topics that are joined have the same number of partitions.

use std::collections::{BTreeMap, BTreeSet};

use super::configure::TopicProblem;
use super::decide::{Counts, Undecided};
use super::topology::Subtopology;

/// What is asked of all copartition groups of a topology.
pub(super) struct Copartitioning<'a> {
    /// Repartition topics whose count the topology gives.
    fixed: BTreeSet<&'a str>,
    /// Those whose count is decided here.
    flexible: BTreeSet<&'a str>,
    /// The count of the fixed ones, if they all have the same.
    fixed_count: Option<i32>,
}

impl<'a> Copartitioning<'a> {
    pub(super) fn new(parts: &[&'a Subtopology], counts: &Counts<'_>) -> Self {
        let topics = || parts.iter().flat_map(|part| &part.repartition_source_topics);
        let names = |is_fixed: bool| -> BTreeSet<&'a str> {
            topics()
                .filter(|topic| (topic.partitions != 0) == is_fixed)
                .map(|topic| topic.name.as_str())
                .collect()
        };
        let (fixed, flexible) = (names(true), names(false));
        let of_fixed: BTreeSet<_> = fixed.iter().map(|topic| counts.get(topic)).collect();
        let fixed_count = match of_fixed.len() {
            1 => of_fixed.first().copied().flatten(),
            _ => None,
        };
        Self { fixed, flexible, fixed_count }
    }

    /// Gives the repartition topics of every group the count of the group.
    pub(super) fn enforce(
        &self,
        parts: &[&Subtopology],
        counts: &mut Counts<'_>,
    ) -> Result<(), Undecided> {
        for part in parts {
            for group in &part.copartition_groups {
                let topics = part.copartitioned(group).ok_or_else(|| {
                    Undecided::invalid("A copartition group refers to a topic that is not there.")
                })?;
                self.enforce_one(&topics, counts)?;
            }
        }
        Ok(())
    }

    fn enforce_one(
        &self,
        topics: &BTreeSet<&str>,
        counts: &mut Counts<'_>,
    ) -> Result<(), Undecided> {
        let (mut repartition, mut external) = (BTreeMap::new(), BTreeMap::new());
        for topic in topics {
            let count = counts.get(topic).ok_or_else(|| {
                Undecided::invalid(format!("Number of partitions is not set for topic: {topic}"))
            })?;
            let is_repartition = self.fixed.contains(topic) || self.flexible.contains(topic);
            let list = if is_repartition { &mut repartition } else { &mut external };
            list.insert(*topic, count);
        }
        let Some(largest) = repartition.values().chain(external.values()).max().copied() else {
            return Ok(());
        };
        let count = match external.first_key_value() {
            Some((_, first)) if external.values().all(|count| count == first) => *first,
            Some(_) => return Err(not_the_same(&external)),
            // Apache Kafka looks at the fixed topics of the whole topology here.
            None if self.fixed.is_empty() => largest,
            None => self.fixed_count.ok_or_else(|| not_the_same(&repartition))?,
        };
        for (topic, own) in repartition {
            if self.fixed.contains(topic) && own != count {
                return Err(Undecided::Problem(TopicProblem::IncorrectlyPartitioned(format!(
                    "Number of partitions [{own}] of repartition topic [{topic}] doesn't match \
                     number of partitions [{count}] of the source topic."
                ))));
            }
            counts.set(topic, count);
        }
        Ok(())
    }
}

fn not_the_same(counts: &BTreeMap<&str, i32>) -> Undecided {
    let list: Vec<_> = counts.iter().map(|(topic, count)| format!("{topic}={count}")).collect();
    Undecided::Problem(TopicProblem::IncorrectlyPartitioned(format!(
        "Following topics do not have the same number of partitions: [{{{}}}]",
        list.join(", ")
    )))
}
