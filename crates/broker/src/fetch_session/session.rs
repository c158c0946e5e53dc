//! One fetch session: the partitions a client is interested in, and what it was last told of them.

use std::collections::{BTreeMap, HashMap};

use wire::{Str, Uuid};

/// A topic as the request names it: by id from Fetch 13 on, by name before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TopicRef {
    /// By name.
    Name(Str),
    /// By id.
    Id(Uuid),
}

/// A partition as the request names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FetchKey {
    /// The topic.
    pub topic: TopicRef,
    /// The partition index.
    pub partition: i32,
}

/// What a client wants of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest {
    /// First offset wanted.
    pub fetch_offset: i64,
    /// Bytes wanted at most, softly (KIP-74).
    pub max_bytes: i32,
    /// The leader epoch the client knows, or -1.
    pub current_leader_epoch: i32,
    /// Epoch of the last record the client has, or -1.
    pub last_fetched_epoch: i32,
    /// The follower's log start offset, or -1.
    pub log_start_offset: i64,
}

/// What a response would say of one partition, as far as sessions care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    /// Bytes of record data.
    pub bytes: u64,
    /// High watermark, or -1.
    pub high_watermark: i64,
    /// Log start offset, or -1.
    pub log_start_offset: i64,
    /// Whether an error, a preferred read replica or a diverging epoch must be told in any case.
    pub must_tell: bool,
}

#[derive(Debug)]
struct Entry {
    key: FetchKey,
    interest: Interest,
    told_high_watermark: i64,
    told_log_start_offset: i64,
}

/// A fetch session. Partitions are kept in an order that is fair: one that returned data goes to
/// the end, so that a busy partition cannot starve the others of the byte budget.
#[derive(Debug)]
pub(crate) struct Session {
    id: i32,
    epoch: i32,
    uses_topic_ids: bool,
    next_place: u64,
    places: HashMap<FetchKey, u64>,
    entries: BTreeMap<u64, Entry>,
}

impl Session {
    /// A session over `interests`, which the client has just been told `answers` about.
    pub(super) fn new(
        id: i32,
        uses_topic_ids: bool,
        interests: &[(FetchKey, Interest)],
        answers: &[(FetchKey, Answer)],
    ) -> Self {
        let mut session = Self {
            id,
            epoch: 1,
            uses_topic_ids,
            next_place: 0,
            places: HashMap::with_capacity(interests.len()),
            entries: BTreeMap::new(),
        };
        for (key, interest) in interests {
            session.put(key.clone(), *interest);
        }
        session.select(answers);
        session
    }

    /// The session's id; never 0.
    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    /// The epoch the next request must carry.
    pub(crate) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Whether its requests name topics by id.
    pub(crate) fn uses_topic_ids(&self) -> bool {
        self.uses_topic_ids
    }

    /// Number of partitions.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no partition is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in what a request changes and moves to the next epoch (after the largest comes 1).
    pub(super) fn step(&mut self, interests: Vec<(FetchKey, Interest)>, forgotten: &[FetchKey]) {
        for (key, interest) in interests {
            self.put(key, interest);
        }
        for key in forgotten {
            if let Some(place) = self.places.remove(key) {
                self.entries.remove(&place);
            }
        }
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }

    /// All partitions in their order.
    pub(super) fn interests(&self) -> Vec<(FetchKey, Interest)> {
        self.entries.values().map(|entry| (entry.key.clone(), entry.interest)).collect()
    }

    /// Says which answers are news to the client, and remembers them as told (kafka-apis 36).
    pub(super) fn select(&mut self, answers: &[(FetchKey, Answer)]) -> Vec<bool> {
        answers.iter().map(|(key, answer)| self.tell(key, answer)).collect()
    }

    fn tell(&mut self, key: &FetchKey, answer: &Answer) -> bool {
        let Some(place) = self.places.get(key).copied() else { return true };
        let Some(entry) = self.entries.get_mut(&place) else { return true };
        let news = answer.bytes > 0
            || answer.must_tell
            || entry.told_high_watermark != answer.high_watermark
            || entry.told_log_start_offset != answer.log_start_offset;
        // After an error the partition is told again even if nothing moved, so that the client
        // learns that the error is over.
        entry.told_high_watermark = if answer.must_tell { -1 } else { answer.high_watermark };
        entry.told_log_start_offset = answer.log_start_offset;
        if answer.bytes > 0 {
            self.move_to_end(place);
        }
        news
    }

    fn move_to_end(&mut self, place: u64) {
        if let Some(entry) = self.entries.remove(&place) {
            self.places.insert(entry.key.clone(), self.next_place);
            self.entries.insert(self.next_place, entry);
            self.next_place += 1;
        }
    }

    fn put(&mut self, key: FetchKey, interest: Interest) {
        if let Some(entry) = self.places.get(&key).and_then(|place| self.entries.get_mut(place)) {
            entry.interest = interest;
            return;
        }
        self.places.insert(key.clone(), self.next_place);
        let entry = Entry { key, interest, told_high_watermark: -1, told_log_start_offset: -1 };
        self.entries.insert(self.next_place, entry);
        self.next_place += 1;
    }
}
