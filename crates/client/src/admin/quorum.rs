//! The quorum that keeps the metadata.

use wire::messages::add_raft_voter_request::Listener;
use wire::messages::describe_quorum_request::{PartitionData as Asked, TopicData};
use wire::messages::describe_quorum_response::{Node, PartitionData};
use wire::messages::{AddRaftVoterRequest, DescribeQuorumRequest, RemoveRaftVoterRequest};
use wire::{ErrorCode, Str, Uuid};

use super::{Admin, CHANGE_TIMEOUT_MS};
use crate::error::{Error, check};

/// What the leader of the quorum says of it.
#[derive(Debug, Clone, Default)]
pub struct Quorum {
    /// Leader, voters and observers of the metadata partition.
    pub state: PartitionData,
    /// Where the nodes listen.
    pub nodes: Vec<Node>,
}

impl Admin {
    /// The quorum, as its leader sees it.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn describe_quorum(&self) -> Result<Quorum, Error> {
        let request = DescribeQuorumRequest {
            topics: vec![TopicData {
                topic_name: Str::from("__cluster_metadata"),
                partitions: vec![Asked { partition_index: 0, ..Asked::default() }],
                ..TopicData::default()
            }],
            ..DescribeQuorumRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let state = response.topics.into_iter().next();
        let state = state.and_then(|topic| topic.partitions.into_iter().next());
        let state =
            state.ok_or_else(|| Error::refused(ErrorCode::UnknownServerError.code(), None))?;
        check(state.error_code, state.error_message.as_deref())?;
        Ok(Quorum { state, nodes: response.nodes })
    }

    /// Makes an observing controller a voter. `listeners` are name, host and port.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn add_voter(
        &self,
        voter_id: i32,
        voter_directory_id: Uuid,
        listeners: &[(String, String, u16)],
    ) -> Result<(), Error> {
        let listener = |(name, host, port): &(String, String, u16)| Listener {
            name: Str::copy_from(name),
            host: Str::copy_from(host),
            port: *port,
            ..Listener::default()
        };
        let request = AddRaftVoterRequest {
            // None is for whichever cluster this is; an empty one would be refused.
            cluster_id: None,
            timeout_ms: CHANGE_TIMEOUT_MS,
            voter_id,
            voter_directory_id,
            listeners: listeners.iter().map(listener).collect(),
            ..AddRaftVoterRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())
    }

    /// Takes a controller out of the voters.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn remove_voter(&self, voter_id: i32, voter_directory_id: Uuid) -> Result<(), Error> {
        let request = RemoveRaftVoterRequest {
            cluster_id: None,
            voter_id,
            voter_directory_id,
            ..RemoveRaftVoterRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())
    }
}
