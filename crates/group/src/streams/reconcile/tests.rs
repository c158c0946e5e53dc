//! Members on their way to the target assignment (kafka-semantics 129, 175).

use std::collections::HashMap;

use super::*;

/// Tasks such as `0_1 0_2 +1_0 ~1_1`: a plus before standbys, a wave before warm-ups.
fn sets(text: &str) -> TaskSets {
    let mut sets = TaskSets::default();
    for word in text.split_whitespace() {
        let (role, task) = match word.strip_prefix('+') {
            Some(task) => (&mut sets.standby, task),
            None => match word.strip_prefix('~') {
                Some(task) => (&mut sets.warmup, task),
                None => (&mut sets.active, word),
            },
        };
        let (id, partition) = task.split_once('_').expect("a task");
        role.entry(Str::copy_from(id)).or_default().insert(partition.parse().expect("a partition"));
    }
    sets
}

fn assigned(text: &str, epoch: i32) -> AssignedTasks {
    let TaskSets { active, standby, warmup } = sets(text);
    let with_epoch = |tasks: BTreeSet<i32>| tasks.into_iter().map(|task| (task, epoch)).collect();
    let active = active.into_iter().map(|(id, tasks)| (id, with_epoch(tasks))).collect();
    AssignedTasks { active, standby, warmup }
}

/// Who has what: tasks and the process.
#[derive(Default)]
struct Taken(HashMap<String, Str>);

impl Taken {
    fn by(process: &'static str, tasks: &str) -> Self {
        Self(tasks.split_whitespace().map(|task| (task.into(), Str::from(process))).collect())
    }

    fn has(&self, role: &str, id: &str, task: i32, process: &str) -> bool {
        self.0.get(&format!("{role}{id}_{task}")).is_some_and(|owner| *owner == *process)
    }
}

impl Owners for Taken {
    fn active(&self, id: &str, task: i32) -> Option<&Str> {
        self.0.get(&format!("{id}_{task}"))
    }

    fn has_standby(&self, id: &str, task: i32, process: &str) -> bool {
        self.has("+", id, task, process)
    }

    fn has_warmup(&self, id: &str, task: i32, process: &str) -> bool {
        self.has("~", id, task, process)
    }
}

fn member(epoch: i32, state: MemberState, tasks: &str, revoked: &str) -> CurrentAssignment {
    CurrentAssignment {
        member_epoch: epoch,
        previous_member_epoch: epoch,
        state,
        assigned: assigned(tasks, epoch),
        pending_revocation: assigned(revoked, epoch),
    }
}

/// The next step of a member of process `me` towards epoch 9.
fn step(
    member: &CurrentAssignment,
    target: &str,
    owned: Option<&str>,
    taken: Taken,
) -> Option<CurrentAssignment> {
    let (target, owned) = (sets(target), owned.map(sets));
    let goal = Goal {
        target_epoch: 9,
        target: &target,
        process_id: &Str::from("me"),
        owned: owned.as_ref(),
        owners: &taken,
    };
    member.reconcile(goal).expect("not fenced")
}

fn show(member: Option<CurrentAssignment>) -> String {
    let Some(member) = member else { return "nothing".into() };
    let list = |tasks: &AssignedTasks| {
        let active = tasks.active.iter().flat_map(|(id, tasks)| {
            tasks.iter().map(move |(task, epoch)| format!(" {id}_{task}@{epoch}"))
        });
        let copies = |tasks: &Tasks, sign: &str| -> String {
            let each = tasks.iter().flat_map(|(id, tasks)| {
                tasks.iter().map(move |task| format!(" {sign}{id}_{task}"))
            });
            each.collect()
        };
        let active: String = active.collect();
        format!("{active}{}{}", copies(&tasks.standby, "+"), copies(&tasks.warmup, "~"))
    };
    format!(
        "{:?} {}<-{}:{} -{}",
        member.state,
        member.member_epoch,
        member.previous_member_epoch,
        list(&member.assigned),
        list(&member.pending_revocation)
    )
}

#[test]
fn a_stable_member_moves_when_the_target_does() {
    let stable = member(9, MemberState::Stable, "0_0", "");
    assert_eq!(show(step(&stable, "0_0 0_1", None, Taken::default())), "nothing");
    let behind = member(8, MemberState::Stable, "0_0", "");
    assert_eq!(
        show(step(&behind, "0_0 0_1 +1_0", None, Taken::default())),
        "Stable 9<-8: 0_0@8 0_1@9 +1_0 -"
    );
    assert_eq!(show(step(&behind, "0_0", None, Taken::default())), "Stable 9<-8: 0_0@8 -");
}

