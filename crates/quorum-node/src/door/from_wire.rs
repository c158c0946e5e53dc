//! Kafka's messages become the quorum's.

use quorum::message::{
    AddVoterRequest, BeginQuorumEpochRequest, ChangeRefusal, ChangeResponse, EndQuorumEpochRequest,
    EpochResponse, FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest,
    FetchSnapshotResponse, KnownHighWatermark, LeaderHint, PieceContent, RemoveVoterRequest,
    Request, Response, SnapshotPiece, UpdateVoterRequest, VoteRequest, VoteResponse,
};
use quorum::{
    Endpoint, KRaftVersions, OffsetAndEpoch, Refusal, ReplicaKey, SendFailure, SnapshotId, Voter,
};
use wire::{ErrorCode, Str, messages};

use super::errors;
use super::{METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID};
use crate::control::fetched;

/// Why a request was refused at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not one of the quorum's requests.
    NotOurs,
    /// Meant for another cluster.
    Cluster,
    /// Not about the metadata log, or about more than that.
    Topic,
}

/// The quorum's request in a message; `None` fields of old versions become "not told".
pub(crate) fn request(request: &wire::Request, cluster_id: &str) -> Result<Request, Refused> {
    let check_cluster = |id: &Option<Str>| match id {
        Some(id) if id != cluster_id => Err(Refused::Cluster),
        _ => Ok(()),
    };
    match request {
        wire::Request::Vote(request) => {
            check_cluster(&request.cluster_id)?;
            vote(request)
        }
        wire::Request::BeginQuorumEpoch(request) => {
            check_cluster(&request.cluster_id)?;
            begin_quorum_epoch(request)
        }
        wire::Request::EndQuorumEpoch(request) => {
            check_cluster(&request.cluster_id)?;
            end_quorum_epoch(request)
        }
        wire::Request::Fetch(request) => {
            check_cluster(&request.cluster_id)?;
            fetch(request)
        }
        wire::Request::FetchSnapshot(request) => {
            check_cluster(&request.cluster_id)?;
            fetch_snapshot(request)
        }
        wire::Request::AddRaftVoter(request) => {
            check_cluster(&request.cluster_id)?;
            Ok(add_voter(request))
        }
        wire::Request::RemoveRaftVoter(request) => {
            check_cluster(&request.cluster_id)?;
            let voter = ReplicaKey::new(request.voter_id, request.voter_directory_id);
            Ok(Request::RemoveVoter(RemoveVoterRequest { voter }))
        }
        wire::Request::UpdateRaftVoter(request) => {
            check_cluster(&request.cluster_id)?;
            Ok(update_voter(request))
        }
        wire::Request::DescribeQuorum(request) => {
            let [topic] = request.topics.as_slice() else { return Err(Refused::Topic) };
            let [partition] = topic.partitions.as_slice() else { return Err(Refused::Topic) };
            check_topic(&topic.topic_name, partition.partition_index)?;
            Ok(Request::Describe)
        }
        _ => Err(Refused::NotOurs),
    }
}

fn check_topic(name: &Str, partition: i32) -> Result<(), Refused> {
    if name == METADATA_TOPIC && partition == METADATA_PARTITION {
        Ok(())
    } else {
        Err(Refused::Topic)
    }
}

/// The only partition of the only topic; requests about more are refused.
macro_rules! only_partition {
    ($topics:expr, $name:ident, $index:ident) => {{
        let [topic] = $topics.as_slice() else { return Err(Refused::Topic) };
        let [partition] = topic.partitions.as_slice() else { return Err(Refused::Topic) };
        check_topic(&topic.$name, partition.$index)?;
        partition
    }};
}

/// Endpoints of any of the messages that have them.
macro_rules! endpoints {
    ($endpoints:expr) => {
        $endpoints
            .iter()
            .map(|e| Endpoint { name: e.name.to_string(), host: e.host.to_string(), port: e.port })
            .collect::<Vec<_>>()
    };
}

fn receiver(id: i32, directory_id: wire::Uuid) -> Option<ReplicaKey> {
    (id >= 0).then_some(ReplicaKey::new(id, directory_id))
}

