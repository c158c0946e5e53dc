//! Share sessions: which partitions a member fetches, told once and kept (kafka-semantics 164).
//!
//! A session belongs to a connection and ends with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wire::{Str, Uuid};

/// The epoch of a request that opens a session.
pub const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request that closes a session.
pub const FINAL_EPOCH: i32 = -1;

/// Partitions that all sessions of a broker may name together.
const PARTITIONS_MAX: usize = 1_000_000;

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The group.
    pub group_id: Str,
    /// The member.
    pub member_id: Str,
}

/// A partition by the id of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIdPartition {
    /// The topic.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
}

/// Why a request does not fit a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The member has no session.
    #[error("there is no such session")]
    NotFound,
    /// The session expects another epoch.
    #[error("the session expects another epoch")]
    InvalidEpoch,
    /// There are as many sessions as there may be, or they name as many partitions.
    #[error("there are too many sessions")]
    LimitReached,
}

/// A partition's answer, as far as it matters to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The partition.
    pub partition: TopicIdPartition,
    /// There are records.
    pub has_records: bool,
    /// There is an error.
    pub has_error: bool,
}

/// What ended with a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disconnected {
    /// The sessions, and their partitions.
    pub closed: Vec<(SessionKey, Vec<TopicIdPartition>)>,
    /// Groups of which no member has a session any more.
    pub empty_groups: Vec<Str>,
}

#[derive(Debug)]
struct Session {
    connection: u64,
    /// The epoch of the next request.
    epoch: i32,
    places: HashMap<TopicIdPartition, u64>,
    /// In the order in which they are fetched, and whether the member has to hear of each.
    order: BTreeMap<u64, (TopicIdPartition, bool)>,
    next_place: u64,
}

impl Session {
    fn new(connection: u64) -> Self {
        let (places, order) = (HashMap::new(), BTreeMap::new());
        Self { connection, epoch: next_epoch(INITIAL_EPOCH), places, order, next_place: 0 }
    }

    fn add(&mut self, partition: TopicIdPartition, is_news: bool) {
        if !self.places.contains_key(&partition) {
            self.put_last(partition, is_news);
        }
    }

    fn put_last(&mut self, partition: TopicIdPartition, is_news: bool) {
        self.forget(partition);
        self.places.insert(partition, self.next_place);
        self.order.insert(self.next_place, (partition, is_news));
        self.next_place += 1;
    }

    fn forget(&mut self, partition: TopicIdPartition) {
        if let Some(place) = self.places.remove(&partition) {
            self.order.remove(&place);
        }
    }

    fn partitions(&self) -> Vec<TopicIdPartition> {
        self.order.values().map(|(partition, _)| *partition).collect()
    }

    /// Whether the member is told of an answer.
    fn selects(&mut self, answer: &Answer) -> bool {
        let Some(place) = self.places.get(&answer.partition) else { return true };
        let Some((_, is_news)) = self.order.get_mut(place) else { return true };
        let told = answer.has_records || answer.has_error || *is_news;
        // After an error it is news that there is none any more.
        *is_news = answer.has_error;
        if answer.has_records {
            // Those that gave nothing have their turn first.
            self.put_last(answer.partition, answer.has_error);
        }
        told
    }
}

/// The sessions of a broker.
#[derive(Debug)]
pub struct Sessions {
    sessions_max: usize,
    sessions: HashMap<SessionKey, Session>,
    by_connection: HashMap<u64, BTreeSet<SessionKey>>,
    members: HashMap<Str, usize>,
    partitions: usize,
}

fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MAX => 1,
        epoch => epoch + 1,
    }
}

