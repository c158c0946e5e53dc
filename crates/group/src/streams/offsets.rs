//! Who may commit and fetch offsets of a streams group (kafka-semantics 113, 117).

use wire::Str;

use super::state::StreamsGroup;
use crate::error::Error;
use crate::offsets::request::CommitOffsets;

impl StreamsGroup {
    /// Whether offsets may be committed. An older epoch is good for partitions of tasks that the
    /// member has had since.
    pub(crate) fn validate_commit(
        &self,
        request: &CommitOffsets,
        transactional: bool,
    ) -> Result<(), Error> {
        let CommitOffsets { member_id, group_instance_id, generation_id, .. } = request;
        let epoch = *generation_id;
        if epoch < 0 && self.is_empty() {
            return Ok(());
        }
        if transactional && epoch == -1 && member_id.is_empty() && group_instance_id.is_none() {
            return Ok(());
        }
        let (_, member) = self.member(member_id).ok_or(Error::UnknownMemberId)?;
        if !transactional && !request.knows_member_epochs {
            return Err(Error::UnsupportedVersion);
        }
        let current = member.current();
        if epoch == current.member_epoch {
            return Ok(());
        }
        let topology = self.topology.as_ref().filter(|_| epoch < current.member_epoch);
        let topology = topology.ok_or(Error::StaleMemberEpoch)?;
        let had_since = |topic: &str, partition: i32| {
            let id = &topology.reader_of(topic)?.id;
            let epoch_of = |tasks: &super::ActiveTasks| tasks.get(id)?.get(&partition).copied();
            epoch_of(&current.assigned.active)
                .or_else(|| epoch_of(&current.pending_revocation.active))
        };
        let all_had = request.topics.iter().all(|topic| {
            topic.partitions.iter().all(|partition| {
                had_since(&topic.name, partition.index).is_some_and(|since| epoch >= since)
            })
        });
        if all_had { Ok(()) } else { Err(Error::StaleMemberEpoch) }
    }

    /// Whether a member may fetch offsets. Without one anybody may.
    pub(crate) fn validate_fetch(
        &self,
        member_id: Option<&Str>,
        member_epoch: i32,
    ) -> Result<(), Error> {
        let member_id = match member_id {
            None if member_epoch < 0 => return Ok(()),
            None => return Err(Error::UnknownMemberId),
            Some(member_id) => member_id,
        };
        let (_, member) = self.member(member_id).ok_or(Error::UnknownMemberId)?;
        match member.current().member_epoch == member_epoch {
            true => Ok(()),
            false => Err(Error::StaleMemberEpoch),
        }
    }
}
