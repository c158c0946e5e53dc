//! How a member gets from the tasks it has to those it shall have: first it gives up, at its old
//! epoch; then it moves to the target epoch and takes over what nobody else has (kafka-semantics
//! 129, 175).

use std::collections::{BTreeMap, BTreeSet};

use wire::Str;

use super::tasks::{ActiveTasks, AssignedTasks, TaskSets, Tasks};

/// Where a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It has what it shall have.
    Stable,
    /// It has tasks that it must give up.
    UnrevokedTasks,
    /// It waits for tasks that others have.
    UnreleasedTasks,
    /// A state of a newer version.
    Unknown,
}

/// The part of a member that moves towards the target assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentAssignment {
    /// The epoch the member is in.
    pub member_epoch: i32,
    /// The one before.
    pub previous_member_epoch: i32,
    /// Where it stands.
    pub state: MemberState,
    /// What it has.
    pub assigned: AssignedTasks,
    /// What it must give up.
    pub pending_revocation: AssignedTasks,
}

/// Which processes have a task.
pub(crate) trait Owners {
    /// The process that has the active task.
    fn active(&self, subtopology_id: &str, partition: i32) -> Option<&Str>;
    /// Whether the process has the standby task.
    fn has_standby(&self, subtopology_id: &str, partition: i32, process_id: &str) -> bool;
    /// Whether the process has the warm-up task.
    fn has_warmup(&self, subtopology_id: &str, partition: i32, process_id: &str) -> bool;
}

/// What a member is reconciled with.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'a> {
    pub(crate) target_epoch: i32,
    pub(crate) target: &'a TaskSets,
    /// The process of the member.
    pub(crate) process_id: &'a Str,
    /// What the member said it has, if it did.
    pub(crate) owned: Option<&'a TaskSets>,
    pub(crate) owners: &'a dyn Owners,
}

/// The member's state is of a newer version, and it has tasks: it must join anew.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fenced;

impl MemberState {
    /// As it is stored.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Stable => 1,
            Self::UnrevokedTasks => 2,
            Self::UnreleasedTasks => 3,
            Self::Unknown => 127,
        }
    }

    pub(crate) fn from_code(code: i8) -> Self {
        match code {
            1 => Self::Stable,
            2 => Self::UnrevokedTasks,
            3 => Self::UnreleasedTasks,
            _ => Self::Unknown,
        }
    }
}

impl Default for CurrentAssignment {
    /// A member that has just come.
    fn default() -> Self {
        Self {
            member_epoch: 0,
            previous_member_epoch: 0,
            state: MemberState::Stable,
            assigned: AssignedTasks::default(),
            pending_revocation: AssignedTasks::default(),
        }
    }
}

impl CurrentAssignment {
    /// Whether the member has arrived at the target.
    pub(crate) fn is_reconciled_to(&self, target_epoch: i32) -> bool {
        self.state == MemberState::Stable && self.member_epoch == target_epoch
    }

    /// The next step towards the goal; none if there is nothing to do yet.
    pub(crate) fn reconcile(&self, goal: Goal<'_>) -> Result<Option<Self>, Fenced> {
        let epoch = match self.state {
            MemberState::Stable if self.member_epoch == goal.target_epoch => return Ok(None),
            MemberState::Stable | MemberState::UnreleasedTasks => self.member_epoch,
            MemberState::UnrevokedTasks => {
                // Tasks count as given up when the member says what it has and they are not there.
                let is_revoked =
                    goal.owned.is_some_and(|owned| !owned.contains_any(&self.pending_revocation));
                if !is_revoked {
                    return Ok(None);
                }
                self.member_epoch.saturating_add(1)
            }
            MemberState::Unknown if goal.owned.is_some_and(TaskSets::is_empty) => goal.target_epoch,
            MemberState::Unknown => return Err(Fenced),
        };
        let next = self.next(epoch, goal);
        Ok((next != *self).then_some(next))
    }