impl Sessions {
    /// No sessions, and at most so many (`group.share.max.share.sessions`).
    pub fn new(sessions_max: usize) -> Self {
        Self {
            sessions_max,
            sessions: HashMap::new(),
            by_connection: HashMap::new(),
            members: HashMap::new(),
            partitions: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Whether a member has a session.
    pub fn has(&self, key: &SessionKey) -> bool {
        self.sessions.contains_key(key)
    }

    /// A member opens a session in place of the one it may have.
    ///
    /// # Errors
    /// [`SessionError::LimitReached`]; the session before is gone then, too.
    pub fn open(
        &mut self,
        key: &SessionKey,
        partitions: &[TopicIdPartition],
        connection: u64,
    ) -> Result<(), SessionError> {
        self.close(key);
        if self.sessions.len() >= self.sessions_max
            || self.partitions + partitions.len() > PARTITIONS_MAX
        {
            return Err(SessionError::LimitReached);
        }
        let key = SessionKey { group_id: key.group_id.detach(), member_id: key.member_id.detach() };
        let mut session = Session::new(connection);
        partitions.iter().for_each(|partition| session.add(*partition, false));
        self.partitions += session.places.len();
        *self.members.entry(key.group_id.clone()).or_default() += 1;
        self.by_connection.entry(connection).or_default().insert(key.clone());
        self.sessions.insert(key, session);
        Ok(())
    }

    /// A member goes on with its session. All its partitions, in the order in which to fetch them.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], [`SessionError::InvalidEpoch`], [`SessionError::LimitReached`].
    pub fn go_on(
        &mut self,
        key: &SessionKey,
        epoch: i32,
        added: &[TopicIdPartition],
        forgotten: &[TopicIdPartition],
    ) -> Result<Vec<TopicIdPartition>, SessionError> {
        let session = expected(&mut self.sessions, key, epoch)?;
        if self.partitions + added.len() > PARTITIONS_MAX {
            return Err(SessionError::LimitReached);
        }
        let before = session.places.len();
        added.iter().for_each(|partition| session.add(*partition, true));
        forgotten.iter().for_each(|partition| session.forget(*partition));
        session.epoch = next_epoch(epoch);
        self.partitions = self.partitions + session.places.len() - before;
        Ok(session.partitions())
    }

    /// A member acknowledges without fetching.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], [`SessionError::InvalidEpoch`].
    pub fn acknowledge(&mut self, key: &SessionKey, epoch: i32) -> Result<(), SessionError> {
        if epoch == INITIAL_EPOCH {
            return Err(SessionError::InvalidEpoch);
        }
        if epoch == FINAL_EPOCH {
            return if self.has(key) { Ok(()) } else { Err(SessionError::NotFound) };
        }
        expected(&mut self.sessions, key, epoch)?.epoch = next_epoch(epoch);
        Ok(())
    }

    /// Which answers to a request of `epoch` are told.
    ///
    /// # Errors
    /// The session has gone on or is gone.
    pub fn select(
        &mut self,
        key: &SessionKey,
        epoch: i32,
        answers: &[Answer],
    ) -> Result<Vec<bool>, SessionError> {
        let session = self.sessions.get_mut(key).ok_or(SessionError::NotFound)?;
        if session.epoch != next_epoch(epoch) {
            return Err(SessionError::InvalidEpoch);
        }
        Ok(answers.iter().map(|answer| session.selects(answer)).collect())
    }

    /// The session of a member ends; its partitions, if it had one.
    pub fn close(&mut self, key: &SessionKey) -> Option<Vec<TopicIdPartition>> {
        let session = self.sessions.remove(key)?;
        self.partitions -= session.places.len();
        if let Some(count) = self.members.get_mut(&key.group_id) {
            *count -= 1;
        }
        // That the connection had a session of the group stays known: when it goes, somebody looks
        // whether the group is empty.
        Some(session.partitions())
    }

    /// A connection is gone, and all its sessions.
    pub fn disconnected(&mut self, connection: u64) -> Disconnected {
        let mut gone = Disconnected::default();
        for key in self.by_connection.remove(&connection).unwrap_or_default() {
            let is_its = |session: &Session| session.connection == connection;
            if self.sessions.get(&key).is_some_and(is_its)
                && let Some(partitions) = self.close(&key)
            {
                gone.closed.push((key.clone(), partitions));
            }
            if self.members.get(&key.group_id) == Some(&0) {
                self.members.remove(&key.group_id);
                gone.empty_groups.push(key.group_id);
            }
        }
        gone
    }

    /// All sessions end.
    pub fn clear(&mut self) {
        self.sessions.clear();
        self.members.clear();
        self.by_connection.clear();
        self.partitions = 0;
    }
}

fn expected<'a>(
    sessions: &'a mut HashMap<SessionKey, Session>,
    key: &SessionKey,
    epoch: i32,
) -> Result<&'a mut Session, SessionError> {
    let session = sessions.get_mut(key).ok_or(SessionError::NotFound)?;
    if session.epoch == epoch { Ok(session) } else { Err(SessionError::InvalidEpoch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(member: &str) -> SessionKey {
        SessionKey { group_id: Str::from("g"), member_id: Str::copy_from(member) }
    }

    fn partition(partition: i32) -> TopicIdPartition {
        TopicIdPartition { topic_id: Uuid::ZERO, partition }
    }

    fn answer(index: i32, has_records: bool, has_error: bool) -> Answer {
        Answer { partition: partition(index), has_records, has_error }
    }

    /// kafka-semantics 164: epochs grow by one, from 1 on and never to 0.
    #[test]
    fn epochs_are_checked() {
        let mut sessions = Sessions::new(10);
        assert_eq!(sessions.go_on(&key("a"), 1, &[], &[]), Err(SessionError::NotFound));
        assert_eq!(sessions.open(&key("a"), &[partition(0)], 7), Ok(()));
        assert_eq!(sessions.go_on(&key("a"), 2, &[], &[]), Err(SessionError::InvalidEpoch));
        assert_eq!(sessions.go_on(&key("a"), 1, &[], &[]), Ok(vec![partition(0)]));
        assert_eq!(sessions.acknowledge(&key("a"), 0), Err(SessionError::InvalidEpoch));
        assert_eq!(sessions.acknowledge(&key("a"), 1), Err(SessionError::InvalidEpoch));
        assert_eq!(sessions.acknowledge(&key("a"), 2), Ok(()));
        assert_eq!(sessions.acknowledge(&key("a"), FINAL_EPOCH), Ok(()));
        assert_eq!(sessions.acknowledge(&key("b"), FINAL_EPOCH), Err(SessionError::NotFound));
        assert_eq!(sessions.select(&key("a"), 1, &[]), Err(SessionError::InvalidEpoch));
        assert_eq!(sessions.select(&key("a"), 2, &[]), Ok(vec![]));
        assert_eq!(next_epoch(i32::MAX), 1);
    }

    #[test]
    fn partitions_are_added_and_forgotten_and_told_of_when_there_is_news() {
        let mut sessions = Sessions::new(10);
        let _ = sessions.open(&key("a"), &[partition(0), partition(0)], 7);
        let (added, gone) = ([partition(1), partition(2)], [partition(2), partition(9)]);
        let all = sessions.go_on(&key("a"), 1, &added, &gone);
        assert_eq!(all, Ok(vec![partition(0), partition(1)]));
        let answers = [answer(0, false, false), answer(1, false, false)];
        assert_eq!(sessions.select(&key("a"), 1, &answers), Ok(vec![false, true]));
        let answers = [answer(0, true, false), answer(1, false, true)];
        assert_eq!(sessions.select(&key("a"), 1, &answers), Ok(vec![true, true]));
        let answers = [answer(0, false, false), answer(1, false, false)];
        assert_eq!(sessions.select(&key("a"), 1, &answers), Ok(vec![false, true]));
        let all = sessions.go_on(&key("a"), 2, &[], &[]);
        assert_eq!(all, Ok(vec![partition(1), partition(0)]));
    }

    /// kafka-semantics 164: `group.share.max.share.sessions`; a member that opens its session again
    /// has one.
    #[test]
    fn there_are_not_too_many() {
        let mut sessions = Sessions::new(2);
        for member in ["a", "b", "a", "b"] {
            assert_eq!(sessions.open(&key(member), &[], 1), Ok(()));
        }
        assert_eq!(sessions.open(&key("c"), &[], 1), Err(SessionError::LimitReached));
        sessions.close(&key("a"));
        assert_eq!(sessions.open(&key("c"), &[], 1), Ok(()));
        let too_many: Vec<_> = (0..PARTITIONS_MAX as i32 + 1).map(partition).collect();
        assert_eq!(sessions.open(&key("c"), &too_many, 1), Err(SessionError::LimitReached));
        assert_eq!(sessions.len(), 1);
    }

    /// kafka-semantics 164: a session ends with the connection it was opened on last.
    #[test]
    fn connections_take_their_sessions_along() {
        let mut sessions = Sessions::new(10);
        let _ = sessions.open(&key("a"), &[partition(3)], 1);
        let _ = sessions.open(&key("b"), &[], 1);
        let _ = sessions.open(&key("a"), &[partition(4)], 2);
        let gone = sessions.disconnected(1);
        assert_eq!(gone.closed, vec![(key("b"), vec![])]);
        assert!(gone.empty_groups.is_empty());
        let gone = sessions.disconnected(2);
        assert_eq!(gone.closed, vec![(key("a"), vec![partition(4)])]);
        assert_eq!(gone.empty_groups, vec![Str::from("g")]);
        assert_eq!(sessions.disconnected(2), Disconnected::default());
        let _ = sessions.open(&key("a"), &[], 3);
        sessions.close(&key("a"));
        assert_eq!(sessions.disconnected(3).empty_groups, vec![Str::from("g")]);
        assert!(sessions.is_empty());
    }
}
