//! Effects as text.

use std::fmt::Write;

use group::{
    CommittedOffset, Error, JoinRefused, Joined, Leaving, Part, Record, Response, Timer, WriteError,
};
use wire::{Bytes, Str};

use super::{consumer, share, streams};

pub(crate) fn response(response: &Response) -> String {
    match response {
        Response::JoinGroup(Ok(group)) => joined(group),
        Response::JoinGroup(Err(JoinRefused { member_id, error })) => {
            format!("{} member={member_id}", name(error))
        }
        Response::SyncGroup(Ok(synced)) => format!(
            "assignment={} type={} name={}",
            text(&synced.assignment),
            option(synced.protocol_type.as_ref()),
            option(synced.protocol_name.as_ref()),
        ),
        Response::SyncGroup(Err(error)) => name(error),
        Response::Heartbeat(result) => ok_or(result),
        Response::LeaveGroup(Ok(left)) => {
            let items = left
                .iter()
                .map(|left| format!("{}:{}", leaving(&left.member), ok_or(&left.result)));
            items.collect::<Vec<_>>().join(" ")
        }
        Response::LeaveGroup(Err(error)) => name(error),
        Response::DescribeGroups(groups) => lines(groups.iter().map(|group| match group {
            Ok(group) => {
                let mut line = format!(
                    "{} {} type={} protocol={}",
                    group.group_id, group.state, group.protocol_type, group.protocol_data
                );
                for member in &group.members {
                    let _ = write!(
                        line,
                        "\n    {} instance={} client={} host={} metadata={} assignment={}",
                        member.member_id,
                        option(member.group_instance_id.as_ref()),
                        member.client.id,
                        member.client.host,
                        member.metadata.len(),
                        text(&member.assignment),
                    );
                }
                line
            }
            Err(error) => format!("Dead ({error})"),
        })),
        Response::ListGroups(groups) => lines(groups.iter().map(|group| {
            let kind = group.group_type.name();
            format!("{} {} {kind} type={}", group.group_id, group.state, group.protocol_type)
        })),
        Response::DeleteGroups(groups) => {
            lines(groups.iter().map(|group| format!("{} {}", group.group_id, ok_or(&group.result))))
        }
        Response::CommitOffsets(Ok(topics)) | Response::TxnCommitOffsets(Ok(topics)) => {
            lines(topics.iter().flat_map(|topic| {
                let partitions = topic.partitions.iter();
                partitions
                    .map(|(index, result)| format!("{}-{index} {}", topic.name, ok_or(result)))
            }))
        }
        Response::CommitOffsets(Err(error)) | Response::TxnCommitOffsets(Err(error)) => name(error),
        Response::FetchOffsets(Err(error)) => name(error),
        Response::FetchOffsets(Ok(topics)) => lines(topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|(index, offset)| {
                let offset = match offset {
                    Ok(Some(offset)) => committed(offset),
                    Ok(None) => "none".to_owned(),
                    Err(error) => name(error),
                };
                format!("{}-{index} {offset}", topic.name)
            })
        })),
        Response::DeleteOffsets(Ok(topics)) => lines(topics.iter().map(|topic| {
            format!("{} {:?} {}", topic.name, topic.partitions, ok_or(&topic.result))
        })),
        Response::DeleteOffsets(Err(error)) => name(error),
        Response::TopicsDeleted(())
        | Response::ClusterChanged(())
        | Response::RegexesResolved(())
        | Response::StatesBegun(())
        | Response::StatesDeleted(()) => "ok".to_owned(),
        Response::ShareHeartbeat(Ok(beat)) => share::beat(beat),
        Response::DescribeShareGroups(groups) => lines(groups.iter().map(|group| match group {
            Ok(group) => share::described(group),
            Err(error) => format!("{}: {error}", name(error)),
        })),
        Response::ListStates(Ok(states)) => consumer::assignment(states),
        Response::AlterStates(Ok((topics, begin))) => share::altered(topics, begin),
        Response::DeleteStates(Ok(end)) => share::ended(end),
        Response::ShareHeartbeat(Err(error))
        | Response::ListStates(Err(error))
        | Response::AlterStates(Err(error))
        | Response::DeleteStates(Err(error)) => format!("{}: {error}", name(error)),
        Response::ConsumerHeartbeat(Ok(beat)) => consumer::beat(beat),
        Response::ConsumerHeartbeat(Err(error)) => format!("{}: {error}", name(error)),
        Response::StreamsHeartbeat(Ok(beat)) => streams::beat(beat),
        Response::StreamsHeartbeat(Err(refused)) => format!("refused: {refused}"),
        Response::DescribeStreamsGroups(groups) => lines(groups.iter().map(|group| match group {
            Ok(group) => streams::described(group),
            Err(error) => format!("{}: {error}", name(error)),
        })),
        Response::DescribeConsumerGroups(groups) => lines(groups.iter().map(|group| match group {
            Ok(group) => consumer::described(group),
            Err(error) => format!("{}: {error}", name(error)),
        })),
    }
}

