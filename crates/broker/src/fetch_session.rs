//! Incremental fetch sessions (KIP-227; kafka-apis 35–37).
//!
//! A client names its partitions once; afterwards it sends only what changed and the broker answers
//! only what changed. The cache is bounded by slots, not by connections: a session outlives its
//! connection and is found again by id.

mod cache;
mod session;

pub(crate) use cache::FetchSessions;
pub(crate) use session::{Answer, FetchKey, Interest, Session, TopicRef};

use std::sync::{Arc, Mutex};

use wire::ErrorCode;

/// Session id that means "no session".
pub(crate) const NO_SESSION: i32 = 0;
/// Epoch of a full fetch that asks for a session.
pub(crate) const INITIAL_EPOCH: i32 = 0;
/// Epoch of a full fetch that wants none, and closes the one it names.
pub(crate) const FINAL_EPOCH: i32 = -1;

/// What a fetch request asks for, taken out of its wire form.
#[derive(Debug)]
pub(crate) struct FetchAsk {
    /// Session id, or [`NO_SESSION`].
    pub session_id: i32,
    /// Session epoch as the client counts it.
    pub session_epoch: i32,
    /// Whether the request names topics by id (Fetch ≥ 13).
    pub uses_topic_ids: bool,
    /// Whether a follower asks; followers may push consumers out of a full cache.
    pub from_follower: bool,
    /// Partitions named in the request, in its order.
    pub interests: Vec<(FetchKey, Interest)>,
    /// Partitions to drop from the session.
    pub forgotten: Vec<FetchKey>,
}

/// How one fetch request relates to sessions; decides which partitions are read and which are
/// answered.
#[derive(Debug)]
pub(crate) enum FetchContext {
    /// No session: answer everything that was asked.
    Sessionless {
        /// The partitions asked for.
        interests: Vec<(FetchKey, Interest)>,
    },
    /// A full fetch that may become a session.
    Full {
        /// The partitions asked for.
        interests: Vec<(FetchKey, Interest)>,
        /// As in [`FetchAsk`].
        uses_topic_ids: bool,
        /// As in [`FetchAsk`].
        from_follower: bool,
    },
    /// One step of a session.
    Incremental {
        /// The session, shared with the cache.
        session: Arc<Mutex<Session>>,
        /// The epoch the session must still have when the answer is made.
        epoch: i32,
    },
}

impl FetchContext {
    /// The partitions to read, in the order in which they share the byte budget.
    pub(crate) fn interests(&self) -> Vec<(FetchKey, Interest)> {
        match self {
            Self::Sessionless { interests } | Self::Full { interests, .. } => interests.clone(),
            Self::Incremental { session, .. } => lock(session).interests(),
        }
    }

    /// Decides what of `answers` is sent, and under which session id.
    ///
    /// `answers` holds one entry per partition of [`FetchContext::interests`]. The returned flags
    /// say, in the same order, whether the entry is part of the response.
    pub(crate) fn finish(
        &self,
        sessions: &FetchSessions,
        answers: &[(FetchKey, Answer)],
        now_ms: i64,
    ) -> Result<(i32, Vec<bool>), ErrorCode> {
        match self {
            Self::Sessionless { .. } => Ok((NO_SESSION, vec![true; answers.len()])),
            Self::Full { interests, uses_topic_ids, from_follower } => {
                let id =
                    sessions.create(interests, answers, *uses_topic_ids, *from_follower, now_ms);
                Ok((id, vec![true; answers.len()]))
            }
            Self::Incremental { session, epoch } => {
                let mut session = lock(session);
                if session.epoch() != *epoch {
                    return Err(ErrorCode::InvalidFetchSessionEpoch);
                }
                Ok((session.id(), session.select(answers)))
            }
        }
    }
}

/// Locks a session; a panic of another holder leaves a session that is still well formed.
fn lock(session: &Mutex<Session>) -> std::sync::MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
