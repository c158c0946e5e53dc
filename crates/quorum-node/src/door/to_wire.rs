//! The quorum's messages become Kafka's.
//!
//! Fields that a version does not have are left at their defaults, as Kafka's own builders do.

use quorum::message::{
    AddVoterRequest, BeginQuorumEpochRequest, ChangeResponse, EndQuorumEpochRequest, EpochResponse,
    FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    KnownHighWatermark, LeaderHint, RemoveVoterRequest, Request, Response, UpdateVoterRequest,
    VoteRequest, VoteResponse,
};
use quorum::{Endpoint, QuorumDescription, Refusal, ReplicaKey, ReplicaState, SendFailure};
use wire::{ErrorCode, Records, Str, messages};

use super::errors;
use super::{METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID};

/// An answer with the bytes the driver read for it.
#[derive(Debug)]
pub(crate) struct Payload {
    /// The answer.
    pub(crate) response: Response,
    /// Records or a piece of a snapshot, if the answer carries any.
    pub(crate) records: Records,
}

fn text(text: &str) -> Str {
    Str::copy_from(text)
}

/// One topic with one partition, in the types of the message's module.
macro_rules! one_partition {
    ($module:ident :: $topic:ident { $name:ident }, $partition:expr) => {
        vec![messages::$module::$topic {
            $name: Str::from_static(METADATA_TOPIC),
            partitions: vec![$partition],
            ..Default::default()
        }]
    };
}

/// Listeners in the types of the message's module.
macro_rules! listeners {
    ($module:ident :: $listener:ident, $endpoints:expr) => {
        $endpoints
            .iter()
            .map(|e: &Endpoint| messages::$module::$listener {
                name: text(&e.name),
                host: text(&e.host),
                port: e.port,
                ..Default::default()
            })
            .collect()
    };
}

/// Where the leader listens, in the types of the message's module; nothing in older versions.
macro_rules! node_endpoints {
    ($module:ident, $hint:expr, $knows:expr) => {
        match (&$hint.endpoint, $hint.leader) {
            (Some(endpoint), Some(leader)) if $knows => {
                vec![messages::$module::NodeEndpoint {
                    node_id: leader,
                    host: text(&endpoint.host),
                    port: endpoint.port.into(),
                    ..Default::default()
                }]
            }
            _ => Vec::new(),
        }
    };
}

/// The message for a request to another node.
pub(crate) fn request(
    request: &Request,
    cluster_id: &str,
    version: i16,
) -> Result<wire::Request, SendFailure> {
    let cluster_id = Some(text(cluster_id));
    Ok(match request {
        Request::Vote(request) => vote_request(request, cluster_id, version)?,
        Request::BeginQuorumEpoch(request) => begin_request(request, cluster_id, version),
        Request::EndQuorumEpoch(request) => end_request(request, cluster_id, version),
        Request::Fetch(request) => fetch_request(request, cluster_id, version)?,
        Request::FetchSnapshot(request) => fetch_snapshot_request(request, cluster_id, version),
        Request::AddVoter(request) => add_voter_request(request, cluster_id, version),
        Request::RemoveVoter(RemoveVoterRequest { voter }) => {
            wire::Request::RemoveRaftVoter(messages::RemoveRaftVoterRequest {
                cluster_id,
                voter_id: voter.id,
                voter_directory_id: voter.directory_id,
                ..Default::default()
            })
        }
        Request::UpdateVoter(request) => update_voter_request(request, cluster_id),
        Request::SupportedVersions => wire::Request::ApiVersions(messages::ApiVersionsRequest {
            client_software_name: Str::from_static("ottla"),
            client_software_version: Str::from_static(env!("CARGO_PKG_VERSION")),
            ..Default::default()
        }),
        Request::Describe => {
            use messages::describe_quorum_request::PartitionData;
            let partition =
                PartitionData { partition_index: METADATA_PARTITION, ..Default::default() };
            let topics =
                one_partition!(describe_quorum_request::TopicData { topic_name }, partition);
            wire::Request::DescribeQuorum(messages::DescribeQuorumRequest {
                topics,
                ..Default::default()
            })
        }
    })
}

