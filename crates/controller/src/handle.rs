//! The controller as others on the node use it.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Task};
use metadata::controller::{Bootstrap, Error, Settings};
use tokio::sync::{mpsc, oneshot};

use crate::active::not_controller;
use crate::operation::{Letter, Operation, Reply};
use crate::publisher::Metadata;
use crate::task::ControllerTask;

/// Requests that may wait for the controller; whoever sends more waits with them.
const LETTERS_MAX: usize = 1_024;

/// Speaks with the controller's task. Cheap to clone.
///
/// Requests are answered once what they wrote is committed and this node's own image shows it. A
/// node that is not the active controller answers NOT_CONTROLLER (kafka-semantics 221).
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    env: Env,
    settings: Settings,
    letters: mpsc::Sender<Letter>,
    metadata: Metadata,
    quorum: quorum_node::Handle,
}

/// What is known of a request besides its fields.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The version of the API.
    pub api_version: i16,
    /// Whether a broker received and checked the request, and passed it on.
    pub is_forwarded: bool,
    /// Whether the sender is the broker in this very process.
    pub is_of_this_process: bool,
    /// The listener it came in by: other nodes are shown with their addresses there.
    pub listener: String,
}

impl RequestContext {
    /// Whether the requester may see the configurations of a topic. Without an authorizer
    /// everything is allowed (kafka-semantics 189); with one, this is where handlers ask.
    pub(crate) fn may_describe_configs(&self, _topic: &str) -> bool {
        true
    }
}

/// Starts the controller of this node. It becomes the active one when the node leads the quorum.
///
/// The task ends when the node stops.
pub async fn start(
    env: &Env,
    settings: Settings,
    bootstrap: Bootstrap,
    quorum: quorum_node::Handle,
    metadata: Metadata,
) -> (Handle, Task<()>) {
    let (sender, letters) = mpsc::channel(LETTERS_MAX);
    let events = metadata.subscribe().await;
    let task =
        ControllerTask::new(env, settings.clone(), bootstrap, quorum.clone(), events, letters);
    let task = env.spawn("controller", task.run());
    let shared = Shared { env: env.clone(), settings, letters: sender, metadata, quorum };
    (Handle { shared: Arc::new(shared) }, task)
}

impl Handle {
    /// The settings of this node.
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The image of this node.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.shared.metadata
    }

    /// The network, to look up names with.
    pub(crate) fn network(&self) -> &env::Network {
        self.shared.env.network()
    }

    /// The quorum of this node.
    pub(crate) fn quorum(&self) -> &quorum_node::Handle {
        &self.shared.quorum
    }

    /// Asks the controller's task.
    pub(crate) async fn ask<T>(
        &self,
        timeout_ms: Option<i32>,
        operation: impl FnOnce(Reply<T>) -> Operation,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let arrived = self.shared.env.now();
        let timeout = timeout_ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        let deadline = timeout.map(|timeout| arrived + timeout);
        let letter = Letter { arrived, deadline, operation: operation(reply) };
        if self.shared.letters.send(letter).await.is_err() {
            return Err(not_controller(None));
        }
        answer.await.unwrap_or_else(|_| Err(not_controller(None)))
    }
}
