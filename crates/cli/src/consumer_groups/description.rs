//! A group as it is described, whichever protocol it speaks.

use client::{Admin, Error as ClientError};
use wire::consumer_protocol::ConsumerProtocolAssignment;
use wire::messages::consumer_group_describe_response::Assignment;
use wire::{Bytes, ErrorCode, Reader, Str};

use super::Error;

/// A group.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub(super) group: Str,
    pub(super) state: Str,
    pub(super) assignor: Str,
    /// Where its coordinator is: `host:port`, and its id.
    pub(super) coordinator: (String, i32),
    pub(super) group_epoch: Option<i32>,
    pub(super) assignment_epoch: Option<i32>,
    pub(super) members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Member {
    pub(super) id: Str,
    pub(super) instance_id: Option<Str>,
    pub(super) client_id: Str,
    pub(super) host: Str,
    pub(super) assignment: Vec<(Str, i32)>,
    pub(super) epoch: Option<i32>,
    pub(super) target: Option<Vec<(Str, i32)>>,
    /// Whether it speaks the consumer protocol, in a group that does.
    pub(super) is_upgraded: Option<bool>,
}

/// Whether the group is not there.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Client(ClientError::Refused { code: ErrorCode::GroupIdNotFound, .. }))
}

/// Asks for a group: first as one of the consumer protocol, then as a classic one.
pub(super) async fn describe(admin: &Admin, group: &Str) -> Result<Description, Error> {
    let (connection, id) = admin.cluster().coordinator_node(group).await?;
    let coordinator = (connection.address().to_owned(), id);
    match admin.describe_consumer_group(group).await {
        Ok(found) => Ok(Description {
            group: found.group_id,
            state: found.group_state,
            assignor: found.assignor_name,
            coordinator,
            group_epoch: Some(found.group_epoch),
            assignment_epoch: Some(found.assignment_epoch),
            members: found
                .members
                .into_iter()
                .map(|member| Member {
                    id: member.member_id,
                    instance_id: member.instance_id,
                    client_id: member.client_id,
                    host: member.client_host,
                    assignment: partitions(member.assignment),
                    epoch: Some(member.member_epoch),
                    target: Some(partitions(member.target_assignment)),
                    is_upgraded: (member.member_type >= 0).then_some(member.member_type == 1),
                })
                .collect(),
        }),
        Err(
            ClientError::Unsupported(_)
            | ClientError::Refused {
                code: ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion,
                ..
            },
        ) => classic(admin, group, coordinator).await,
        Err(error) => Err(error.into()),
    }
}

async fn classic(
    admin: &Admin,
    group: &Str,
    coordinator: (String, i32),
) -> Result<Description, Error> {
    let found = admin.describe_classic_group(group).await?;
    if !["", "consumer"].contains(&&*found.protocol_type) {
        return Err(Error::Refused(format!(
            "java.lang.IllegalArgumentException: GroupId {group} is not a consumer group ({}).",
            found.protocol_type
        )));
    }
    if &*found.group_state == "Dead" {
        let missing = format!("Group {group} not found.");
        return Err(
            ClientError::Refused { code: ErrorCode::GroupIdNotFound, message: missing }.into()
        );
    }
    let member = |member: wire::messages::describe_groups_response::DescribedGroupMember| Member {
        assignment: assigned(member.member_assignment),
        id: member.member_id,
        instance_id: member.group_instance_id,
        client_id: member.client_id,
        host: member.client_host,
        ..Member::default()
    };
    Ok(Description {
        group: found.group_id,
        state: found.group_state,
        assignor: found.protocol_data,
        coordinator,
        members: found.members.into_iter().map(member).collect(),
        ..Description::default()
    })
}

fn partitions(assignment: Assignment) -> Vec<(Str, i32)> {
    let topics = assignment.topic_partitions.into_iter();
    let all = topics.flat_map(|topic| {
        let name = topic.topic_name;
        topic.partitions.into_iter().map(move |partition| (name.clone(), partition))
    });
    sorted(all.collect())
}

/// What the leader of a classic group assigned; nothing if it cannot be read.
fn assigned(bytes: Bytes) -> Vec<(Str, i32)> {
    let Some(version) = bytes.first_chunk::<2>().map(|version| i16::from_be_bytes(*version)) else {
        return Vec::new();
    };
    let newest = ConsumerProtocolAssignment::MAX_VERSION;
    let mut reader = Reader::new(bytes.slice(2..));
    let read = ConsumerProtocolAssignment::decode(&mut reader, version.clamp(0, newest));
    let topics = read.map(|read| read.assigned_partitions).unwrap_or_default().into_iter();
    let all = topics.flat_map(|topic| {
        let name = topic.topic;
        topic.partitions.into_iter().map(move |partition| (name.clone(), partition))
    });
    sorted(all.collect())
}

fn sorted(mut partitions: Vec<(Str, i32)>) -> Vec<(Str, i32)> {
    partitions.sort();
    partitions
}