fn vote(request: &messages::VoteRequest) -> Result<Request, Refused> {
    let partition = only_partition!(request.topics, topic_name, partition_index);
    Ok(Request::Vote(VoteRequest {
        voter: receiver(request.voter_id, partition.voter_directory_id),
        candidate: ReplicaKey::new(partition.replica_id, partition.replica_directory_id),
        epoch: partition.replica_epoch,
        log_end: OffsetAndEpoch::new(partition.last_offset, partition.last_offset_epoch),
        pre_vote: partition.pre_vote,
    }))
}

fn begin_quorum_epoch(request: &messages::BeginQuorumEpochRequest) -> Result<Request, Refused> {
    let partition = only_partition!(request.topics, topic_name, partition_index);
    Ok(Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
        voter: receiver(request.voter_id, partition.voter_directory_id),
        leader: partition.leader_id,
        epoch: partition.leader_epoch,
        endpoints: endpoints!(request.leader_endpoints),
    }))
}

fn end_quorum_epoch(request: &messages::EndQuorumEpochRequest) -> Result<Request, Refused> {
    let partition = only_partition!(request.topics, topic_name, partition_index);
    let mut preferred: Vec<ReplicaKey> = partition
        .preferred_candidates
        .iter()
        .map(|c| ReplicaKey::new(c.candidate_id, c.candidate_directory_id))
        .collect();
    if preferred.is_empty() {
        let successors = partition.preferred_successors.iter();
        preferred = successors.map(|id| ReplicaKey::without_directory(*id)).collect();
    }
    Ok(Request::EndQuorumEpoch(EndQuorumEpochRequest {
        leader: partition.leader_id,
        epoch: partition.leader_epoch,
        preferred,
        endpoints: endpoints!(request.leader_endpoints),
    }))
}

fn fetch(request: &messages::FetchRequest) -> Result<Request, Refused> {
    let [topic] = request.topics.as_slice() else { return Err(Refused::Topic) };
    let [partition] = topic.partitions.as_slice() else { return Err(Refused::Topic) };
    let is_metadata = topic.topic == METADATA_TOPIC || topic.topic_id == METADATA_TOPIC_ID;
    if !is_metadata || partition.partition != METADATA_PARTITION {
        return Err(Refused::Topic);
    }
    // The id is in one place up to version 14, in the other from 15 on; -1 where it is not.
    let replica_id = request.replica_id.max(request.replica_state.replica_id);
    let high_watermark = match partition.high_watermark {
        i64::MAX => KnownHighWatermark::Untold,
        offset if offset < 0 => KnownHighWatermark::Unknown,
        offset => KnownHighWatermark::At(offset),
    };
    Ok(Request::Fetch(FetchRequest {
        replica: ReplicaKey::new(replica_id, partition.replica_directory_id),
        epoch: partition.current_leader_epoch,
        offset: partition.fetch_offset,
        last_fetched_epoch: partition.last_fetched_epoch,
        high_watermark,
        max_wait_ms: u32::try_from(request.max_wait_ms).unwrap_or(0),
        max_bytes: u32::try_from(request.max_bytes).unwrap_or(0),
    }))
}

fn fetch_snapshot(request: &messages::FetchSnapshotRequest) -> Result<Request, Refused> {
    let partition = only_partition!(request.topics, name, partition);
    let id = &partition.snapshot_id;
    Ok(Request::FetchSnapshot(FetchSnapshotRequest {
        replica: ReplicaKey::new(request.replica_id, partition.replica_directory_id),
        epoch: partition.current_leader_epoch,
        snapshot: SnapshotId::new(id.end_offset, id.epoch),
        position: partition.position,
        max_bytes: u32::try_from(request.max_bytes).unwrap_or(0),
    }))
}

fn add_voter(request: &messages::AddRaftVoterRequest) -> Request {
    Request::AddVoter(AddVoterRequest {
        voter: ReplicaKey::new(request.voter_id, request.voter_directory_id),
        endpoints: endpoints!(request.listeners),
        timeout_ms: u32::try_from(request.timeout_ms).unwrap_or(0),
        ack_when_committed: request.ack_when_committed,
    })
}

fn update_voter(request: &messages::UpdateRaftVoterRequest) -> Request {
    let versions = &request.kraft_version_feature;
    Request::UpdateVoter(UpdateVoterRequest {
        epoch: request.current_leader_epoch,
        voter: Voter {
            key: ReplicaKey::new(request.voter_id, request.voter_directory_id),
            endpoints: endpoints!(request.listeners),
            kraft_versions: KRaftVersions {
                min: versions.min_supported_version,
                max: versions.max_supported_version,
            },
        },
    })
}

