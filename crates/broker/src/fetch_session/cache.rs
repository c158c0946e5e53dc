//! The bounded cache of fetch sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use env::Random;
use wire::ErrorCode;

use super::{
    Answer, FINAL_EPOCH, FetchAsk, FetchContext, FetchKey, INITIAL_EPOCH, Interest, NO_SESSION,
    Session, lock,
};

/// A session not used for this long may be replaced by any other, in milliseconds.
const STALE_AFTER_MS: i64 = 120_000;

#[derive(Debug)]
struct Slot {
    session: Arc<Mutex<Session>>,
    partitions: usize,
    privileged: bool,
    created_ms: i64,
    last_used_ms: i64,
}

/// The sessions of a broker, at most `max.incremental.fetch.session.cache.slots` of them.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: Mutex<HashMap<i32, Slot>>,
    slots_max: usize,
    random: Random,
}

impl FetchSessions {
    /// An empty cache of `slots_max` sessions; 0 means that no client ever gets one.
    pub(crate) fn new(slots_max: usize, random: Random) -> Self {
        Self { slots: Mutex::new(HashMap::new()), slots_max, random }
    }

    /// Finds out how a request relates to sessions and takes in what it changes.
    ///
    /// Errors (for the whole response): `FETCH_SESSION_ID_NOT_FOUND`,
    /// `INVALID_FETCH_SESSION_EPOCH`, `FETCH_SESSION_TOPIC_ID_ERROR`.
    pub(crate) fn begin(&self, ask: FetchAsk, now_ms: i64) -> Result<FetchContext, ErrorCode> {
        if ask.session_epoch == INITIAL_EPOCH || ask.session_epoch == FINAL_EPOCH {
            if ask.session_id != NO_SESSION {
                self.slots().remove(&ask.session_id);
            }
            return Ok(if ask.session_epoch == FINAL_EPOCH {
                FetchContext::Sessionless { interests: ask.interests }
            } else {
                FetchContext::Full {
                    interests: ask.interests,
                    uses_topic_ids: ask.uses_topic_ids,
                    from_follower: ask.from_follower,
                }
            });
        }
        self.step(ask, now_ms)
    }

    fn step(&self, ask: FetchAsk, now_ms: i64) -> Result<FetchContext, ErrorCode> {
        let mut slots = self.slots();
        let slot = slots.get_mut(&ask.session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let shared = Arc::clone(&slot.session);
        let mut session = lock(&shared);
        if session.epoch() != ask.session_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids() != ask.uses_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.step(ask.interests, &ask.forgotten);
        if session.is_empty() {
            slots.remove(&ask.session_id);
            return Ok(FetchContext::Sessionless { interests: Vec::new() });
        }
        slot.last_used_ms = now_ms;
        slot.partitions = session.len();
        let epoch = session.epoch();
        drop(session);
        Ok(FetchContext::Incremental { session: shared, epoch })
    }

    /// Opens a session for a full fetch that was just answered; its id, or [`NO_SESSION`] when
    /// there is nothing to remember or no room.
    pub(super) fn create(
        &self,
        interests: &[(FetchKey, Interest)],
        answers: &[(FetchKey, Answer)],
        uses_topic_ids: bool,
        privileged: bool,
        now_ms: i64,
    ) -> i32 {
        if interests.is_empty() {
            return NO_SESSION;
        }
        let mut slots = self.slots();
        if !self.make_room(&mut slots, privileged, interests.len(), now_ms) {
            return NO_SESSION;
        }
        let id = self.fresh_id(&slots);
        let session = Session::new(id, uses_topic_ids, interests, answers);
        let slot = Slot {
            partitions: session.len(),
            session: Arc::new(Mutex::new(session)),
            privileged,
            created_ms: now_ms,
            last_used_ms: now_ms,
        };
        slots.insert(id, slot);
        id
    }

    /// A free slot, by pushing out a session that was not used for long, or one that counts less:
    /// followers before consumers, many partitions before few, and never one that is itself new.
    fn make_room(
        &self,
        slots: &mut HashMap<i32, Slot>,
        privileged: bool,
        partitions: usize,
        now_ms: i64,
    ) -> bool {
        if slots.len() < self.slots_max {
            return true;
        }
        let stale = slots
            .iter()
            .min_by_key(|(_, slot)| slot.last_used_ms)
            .filter(|(_, slot)| now_ms - slot.last_used_ms > STALE_AFTER_MS);
        let least = || {
            slots
                .iter()
                .filter(|(_, slot)| {
                    (slot.privileged, slot.partitions) < (privileged, partitions)
                        && (privileged && !slot.privileged
                            || now_ms - slot.created_ms > STALE_AFTER_MS)
                })
                .min_by_key(|(id, slot)| (slot.privileged, slot.partitions, **id))
        };
        let victim = stale.or_else(least).map(|(id, _)| *id);
        victim.is_some_and(|id| slots.remove(&id).is_some())
    }

    fn fresh_id(&self, slots: &HashMap<i32, Slot>) -> i32 {
        loop {
            let id = (self.random.u64() >> 33) as i32;
            if id != NO_SESSION && !slots.contains_key(&id) {
                return id;
            }
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<i32, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
