//! Reading records: alone from given partitions, or as member of a group.

mod assignor;
mod config;
mod fetch;
mod fetched;
mod group;
mod offsets;
mod position;
mod rebalance;
mod record;
mod topics;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use env::Instant;
use wire::Str;

pub use config::{ConsumerConfig, Isolation, OffsetReset};
pub use offsets::TopicPartition;
pub use record::ConsumedRecord;

use crate::cluster::Cluster;
use crate::error::Error;
use fetch::Fetches;
use position::Place;
use rebalance::Standing;
use topics::Topics;

/// Whether a topic of this name is subscribed to.
type Pattern = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A change of what a member of a group reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebalance {
    /// The member gave back all its partitions, which were these.
    Revoked(Vec<TopicPartition>),
    /// These were taken from it without its doing.
    Lost(Vec<TopicPartition>),
    /// It reads these from now on.
    Assigned(Vec<TopicPartition>),
}

/// Changes that wait to be asked for; who never asks needs no more than the last ones.
const REBALANCES_MAX: usize = 1_000;

/// What a consumer reads.
#[derive(Default)]
enum Subscription {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Partitions it was given.
    Assigned(Vec<Str>),
    /// Its share of topics, as member of a group.
    Topics(Vec<Str>),
    /// Its share of all topics whose names match.
    Matching(Pattern),
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Assigned(topics) => f.debug_tuple("Assigned").field(topics).finish(),
            Self::Topics(topics) => f.debug_tuple("Topics").field(topics).finish(),
            Self::Matching(_) => f.write_str("Matching(..)"),
        }
    }
}

impl Subscription {
    /// The topics to ask for; `None` for all.
    fn topics(&self) -> Option<Vec<Str>> {
        match self {
            Self::Nothing => Some(Vec::new()),
            Self::Assigned(topics) | Self::Topics(topics) => Some(topics.clone()),
            Self::Matching(_) => None,
        }
    }

    fn wants(&self, topic: &Str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Assigned(topics) | Self::Topics(topics) => topics.contains(topic),
            Self::Matching(matches) => matches(topic),
        }
    }

    /// Whether a group decides on the partitions.
    fn is_shared(&self) -> bool {
        matches!(self, Self::Topics(_) | Self::Matching(_))
    }
}

/// A consumer. It works while it is polled; only heartbeats go on between polls.
pub struct Consumer {
    cluster: Cluster,
    config: ConsumerConfig,
    subscription: Subscription,
    topics: Topics,
    places: BTreeMap<TopicPartition, Place>,
    standing: Standing,
    rebalances: VecDeque<(Instant, Rebalance)>,
    fetches: Fetches,
    /// Leaders that just failed are left alone until then.
    fetch_not_before: Instant,
    commit_due: Option<Instant>,
}

impl Consumer {
    /// A consumer that reads nothing yet.
    pub fn new(cluster: &Cluster, config: ConsumerConfig) -> Self {
        let now = cluster.env().now();
        let auto_commit = config.auto_commit_interval.filter(|_| config.group_id.is_some());
        Self {
            cluster: cluster.clone(),
            commit_due: auto_commit.map(|interval| now + interval),
            config,
            subscription: Subscription::Nothing,
            topics: Topics::default(),
            places: BTreeMap::new(),
            standing: Standing::Outside,
            rebalances: VecDeque::new(),
            fetches: Fetches::new(),
            fetch_not_before: now,
        }
    }

    /// Reads a share of topics, as member of the group `group.id`.
    pub fn subscribe(&mut self, topics: &[Str]) {
        self.subscribe_to(Subscription::Topics(topics.to_vec()));
    }

    /// Reads a share of all topics whose names match, also of those that will be created.
    pub fn subscribe_matching(&mut self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.subscribe_to(Subscription::Matching(Box::new(matches)));
    }

    fn subscribe_to(&mut self, subscription: Subscription) {
        self.subscription = subscription;
        self.topics = Topics::default();
        self.places.clear();
    }

    /// Reads partitions without regard to what a group's members read.
    pub fn assign(&mut self, partitions: &[TopicPartition]) {
        let mut topics: Vec<Str> = partitions.iter().map(|(topic, _)| topic.clone()).collect();
        topics.sort();
        topics.dedup();
        self.subscribe_to(Subscription::Assigned(topics));
        self.places = partitions.iter().map(|at| (at.clone(), Place::default())).collect();
    }