/// Why an answer cannot be used: the peer's refusal as a whole, or no sense in it.
fn refused(code: i16) -> Result<(), SendFailure> {
    errors::result(code).map_err(|refusal| match refusal {
        Refusal::UnsupportedVersion => SendFailure::UnsupportedVersion,
        refusal => SendFailure::Refused(refusal),
    })
}

const NONSENSE: SendFailure = SendFailure::Refused(Refusal::InvalidRequest);

/// Who leads, as an answer's partition and endpoints say.
macro_rules! hint {
    ($leader_id:expr, $epoch:expr, $endpoints:expr) => {{
        let leader = ($leader_id >= 0).then_some($leader_id);
        let endpoint = $endpoints.iter().find(|e| Some(e.node_id) == leader).and_then(|e| {
            let port = u16::try_from(e.port).ok()?;
            Some(Endpoint { name: String::new(), host: e.host.to_string(), port })
        });
        LeaderHint { epoch: $epoch, leader, endpoint }
    }};
}

/// The first partition of the first topic.
macro_rules! first_partition {
    ($topics:expr) => {
        $topics.first().and_then(|topic| topic.partitions.first()).ok_or(NONSENSE)
    };
}

/// The quorum's answer in a message.
pub(crate) fn response(response: wire::Response) -> Result<Response, SendFailure> {
    match response {
        wire::Response::Vote(response) => {
            refused(response.error_code)?;
            let p = first_partition!(response.topics)?;
            let hint = hint!(p.leader_id, p.leader_epoch, response.node_endpoints);
            let granted = errors::result(p.error_code).map(|()| p.vote_granted);
            Ok(Response::Vote(VoteResponse { granted, hint }))
        }
        wire::Response::BeginQuorumEpoch(response) => {
            refused(response.error_code)?;
            let p = first_partition!(response.topics)?;
            let hint = hint!(p.leader_id, p.leader_epoch, response.node_endpoints);
            let result = errors::result(p.error_code);
            Ok(Response::BeginQuorumEpoch(EpochResponse { result, hint }))
        }
        wire::Response::EndQuorumEpoch(response) => {
            refused(response.error_code)?;
            let p = first_partition!(response.topics)?;
            let hint = hint!(p.leader_id, p.leader_epoch, response.node_endpoints);
            let result = errors::result(p.error_code);
            Ok(Response::EndQuorumEpoch(EpochResponse { result, hint }))
        }
        wire::Response::Fetch(response) => fetch_response(response),
        wire::Response::FetchSnapshot(response) => fetch_snapshot_response(response),
        wire::Response::AddRaftVoter(response) => {
            Ok(Response::AddVoter(change_response(response.error_code, response.error_message)))
        }
        wire::Response::RemoveRaftVoter(response) => {
            Ok(Response::RemoveVoter(change_response(response.error_code, response.error_message)))
        }
        wire::Response::UpdateRaftVoter(response) => {
            Ok(Response::UpdateVoter(change_response(response.error_code, None)))
        }
        wire::Response::ApiVersions(response) => {
            refused(response.error_code)?;
            let feature = response.supported_features.iter().find(|f| f.name == "kraft.version");
            Ok(Response::SupportedVersions(
                feature.map(|f| KRaftVersions { min: f.min_version, max: f.max_version }),
            ))
        }
        _ => Err(NONSENSE),
    }
}

fn change_response(code: i16, message: Option<Str>) -> ChangeResponse {
    let result = errors::result(code).map_err(|refusal| ChangeRefusal {
        refusal,
        message: message.map(|text| text.to_string()).unwrap_or_default(),
    });
    ChangeResponse { result, hint: LeaderHint::default() }
}

fn fetch_response(response: messages::FetchResponse) -> Result<Response, SendFailure> {
    refused(response.error_code)?;
    let p = first_partition!(response.responses)?;
    let current = &p.current_leader;
    let hint = hint!(current.leader_id, current.leader_epoch, response.node_endpoints);
    let outcome = if p.diverging_epoch.epoch >= 0 {
        let point = &p.diverging_epoch;
        FetchOutcome::Diverging(OffsetAndEpoch::new(point.end_offset, point.epoch))
    } else if p.snapshot_id.epoch >= 0 {
        FetchOutcome::Snapshot(SnapshotId::new(p.snapshot_id.end_offset, p.snapshot_id.epoch))
    } else {
        let bytes = p.records.as_ref().and_then(wire::Records::as_bytes).cloned();
        // What cannot be read is as good as not received: it will be asked for again.
        FetchOutcome::Records(fetched(bytes.unwrap_or_default()).map_err(|_| NONSENSE)?)
    };
    Ok(Response::Fetch(FetchResponse {
        result: errors::result(p.error_code).map(|()| outcome),
        hint,
        high_watermark: (p.high_watermark >= 0).then_some(p.high_watermark),
        log_start_offset: p.log_start_offset,
    }))
}