fn vote_request(
    request: &VoteRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> Result<wire::Request, SendFailure> {
    if request.pre_vote && version < 2 {
        return Err(SendFailure::UnsupportedVersion);
    }
    let mut partition = messages::vote_request::PartitionData {
        partition_index: METADATA_PARTITION,
        replica_epoch: request.epoch,
        replica_id: request.candidate.id,
        last_offset_epoch: request.log_end.epoch,
        last_offset: request.log_end.offset,
        pre_vote: request.pre_vote,
        ..Default::default()
    };
    let mut voter_id = -1;
    if version >= 1 {
        partition.replica_directory_id = request.candidate.directory_id;
        if let Some(voter) = request.voter {
            partition.voter_directory_id = voter.directory_id;
            voter_id = voter.id;
        }
    }
    let topics = one_partition!(vote_request::TopicData { topic_name }, partition);
    Ok(wire::Request::Vote(messages::VoteRequest {
        cluster_id,
        voter_id,
        topics,
        ..Default::default()
    }))
}

fn begin_request(
    request: &BeginQuorumEpochRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> wire::Request {
    let receiver = request.voter.filter(|_| version >= 1);
    let partition = messages::begin_quorum_epoch_request::PartitionData {
        partition_index: METADATA_PARTITION,
        voter_directory_id: receiver.map(|key| key.directory_id).unwrap_or_default(),
        leader_id: request.leader,
        leader_epoch: request.epoch,
        ..Default::default()
    };
    let endpoints = if version >= 1 { request.endpoints.as_slice() } else { &[] };
    wire::Request::BeginQuorumEpoch(messages::BeginQuorumEpochRequest {
        cluster_id,
        voter_id: receiver.map_or(-1, |key| key.id),
        topics: one_partition!(begin_quorum_epoch_request::TopicData { topic_name }, partition),
        leader_endpoints: listeners!(begin_quorum_epoch_request::LeaderEndpoint, endpoints),
        ..Default::default()
    })
}

fn end_request(
    request: &EndQuorumEpochRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> wire::Request {
    use messages::end_quorum_epoch_request::ReplicaInfo;
    let mut partition = messages::end_quorum_epoch_request::PartitionData {
        partition_index: METADATA_PARTITION,
        leader_id: request.leader,
        leader_epoch: request.epoch,
        ..Default::default()
    };
    let mut endpoints: &[Endpoint] = &[];
    if version == 0 {
        partition.preferred_successors = request.preferred.iter().map(|key| key.id).collect();
    } else {
        let info = |key: &ReplicaKey| ReplicaInfo {
            candidate_id: key.id,
            candidate_directory_id: key.directory_id,
            ..Default::default()
        };
        partition.preferred_candidates = request.preferred.iter().map(info).collect();
        endpoints = &request.endpoints;
    }
    wire::Request::EndQuorumEpoch(messages::EndQuorumEpochRequest {
        cluster_id,
        topics: one_partition!(end_quorum_epoch_request::TopicData { topic_name }, partition),
        leader_endpoints: listeners!(end_quorum_epoch_request::LeaderEndpoint, endpoints),
        ..Default::default()
    })
}

fn fetch_request(
    request: &FetchRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> Result<wire::Request, SendFailure> {
    if version < 12 {
        // Before that a follower could not say what it has.
        return Err(SendFailure::UnsupportedVersion);
    }
    let clamp = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut partition = messages::fetch_request::FetchPartition {
        partition: METADATA_PARTITION,
        current_leader_epoch: request.epoch,
        fetch_offset: request.offset,
        last_fetched_epoch: request.last_fetched_epoch,
        ..Default::default()
    };
    if version >= 17 {
        partition.replica_directory_id = request.replica.directory_id;
    }
    if version >= 18 {
        partition.high_watermark = match request.high_watermark {
            KnownHighWatermark::Untold => i64::MAX,
            KnownHighWatermark::Unknown => -1,
            KnownHighWatermark::At(offset) => offset,
        };
    }
    let mut topic =
        messages::fetch_request::FetchTopic { partitions: vec![partition], ..Default::default() };
    if version >= 13 {
        topic.topic_id = METADATA_TOPIC_ID;
    } else {
        topic.topic = Str::from_static(METADATA_TOPIC);
    }
    let mut message = messages::FetchRequest {
        cluster_id,
        max_wait_ms: clamp(request.max_wait_ms),
        max_bytes: clamp(request.max_bytes),
        topics: vec![topic],
        ..Default::default()
    };
    if version >= 15 {
        message.replica_state.replica_id = request.replica.id;
    } else {
        message.replica_id = request.replica.id;
    }
    Ok(wire::Request::Fetch(message))
}

fn fetch_snapshot_request(
    request: &FetchSnapshotRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> wire::Request {
    let mut partition = messages::fetch_snapshot_request::PartitionSnapshot {
        partition: METADATA_PARTITION,
        current_leader_epoch: request.epoch,
        position: request.position,
        ..Default::default()
    };
    partition.snapshot_id.end_offset = request.snapshot.offset;
    partition.snapshot_id.epoch = request.snapshot.epoch;
    if version >= 1 {
        partition.replica_directory_id = request.replica.directory_id;
    }
    wire::Request::FetchSnapshot(messages::FetchSnapshotRequest {
        cluster_id,
        replica_id: request.replica.id,
        max_bytes: i32::try_from(request.max_bytes).unwrap_or(i32::MAX),
        topics: one_partition!(fetch_snapshot_request::TopicSnapshot { name }, partition),
        ..Default::default()
    })
}

fn add_voter_request(
    request: &AddVoterRequest,
    cluster_id: Option<Str>,
    version: i16,
) -> wire::Request {
    wire::Request::AddRaftVoter(messages::AddRaftVoterRequest {
        cluster_id,
        timeout_ms: i32::try_from(request.timeout_ms).unwrap_or(i32::MAX),
        voter_id: request.voter.id,
        voter_directory_id: request.voter.directory_id,
        listeners: listeners!(add_raft_voter_request::Listener, request.endpoints),
        ack_when_committed: version == 0 || request.ack_when_committed,
        ..Default::default()
    })
}

fn update_voter_request(request: &UpdateVoterRequest, cluster_id: Option<Str>) -> wire::Request {
    let voter = &request.voter;
    let mut message = messages::UpdateRaftVoterRequest {
        cluster_id,
        current_leader_epoch: request.epoch,
        voter_id: voter.key.id,
        voter_directory_id: voter.key.directory_id,
        listeners: listeners!(update_raft_voter_request::Listener, voter.endpoints),
        ..Default::default()
    };
    message.kraft_version_feature.min_supported_version = voter.kraft_versions.min;
    message.kraft_version_feature.max_supported_version = voter.kraft_versions.max;
    wire::Request::UpdateRaftVoter(message)
}

/// The message for an answer, in the version the question came in.
pub(crate) fn response(payload: Payload, version: i16) -> wire::Response {
    let Payload { response, records } = payload;
    match response {
        Response::Vote(response) => vote_response(&response, version),
        Response::BeginQuorumEpoch(response) => begin_response(&response, version),
        Response::EndQuorumEpoch(response) => end_response(&response, version),
        Response::Fetch(response) => fetch_response(&response, records, version),
        Response::FetchSnapshot(response) => fetch_snapshot_response(&response, records, version),
        Response::AddVoter(response) => {
            let (error_code, error_message) = outcome(&response);
            wire::Response::AddRaftVoter(messages::AddRaftVoterResponse {
                error_code,
                error_message,
                ..Default::default()
            })
        }
        Response::RemoveVoter(response) => {
            let (error_code, error_message) = outcome(&response);
            wire::Response::RemoveRaftVoter(messages::RemoveRaftVoterResponse {
                error_code,
                error_message,
                ..Default::default()
            })
        }
        Response::UpdateVoter(response) => update_voter_response(&response),
        Response::SupportedVersions(_) => {
            // Nobody is answered like this: the server itself answers ApiVersions.
            wire::Response::ApiVersions(messages::ApiVersionsResponse::default())
        }
        Response::Describe(result) => match result {
            Ok(description) => describe_response(&description, version),
            Err(refusal) => describe_refused(refusal, version),
        },
    }
}

fn code_of<T>(result: &Result<T, Refusal>) -> i16 {
    result.as_ref().err().map_or(ErrorCode::None.code(), |refusal| errors::code(*refusal))
}

fn leader_id(hint: &LeaderHint) -> i32 {
    hint.leader.unwrap_or(-1)
}

fn outcome(response: &ChangeResponse) -> (i16, Option<Str>) {
    match &response.result {
        Ok(()) => (ErrorCode::None.code(), None),
        Err(refused) => (errors::code(refused.refusal), Some(text(&refused.message))),
    }
}

fn vote_response(response: &VoteResponse, version: i16) -> wire::Response {
    let hint = &response.hint;
    let partition = messages::vote_response::PartitionData {
        partition_index: METADATA_PARTITION,
        error_code: code_of(&response.granted),
        leader_id: leader_id(hint),
        leader_epoch: hint.epoch,
        vote_granted: response.granted == Ok(true),
        ..Default::default()
    };
    wire::Response::Vote(messages::VoteResponse {
        topics: one_partition!(vote_response::TopicData { topic_name }, partition),
        node_endpoints: node_endpoints!(vote_response, hint, version >= 1),
        ..Default::default()
    })
}

fn begin_response(response: &EpochResponse, version: i16) -> wire::Response {
    let hint = &response.hint;
    let partition = messages::begin_quorum_epoch_response::PartitionData {
        partition_index: METADATA_PARTITION,
        error_code: code_of(&response.result),
        leader_id: leader_id(hint),
        leader_epoch: hint.epoch,
        ..Default::default()
    };
    wire::Response::BeginQuorumEpoch(messages::BeginQuorumEpochResponse {
        topics: one_partition!(begin_quorum_epoch_response::TopicData { topic_name }, partition),
        node_endpoints: node_endpoints!(begin_quorum_epoch_response, hint, version >= 1),
        ..Default::default()
    })
}

fn end_response(response: &EpochResponse, version: i16) -> wire::Response {
    let hint = &response.hint;
    let partition = messages::end_quorum_epoch_response::PartitionData {
        partition_index: METADATA_PARTITION,
        error_code: code_of(&response.result),
        leader_id: leader_id(hint),
        leader_epoch: hint.epoch,
        ..Default::default()
    };
    wire::Response::EndQuorumEpoch(messages::EndQuorumEpochResponse {
        topics: one_partition!(end_quorum_epoch_response::TopicData { topic_name }, partition),
        node_endpoints: node_endpoints!(end_quorum_epoch_response, hint, version >= 1),
        ..Default::default()
    })
}

fn fetch_response(response: &FetchResponse, records: Records, version: i16) -> wire::Response {
    let hint = &response.hint;
    let mut partition = messages::fetch_response::PartitionData {
        partition_index: METADATA_PARTITION,
        error_code: code_of(&response.result),
        high_watermark: response.high_watermark.unwrap_or(-1),
        log_start_offset: response.log_start_offset,
        records: Some(records),
        ..Default::default()
    };
    if version >= 12 {
        partition.current_leader.leader_id = leader_id(hint);
        partition.current_leader.leader_epoch = hint.epoch;
        match &response.result {
            Ok(FetchOutcome::Diverging(point)) => {
                partition.diverging_epoch.epoch = point.epoch;
                partition.diverging_epoch.end_offset = point.offset;
            }
            Ok(FetchOutcome::Snapshot(id)) => {
                partition.snapshot_id.epoch = id.epoch;
                partition.snapshot_id.end_offset = id.offset;
            }
            Ok(FetchOutcome::Read { .. } | FetchOutcome::Records(_)) | Err(_) => {}
        }
    }
    let mut topic = messages::fetch_response::FetchableTopicResponse {
        partitions: vec![partition],
        ..Default::default()
    };
    if version >= 13 {
        topic.topic_id = METADATA_TOPIC_ID;
    } else {
        topic.topic = Str::from_static(METADATA_TOPIC);
    }
    wire::Response::Fetch(messages::FetchResponse {
        responses: vec![topic],
        node_endpoints: node_endpoints!(fetch_response, hint, version >= 16),
        ..Default::default()
    })
}

fn fetch_snapshot_response(
    response: &FetchSnapshotResponse,
    records: Records,
    version: i16,
) -> wire::Response {
    let hint = &response.hint;
    let mut partition = messages::fetch_snapshot_response::PartitionSnapshot {
        index: METADATA_PARTITION,
        error_code: code_of(&response.result),
        unaligned_records: records,
        ..Default::default()
    };
    partition.current_leader.leader_id = leader_id(hint);
    partition.current_leader.leader_epoch = hint.epoch;
    if let Ok(piece) = &response.result {
        partition.snapshot_id.end_offset = piece.snapshot.offset;
        partition.snapshot_id.epoch = piece.snapshot.epoch;
        partition.size = i64::try_from(piece.size).unwrap_or(i64::MAX);
        partition.position = i64::try_from(piece.position).unwrap_or(i64::MAX);
    }
    wire::Response::FetchSnapshot(messages::FetchSnapshotResponse {
        topics: one_partition!(fetch_snapshot_response::TopicSnapshot { name }, partition),
        node_endpoints: node_endpoints!(fetch_snapshot_response, hint, version >= 1),
        ..Default::default()
    })
}

fn update_voter_response(response: &ChangeResponse) -> wire::Response {
    let (error_code, _) = outcome(response);
    let hint = &response.hint;
    let mut message = messages::UpdateRaftVoterResponse { error_code, ..Default::default() };
    message.current_leader.leader_id = leader_id(hint);
    message.current_leader.leader_epoch = hint.epoch;
    if let Some(endpoint) = &hint.endpoint {
        message.current_leader.host = text(&endpoint.host);
        message.current_leader.port = endpoint.port.into();
    }
    wire::Response::UpdateRaftVoter(message)
}

fn describe_response(description: &QuorumDescription, version: i16) -> wire::Response {
    use messages::describe_quorum_response as message;
    let replica = |state: &ReplicaState| message::ReplicaState {
        replica_id: state.key.id,
        replica_directory_id: if version >= 2 { state.key.directory_id } else { wire::Uuid::ZERO },
        log_end_offset: state.log_end_offset,
        last_fetch_timestamp: state.last_fetch_timestamp,
        last_caught_up_timestamp: state.last_caught_up_timestamp,
        ..Default::default()
    };
    let partition = message::PartitionData {
        partition_index: METADATA_PARTITION,
        leader_id: description.leader,
        leader_epoch: description.epoch,
        high_watermark: description.high_watermark.unwrap_or(-1),
        current_voters: description.voters.iter().map(replica).collect(),
        observers: description.observers.iter().map(replica).collect(),
        ..Default::default()
    };
    let node = |(id, endpoints): &(i32, Vec<Endpoint>)| message::Node {
        node_id: *id,
        listeners: listeners!(describe_quorum_response::Listener, endpoints),
        ..Default::default()
    };
    let nodes = if version >= 2 { description.nodes.as_slice() } else { &[] };
    wire::Response::DescribeQuorum(messages::DescribeQuorumResponse {
        topics: one_partition!(describe_quorum_response::TopicData { topic_name }, partition),
        nodes: nodes.iter().map(node).collect(),
        ..Default::default()
    })
}

fn describe_refused(refusal: Refusal, version: i16) -> wire::Response {
    let partition = messages::describe_quorum_response::PartitionData {
        partition_index: METADATA_PARTITION,
        error_code: errors::code(refusal),
        error_message: (version >= 2).then(|| text(&refusal.to_string())),
        ..Default::default()
    };
    wire::Response::DescribeQuorum(messages::DescribeQuorumResponse {
        topics: one_partition!(describe_quorum_response::TopicData { topic_name }, partition),
        ..Default::default()
    })
}
