//! ShareAcknowledge: what a member did with records (kafka-semantics 162, 163, 168).

use share::partition::Acknowledgement;
use share::session::{FINAL_EPOCH, SessionError, SessionKey, TopicIdPartition};
use wire::messages::{
    ShareAcknowledgeRequest, ShareAcknowledgeResponse,
    share_acknowledge_response::{LeaderIdAndEpoch, PartitionData, ShareAcknowledgeTopicResponse},
};
use wire::{ErrorCode, Str};

use crate::leader_hint::LeaderHints;
use crate::request::Request;
use crate::share::{self as shares, Acks, Said, Told};

/// A member id is a name of at most as many characters as a UUID has.
const MEMBER_ID_MAX: usize = 36;

/// Takes acknowledgements; closes the session if the member says so.
pub(crate) async fn handle(
    request: Request,
    message: ShareAcknowledgeRequest,
) -> ShareAcknowledgeResponse {
    let ShareAcknowledgeRequest { group_id, member_id, share_session_epoch: epoch, .. } = &message;
    let key = match session_key(&request, group_id.as_ref(), member_id.as_ref()) {
        Ok(key) => key,
        Err(error) => return failed(error),
    };
    let epoch = *epoch;
    if let Err(error) = request.broker.shares.sessions().acknowledge(&key, epoch) {
        return failed(session_error(error));
    }
    let renews = message.is_renew_ack;
    let mut said = Vec::new();
    for topic in message.topics {
        said.extend(topic.partitions.into_iter().map(|partition| {
            Said {
                partition: TopicIdPartition {
                    topic_id: topic.topic_id,
                    partition: partition.partition_index,
                },
                acknowledgements: partition
                    .acknowledgement_batches
                    .into_iter()
                    .map(|batch| Acknowledgement {
                        first_offset: batch.first_offset,
                        last_offset: batch.last_offset,
                        types: batch.acknowledge_types,
                    })
                    .collect(),
            }
        }));
    }
    let acks = Acks::begin(&request, &key.group_id, &key.member_id, said, renews);
    let told = acks.told().await;
    if epoch == FINAL_EPOCH {
        request.broker.close_share_session(&key);
    }
    respond(&request, &key.group_id, told)
}

fn respond(request: &Request, group_id: &Str, told: Vec<Told>) -> ShareAcknowledgeResponse {
    let mut hints = LeaderHints::default();
    let mut responses: Vec<ShareAcknowledgeTopicResponse> = Vec::new();
    for Told { partition, error, text } in told {
        let TopicIdPartition { topic_id, partition } = partition;
        let mut data = PartitionData {
            partition_index: partition,
            error_code: error.code(),
            error_message: text,
            ..PartitionData::default()
        };
        if let Some(topic) = request.image.topics.by_id(topic_id)
            && let Some(leader) = hints.leader_for(request, &topic.name, partition, error)
        {
            data.current_leader = LeaderIdAndEpoch {
                leader_id: leader.id,
                leader_epoch: leader.epoch,
                ..LeaderIdAndEpoch::default()
            };
        }
        match responses.iter_mut().find(|topic| topic.topic_id == topic_id) {
            Some(topic) => topic.partitions.push(data),
            None => responses.push(ShareAcknowledgeTopicResponse {
                topic_id,
                partitions: vec![data],
                ..ShareAcknowledgeTopicResponse::default()
            }),
        }
    }
    ShareAcknowledgeResponse {
        acquisition_lock_timeout_ms: request.broker.share_settings(group_id).lock_timeout_ms(),
        responses,
        node_endpoints: hints.share_acknowledge_endpoints(request),
        ..ShareAcknowledgeResponse::default()
    }
}

fn failed(error: ErrorCode) -> ShareAcknowledgeResponse {
    ShareAcknowledgeResponse { error_code: error.code(), ..ShareAcknowledgeResponse::default() }
}

/// The session that a request names, if the cluster has share groups and the names are names.
pub(super) fn session_key(
    request: &Request,
    group_id: Option<&Str>,
    member_id: Option<&Str>,
) -> Result<SessionKey, ErrorCode> {
    if !shares::is_enabled(&request.image) {
        return Err(ErrorCode::UnsupportedVersion);
    }
    let group_id = group_id.ok_or(ErrorCode::InvalidRequest)?.clone();
    let member_id = member_id.ok_or(ErrorCode::InvalidRequest)?.clone();
    if is_member_id(&member_id) {
        Ok(SessionKey { group_id, member_id })
    } else {
        Err(ErrorCode::InvalidRequest)
    }
}

/// Whether a member may be called that.
pub(super) fn is_member_id(member_id: &str) -> bool {
    !member_id.is_empty() && member_id.encode_utf16().count() <= MEMBER_ID_MAX
}

/// kafka-semantics 164.
pub(super) fn session_error(error: SessionError) -> ErrorCode {
    match error {
        SessionError::NotFound => ErrorCode::ShareSessionNotFound,
        SessionError::InvalidEpoch => ErrorCode::InvalidShareSessionEpoch,
        SessionError::LimitReached => ErrorCode::ShareSessionLimitReached,
    }
}
