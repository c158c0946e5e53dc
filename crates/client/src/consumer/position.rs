//! Where reading stands in each partition, and what moves it.

use std::collections::BTreeMap;
use std::time::Duration;

use env::Instant;
use wire::{ErrorCode, Records};

use super::Consumer;
use super::config::OffsetReset;
use super::fetch::{Answer, Question, Wanted};
use super::fetched::Fetched;
use super::offsets::{self, EARLIEST, LATEST, TopicPartition};
use super::record::ConsumedRecord;
use crate::error::{Error, check};

/// Where reading stands in a partition.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The offset of the next record to give out; `None` until it is found.
    pub(super) position: Option<i64>,
    /// Where to look for it, whatever is committed.
    pub(super) reset: Option<OffsetReset>,
    pub(super) fetched: Option<Fetched>,
}

impl Consumer {
    /// Records that are here already.
    pub(super) fn take_ready(&mut self) -> Result<Vec<ConsumedRecord>, Error> {
        let mut records = Vec::new();
        for (at, place) in &mut self.places {
            while let Some(fetched) = &mut place.fetched
                && records.len() < self.config.poll_records_max
            {
                let next = fetched.next((&at.0, at.1), &self.config);
                let (record, position) = match next {
                    Ok(next) => next,
                    // What was read so far is given out first; the error comes again.
                    Err(_) if !records.is_empty() => return Ok(records),
                    Err(error) => {
                        place.fetched = None;
                        return Err(error);
                    }
                };
                place.position = Some(position);
                match record {
                    Some(record) => records.push(record),
                    None => place.fetched = None,
                }
            }
        }
        Ok(records)
    }

    /// Finds where to begin in partitions that have no position yet.
    pub(super) async fn find_positions(&mut self) -> Result<(), Error> {
        if self.retry_at(self.cluster.env().now()).is_some() {
            return Ok(());
        }
        let lost = self.places.iter().filter(|(_, place)| place.position.is_none());
        let fresh: Vec<TopicPartition> =
            lost.filter(|(_, place)| place.reset.is_none()).map(|(at, _)| at.clone()).collect();
        if !fresh.is_empty() {
            let found = match &self.config.group_id {
                Some(group) => offsets::committed(&self.cluster, group, &fresh).await,
                None => Ok(BTreeMap::new()),
            };
            let Some(found) = self.or_later(found)? else { return Ok(()) };
            for at in fresh {
                let Some(place) = self.places.get_mut(&at) else { continue };
                place.position = found.get(&at).copied();
                if place.position.is_none() {
                    place.reset = Some(self.config.offset_reset);
                }
            }
        }
        let mut ends: BTreeMap<(i32, i64), Vec<TopicPartition>> = BTreeMap::new();
        for (at, place) in self.places.iter().filter(|(_, place)| place.position.is_none()) {
            let timestamp = match place.reset {
                Some(OffsetReset::Earliest) => EARLIEST,
                Some(OffsetReset::Latest) => LATEST,
                Some(OffsetReset::None) => {
                    return Err(Error::NoOffset(format!("{}-{}", at.0, at.1)));
                }
                None => continue,
            };
            if let Some((leader, _)) = self.topics.leader(at) {
                ends.entry((leader, timestamp)).or_default().push(at.clone());
            }
        }
        for ((leader, timestamp), partitions) in ends {
            let about = (timestamp, self.config.isolation);
            let found = offsets::list_offsets(&self.cluster, leader, &partitions, about).await;
            let Some(found) = self.or_later(found)? else { return Ok(()) };
            for (at, offset) in found {
                let Some(offset) = self.or_later(offset)? else { continue };
                if let Some(place) = self.places.get_mut(&at) {
                    *place = Place { position: Some(offset), ..Place::default() };
                }
            }
        }
        Ok(())
    }

    /// A failure that passes becomes `None`, and leaders are asked for again.
    fn or_later<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.may_pass() => {
                tracing::debug!("asking again: {error}");
                self.later();
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn later(&mut self) {
        let when = self.cluster.env().now() + self.config.retry_backoff;
        self.topics.stale(when);
        self.fetch_not_before = when + Duration::from_millis(1);
    }

    /// When leaders may be asked again, if not now.
    pub(super) fn retry_at(&self, now: Instant) -> Option<Instant> {
        Some(self.fetch_not_before).filter(|when| *when > now)
    }

    /// Asks leaders that owe no answer for what comes next.
    pub(super) fn ask_leaders(&mut self) {
        if self.retry_at(self.cluster.env().now()).is_some() {
            return;
        }
        let mut questions: BTreeMap<i32, Question> = BTreeMap::new();
        for (at, place) in &self.places {
            let (None, Some(offset)) = (&place.fetched, place.position) else { continue };
            let (Some(topic), Some((leader, leader_epoch))) =
                (self.topics.get(&at.0), self.topics.leader(at))
            else {
                continue;
            };
            if !self.fetches.is_waiting(leader) {
                let wanted = Wanted { topic_id: topic.id, offset, leader_epoch };
                questions.entry(leader).or_default().insert(at.clone(), wanted);
            }
        }
        for question in questions {
            self.fetches.ask(&self.cluster, &self.config, question);
        }
    }

    /// Takes in what a leader answered.
    pub(super) fn take_answer(&mut self, answer: Answer) -> Result<(), Error> {
        let checked = answer
            .response
            .and_then(|response| check(response.error_code, None).map(|()| response));
        let Some(response) = self.or_later(checked)? else { return Ok(()) };
        for topic in response.responses {
            let name = answer.asked.iter().find_map(|((name, _), wanted)| {
                let same = if topic.topic.is_empty() {
                    wanted.topic_id == topic.topic_id
                } else {
                    *name == topic.topic
                };
                same.then(|| name.clone())
            });
            let Some(name) = name else { continue };
            for partition in topic.partitions {
                let at = (name.clone(), partition.partition_index);
                let asked = answer.asked.get(&at).map(|wanted| wanted.offset);
                // A rebalance or a seek may have come in between.
                let Some(place) = self.places.get_mut(&at) else { continue };
                let Some(position) = place.position.filter(|at| Some(*at) == asked) else {
                    continue;
                };
                match ErrorCode::from_code(partition.error_code) {
                    Some(ErrorCode::None) => {
                        let Some(Records::Bytes(bytes)) = partition.records else { continue };
                        if !bytes.is_empty() {
                            let aborted = partition.aborted_transactions;
                            place.fetched = Some(Fetched::new(bytes, position, aborted));
                        }
                    }
                    Some(ErrorCode::OffsetOutOfRange) => {
                        if self.config.offset_reset == OffsetReset::None {
                            return Err(Error::NoOffset(format!("{}-{}", at.0, at.1)));
                        }
                        let reset = Some(self.config.offset_reset);
                        *place = Place { reset, ..Place::default() };
                    }
                    _ => {
                        let checked = check(partition.error_code, None);
                        self.or_later(checked)?;
                    }
                }
            }
        }
        Ok(())
    }
}