    /// The partitions it reads now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.places.keys().cloned().collect()
    }

    /// The changes of what this member of a group reads since they were asked for last, in order,
    /// each with the time it came about.
    pub fn take_rebalances(&mut self) -> VecDeque<(Instant, Rebalance)> {
        std::mem::take(&mut self.rebalances)
    }

    fn tell_of(&mut self, rebalance: Rebalance) {
        if self.rebalances.len() >= REBALANCES_MAX {
            self.rebalances.pop_front();
        }
        self.rebalances.push_back((self.cluster.env().now(), rebalance));
    }

    /// The partitions of a topic.
    ///
    /// # Errors
    /// The topic is unknown or cannot be described.
    pub async fn partitions_of(&self, topic: &Str) -> Result<Vec<i32>, Error> {
        let partitions = self.cluster.partitions(topic, self.config.may_create_topics).await?;
        Ok(partitions.iter().map(|partition| partition.partition_index).collect())
    }

    /// Waits for records, at most `patience` long; a call gives at most `max.poll.records`.
    ///
    /// # Errors
    /// What will not pass by itself: records that cannot be read, no offset to start from, the
    /// group refuses the member. Positions are kept; polling again is possible.
    pub async fn poll(&mut self, patience: Duration) -> Result<Vec<ConsumedRecord>, Error> {
        self.poll_until(patience, false).await
    }

    async fn poll_until(
        &mut self,
        patience: Duration,
        or_rebalance: bool,
    ) -> Result<Vec<ConsumedRecord>, Error> {
        let env = self.cluster.env().clone();
        let deadline = env.now() + patience;
        loop {
            Box::pin(self.topics.refresh(&self.cluster, &self.config, &self.subscription)).await?;
            Box::pin(self.keep_membership()).await?;
            Box::pin(self.commit_if_due()).await;
            let records = self.take_ready()?;
            if !records.is_empty() {
                return Ok(records);
            }
            Box::pin(self.find_positions()).await?;
            self.ask_leaders();
            let now = env.now();
            if now >= deadline || (or_rebalance && !self.rebalances.is_empty()) {
                return Ok(Vec::new());
            }
            let wake = [self.topics.due(), self.commit_due, self.retry_at(now)];
            let wake = wake.into_iter().flatten().fold(deadline, Instant::min);
            tokio::select! {
                biased;
                answer = self.fetches.next() => {
                    if let Some(answer) = answer {
                        self.take_answer(answer)?;
                    }
                }
                joined = self.standing.changed() => {
                    if let Some(joined) = joined {
                        self.take_share(joined)?;
                    }
                }
                () = env.sleep_until(wake) => {}
            }
        }
    }

    /// As [`poll`](Self::poll), but ends also when there is a change to be asked for with
    /// [`take_rebalances`](Self::take_rebalances).
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub async fn poll_once(&mut self, patience: Duration) -> Result<Vec<ConsumedRecord>, Error> {
        self.poll_until(patience, true).await
    }

    /// Where the next poll goes on in a partition, if that is decided.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.places.get(partition).and_then(|place| place.position)
    }

    /// Goes on at `offset` in a partition it reads.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        if let Some(place) = self.places.get_mut(partition) {
            *place = Place { position: Some(offset), ..Place::default() };
        }
    }

    /// Goes on at the beginning or at the end of all partitions it reads.
    pub fn seek_to(&mut self, reset: OffsetReset) {
        for place in self.places.values_mut() {
            *place = Place { reset: Some(reset), ..Place::default() };
        }
    }

    /// Commits the positions of all partitions.
    ///
    /// # Errors
    /// The consumer has no group, or the coordinator refuses: a retriable refusal means the group
    /// is being rebalanced.
    pub async fn commit(&mut self) -> Result<(), Error> {
        let Some(group_id) = self.config.group_id.clone() else { return Err(Error::NoGroup) };
        let positions = self
            .places
            .iter()
            .filter_map(|(at, place)| place.position.map(|position| (at.clone(), position)));
        let offsets: BTreeMap<TopicPartition, i64> = positions.collect();
        let member = self.standing.membership();
        offsets::commit(&self.cluster, &group_id, member, &offsets).await
    }

    /// Commits these offsets.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_offsets(
        &mut self,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), Error> {
        let Some(group_id) = self.config.group_id.clone() else { return Err(Error::NoGroup) };
        let member = self.standing.membership();
        offsets::commit(&self.cluster, &group_id, member, offsets).await
    }

    async fn commit_if_due(&mut self) {
        let now = self.cluster.env().now();
        if let (Some(due), Some(interval)) = (self.commit_due, self.config.auto_commit_interval)
            && due <= now
        {
            self.commit_due = Some(now + interval);
            self.commit_or_tell().await;
        }
    }

    async fn commit_or_tell(&mut self) {
        if self.commit_due.is_some()
            && let Err(error) = Box::pin(self.commit()).await
        {
            tracing::warn!("offsets are not committed: {error}");
        }
    }

    /// Commits, if that is automatic, and leaves the group; a static member stays in it.
    ///
    /// # Errors
    /// The coordinator cannot be told.
    pub async fn close(mut self) -> Result<(), Error> {
        self.commit_or_tell().await;
        match self.standing.membership() {
            Some(member) if member.instance_id.is_none() => {
                group::leave(&self.cluster, &member.group_id, &member.member_id).await
            }
            _ => Ok(()),
        }
    }
}
