//! Topics that go.

use std::collections::{BTreeMap, BTreeSet};

use wire::stored::metadata::{MetadataRecord, RemoveTopicRecord};
use wire::{Str, Uuid};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision, check_record_count};

/// A topic by name or by id. The protocol can say both or neither; that is an error of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicReference {
    /// The name.
    pub name: Option<Str>,
    /// The id; zero for none.
    pub id: Uuid,
}

/// What became of a topic: what the response says of its name and id, and whether it is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedTopic {
    /// The topic as far as it may be named.
    pub topic: TopicReference,
    /// Whether it is gone.
    pub result: Result<()>,
}

/// References sorted out: what is deleted, and what is wrong with the rest.
#[derive(Default)]
struct Sorted {
    /// The topics to delete, by id.
    topics: BTreeMap<Uuid, Str>,
    refused: Vec<DeletedTopic>,
}

impl Sorted {
    fn refuse(&mut self, name: Option<Str>, id: Uuid, error: Error) {
        let topic = TopicReference { name, id };
        self.refused.push(DeletedTopic { topic, result: Err(error) });
    }
}

impl Controller {
    /// Deletes topics (kafka-semantics 200).
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn delete_topics(
        &self,
        references: &[TopicReference],
    ) -> Result<Decision<Vec<DeletedTopic>>> {
        let sorted = self.sort_references(references);
        let records: Vec<MetadataRecord> = sorted
            .topics
            .keys()
            .map(|id| {
                MetadataRecord::RemoveTopic(RemoveTopicRecord {
                    topic_id: *id,
                    ..RemoveTopicRecord::default()
                })
            })
            .collect();
        check_record_count(&records)?;
        let mut results = sorted.refused;
        results.extend(sorted.topics.into_iter().map(|(id, name)| {
            let topic = TopicReference { name: Some(name), id };
            DeletedTopic { topic, result: Ok(()) }
        }));
        Ok(Decision::atomic(records, results))
    }

    fn sort_references(&self, references: &[TopicReference]) -> Sorted {
        let mut sorted = Sorted::default();
        let invalid = |text: &'static str| Error::new(Reason::InvalidRequest, text);
        let mut names = Once::default();
        let mut ids = Once::default();
        for reference in references {
            match (&reference.name, reference.id.is_zero()) {
                (None, true) => {
                    let error = invalid("Neither topic name nor id were specified.");
                    sorted.refuse(None, Uuid::ZERO, error);
                }
                (Some(name), false) => {
                    let error = invalid("You may not specify both topic name and topic id.");
                    sorted.refuse(Some(name.clone()), reference.id, error);
                }
                (None, false) => ids.add(reference.id),
                (Some(name), true) => names.add(name.clone()),
            }
        }
        for name in &names.repeated {
            let error = invalid("Duplicate topic name.");
            sorted.refuse(Some(name.clone()), Uuid::ZERO, error);
        }
        for id in &ids.repeated {
            sorted.refuse(None, *id, invalid("Duplicate topic id."));
        }
        for id in ids.single() {
            match self.image.topics.by_id(id) {
                Some(topic) => {
                    sorted.topics.insert(id, topic.name.clone());
                }
                None => sorted.refuse(None, id, Error::standard(Reason::UnknownTopicId)),
            }
        }
        for name in names.single() {
            let Some(id) = self.image.topics.id(&name) else {
                let error = Error::standard(Reason::UnknownTopicOrPartition);
                sorted.refuse(Some(name), Uuid::ZERO, error);
                continue;
            };
            if ids.repeated.contains(&id) || sorted.topics.insert(id, name.clone()).is_some() {
                sorted.topics.remove(&id);
                ids.repeated.insert(id);
                let text = "The provided topic name maps to an ID that was already supplied.";
                sorted.refuse(Some(name), id, invalid(text));
            }
        }
        sorted
    }
}

/// What was given once, and what more often.
struct Once<T> {
    all: BTreeSet<T>,
    repeated: BTreeSet<T>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { all: BTreeSet::new(), repeated: BTreeSet::new() }
    }
}

impl<T: Ord + Clone> Once<T> {
    fn add(&mut self, item: T) {
        if !self.all.insert(item.clone()) {
            self.repeated.insert(item);
        }
    }

    fn single(&self) -> Vec<T> {
        self.all.difference(&self.repeated).cloned().collect()
    }
}
