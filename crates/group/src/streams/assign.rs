//! The `sticky` assignor of Apache Kafka 4.3: tasks stay where they are as far as balance allows,
//! standbys are preferred when tasks move, and processes, then their members, get equal shares.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use wire::Str;

use super::configure::ConfiguredSubtopology;
use super::process::{Added, Process};
use super::tasks::{TaskSets, Tasks};

/// A member as the assignor sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberSpec<'a> {
    /// The process it is a thread of.
    pub(crate) process_id: &'a Str,
    /// What it was meant to have so far.
    pub(crate) target: &'a TaskSets,
}

/// A task: the place of its subtopology among those in order of their ids, and its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskId {
    part: u32,
    partition: i32,
}

/// What every member shall have. Warm-ups are not given out: 4.3 has none.
pub(crate) fn assign(
    members: &BTreeMap<&Str, MemberSpec<'_>>,
    subtopologies: &BTreeMap<Str, ConfiguredSubtopology>,
    standby_replicas: u32,
) -> BTreeMap<Str, TaskSets> {
    let mut assignor = Assignor::new(members, subtopologies, standby_replicas);
    assignor.assign_active(task_ids(subtopologies, false));
    if standby_replicas > 0 {
        assignor.assign_standby(task_ids(subtopologies, true), standby_replicas);
    }
    let ids: Vec<&Str> = subtopologies.keys().collect();
    let sets = assignor.members.into_iter().map(|member| TaskSets {
        active: by_subtopology(&member.active, &ids),
        standby: by_subtopology(&member.standby, &ids),
        warmup: Tasks::new(),
    });
    members.keys().map(|id| (*id).clone()).zip(sets).collect()
}

fn task_ids(parts: &BTreeMap<Str, ConfiguredSubtopology>, only_stateful: bool) -> Vec<TaskId> {
    (0u32..)
        .zip(parts.values())
        .filter(|(_, part)| !only_stateful || !part.state_changelog_topics.is_empty())
        .flat_map(|(place, part)| {
            (0..part.task_count).map(move |partition| TaskId { part: place, partition })
        })
        .collect()
}

fn by_subtopology(tasks: &[TaskId], ids: &[&Str]) -> Tasks {
    let mut sets = Tasks::new();
    for task in tasks {
        if let Some(id) = ids.get(task.part as usize) {
            sets.entry((*id).clone()).or_default().insert(task.partition);
        }
    }
    sets
}

/// Where a member is, and what it got.
#[derive(Debug)]
struct Member {
    process: usize,
    /// Its place in the process.
    place: usize,
    active: Vec<TaskId>,
    standby: Vec<TaskId>,
}

/// How many tasks a member may have, so that all have about the same. When a member is full, the
/// share of the others is computed anew.
#[derive(Debug)]
struct Quota {
    tasks: u64,
    members: u64,
    per_member: u64,
}

impl Quota {
    fn new(tasks: u64, members: u64) -> Self {
        Self { tasks, members, per_member: share(tasks, members) }
    }

    fn taken(&mut self, task_count: u64) {
        if task_count == self.per_member {
            self.members = self.members.saturating_sub(1);
            self.tasks = self.tasks.saturating_sub(task_count);
            self.per_member = share(self.tasks, self.members);
        }
    }
}

fn share(tasks: u64, members: u64) -> u64 {
    if members == 0 { 0 } else { tasks.div_ceil(members) }
}

#[derive(Debug)]
struct Assignor {
    members: Vec<Member>,
    processes: Vec<Process>,
    active_quota: Quota,
    total_quota: Quota,
    active_before: HashMap<TaskId, usize>,
    standby_before: HashMap<TaskId, Vec<usize>>,
}

impl Assignor {
    fn new(
        members: &BTreeMap<&Str, MemberSpec<'_>>,
        parts: &BTreeMap<Str, ConfiguredSubtopology>,
        standby_replicas: u32,
    ) -> Self {
        let tasks = |part: &ConfiguredSubtopology| u64::try_from(part.task_count).unwrap_or(0);
        let active: u64 = parts.values().map(tasks).sum();
        let stateful = parts.values().filter(|part| !part.state_changelog_topics.is_empty());
        let standby = stateful.map(tasks).sum::<u64>() * u64::from(standby_replicas);
        let count = members.len() as u64;
        let mut assignor = Self {
            members: Vec::with_capacity(members.len()),
            processes: Vec::new(),
            active_quota: Quota::new(active, count),
            total_quota: Quota::new(active + standby, count),
            active_before: HashMap::new(),
            standby_before: HashMap::new(),
        };
        let places: HashMap<&Str, u32> = parts.keys().zip(0..).collect();
        let mut process_of: HashMap<&Str, usize> = HashMap::new();
        for (index, spec) in members.values().enumerate() {
            let process = *process_of.entry(spec.process_id).or_insert(assignor.processes.len());
            if process == assignor.processes.len() {
                assignor.processes.push(Process::default());
            }
            let place = assignor.processes[process].add_member(index);
            let (active, standby) = (Vec::new(), Vec::new());
            assignor.members.push(Member { process, place, active, standby });
            for task in known_tasks(&spec.target.active, &places) {
                assignor.active_before.insert(task, index);
            }
            for task in known_tasks(&spec.target.standby, &places) {
                assignor.standby_before.entry(task).or_default().push(index);
            }
        }
        assignor
    }

