//! The node's quorum as others use it.

use std::sync::Arc;

use bytes::Bytes;
use quorum::message::{Request, Response};
use quorum::{QuorumDescription, Refusal};
use tokio::sync::{mpsc, oneshot, watch};

use crate::door::{self, Payload};
use crate::error::{AppendError, CommitError, Error};
use crate::mail::{Appended, Mail};
use crate::snapshot_source::SnapshotSource;
use crate::status::{LeaderAndEpoch, Status};
use crate::subscription::{Subscription, SubscriptionSource};

/// Speaks with the driver's task. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    mailbox: mpsc::Sender<Mail>,
    status: watch::Receiver<Status>,
    source: Arc<SubscriptionSource>,
    cluster_id: Arc<str>,
}

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not one of the quorum's requests.
    #[error("not a request of the quorum")]
    NotOurs,
    /// The node has stopped.
    #[error("the quorum node has stopped")]
    Stopped,
}

impl Handle {
    pub(crate) fn new(
        mailbox: mpsc::Sender<Mail>,
        status: watch::Receiver<Status>,
        source: SubscriptionSource,
        cluster_id: &str,
    ) -> Self {
        Self { mailbox, status, source: Arc::new(source), cluster_id: cluster_id.into() }
    }

    /// Appends records, each framed as a metadata record, as one batch: all of them or none.
    ///
    /// Returns as soon as they have their offsets, so that the caller can go on with the next
    /// batch. They are neither durable nor committed then: see
    /// [`wait_committed`](Self::wait_committed).
    ///
    /// # Errors
    /// [`AppendError::NotLeader`] unless this node leads in exactly that epoch.
    pub async fn append(&self, epoch: i32, records: Vec<Bytes>) -> Result<Appended, AppendError> {
        let (answer, appended) = oneshot::channel();
        let mail = Mail::Append { epoch, records, answer };
        self.mailbox.send(mail).await.map_err(|_| AppendError::Stopped)?;
        appended.await.map_err(|_| AppendError::Stopped)?
    }

    /// Waits until what was appended is committed: durable on a majority of voters.
    ///
    /// # Errors
    /// [`CommitError::LeadershipLost`]: nobody knows whether it will be.
    pub async fn wait_committed(&self, appended: Appended) -> Result<(), CommitError> {
        let mut status = self.status.clone();
        let is_decided = |status: &Status| {
            let is_lost = status.epoch != appended.epoch || !status.is_leader;
            is_lost || status.high_watermark > appended.last_offset
        };
        let status = status.wait_for(is_decided).await.map_err(|_| CommitError::Stopped)?;
        if status.epoch == appended.epoch && status.high_watermark > appended.last_offset {
            Ok(())
        } else {
            Err(CommitError::LeadershipLost { epoch: appended.epoch })
        }
    }

    /// What is committed, from the beginning, and who leads, in order.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.source.clone(), self.status.clone())
    }

    /// The quorum as seen from here, and how it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Who leads, as far as known here.
    pub fn leader_and_epoch(&self) -> LeaderAndEpoch {
        let status = *self.status.borrow();
        LeaderAndEpoch { leader: status.leader, epoch: status.epoch }
    }

    /// Handles a request of the quorum's APIs: Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch (of
    /// the metadata log), FetchSnapshot, DescribeQuorum, AddRaftVoter, RemoveRaftVoter and
    /// UpdateRaftVoter. Whether the sender may ask was checked before. The answer may take as long
    /// as the request allows; a caller that drops the future gives it up.
    ///
    /// # Errors
    /// [`RequestError::NotOurs`] for another API.
    pub async fn handle_request(
        &self,
        request: &wire::Request,
        version: i16,
    ) -> Result<wire::Response, RequestError> {
        match door::request_from_wire(request, &self.cluster_id) {
            Ok(request) => {
                let payload = self.ask(request).await.ok_or(RequestError::Stopped)?;
                Ok(door::response_to_wire(payload, version))
            }
            Err(refused) => door::refusal(request, refused).ok_or(RequestError::NotOurs),
        }
    }

    async fn ask(&self, request: Request) -> Option<Payload> {
        let (answer, payload) = oneshot::channel();
        self.mailbox.send(Mail::Request { request, answer }).await.ok()?;
        payload.await.ok()
    }

    /// The state of voters and observers.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`] unless this node leads.
    pub async fn describe_quorum(&self) -> Result<QuorumDescription, Refusal> {
        match self.ask(Request::Describe).await.map(|payload| payload.response) {
            Some(Response::Describe(result)) => result.map(|description| *description),
            Some(_) | None => Err(Refusal::BrokerNotAvailable),
        }
    }

    /// Gives leadership of the epoch up, because the controller cannot go on. Nothing happens if
    /// this node does not lead in it.
    pub async fn resign(&self, epoch: i32) {
        // A node that has stopped leads nothing.
        let _ = self.mailbox.send(Mail::Resign { epoch }).await;
    }

    /// Raises the feature `kraft.version`, as UpdateFeatures asks for; gives the offset of the
    /// record that says so.
    ///
    /// # Errors
    /// [`Refusal::InvalidUpdateVersion`] if the version is lower, unknown, or not supported by a
    /// voter; [`Refusal::NotLeaderOrFollower`] and the like if this node does not lead.
    pub async fn upgrade_kraft_version(
        &self,
        epoch: i32,
        version: i16,
        validate_only: bool,
    ) -> Result<i64, Refusal> {
        let (answer, result) = oneshot::channel();
        let mail = Mail::UpgradeKRaftVersion { epoch, version, validate_only, answer };
        self.mailbox.send(mail).await.map_err(|_| Refusal::BrokerNotAvailable)?;
        result.await.unwrap_or(Err(Refusal::BrokerNotAvailable))
    }

    /// From here on snapshots are written when they are due, with what the source gives.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn set_snapshot_source(&self, source: Arc<dyn SnapshotSource>) -> Result<(), Error> {
        self.mailbox.send(Mail::SnapshotSource(source)).await.map_err(|_| Error::Stopped)
    }

    /// Starts to stop the node; a leader hands over first, for at most `timeout_ms`. The end is
    /// awaited on [`QuorumNode::stopped`](crate::QuorumNode::stopped).
    pub async fn shutdown(&self, timeout_ms: u64) {
        // A node that has stopped need not be told to.
        let _ = self.mailbox.send(Mail::Shutdown { timeout_ms }).await;
    }
}
