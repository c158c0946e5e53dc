//! Members that go, and the timers of a group.

use std::sync::Arc;

use wire::Str;

use super::member::{Member, MemberMetadata};
use super::part::Part;
use super::reconcile::MemberState;
use super::request::{StreamsBeat, StreamsHeartbeat, StreamsRefused};
use super::state::StreamsGroup;
use super::turn::{Effects, RevocationTimer, StreamsTurn};

/// The setting that says how many standbys there are.
const NUM_STANDBY_REPLICAS: &str = "num.standby.replicas";

impl StreamsGroup {
    /// Handles the heartbeat of a member that leaves.
    pub(crate) fn leave(
        &mut self,
        request: &StreamsHeartbeat,
    ) -> Result<(StreamsBeat, Effects), StreamsRefused> {
        if request.shutdown_application && self.shutdown_by.is_none() {
            self.shutdown_by = Some(request.member_id.detach());
        }
        if self.member(&request.member_id).is_none() {
            return Err(self.unknown_member(&request.member_id));
        }
        let answer = StreamsBeat {
            member_id: request.member_id.clone(),
            member_epoch: request.member_epoch,
            ..StreamsBeat::default()
        };
        Ok((answer, self.fence(&request.member_id)))
    }

    /// The member was silent for too long.
    pub(super) fn session_expired(&self, member_id: &Str) -> Option<Effects> {
        self.member(member_id).is_some().then(|| self.fence(member_id))
    }

    /// The member took too long to give up tasks, unless it did meanwhile.
    pub(super) fn revocation_expired(&self, member_id: &Str) -> Option<Effects> {
        let (_, member) = self.member(member_id)?;
        let is_late = member.current().state == MemberState::UnrevokedTasks;
        is_late.then(|| self.fence(member_id))
    }

    /// The clocks of all members, when the group is loaded.
    pub(super) fn clocks(&self) -> Vec<(Str, Effects)> {
        let clock = |(member_id, metadata, member): (&Str, &Arc<MemberMetadata>, &Member)| {
            let mut effects = Effects::default();
            if member.current().state == MemberState::UnrevokedTasks {
                let after_ms = metadata.rebalance_timeout_ms.into();
                effects.revocation_timer = RevocationTimer::Start { after_ms };
            }
            (member_id.clone(), effects)
        };
        self.members().map(clock).collect()
    }

    /// The group has waited long enough for more members.
    pub(crate) fn initial_delay_over(&self, turn: StreamsTurn<'_>) -> Effects {
        let mut effects = Effects::default();
        let (epoch, assigned) = (self.head.epoch, self.target_head.epoch);
        let Some(configured) = self.configured.as_ref().filter(|_| !self.is_empty()) else {
            return effects;
        };
        if epoch > assigned && self.may_assign(turn) {
            let standbys = self.head.assignment_configs.get(NUM_STANDBY_REPLICAS);
            let standbys = standbys.and_then(|count| count.parse().ok()).unwrap_or(0);
            effects.parts = self.assign(epoch, None, configured, standbys, turn.now_ms).records;
        }
        effects
    }

    fn fence(&self, member_id: &Str) -> Effects {
        let member_id = || member_id.detach();
        let mut head = self.head.clone();
        head.epoch = head.epoch.saturating_add(1);
        let parts = vec![
            Part::Current(member_id(), None),
            Part::TargetMember(member_id(), None),
            Part::Member(member_id(), None),
            Part::Group(Some(head)),
        ];
        Effects { parts, leaves: true, ..Effects::default() }
    }
}