pub(crate) fn record(record: &Record) -> String {
    match record {
        Record::Offset { group_id, topic, partition, value } => {
            let value = value.as_ref().map_or_else(|| "gone".to_owned(), committed);
            format!("offset {group_id} {topic}-{partition} {value}")
        }
        Record::Group { group_id, value: None } => format!("group {group_id} gone"),
        Record::Group { group_id, value: Some(value) } => {
            let mut line = format!(
                "group {group_id} generation={} type={} protocol={} leader={} since={}",
                value.generation,
                value.protocol_type,
                option(value.protocol.as_ref()),
                option(value.leader.as_ref()),
                value.current_state_timestamp,
            );
            for member in &value.members {
                let _ = write!(
                    line,
                    "\n    {} instance={} session={} rebalance={} subscription={} assignment={}",
                    member.member_id,
                    option(member.group_instance_id.as_ref()),
                    member.session_timeout,
                    member.rebalance_timeout,
                    member.subscription.len(),
                    text(&member.assignment),
                );
            }
            line
        }
        Record::Part { group_id, part: Part::Consumer(part) } => {
            format!("{group_id} {}", consumer::part(part))
        }
        Record::Part { group_id, part: Part::Streams(part) } => {
            format!("{group_id} {}", streams::part(part))
        }
        Record::Part { group_id, part: Part::Share(part) } => {
            format!("{group_id} {}", share::part(part))
        }
        Record::Other { group_id, group_type, key, value } => {
            let what = if value.is_some() { "set" } else { "gone" };
            format!("{} {group_id} key={key:02x?} {what}", group_type.name())
        }
    }
}

pub(crate) fn timer(timer: &Timer) -> String {
    match timer {
        Timer::Session { group_id, member_id } => format!("session of {member_id} in {group_id}"),
        Timer::Revocation { group_id, member_id } => {
            format!("revocation of {member_id} in {group_id}")
        }
        Timer::MemberJoin { group_id, member_id } => {
            format!("rejoin of {member_id} in {group_id}")
        }
        Timer::MemberSync { group_id, member_id } => {
            format!("sync of {member_id} in {group_id}")
        }
        Timer::Join { group_id } => format!("join of {group_id}"),
        Timer::Sync { group_id } => format!("sync of {group_id}"),
        Timer::InitialDelay { group_id } => format!("initial delay of {group_id}"),
        Timer::Retention => "retention".to_owned(),
    }
}

fn joined(group: &Joined) -> String {
    let mut line = format!(
        "joined member={} generation={} type={} protocol={} leader={}",
        group.member_id,
        group.generation_id,
        option(group.protocol_type.as_ref()),
        option(group.protocol_name.as_ref()),
        group.leader,
    );
    if group.skip_assignment {
        line.push_str(" skip-assignment");
    }
    for member in &group.members {
        let _ = write!(
            line,
            "\n    {} instance={} metadata={}",
            member.member_id,
            option(member.group_instance_id.as_ref()),
            member.metadata.len()
        );
    }
    line
}