#[test]
fn tasks_are_given_up_first_at_the_old_epoch() {
    let behind = member(8, MemberState::Stable, "0_0 0_1 +1_0", "");
    let next = step(&behind, "0_0 0_2", None, Taken::default());
    assert_eq!(show(next.clone()), "UnrevokedTasks 8<-8: 0_0@8 - 0_1@8 +1_0");
    // It does not say what it has, or still has it.
    let next = next.expect("a step");
    assert_eq!(show(step(&next, "0_0 0_2", None, Taken::default())), "nothing");
    assert_eq!(show(step(&next, "0_0 0_2", Some("0_0 +1_0"), Taken::default())), "nothing");
    assert_eq!(
        show(step(&next, "0_0 0_2", Some("0_0"), Taken::default())),
        "Stable 9<-8: 0_0@8 0_2@9 -"
    );
}

#[test]
fn a_member_that_gave_up_already_need_not_be_asked() {
    let behind = member(8, MemberState::Stable, "0_0 0_1", "");
    assert_eq!(show(step(&behind, "0_0", Some("0_0"), Taken::default())), "Stable 9<-8: 0_0@8 -");
}

#[test]
fn active_tasks_of_others_are_waited_for() {
    let behind = member(8, MemberState::Stable, "0_0", "");
    let next = step(&behind, "0_0 0_1 0_2", None, Taken::by("other", "0_1"));
    assert_eq!(show(next.clone()), "UnreleasedTasks 9<-8: 0_0@8 0_2@9 -");
    let next = next.expect("a step");
    assert_eq!(
        show(step(&next, "0_0 0_1 0_2", None, Taken::default())),
        "Stable 9<-9: 0_0@8 0_1@9 0_2@9 -"
    );
}

/// A process never has two copies of a task, but copies in other processes are in nobody's way.
#[test]
fn copies_wait_only_for_the_own_process() {
    let behind = member(8, MemberState::Stable, "", "");
    assert_eq!(
        show(step(&behind, "+0_0", None, Taken::by("other", "0_0 +0_0"))),
        "Stable 9<-8: +0_0 -"
    );
    assert_eq!(
        show(step(&behind, "+0_0", None, Taken::by("me", "0_0"))),
        "UnreleasedTasks 9<-8: -"
    );
    assert_eq!(
        show(step(&behind, "0_0", None, Taken::by("me", "+0_0"))),
        "UnreleasedTasks 9<-8: -"
    );
    assert_eq!(
        show(step(&behind, "~0_0", None, Taken::by("me", "+0_0"))),
        "UnreleasedTasks 9<-8: -"
    );
    assert_eq!(
        show(step(&behind, "0_0", None, Taken::by("other", "+0_0"))),
        "Stable 9<-8: 0_0@9 -"
    );
}

/// A task changes its role in one process: given up first, taken over afterwards.
#[test]
fn a_standby_becomes_active_after_it_was_given_up() {
    let behind = member(8, MemberState::Stable, "+0_0", "");
    let next = step(&behind, "0_0", None, Taken::by("me", "+0_0"));
    assert_eq!(show(next), "UnrevokedTasks 8<-8: - +0_0");
}

#[test]
fn while_waiting_a_new_target_may_take_tasks_away() {
    let waiting = member(9, MemberState::UnreleasedTasks, "0_0 0_1", "");
    assert_eq!(
        show(step(&waiting, "0_1", None, Taken::default())),
        "UnrevokedTasks 9<-9: 0_1@9 - 0_0@9"
    );
}

#[test]
fn a_member_in_a_state_of_the_future_must_join_anew() {
    let unknown = member(3, MemberState::Unknown, "0_0", "");
    let (target, process_id, taken) = (sets("0_0"), Str::from("me"), Taken::default());
    let goal = |owned| Goal {
        target_epoch: 9,
        target: &target,
        process_id: &process_id,
        owned,
        owners: &taken,
    };
    assert_eq!(unknown.reconcile(goal(None)), Err(Fenced));
    assert_eq!(unknown.reconcile(goal(Some(&target))), Err(Fenced));
    let nothing = TaskSets::default();
    assert!(unknown.reconcile(goal(Some(&nothing))).is_ok());
    for state in [
        MemberState::Stable,
        MemberState::UnrevokedTasks,
        MemberState::UnreleasedTasks,
        MemberState::Unknown,
    ] {
        assert_eq!(MemberState::from_code(state.code()), state);
    }
}
