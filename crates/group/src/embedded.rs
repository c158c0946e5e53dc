//! The consumer protocol inside JoinGroup and SyncGroup (kafka-storage 8.5): what a coordinator has
//! to read and write of it when members of both protocols are in one group.

use wire::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription,
    consumer_protocol_assignment::TopicPartition as Assigned,
};
use wire::{Bytes, DecodeError, EncodeError, Reader, Str, Writer};

/// Partitions by topic name.
pub(crate) type NamedPartitions = Vec<(Str, Vec<i32>)>;

/// What a consumer says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) topics: Vec<Str>,
    pub(crate) owned: NamedPartitions,
    pub(crate) rack_id: Option<Str>,
}

/// Reads a consumer's metadata.
pub(crate) fn read_subscription(metadata: &Bytes) -> Result<Subscription, DecodeError> {
    let mut reader = Reader::new(metadata.clone());
    // A newer version begins with what is known.
    let version = reader.i16()?.clamp(0, ConsumerProtocolSubscription::MAX_VERSION);
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, version)?;
    let owned = subscription.owned_partitions.into_iter();
    Ok(Subscription {
        topics: subscription.topics.iter().map(Str::detach).collect(),
        owned: owned.map(|topic| (topic.topic, topic.partitions)).collect(),
        rack_id: subscription.rack_id.filter(|rack| !rack.is_empty()).map(|rack| rack.detach()),
    })
}

/// Reads an assignment: its partitions, and whether an assignor left something in it that only it
/// understands.
pub(crate) fn read_assignment(assignment: &Bytes) -> Result<(NamedPartitions, bool), DecodeError> {
    if assignment.is_empty() {
        return Ok((NamedPartitions::new(), false));
    }
    let mut reader = Reader::new(assignment.clone());
    let version = reader.i16()?.clamp(0, ConsumerProtocolAssignment::MAX_VERSION);
    let assignment = ConsumerProtocolAssignment::decode(&mut reader, version)?;
    let partitions = assignment.assigned_partitions.into_iter();
    let has_user_data = assignment.user_data.is_some_and(|data| !data.is_empty());
    Ok((partitions.map(|topic| (topic.topic, topic.partitions)).collect(), has_user_data))
}

/// Writes an assignment in the version of a member's metadata.
pub(crate) fn write_assignment(
    partitions: NamedPartitions,
    metadata: &Bytes,
) -> Result<Bytes, EncodeError> {
    let version = Reader::new(metadata.clone()).i16().unwrap_or(0);
    let version = version.clamp(0, ConsumerProtocolAssignment::MAX_VERSION);
    let topics = partitions.into_iter().map(|(topic, partitions)| Assigned { topic, partitions });
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: topics.collect(),
        ..ConsumerProtocolAssignment::default()
    };
    let mut writer = Writer::contiguous();
    writer.i16(version);
    assignment.encode(&mut writer, version)?;
    Ok(writer.into_bytes())
}
