//! `quorum-state`: what a replica must remember of elections (kafka-storage 2).
//!
//! One line of JSON. Version 0 is written with `kraft.version` 0 and also lists the voters;
//! version 1 knows the directory of who was voted for.

use quorum::{ElectionState, ReplicaKey};
use serde_json::{Map, Value, json};
use wire::Uuid;

/// Name of the file in the metadata log's directory.
pub(crate) const QUORUM_STATE_FILE: &str = "quorum-state";

/// Why a `quorum-state` file cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuorumStateError {
    /// Not JSON.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// A field is missing or has the wrong type.
    #[error("field {0} is missing or not of its type")]
    Field(&'static str),
    /// Written by a newer release.
    #[error("data_version {0} is not known here")]
    Version(i64),
}

/// Reads the file.
///
/// # Errors
/// [`QuorumStateError`] says what does not fit.
pub fn decode(bytes: &[u8]) -> Result<ElectionState, QuorumStateError> {
    let object: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| QuorumStateError::Json(error.to_string()))?;
    let version = object.get("data_version").and_then(Value::as_i64);
    let version = version.ok_or(QuorumStateError::Field("data_version"))?;
    if !(0..=1).contains(&version) {
        return Err(QuorumStateError::Version(version));
    }
    let epoch = int(&object, "leaderEpoch")?;
    let leader = int(&object, "leaderId")?;
    let voted = int(&object, "votedId")?;
    if epoch < 0 {
        return Err(QuorumStateError::Field("leaderEpoch"));
    }
    let directory_id = match object.get("votedDirectoryId") {
        None if version == 0 => Uuid::ZERO,
        id => id
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .ok_or(QuorumStateError::Field("votedDirectoryId"))?,
    };
    Ok(ElectionState {
        epoch,
        leader: (leader >= 0).then_some(leader),
        voted: (voted >= 0).then_some(ReplicaKey::new(voted, directory_id)),
    })
}

fn int(object: &Map<String, Value>, field: &'static str) -> Result<i32, QuorumStateError> {
    let value = object.get(field).and_then(Value::as_i64);
    value.and_then(|value| i32::try_from(value).ok()).ok_or(QuorumStateError::Field(field))
}

/// Writes the file in the version that belongs to `kraft_version`, its fields in Kafka's order.
pub fn encode(election: &ElectionState, kraft_version: i16, voters: &[i32]) -> Vec<u8> {
    let (epoch, leader) = (election.epoch, election.leader.unwrap_or(-1));
    let voted = election.voted.map_or(-1, |key| key.id);
    let text = if kraft_version == 0 {
        let voters: Vec<Value> = voters.iter().map(|id| json!({ "voterId": id })).collect();
        let voters = Value::from(voters);
        format!(
            r#"{{"clusterId":"","leaderId":{leader},"leaderEpoch":{epoch},"votedId":{voted},"appliedOffset":0,"currentVoters":{voters},"data_version":0}}"#
        )
    } else {
        let directory_id = election.voted.map_or(Uuid::ZERO, |key| key.directory_id);
        format!(
            r#"{{"leaderId":{leader},"leaderEpoch":{epoch},"votedId":{voted},"votedDirectoryId":"{directory_id}","data_version":1}}"#
        )
    };
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Apache Kafka 4.3.1 wrote them.
    const VERSION_0: &str = r#"{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}"#;
    const VERSION_1: &str = r#"{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#;

    #[test]
    fn files_are_kafkas_byte_for_byte() {
        let election = ElectionState { epoch: 1, leader: Some(1), voted: None };
        assert_eq!(encode(&election, 0, &[1]), VERSION_0.as_bytes());
        assert_eq!(encode(&election, 1, &[1]), VERSION_1.as_bytes());
        assert_eq!(decode(VERSION_0.as_bytes()), Ok(election));
        assert_eq!(decode(VERSION_1.as_bytes()), Ok(election));
    }

    #[test]
    fn a_vote_is_remembered_with_its_directory() {
        let voted = Some(ReplicaKey::new(3, Uuid([7; 16])));
        let election = ElectionState { epoch: 9, leader: None, voted };
        assert_eq!(decode(&encode(&election, 1, &[])), Ok(election));
        let without = ElectionState { voted: Some(ReplicaKey::without_directory(3)), ..election };
        assert_eq!(decode(&encode(&election, 0, &[1, 2, 3])), Ok(without));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let check = |text: &str, expected| assert_eq!(decode(text.as_bytes()), Err(expected));
        check(r#"{"data_version":2}"#, QuorumStateError::Version(2));
        check(r#"{}"#, QuorumStateError::Field("data_version"));
        check(
            r#"{"data_version":1,"leaderEpoch":-1,"leaderId":1,"votedId":1}"#,
            QuorumStateError::Field("leaderEpoch"),
        );
        check(
            r#"{"data_version":1,"leaderEpoch":1,"leaderId":1,"votedId":1}"#,
            QuorumStateError::Field("votedDirectoryId"),
        );
        check(
            r#"{"data_version":1,"leaderEpoch":99999999999,"leaderId":1,"votedId":1}"#,
            QuorumStateError::Field("leaderEpoch"),
        );
        assert!(matches!(decode(b"[1"), Err(QuorumStateError::Json(_))));
    }
}