fn fetch_snapshot_response(
    response: messages::FetchSnapshotResponse,
) -> Result<Response, SendFailure> {
    refused(response.error_code)?;
    let p = first_partition!(response.topics)?;
    let current = &p.current_leader;
    let hint = hint!(current.leader_id, current.leader_epoch, response.node_endpoints);
    let id = SnapshotId::new(p.snapshot_id.end_offset, p.snapshot_id.epoch);
    let result = errors::result(p.error_code).and_then(|()| {
        let unsigned = |number: i64| u64::try_from(number).map_err(|_| Refusal::InvalidRequest);
        let bytes = p.unaligned_records.as_bytes().cloned().unwrap_or_default();
        Ok(SnapshotPiece {
            snapshot: id,
            size: unsigned(p.size)?,
            position: unsigned(p.position)?,
            content: PieceContent::Bytes(bytes),
        })
    });
    Ok(Response::FetchSnapshot(FetchSnapshotResponse { result, hint }))
}

/// The answer to a request that was refused at the door.
pub(crate) fn refusal(request: &wire::Request, refused: Refused) -> Option<wire::Response> {
    let error_code = match refused {
        Refused::NotOurs => return None,
        Refused::Cluster => ErrorCode::InconsistentClusterId,
        Refused::Topic => ErrorCode::InvalidRequest,
    }
    .code();
    Some(match request {
        wire::Request::Vote(_) => {
            wire::Response::Vote(messages::VoteResponse { error_code, ..Default::default() })
        }
        wire::Request::BeginQuorumEpoch(_) => {
            let response = messages::BeginQuorumEpochResponse { error_code, ..Default::default() };
            wire::Response::BeginQuorumEpoch(response)
        }
        wire::Request::EndQuorumEpoch(_) => {
            let response = messages::EndQuorumEpochResponse { error_code, ..Default::default() };
            wire::Response::EndQuorumEpoch(response)
        }
        wire::Request::Fetch(_) => {
            wire::Response::Fetch(messages::FetchResponse { error_code, ..Default::default() })
        }
        wire::Request::FetchSnapshot(_) => {
            let unknown = refused == Refused::Topic;
            let unknown = unknown.then_some(ErrorCode::UnknownTopicOrPartition.code());
            let error_code = unknown.unwrap_or(error_code);
            let response = messages::FetchSnapshotResponse { error_code, ..Default::default() };
            wire::Response::FetchSnapshot(response)
        }
        wire::Request::AddRaftVoter(_) => {
            let response = messages::AddRaftVoterResponse { error_code, ..Default::default() };
            wire::Response::AddRaftVoter(response)
        }
        wire::Request::RemoveRaftVoter(_) => {
            let response = messages::RemoveRaftVoterResponse { error_code, ..Default::default() };
            wire::Response::RemoveRaftVoter(response)
        }
        wire::Request::UpdateRaftVoter(_) => {
            let response = messages::UpdateRaftVoterResponse { error_code, ..Default::default() };
            wire::Response::UpdateRaftVoter(response)
        }
        wire::Request::DescribeQuorum(request) => unknown_topics(request),
        _ => return None,
    })
}

/// DescribeQuorum of anything but the metadata log.
fn unknown_topics(request: &messages::DescribeQuorumRequest) -> wire::Response {
    use messages::describe_quorum_response::{PartitionData, TopicData};
    let error_code = ErrorCode::UnknownTopicOrPartition.code();
    let topics = request.topics.iter().map(|topic| TopicData {
        topic_name: topic.topic_name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|partition| PartitionData {
                partition_index: partition.partition_index,
                error_code,
                ..PartitionData::default()
            })
            .collect(),
        ..TopicData::default()
    });
    wire::Response::DescribeQuorum(messages::DescribeQuorumResponse {
        topics: topics.collect(),
        ..Default::default()
    })
}
