//! What members say of records, from a request to the share partitions and back.

use std::collections::HashMap;

use metadata::Image;
use share::ShareKey;
use share::partition::Acknowledgement;
use share::session::TopicIdPartition;
use tokio::sync::oneshot;
use wire::{ErrorCode, Str};

use super::partition::Result;
use super::settings::GroupSettings;
use crate::request::Request;

/// The type that renews a lock.
const RENEW: i8 = 4;

/// What a member says of a partition's records.
pub(crate) struct Said {
    /// The partition.
    pub(crate) partition: TopicIdPartition,
    /// What is said.
    pub(crate) acknowledgements: Vec<Acknowledgement>,
}

/// What a member is told about what it said.
pub(crate) struct Told {
    /// The partition.
    pub(crate) partition: TopicIdPartition,
    /// Whether it counts.
    pub(crate) error: ErrorCode,
    /// What is said beside an error.
    pub(crate) text: Option<Str>,
}

/// Acknowledgements on their way.
pub(crate) struct Acks(Vec<(TopicIdPartition, Under)>);

/// One partition's acknowledgements.
enum Under {
    Done(Result<()>),
    Way(oneshot::Receiver<Result<()>>),
}

impl Acks {
    /// None.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Gives what a member says to the share partitions. It is under way when this returns. `renews`
    /// tells whether locks may be renewed (KIP-1222).
    pub(crate) fn begin(
        request: &Request,
        group_id: &Str,
        member: &Str,
        said: Vec<Said>,
        renews: bool,
    ) -> Self {
        let broker = &request.broker;
        let settings = broker.share_settings(group_id);
        let mut places: HashMap<TopicIdPartition, usize> = HashMap::new();
        let mut acks: Vec<(TopicIdPartition, Under)> = Vec::with_capacity(said.len());
        for Said { partition, acknowledgements } in said {
            if places.contains_key(&partition) {
                // Apache Kafka keeps one answer for each partition, and what is said of it last.
                continue;
            }
            places.insert(partition, acks.len());
            let under = match check(&request.image, partition, &acknowledgements, request, renews) {
                Err(error) => Under::Done(Err((error, Str::from(error.text())))),
                Ok(()) if acknowledgements.is_empty() => Under::Done(Ok(())),
                Ok(()) => {
                    let by = Member { request, group_id, member, settings: &settings };
                    by.acknowledge(partition, &acknowledgements)
                }
            };
            acks.push((partition, under));
        }
        Self(acks)
    }

    /// Waits until everything is durable, or refused.
    pub(crate) async fn told(self) -> Vec<Told> {
        let mut told = Vec::with_capacity(self.0.len());
        for (partition, under) in self.0 {
            let result = match under {
                Under::Done(result) => result,
                Under::Way(receiver) => receiver.await.unwrap_or_else(|_| {
                    let error = ErrorCode::NotLeaderOrFollower;
                    Err((error, Str::from(error.text())))
                }),
            };
            let (error, text) = match result {
                Ok(()) => (ErrorCode::None, None),
                Err((error, text)) => (error, Some(text)),
            };
            told.push(Told { partition, error, text });
        }
        told
    }
}

struct Member<'a> {
    request: &'a Request,
    group_id: &'a Str,
    member: &'a Str,
    settings: &'a GroupSettings,
}

impl Member<'_> {
    fn acknowledge(&self, of: TopicIdPartition, acknowledgements: &[Acknowledgement]) -> Under {
        let TopicIdPartition { topic_id, partition } = of;
        let key = ShareKey { group_id: self.group_id.clone(), topic_id, partition };
        let broker = &self.request.broker;
        let Some(shared) = broker.shares.get(&key) else {
            let error = ErrorCode::UnknownTopicOrPartition;
            return Under::Done(Err((error, Str::from(error.text()))));
        };
        let now_ms = broker.shares.now_ms(&broker.env);
        let settings = &self.settings.partition;
        match shared.acknowledge(&self.member.detach(), acknowledgements, settings, now_ms) {
            Ok(Some(way)) => Under::Way(way),
            Ok(None) => Under::Done(Ok(())),
            Err(refusal) => Under::Done(Err(refusal)),
        }
    }
}

/// kafka-semantics 163: stretches ascend and do not overlap, with one type or one for each offset.
fn check(
    image: &Image,
    of: TopicIdPartition,
    acknowledgements: &[Acknowledgement],
    request: &Request,
    renews: bool,
) -> std::result::Result<(), ErrorCode> {
    let topic = image.topics.by_id(of.topic_id).ok_or(ErrorCode::UnknownTopicId)?;
    let type_max = if request.version >= 2 { RENEW } else { RENEW - 1 };
    let mut previous = -1;
    for ack in acknowledgements {
        let Acknowledgement { first_offset, last_offset, types } = ack;
        let is_ordered = first_offset <= last_offset && *first_offset >= previous;
        let span = last_offset.checked_sub(*first_offset).unwrap_or(i64::MAX);
        let has_types = match types.len() {
            0 => false,
            1 => true,
            count => i64::try_from(count - 1) == Ok(span),
        };
        let are_known = types.iter().all(|id| (0..=type_max).contains(id));
        let may_renew = renews || !types.contains(&RENEW);
        if !(is_ordered && has_types && are_known && may_renew) {
            return Err(ErrorCode::InvalidRequest);
        }
        previous = *last_offset;
    }
    match topic.partition(of.partition) {
        Some(_) => Ok(()),
        None => Err(ErrorCode::UnknownTopicOrPartition),
    }
}
