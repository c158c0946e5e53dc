//! The target assignment: what every member shall have.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Str;

use super::assign::{MemberSpec, assign};
use super::configure::ConfiguredTopology;
use super::member::MemberMetadata;
use super::part::{Part, TargetHead};
use super::state::StreamsGroup;
use super::tasks::TaskSets;
use super::turn::StreamsTurn;

/// What a member shall have, and since which epoch.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) epoch: i32,
    pub(super) tasks: Arc<TaskSets>,
}

/// A new target assignment.
#[derive(Debug)]
pub(super) struct Assignment {
    epoch: i32,
    targets: BTreeMap<Str, Arc<TaskSets>>,
    pub(super) records: Vec<Part>,
}

impl Assignment {
    pub(super) fn target_of(&self, member_id: &str) -> Target {
        let tasks = self.targets.get(member_id).cloned().unwrap_or_default();
        Target { epoch: self.epoch, tasks }
    }
}

impl StreamsGroup {
    /// Whether the last assignment is long enough ago. An interval of 0 helps when the wall clock
    /// went back far.
    pub(super) fn may_assign(&self, turn: StreamsTurn<'_>) -> bool {
        let last_ms = self.target_head.timestamp_ms;
        let interval_ms = i64::from(turn.settings.assignment_interval_ms);
        last_ms == 0 || interval_ms == 0 || turn.now_ms >= last_ms.saturating_add(interval_ms)
    }

    /// Makes the target assignment of an epoch, for the members as they are stored and the one
    /// that is being handled. While topics are missing nobody has tasks.
    pub(super) fn assign(
        &self,
        epoch: i32,
        updated: Option<(&Str, &MemberMetadata)>,
        configured: &ConfiguredTopology,
        standby_replicas: u32,
        now_ms: i64,
    ) -> Assignment {
        let nothing = TaskSets::default();
        let stored = self.members().map(|(id, metadata, _)| (id, &**metadata));
        let specs: BTreeMap<&Str, MemberSpec<'_>> = stored
            .chain(updated)
            .map(|(id, metadata)| {
                let target = self.targets.get(id).map_or(&nothing, |target| &**target);
                (id, MemberSpec { process_id: &metadata.process_id, target })
            })
            .collect();
        let targets: BTreeMap<Str, Arc<TaskSets>> = if configured.is_ready() {
            let sets = assign(&specs, &configured.subtopologies, standby_replicas);
            sets.into_iter().map(|(id, tasks)| (id.detach(), Arc::new(tasks))).collect()
        } else {
            specs.keys().map(|id| (id.detach(), Arc::default())).collect()
        };
        let is_new = |id: &Str, tasks: &Arc<TaskSets>| {
            self.targets.get(id).is_none_or(|before| before != tasks)
        };
        let mut records: Vec<_> = targets
            .iter()
            .filter(|(id, tasks)| is_new(id, tasks))
            .map(|(id, tasks)| Part::TargetMember(id.clone(), Some(Arc::clone(tasks))))
            .collect();
        records.push(Part::Target(Some(TargetHead { epoch, timestamp_ms: now_ms })));
        Assignment { epoch, targets, records }
    }
}
