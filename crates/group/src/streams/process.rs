//! A process of an application, as the assignor sees it: its members and what they have got so far.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use super::assign::TaskId;

/// A process and its members.
#[derive(Debug, Default)]
pub(super) struct Process {
    members: Vec<Load>,
    tasks: HashSet<TaskId>,
    /// All tasks, also those that are there twice.
    task_count: u64,
    /// Members by load. It is dropped when a member got a task in another way, which is done
    /// before tasks go to the least loaded.
    by_load: Option<BinaryHeap<Reverse<(u64, usize)>>>,
}

/// A member and how many tasks it has.
#[derive(Debug)]
struct Load {
    member: usize,
    task_count: u64,
}

/// Whose turn it is, and how many tasks it has then.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) member: usize,
    pub(super) task_count: u64,
}

impl Process {
    /// Adds a member. Gives its place in the process.
    pub(super) fn add_member(&mut self, member: usize) -> usize {
        self.members.push(Load { member, task_count: 0 });
        self.members.len() - 1
    }

    /// Tasks per member; grows as the quotient does.
    pub(super) fn load(&self) -> u64 {
        // The bits of floats that are not negative are ordered as they are.
        (self.task_count as f64 / self.members.len() as f64).to_bits()
    }

    pub(super) fn has_task(&self, task: TaskId) -> bool {
        self.tasks.contains(&task)
    }

    pub(super) fn member_task_count(&self, place: usize) -> u64 {
        self.members[place].task_count
    }

    /// Gives the task to a member. Returns how many it has then.
    pub(super) fn add(&mut self, place: usize, task: TaskId) -> u64 {
        self.by_load = None;
        self.add_to(place, task)
    }

    /// Gives the task to the member that has the fewest.
    pub(super) fn add_to_least_loaded(&mut self, task: TaskId) -> Option<Added> {
        let heap = self.by_load.get_or_insert_with(|| {
            self.members
                .iter()
                .enumerate()
                .map(|(place, load)| Reverse((load.task_count, place)))
                .collect()
        });
        let Reverse((_, place)) = heap.pop()?;
        let task_count = self.add_to(place, task);
        if let Some(heap) = &mut self.by_load {
            heap.push(Reverse((task_count, place)));
        }
        Some(Added { member: self.members[place].member, task_count })
    }

    fn add_to(&mut self, place: usize, task: TaskId) -> u64 {
        self.tasks.insert(task);
        self.task_count += 1;
        let load = &mut self.members[place];
        load.task_count += 1;
        load.task_count
    }
}
