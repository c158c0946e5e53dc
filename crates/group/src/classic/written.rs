//! What follows when a group's record is committed, or could not be written.

use std::collections::HashMap;

use wire::{Bytes, Str};

use super::join::StaticReplacement;
use super::request::{JoinRefused, Joined};
use super::state::{ClassicGroup, State};
use crate::error::{Error, WriteError};
use crate::groups::Group;
use crate::journal::Record;
use crate::turn::Turn;

/// The rest of an event that waits for its records to be committed. The driver keeps it and hands
/// it back.
#[derive(Debug)]
pub struct AfterWrite {
    pub(crate) group_id: Str,
    pub(super) step: Step,
}

#[derive(Debug)]
pub(super) enum Step {
    /// The group was created by a join; without its record it is gone, and what it replaced is
    /// back.
    NewGroup { replaced: Option<Box<Group>> },
    /// The leader's assignment takes effect.
    Assignment { generation_id: i32, assignments: HashMap<Str, Bytes> },
    /// A consumer group became this one.
    Downgraded,
    /// A static member has a new id and needs no rebalance.
    StaticMember(Box<StaticReplacement>),
}

impl AfterWrite {
    pub(crate) fn new_group(group_id: Str, replaced: Option<Group>) -> Self {
        Self { group_id, step: Step::NewGroup { replaced: replaced.map(Box::new) } }
    }

    pub(super) fn assignment(group: &ClassicGroup, assignments: HashMap<Str, Bytes>) -> Self {
        let step = Step::Assignment { generation_id: group.generation_id, assignments };
        Self { group_id: group.id.clone(), step }
    }

    pub(crate) fn downgraded(group_id: Str) -> Self {
        Self { group_id, step: Step::Downgraded }
    }

    pub(super) fn static_member(group: &ClassicGroup, replacement: StaticReplacement) -> Self {
        Self { group_id: group.id.clone(), step: Step::StaticMember(Box::new(replacement)) }
    }

    /// Whether the group was created for the write that this follows, and what it replaced.
    pub(crate) fn creates_group(&mut self) -> Option<Option<Group>> {
        match &mut self.step {
            Step::NewGroup { replaced } => Some(replaced.take().map(|group| *group)),
            Step::Assignment { .. } | Step::StaticMember(_) | Step::Downgraded => None,
        }
    }
}

impl ClassicGroup {
    /// Adds the group's record to the effects: the members with these assignments, or with those
    /// they have.
    pub(super) fn write(&self, assignments: Option<&HashMap<Str, Bytes>>, turn: &mut Turn<'_>) {
        turn.out.records.push(Record::Group {
            group_id: self.id.clone(),
            value: Some(Box::new(self.stored(assignments))),
        });
    }

    /// Goes on after the write of a group that existed before.
    pub(crate) fn written(
        &mut self,
        after: AfterWrite,
        result: Result<(), WriteError>,
        turn: &mut Turn<'_>,
    ) {
        match after.step {
            Step::NewGroup { .. } => {}
            Step::Downgraded if result.is_ok() => self.begin_anew(turn),
            Step::Downgraded => {}
            Step::Assignment { generation_id, assignments } => {
                // A member may have joined while the write was under way.
                if self.is_completing() && self.generation_id == generation_id {
                    self.assignment_written(&assignments, result, turn);
                }
            }
            Step::StaticMember(replacement) => {
                let waits = self
                    .members
                    .get(&replacement.member_id)
                    .is_some_and(|member| member.is_awaiting_join());
                // Otherwise the rebalance that began meanwhile answers the member.
                if self.is_stable() && waits {
                    self.static_member_written(*replacement, result, turn);
                }
            }
        }
    }

    /// A group that could not be created: whoever waits in it is told so.
    pub(crate) fn abandon(&mut self, error: WriteError, turn: &mut Turn<'_>) {
        let member_ids: Vec<Str> = self.members.iter().map(|member| member.id.clone()).collect();
        for member_id in member_ids {
            let waiting = self.members.take_join(&member_id);
            let refused = JoinRefused { member_id: member_id.clone(), error: Error::Write(error) };
            turn.reply_join(waiting, Err(refused));
            self.remove(&member_id, turn);
        }
        for member_id in std::mem::take(&mut self.pending_joins) {
            turn.cancel_session(&self.id, &member_id);
        }
        turn.out.cancel(crate::outcome::Timer::Join { group_id: self.id.clone() });
    }

    fn assignment_written(
        &mut self,
        assignments: &HashMap<Str, Bytes>,
        result: Result<(), WriteError>,
        turn: &mut Turn<'_>,
    ) {
        if let Err(error) = result {
            self.refuse_assignment(Error::Write(error), turn);
            self.prepare_rebalance(turn);
            return;
        }
        let mut waiting = Vec::new();
        for member in self.members.iter_mut() {
            member.assignment = assignments
                .get(&member.id)
                .map(|assignment| Bytes::copy_from_slice(assignment))
                .unwrap_or_default();
            if let Some(token) = member.awaiting_sync.take() {
                waiting.push((token, member.assignment.clone()));
                // An expiry that came while it waited was ignored, so the clock starts anew.
                turn.await_heartbeat(&self.id, member);
            }
        }
        for (token, assignment) in waiting {
            turn.reply_sync(Some(token), Ok(self.synced(assignment)));
        }
        self.enter(State::Stable, turn.now_ms);
    }

    fn static_member_written(
        &mut self,
        replacement: StaticReplacement,
        result: Result<(), WriteError>,
        turn: &mut Turn<'_>,
    ) {
        let StaticReplacement { before, member_id, led_by, skip_assignment } = replacement;
        let waiting = self.members.take_join(&member_id);
        if let Err(error) = result {
            let refused = JoinRefused { member_id: Str::new(), error: Error::Write(error) };
            turn.reply_join(waiting, Err(refused));
            self.rename_static_member(&member_id, &before.id, Error::Write(error), turn);
            self.members.set_protocols(&before.id, before.protocols);
            if let Some(member) = self.members.get_mut(&before.id) {
                member.rebalance_timeout_ms = before.rebalance_timeout_ms;
                member.session_timeout_ms = before.session_timeout_ms;
                turn.await_heartbeat(&self.id, member);
            }
            return;
        }
        let leads = self.is_leader(&member_id);
        let joined = if skip_assignment {
            Joined { skip_assignment: leads, ..self.joined(&member_id) }
        } else {
            // Versions that cannot skip the assignment must not think they lead: they see the id
            // the leader had before.
            Joined { leader: led_by, members: Vec::new(), ..self.joined(&member_id) }
        };
        turn.reply_join(waiting, Ok(joined));
    }
}
