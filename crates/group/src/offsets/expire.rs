//! Offsets that are too old, and groups that have nothing left (kafka-semantics 119).

use wire::Str;

use super::delete::tombstone;
use super::{CommittedOffset, Entry};
use crate::classic::ClassicGroup;
use crate::groups::Group;
use crate::journal::Record;
use crate::settings::Settings;
use crate::state::State;

/// From when on the age of an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AgeSince {
    /// Its commit.
    Commit,
    /// The group became empty.
    Empty(i64),
}

impl State {
    /// The tombstones of expired offsets, and of groups that are empty and without offsets.
    pub(crate) fn expire(&self, settings: &Settings, now_ms: i64, records: &mut Vec<Record>) {
        for (group_id, group) in &self.groups {
            // What they remember are their share partitions, which only people delete.
            if matches!(group, Group::Share(_)) {
                continue;
            }
            let nothing_left = self.expire_group(group_id, group, settings, now_ms, records);
            if nothing_left && group.is_empty() && !self.is_unwritten(group_id) {
                group.add_tombstones(records);
            }
        }
    }

    /// Whether no offset of the group is left.
    fn expire_group(
        &self,
        group_id: &Str,
        group: &Group,
        settings: &Settings,
        now_ms: i64,
        records: &mut Vec<Record>,
    ) -> bool {
        let mut nothing_left = !self.offsets.has_transaction(group_id);
        let Some(topics) = self.offsets.of_group(group_id) else { return nothing_left };
        let Some(since) = age_since(group) else { return false };
        for (topic, partitions) in topics {
            if group.is_subscribed_to(topic) {
                nothing_left = false;
                continue;
            }
            for (index, Entry { committed, .. }) in partitions {
                let pending = self.offsets.is_pending(group_id, topic, *index);
                if !pending && is_expired(committed, since, settings, now_ms) {
                    records.push(tombstone(group_id, topic, *index));
                } else {
                    nothing_left = false;
                }
            }
        }
        nothing_left
    }
}

/// None if the offsets of the group do not expire in its state.
fn age_since(group: &Group) -> Option<AgeSince> {
    let Some(group) = group.as_classic() else {
        return group.is_empty().then_some(AgeSince::Commit);
    };
    let ClassicGroup { protocol_type, subscribed_topics, state_timestamp_ms, .. } = group;
    if protocol_type.is_none() {
        return Some(AgeSince::Commit);
    }
    if group.is_empty() {
        // Records of old brokers do not say when.
        return Some(state_timestamp_ms.map_or(AgeSince::Commit, AgeSince::Empty));
    }
    let knows_topics = group.uses_consumer_protocol() && subscribed_topics.is_some();
    (knows_topics && group.is_stable()).then_some(AgeSince::Commit)
}

fn is_expired(
    committed: &CommittedOffset,
    since: AgeSince,
    settings: &Settings,
    now_ms: i64,
) -> bool {
    if let Some(expire_timestamp_ms) = committed.expire_timestamp_ms {
        return now_ms >= expire_timestamp_ms;
    }
    let since_ms = match since {
        AgeSince::Commit => committed.commit_timestamp_ms,
        AgeSince::Empty(since_ms) => since_ms,
    };
    now_ms.saturating_sub(since_ms) >= settings.offsets_retention_ms
}
