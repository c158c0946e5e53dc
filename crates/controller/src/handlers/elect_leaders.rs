//! ElectLeaders.

use metadata::controller::{ElectLeaders, ElectLeadersResult, ElectionType, Error, Reason};
use wire::ErrorCode;
use wire::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use wire::messages::{ElectLeadersRequest, ElectLeadersResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Holds elections (kafka-semantics 60).
    pub async fn elect_leaders(&self, request: ElectLeadersRequest) -> ElectLeadersResponse {
        if request.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
            return ElectLeadersResponse::default();
        }
        let elected = match from_wire(&request) {
            Ok(wanted) => {
                let timeout_ms = Some(request.timeout_ms);
                self.ask(timeout_ms, |reply| Operation::ElectLeaders(wanted, reply)).await
            }
            Err(error) => Err(error),
        };
        match elected {
            Ok(elected) => response(ErrorCode::None.code(), &elected),
            Err(error) => {
                let topics = request.topic_partitions.iter().flatten();
                let failed = topics.map(|topic| {
                    let results = topic.partitions.iter().map(|i| (*i, Err(error.clone())));
                    (topic.topic.clone(), results.collect())
                });
                response(error_map::code(error.reason).code(), &failed.collect())
            }
        }
    }
}

fn from_wire(request: &ElectLeadersRequest) -> Result<ElectLeaders, Error> {
    let election_type = match request.election_type {
        0 => ElectionType::Preferred,
        1 => ElectionType::Unclean,
        other => {
            let text = format!("Unknown election type {other}");
            return Err(Error::new(Reason::InvalidRequest, text));
        }
    };
    let partitions = request.topic_partitions.as_ref().map(|topics| {
        topics.iter().map(|topic| (topic.topic.detach(), topic.partitions.clone())).collect()
    });
    Ok(ElectLeaders { election_type, partitions })
}

fn response(error_code: i16, elected: &ElectLeadersResult) -> ElectLeadersResponse {
    let topics = elected.iter().map(|(topic, results)| ReplicaElectionResult {
        topic: topic.clone(),
        partition_result: results
            .iter()
            .map(|(index, result)| {
                let (error_code, error_message) = error_map::result_to_wire(result);
                PartitionResult {
                    partition_id: *index,
                    error_code,
                    error_message,
                    ..PartitionResult::default()
                }
            })
            .collect(),
        ..ReplicaElectionResult::default()
    });
    ElectLeadersResponse {
        error_code,
        replica_election_results: topics.collect(),
        ..ElectLeadersResponse::default()
    }
}
