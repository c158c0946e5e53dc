//! Who may commit and fetch offsets of a consumer group (kafka-semantics 113, 117).

use std::sync::Arc;

use wire::Str;

use super::member::{Member, Subscription};
use super::state::ConsumerGroup;
use crate::error::Error;
use crate::offsets::request::CommitOffsets;

impl ConsumerGroup {
    /// Whether offsets may be committed. An older epoch is good for partitions that the member has
    /// had since (KIP-1251).
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
        let (member, subscription) = self.known(member_id)?;
        let speaks_classic = subscription.classic.is_some();
        if !transactional && !speaks_classic && !request.knows_member_epochs {
            return Err(Error::UnsupportedVersion);
        }
        // TxnOffsetCommit knows no member epochs.
        let stale = || match speaks_classic || transactional {
            true => Error::IllegalGeneration,
            false => Error::StaleMemberEpoch,
        };
        if epoch == member.epoch() {
            return Ok(());
        }
        let current = member.current();
        let had_since = |topic_id, index| {
            current.assignment_epoch(topic_id, index).is_some_and(|since| epoch >= since)
        };
        let all_had = request.topics.iter().all(|topic| {
            topic.partitions.iter().all(|partition| had_since(topic.id, partition.index))
        });
        if epoch < member.epoch() && all_had { Ok(()) } else { Err(stale()) }
    }

    /// Whether a member may fetch offsets. Without one anybody may.
    pub(crate) fn validate_fetch(
        &self,
        member_id: Option<&Str>,
        member_epoch: i32,
    ) -> Result<(), Error> {
        let member_id = match member_id {
            None if member_epoch < 0 => return Ok(()),
            None => return Err(self.unknown_member(&Str::new())),
            Some(member_id) => member_id,
        };
        let (member, subscription) = self.known(member_id)?;
        match member.epoch() == member_epoch {
            true => Ok(()),
            false if subscription.classic.is_some() => Err(Error::IllegalGeneration),
            false => Err(Error::StaleMemberEpoch),
        }
    }

    fn known(&self, member_id: &Str) -> Result<(&Member, &Arc<Subscription>), Error> {
        self.member(member_id).ok_or_else(|| self.unknown_member(member_id))
    }
}