    fn next(&self, epoch: i32, goal: Goal<'_>) -> Self {
        let Goal { target, process_id, owners, .. } = goal;
        let in_process = |id: &str, task: i32| {
            owners.has_standby(id, task, process_id) || owners.has_warmup(id, task, process_id)
        };
        let active = active_difference(
            &self.assigned.active,
            &target.active,
            goal.target_epoch,
            |id, task| owners.active(id, task).is_some() || in_process(id, task),
        );
        let copy_taken = |id: &str, task: i32| {
            owners.active(id, task) == Some(process_id) || in_process(id, task)
        };
        let standby = difference(&self.assigned.standby, &target.standby, copy_taken);
        let warmup = difference(&self.assigned.warmup, &target.warmup, copy_taken);
        let is_waiting = active.is_waiting || standby.is_waiting || warmup.is_waiting;
        let sets = |active, standby, warmup| AssignedTasks { active, standby, warmup };
        let mut assigned = sets(active.kept, standby.kept, warmup.kept);
        let revoked = sets(active.revoked, standby.revoked, warmup.revoked);
        let has_revoked = goal.owned.is_none_or(|owned| owned.contains_any(&revoked));
        if !revoked.is_empty() && has_revoked {
            return Self {
                member_epoch: epoch,
                previous_member_epoch: self.member_epoch,
                state: MemberState::UnrevokedTasks,
                assigned,
                pending_revocation: revoked,
            };
        }
        assigned.merge(sets(active.added, standby.added, warmup.added));
        Self {
            member_epoch: goal.target_epoch,
            previous_member_epoch: self.member_epoch,
            state: match is_waiting {
                true => MemberState::UnreleasedTasks,
                false => MemberState::Stable,
            },
            assigned,
            pending_revocation: AssignedTasks::default(),
        }
    }
}

/// What becomes of the tasks of one role.
struct Difference<T> {
    kept: BTreeMap<Str, T>,
    revoked: BTreeMap<Str, T>,
    added: BTreeMap<Str, T>,
    /// A task of the target is held by somebody still.
    is_waiting: bool,
}

fn difference(
    current: &Tasks,
    target: &Tasks,
    is_taken: impl Fn(&str, i32) -> bool,
) -> Difference<BTreeSet<i32>> {
    let (mut kept, mut revoked, mut added) = (Tasks::new(), Tasks::new(), Tasks::new());
    let mut is_waiting = false;
    for (id, tasks) in current {
        for &task in tasks {
            let stays = target.get(id).is_some_and(|target| target.contains(&task));
            let list = if stays { &mut kept } else { &mut revoked };
            list.entry(id.clone()).or_default().insert(task);
        }
    }
    for (id, tasks) in target {
        let own = kept.get(id);
        for &task in tasks.iter().filter(|task| own.is_none_or(|own| !own.contains(task))) {
            if is_taken(id, task) {
                is_waiting = true;
            } else {
                added.entry(id.clone()).or_default().insert(task);
            }
        }
    }
    Difference { kept, revoked, added, is_waiting }
}

fn active_difference(
    current: &ActiveTasks,
    target: &Tasks,
    target_epoch: i32,
    is_taken: impl Fn(&str, i32) -> bool,
) -> Difference<BTreeMap<i32, i32>> {
    let mut result = Difference {
        kept: ActiveTasks::new(),
        revoked: ActiveTasks::new(),
        added: ActiveTasks::new(),
        is_waiting: false,
    };
    for (id, tasks) in current {
        for (&task, &epoch) in tasks {
            let stays = target.get(id).is_some_and(|target| target.contains(&task));
            let list = if stays { &mut result.kept } else { &mut result.revoked };
            list.entry(id.clone()).or_default().insert(task, epoch);
        }
    }
    for (id, tasks) in target {
        let own = result.kept.get(id);
        for &task in tasks.iter().filter(|task| own.is_none_or(|own| !own.contains_key(task))) {
            if is_taken(id, task) {
                result.is_waiting = true;
            } else {
                result.added.entry(id.clone()).or_default().insert(task, target_epoch);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests;
