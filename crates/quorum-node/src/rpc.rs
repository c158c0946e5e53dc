//! Requests to other nodes: what the quorum needs of a network client.

use std::future::Future;
use std::pin::Pin;

use quorum::message::Request;
use quorum::{Destination, SendFailure};
use wire::ApiKey;

use crate::door;

/// A future in a box.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Sends requests to other controllers. The client of a later floor implements it.
pub trait RpcSender: Send + Sync + 'static {
    /// Connects if need be, agrees on a version, sends, and waits for the answer.
    ///
    /// The version is the highest that both sides know and [`OutgoingRequest::encode`] accepts.
    /// An answer that does not come within `controller.quorum.request.timeout.ms` is given up as
    /// [`SendFailure::Unreachable`]. Dropping the future gives the request up.
    fn send(
        &self,
        to: Destination,
        request: OutgoingRequest,
    ) -> BoxFuture<Result<wire::Response, SendFailure>>;
}

/// For a node that is a quorum of its own: there is nobody to send to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

impl RpcSender for NoPeers {
    fn send(
        &self,
        _to: Destination,
        _request: OutgoingRequest,
    ) -> BoxFuture<Result<wire::Response, SendFailure>> {
        Box::pin(std::future::ready(Err(SendFailure::Unreachable)))
    }
}

/// A request to another node, still free of a version.
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    pub(crate) request: Request,
    pub(crate) cluster_id: String,
}

impl OutgoingRequest {
    /// Which API it uses.
    pub fn api_key(&self) -> ApiKey {
        match &self.request {
            Request::Vote(_) => ApiKey::Vote,
            Request::BeginQuorumEpoch(_) => ApiKey::BeginQuorumEpoch,
            Request::EndQuorumEpoch(_) => ApiKey::EndQuorumEpoch,
            Request::Fetch(_) => ApiKey::Fetch,
            Request::FetchSnapshot(_) => ApiKey::FetchSnapshot,
            Request::AddVoter(_) => ApiKey::AddRaftVoter,
            Request::RemoveVoter(_) => ApiKey::RemoveRaftVoter,
            Request::UpdateVoter(_) => ApiKey::UpdateRaftVoter,
            Request::SupportedVersions => ApiKey::ApiVersions,
            Request::Describe => ApiKey::DescribeQuorum,
        }
    }

    /// The request in that version.
    ///
    /// # Errors
    /// [`SendFailure::UnsupportedVersion`] if the version cannot say what is to be said.
    pub fn encode(&self, version: i16) -> Result<wire::Request, SendFailure> {
        door::request_to_wire(&self.request, &self.cluster_id, version)
    }
}
