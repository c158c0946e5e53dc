//! What a classic group does with its members' timers and waiting requests.

use wire::Str;

use super::member::Member;
use super::request::{JoinRefused, Joined, Synced};
use crate::error::Error;
use crate::outcome::{Timer, Token};
use crate::request::Response;
use crate::turn::Turn;

impl Turn<'_> {
    /// (Re)starts the timer that notices a member's silence.
    pub(crate) fn await_heartbeat(&mut self, group_id: &Str, member: &Member) {
        self.await_life(group_id, &member.id, i64::from(member.session_timeout_ms));
    }

    pub(super) fn await_life(&mut self, group_id: &Str, member_id: &Str, after_ms: i64) {
        self.out.schedule(session_timer(group_id, member_id), after_ms);
    }

    pub(super) fn cancel_session(&mut self, group_id: &Str, member_id: &Str) {
        self.out.cancel(session_timer(group_id, member_id));
    }

    /// Answers the JoinGroup at hand with an error.
    pub(super) fn refuse_join(&mut self, member_id: Str, error: Error) {
        self.out.answer(Response::JoinGroup(Err(JoinRefused { member_id, error })));
    }

    pub(super) fn reply_join(&mut self, to: Option<Token>, result: Result<Joined, JoinRefused>) {
        if let Some(to) = to {
            self.out.reply(to, Response::JoinGroup(result));
        }
    }

    pub(super) fn reply_sync(&mut self, to: Option<Token>, result: Result<Synced, Error>) {
        if let Some(to) = to {
            self.out.reply(to, Response::SyncGroup(result));
        }
    }

    /// A removed member's waiting requests fail, so that a live client joins anew
    /// (kafka-semantics 105).
    pub(super) fn dismiss(&mut self, member: &Member) {
        let refused = JoinRefused { member_id: Str::new(), error: Error::UnknownMemberId };
        self.reply_join(member.awaiting_join, Err(refused));
        self.reply_sync(member.awaiting_sync, Err(Error::UnknownMemberId));
    }
}

fn session_timer(group_id: &Str, member_id: &Str) -> Timer {
    Timer::Session { group_id: group_id.clone(), member_id: member_id.clone() }
}
