//! Leader elections people ask for, and those the controller holds from time to time.

use wire::Str;

use super::error::{Error, Reason, Result};
use super::partition_change::{Election, PartitionChange};
use super::{ByTopic, Controller, Decision, check_record_count};
use crate::image::{Partition, Topic};
use wire::stored::metadata::MetadataRecord;

/// The largest number of elections one round of balancing holds (kafka-semantics 61).
pub const ELECTIONS_PER_ROUND_MAX: usize = 1_000;

/// Which leader is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// The preferred replica.
    Preferred,
    /// Any live replica for a partition without leader.
    Unclean,
}

/// Elections to hold.
#[derive(Clone, Debug)]
pub struct ElectLeaders {
    /// Which leader is wanted.
    pub election_type: ElectionType,
    /// The partitions by topic; `None` for all, of which only those that change are answered.
    pub partitions: Option<ByTopic<Str, i32>>,
}

/// What became of each partition, by topic.
pub type ElectLeadersResult = ByTopic<Str, (i32, Result<()>)>;

impl Controller {
    /// Holds elections (kafka-semantics 60).
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn elect_leaders(&self, request: &ElectLeaders) -> Result<Decision<ElectLeadersResult>> {
        let mut records = Vec::new();
        let mut elect = |topic: &str, index| {
            let result = self.elect_leader(topic, index, request.election_type);
            result.map(|record| records.push(record))
        };
        let results = match &request.partitions {
            Some(topics) => topics
                .iter()
                .map(|(topic, indexes)| {
                    let results = indexes.iter().map(|index| (*index, elect(topic, *index)));
                    (topic.clone(), results.collect())
                })
                .collect(),
            None => self
                .image
                .topics
                .sorted_by_name()
                .into_iter()
                .map(|topic| {
                    let results = topic.partitions().map(|(i, _)| (i, elect(&topic.name, i)));
                    let needed = results.filter(|(_, result)| !is_not_needed(result));
                    (topic.name.clone(), needed.collect())
                })
                .collect(),
        };
        check_record_count(&records)?;
        Ok(Decision::of(records, results))
    }

    fn elect_leader(
        &self,
        topic_name: &str,
        index: i32,
        election_type: ElectionType,
    ) -> Result<MetadataRecord> {
        let unknown = |text: String| Error::new(Reason::UnknownTopicOrPartition, text);
        let Some(topic) = self.image.topics.by_name(topic_name) else {
            return Err(unknown(format!("No such topic as {topic_name}")));
        };
        let Some(partition) = topic.partition(index) else {
            return Err(unknown(format!("No such partition as {topic_name}-{index}")));
        };
        let (election, is_needed, unavailable) = match election_type {
            ElectionType::Preferred => (
                Election::Preferred,
                !partition.has_preferred_leader(),
                Reason::PreferredLeaderNotAvailable,
            ),
            ElectionType::Unclean => {
                (Election::Unclean, !partition.has_leader(), Reason::EligibleLeadersNotAvailable)
            }
        };
        if !is_needed {
            return Err(Error::standard(Reason::ElectionNotNeeded));
        }
        self.election_record(topic, index, partition, election)
            .ok_or_else(|| Error::standard(unavailable))
    }

    fn election_record(
        &self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
        election: Election,
    ) -> Option<MetadataRecord> {
        let may_lead = |id| self.may_lead(partition, id);
        let default_directory = |id| self.default_directory(id);
        let change = self.partition_change(topic, index, partition, &may_lead, &default_directory);
        PartitionChange { election, ..change }.build().map(MetadataRecord::PartitionChange)
    }

    /// Moves leadership to preferred replicas; the response says whether there may be more to do
    /// (kafka-semantics 61).
    pub fn balance_leaders(&self) -> Decision<bool> {
        self.elections(|partition| !partition.has_preferred_leader(), |_| Some(Election::Preferred))
    }

    /// Elects any live replica for partitions without leader whose topics allow it; the response
    /// says whether there may be more to do (kafka-semantics 58).
    pub fn elect_unclean_leaders(&self) -> Decision<bool> {
        let if_allowed = |topic: &Topic| {
            self.is_unclean_election_enabled(&topic.name).then_some(Election::Unclean)
        };
        self.elections(|partition| !partition.has_leader(), if_allowed)
    }

    fn elections(
        &self,
        concerns: impl Fn(&Partition) -> bool,
        election_of: impl Fn(&Topic) -> Option<Election>,
    ) -> Decision<bool> {
        let topics = self.image.topics.iter();
        let partitions = topics.flat_map(|topic| topic.partitions().map(move |p| (topic, p)));
        let records: Vec<MetadataRecord> = partitions
            .filter(|(_, (_, partition))| concerns(partition))
            .filter_map(|(topic, (index, partition))| {
                self.election_record(topic, index, partition, election_of(topic)?)
            })
            .take(ELECTIONS_PER_ROUND_MAX)
            .collect();
        let is_full = records.len() >= ELECTIONS_PER_ROUND_MAX;
        Decision::of(records, is_full)
    }

    /// Whether a partition is led by another than its preferred replica.
    pub fn has_imbalanced_leaders(&self) -> bool {
        self.any_partition(|partition| !partition.has_preferred_leader())
    }

    /// Whether a partition has no leader.
    pub fn has_leaderless_partitions(&self) -> bool {
        self.any_partition(|partition| !partition.has_leader())
    }

    fn any_partition(&self, is_wanted: impl Fn(&Partition) -> bool) -> bool {
        let topics = self.image.topics.iter();
        topics.flat_map(|topic| topic.partitions()).any(|(_, partition)| is_wanted(partition))
    }
}

fn is_not_needed(result: &Result<()>) -> bool {
    result.as_ref().is_err_and(|error| error.reason == Reason::ElectionNotNeeded)
}
