//! What the consumers of a group are subscribed to, as far as their metadata tells.

use std::collections::BTreeSet;

use wire::{Reader, Str};

use super::state::ClassicGroup;

/// The topics the members are subscribed to (kafka-storage 8.5). None if the group is not one of
/// consumers or a member's metadata cannot be read: then the group may be subscribed to anything.
pub(super) fn subscribed_topics(group: &ClassicGroup) -> Option<BTreeSet<Str>> {
    if !group.uses_consumer_protocol() {
        return None;
    }
    let mut topics = BTreeSet::new();
    if group.members.is_empty() {
        return Some(topics);
    }
    let protocol_name = group.protocol_name.as_ref()?;
    for member in group.members.iter() {
        read_topics(Reader::new(member.metadata(protocol_name)?.clone()), &mut topics)?;
    }
    Some(topics)
}

/// Every version of a subscription begins with the version and the topic names.
fn read_topics(mut reader: Reader, topics: &mut BTreeSet<Str>) -> Option<()> {
    reader.i16().ok().filter(|version| *version >= 0)?;
    for topic in reader.array::<Str>(false).ok()? {
        if !topics.contains(&topic) {
            topics.insert(topic.detach());
        }
    }
    Some(())
}
