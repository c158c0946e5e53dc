//! Which processes have which tasks.

use std::collections::{BTreeMap, BTreeSet};

use wire::Str;

use super::member::Member;
use super::reconcile::Owners;
use super::tasks::{AssignedTasks, Tasks};

/// The processes that have the tasks of a group, those to be given up included.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskOwners {
    active: BTreeMap<Str, BTreeMap<i32, Str>>,
    standby: Copies,
    warmup: Copies,
}

type Copies = BTreeMap<Str, BTreeMap<i32, BTreeSet<Str>>>;

impl TaskOwners {
    pub(super) fn add(&mut self, member: &Member) {
        if let (Some(metadata), Some(current)) = (&member.metadata, &member.current) {
            for tasks in [&current.assigned, &current.pending_revocation] {
                self.add_tasks(tasks, &metadata.process_id);
            }
        }
    }

    pub(super) fn remove(&mut self, member: &Member) {
        if let (Some(metadata), Some(current)) = (&member.metadata, &member.current) {
            for tasks in [&current.assigned, &current.pending_revocation] {
                self.remove_tasks(tasks, &metadata.process_id);
            }
        }
    }

    fn add_tasks(&mut self, tasks: &AssignedTasks, process_id: &Str) {
        for (id, partitions) in &tasks.active {
            let owners = self.active.entry(id.clone()).or_default();
            owners.extend(partitions.keys().map(|task| (*task, process_id.clone())));
        }
        for (copies, tasks) in
            [(&mut self.standby, &tasks.standby), (&mut self.warmup, &tasks.warmup)]
        {
            for (id, partitions) in tasks {
                let owners = copies.entry(id.clone()).or_default();
                for task in partitions {
                    owners.entry(*task).or_default().insert(process_id.clone());
                }
            }
        }
    }

    fn remove_tasks(&mut self, tasks: &AssignedTasks, process_id: &Str) {
        for (id, partitions) in &tasks.active {
            let Some(owners) = self.active.get_mut(id) else { continue };
            for task in partitions.keys() {
                // Another process may have it by now.
                if owners.get(task) == Some(process_id) {
                    owners.remove(task);
                }
            }
            if owners.is_empty() {
                self.active.remove(id);
            }
        }
        remove_copies(&mut self.standby, &tasks.standby, process_id);
        remove_copies(&mut self.warmup, &tasks.warmup, process_id);
    }
}

fn remove_copies(copies: &mut Copies, tasks: &Tasks, process_id: &Str) {
    for (id, partitions) in tasks {
        let Some(owners) = copies.get_mut(id) else { continue };
        for task in partitions {
            if let Some(processes) = owners.get_mut(task) {
                processes.remove(process_id);
                if processes.is_empty() {
                    owners.remove(task);
                }
            }
        }
        if owners.is_empty() {
            copies.remove(id);
        }
    }
}

fn has_copy(copies: &Copies, id: &str, task: i32, process_id: &str) -> bool {
    let processes = copies.get(id).and_then(|owners| owners.get(&task));
    processes.is_some_and(|processes| processes.contains(process_id))
}

impl Owners for TaskOwners {
    fn active(&self, subtopology_id: &str, partition: i32) -> Option<&Str> {
        self.active.get(subtopology_id)?.get(&partition)
    }

    fn has_standby(&self, subtopology_id: &str, partition: i32, process_id: &str) -> bool {
        has_copy(&self.standby, subtopology_id, partition, process_id)
    }

    fn has_warmup(&self, subtopology_id: &str, partition: i32, process_id: &str) -> bool {
        has_copy(&self.warmup, subtopology_id, partition, process_id)
    }
}