    fn assign_active(&mut self, mut tasks: Vec<TaskId>) {
        // Tasks of the same partition are next to each other, as a range has them.
        tasks.sort_by_key(|task| (task.partition, task.part));
        tasks.retain(|task| {
            let before = self.active_before.get(task).copied();
            !self.keep_active(*task, before)
        });
        tasks.retain(|task| {
            let before = self.standby_before.get(task).map(Vec::as_slice).unwrap_or_default();
            let before = self.least_loaded(before, None);
            !self.keep_active(*task, before)
        });
        tasks.sort_by_key(|task| (task.part, task.partition));
        let mut queue = self.queue();
        for task in tasks {
            let Some(Reverse((_, process))) = queue.pop() else { return };
            if let Some(added) = self.processes[process].add_to_least_loaded(task) {
                self.members[added.member].active.push(task);
                self.active_taken(added.task_count);
            }
            queue.push(Reverse((self.processes[process].load(), process)));
        }
    }

    /// Gives the task to a member that knows it, if there is one with room.
    fn keep_active(&mut self, task: TaskId, member: Option<usize>) -> bool {
        let Some(member) = member else { return false };
        if self.task_count(member) >= self.active_quota.per_member {
            return false;
        }
        let Member { process, place, .. } = self.members[member];
        let task_count = self.processes[process].add(place, task);
        self.members[member].active.push(task);
        self.active_taken(task_count);
        true
    }

    fn active_taken(&mut self, task_count: u64) {
        self.active_quota.taken(task_count);
        self.total_quota.taken(task_count);
    }

    fn assign_standby(&mut self, mut tasks: Vec<TaskId>, replicas: u32) {
        tasks.sort_by_key(|task| Reverse((task.partition, task.part)));
        let mut left = Vec::new();
        for task in tasks {
            let kept = (0..replicas).take_while(|_| self.keep_standby(task)).count();
            let missing = replicas as usize - kept;
            if missing > 0 {
                left.push((task, missing));
            }
        }
        left.sort_by_key(|(task, _)| Reverse(*task));
        let mut queue = self.queue();
        for (task, missing) in left {
            for _ in 0..missing {
                // Not enough processes: the task has fewer standbys than it should.
                let Some(added) = self.add_standby(task, &mut queue) else { break };
                self.members[added.member].standby.push(task);
                self.total_quota.taken(added.task_count);
            }
        }
    }

    /// Gives the standby to a member that has the state already, if there is one with room in a
    /// process that does not have the task.
    fn keep_standby(&mut self, task: TaskId) -> bool {
        let active = self.active_before.get(&task).copied();
        let active = active.filter(|member| !self.process_of(*member).has_task(task));
        let fits = |assignor: &Self, member: &usize| {
            assignor.task_count(*member) < assignor.total_quota.per_member
        };
        let member = active.filter(|member| fits(self, member)).or_else(|| {
            let before = self.standby_before.get(&task)?;
            self.least_loaded(before, Some(task)).filter(|member| fits(self, member))
        });
        let Some(member) = member else { return false };
        let Member { process, place, .. } = self.members[member];
        let task_count = self.processes[process].add(place, task);
        self.members[member].standby.push(task);
        self.total_quota.taken(task_count);
        true
    }

    /// Gives the standby to the least loaded process that does not have the task.
    fn add_standby(
        &mut self,
        task: TaskId,
        queue: &mut BinaryHeap<Reverse<(u64, usize)>>,
    ) -> Option<Added> {
        let mut passed = Vec::new();
        let mut added = None;
        while let Some(Reverse((load, process))) = queue.pop() {
            if self.processes[process].has_task(task) {
                passed.push(Reverse((load, process)));
                continue;
            }
            added = self.processes[process].add_to_least_loaded(task);
            passed.push(Reverse((self.processes[process].load(), process)));
            break;
        }
        queue.extend(passed);
        added
    }

    /// The member with the least load among these. Kafka asks only the first one's process whether
    /// it has the task already.
    fn least_loaded(&self, members: &[usize], task: Option<TaskId>) -> Option<usize> {
        let (&first, others) = members.split_first()?;
        let has_task =
            |member: usize| task.is_some_and(|task| self.process_of(member).has_task(task));
        let load = |member: usize| (self.process_of(member).load(), self.task_count(member));
        let mut candidate = first;
        for &member in others {
            let ((process, own), (least_process, least)) = (load(member), load(candidate));
            if process < least_process && !has_task(member) && own < least {
                candidate = member;
            }
        }
        (!has_task(first)).then_some(candidate)
    }

    fn queue(&self) -> BinaryHeap<Reverse<(u64, usize)>> {
        self.processes.iter().zip(0..).map(|(process, at)| Reverse((process.load(), at))).collect()
    }

    fn process_of(&self, member: usize) -> &Process {
        &self.processes[self.members[member].process]
    }

    fn task_count(&self, member: usize) -> u64 {
        self.process_of(member).member_task_count(self.members[member].place)
    }
}

fn known_tasks<'a>(
    tasks: &'a Tasks,
    places: &'a HashMap<&Str, u32>,
) -> impl Iterator<Item = TaskId> + 'a {
    tasks.iter().filter_map(|(id, partitions)| Some((*places.get(id)?, partitions))).flat_map(
        |(part, partitions)| partitions.iter().map(move |&partition| TaskId { part, partition }),
    )
}

#[cfg(test)]
mod tests;