fn committed(offset: &CommittedOffset) -> String {
    let mut line = format!("{} at={}", offset.offset, offset.commit_timestamp_ms);
    if offset.leader_epoch != -1 {
        let _ = write!(line, " epoch={}", offset.leader_epoch);
    }
    if !offset.metadata.is_empty() {
        let _ = write!(line, " metadata={}", offset.metadata);
    }
    if let Some(expires) = offset.expire_timestamp_ms {
        let _ = write!(line, " expires={expires}");
    }
    if !offset.topic_id.is_zero() {
        let _ = write!(line, " id={}", offset.topic_id.as_u128());
    }
    line
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("\n  {item}")).collect()
}

fn leaving(member: &Leaving) -> String {
    match &member.group_instance_id {
        Some(instance_id) => format!("{}/{instance_id}", member.member_id),
        None => member.member_id.to_string(),
    }
}

fn ok_or(result: &Result<(), Error>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => name(error),
    }
}

fn option(value: Option<&Str>) -> &str {
    value.map_or("null", Str::as_str)
}

fn text(bytes: &Bytes) -> String {
    bytes.escape_ascii().to_string()
}

/// Kafka's name of the error.
fn name(error: &Error) -> String {
    match error {
        Error::InvalidGroupId => "INVALID_GROUP_ID",
        Error::InvalidSessionTimeout => "INVALID_SESSION_TIMEOUT",
        Error::MemberIdRequired => "MEMBER_ID_REQUIRED",
        Error::UnknownMemberId => "UNKNOWN_MEMBER_ID",
        Error::FencedInstanceId => "FENCED_INSTANCE_ID",
        Error::IllegalGeneration => "ILLEGAL_GENERATION",
        Error::RebalanceInProgress => "REBALANCE_IN_PROGRESS",
        Error::InconsistentGroupProtocol => "INCONSISTENT_GROUP_PROTOCOL",
        Error::GroupMaxSizeReached => "GROUP_MAX_SIZE_REACHED",
        Error::GroupIdNotFound(_) | Error::NotClassicGroup(_) => "GROUP_ID_NOT_FOUND",
        Error::NonEmptyGroup => "NON_EMPTY_GROUP",
        Error::GroupSubscribedToTopic => "GROUP_SUBSCRIBED_TO_TOPIC",
        Error::OffsetMetadataTooLarge => "OFFSET_METADATA_TOO_LARGE",
        Error::UnstableOffsetCommit => "UNSTABLE_OFFSET_COMMIT",
        Error::ConsumerGroupNotFound(_)
        | Error::NotConsumerGroup(_)
        | Error::NotStreamsGroup(_)
        | Error::CannotUpgrade(_) => "GROUP_ID_NOT_FOUND",
        Error::NotAMember { .. } | Error::UnknownInstanceId(_) => "UNKNOWN_MEMBER_ID",
        Error::FencedMemberEpoch(_) => "FENCED_MEMBER_EPOCH",
        Error::FencedStaticMember(_) => "FENCED_INSTANCE_ID",
        Error::UnreleasedInstanceId(_) => "UNRELEASED_INSTANCE_ID",
        Error::UnsupportedAssignor(_) => "UNSUPPORTED_ASSIGNOR",
        Error::InvalidRegularExpression(_) => "INVALID_REGULAR_EXPRESSION",
        Error::InvalidRequest(_) => "INVALID_REQUEST",
        Error::ConsumerGroupFull(_) => "GROUP_MAX_SIZE_REACHED",
        Error::ShareGroupNotFound(_) | Error::NotShareGroup(_) => "GROUP_ID_NOT_FOUND",
        Error::ShareGroupFull(_) => "GROUP_MAX_SIZE_REACHED",
        Error::StaleMemberEpoch => "STALE_MEMBER_EPOCH",
        Error::UnsupportedVersion => "UNSUPPORTED_VERSION",
        Error::Write(WriteError::CoordinatorNotAvailable) => "COORDINATOR_NOT_AVAILABLE",
        Error::Write(_) => "another write error",
    }
    .to_owned()
}
