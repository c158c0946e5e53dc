//! Tasks: a subtopology and a partition each.

use std::collections::{BTreeMap, BTreeSet};

use wire::Str;

/// Tasks by subtopology. No set is empty.
pub type Tasks = BTreeMap<Str, BTreeSet<i32>>;

/// Active tasks by subtopology, with the member epoch each was given out at.
pub type ActiveTasks = BTreeMap<Str, BTreeMap<i32, i32>>;

/// Tasks of a member in each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSets {
    /// Tasks that process records.
    pub active: Tasks,
    /// Copies of state that follow.
    pub standby: Tasks,
    /// Copies of state that catch up to become active.
    pub warmup: Tasks,
}

/// Tasks that a member has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignedTasks {
    /// Tasks that process records, with the epoch they were given out at.
    pub active: ActiveTasks,
    /// Copies of state that follow.
    pub standby: Tasks,
    /// Copies of state that catch up to become active.
    pub warmup: Tasks,
}

impl TaskSets {
    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty() && self.standby.is_empty() && self.warmup.is_empty()
    }

    /// Whether a task is in the same role here and there.
    pub(crate) fn contains_any(&self, other: &AssignedTasks) -> bool {
        let both = |ours: &Tasks, theirs: &Tasks| {
            ours.iter().any(|(id, partitions)| {
                theirs.get(id).is_some_and(|others| !partitions.is_disjoint(others))
            })
        };
        let active = self.active.iter().any(|(id, partitions)| {
            let others = other.active.get(id);
            others.is_some_and(|others| partitions.iter().any(|task| others.contains_key(task)))
        });
        active || both(&self.standby, &other.standby) || both(&self.warmup, &other.warmup)
    }

    /// Whether every task is in the same role there.
    pub(crate) fn is_within(&self, other: &AssignedTasks) -> bool {
        let within = |ours: &Tasks, theirs: &Tasks| {
            ours.iter().all(|(id, partitions)| {
                theirs.get(id).is_some_and(|others| partitions.is_subset(others))
            })
        };
        let active = self.active.iter().all(|(id, partitions)| {
            let others = other.active.get(id);
            others.is_some_and(|others| partitions.iter().all(|task| others.contains_key(task)))
        });
        active && within(&self.standby, &other.standby) && within(&self.warmup, &other.warmup)
    }
}

impl AssignedTasks {
    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty() && self.standby.is_empty() && self.warmup.is_empty()
    }

    /// Active tasks without their epochs.
    pub fn active_tasks(&self) -> Tasks {
        let keys = |tasks: &BTreeMap<i32, i32>| tasks.keys().copied().collect();
        self.active.iter().map(|(id, tasks)| (id.clone(), keys(tasks))).collect()
    }

    /// The tasks without the epochs.
    pub fn without_epochs(&self) -> TaskSets {
        TaskSets {
            active: self.active_tasks(),
            standby: self.standby.clone(),
            warmup: self.warmup.clone(),
        }
    }

    /// Takes in the tasks of another.
    pub(crate) fn merge(&mut self, other: Self) {
        for (id, tasks) in other.active {
            self.active.entry(id).or_default().extend(tasks);
        }
        for (ours, theirs) in [(&mut self.standby, other.standby), (&mut self.warmup, other.warmup)]
        {
            for (id, tasks) in theirs {
                ours.entry(id).or_default().extend(tasks);
            }
        }
    }
}
