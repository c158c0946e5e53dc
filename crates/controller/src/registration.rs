//! Makes this node's controller known to the active one (KIP-919).

use std::future::Future;
use std::time::Duration;

use env::Env;
use metadata::{Image, features};
use tracing::{debug, info};
use wire::messages::controller_registration_request::{Feature, Listener};
use wire::messages::{ControllerRegistrationRequest, ControllerRegistrationResponse};
use wire::{ErrorCode, Str, Uuid};

use crate::publisher::Metadata;

/// After a failed request the next one waits this long, doubling up to [`BACKOFF_MAX`].
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// How a controller introduces itself.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// The id of the node.
    pub node_id: i32,
    /// This run of its process.
    pub incarnation_id: Uuid,
    /// Where its controller listeners are reached.
    pub listeners: Vec<Listener>,
}

impl Introduction {
    /// Whether the cluster keeps registrations but not this one.
    fn is_missing(&self, image: &Image) -> bool {
        let is_supported = image
            .features
            .metadata_version
            .is_some_and(|v| v.is_controller_registration_supported());
        let known = image.cluster.controllers.get(&self.node_id);
        is_supported && known.is_none_or(|known| known.incarnation_id != self.incarnation_id)
    }

    fn request(&self) -> ControllerRegistrationRequest {
        let features = features::supported().map(|(name, range)| Feature {
            name: Str::from(name),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Feature::default()
        });
        ControllerRegistrationRequest {
            controller_id: self.node_id,
            incarnation_id: self.incarnation_id,
            listeners: self.listeners.clone(),
            features: features.collect(),
            ..ControllerRegistrationRequest::default()
        }
    }
}

/// Registers this controller whenever the metadata does not show it, until the node stops.
///
/// `ask` sends to the active controller; `None` if nobody could be asked.
pub async fn keep_registered<A, F>(
    env: Env,
    metadata: Metadata,
    introduction: Introduction,
    mut ask: A,
) where
    A: FnMut(ControllerRegistrationRequest) -> F,
    F: Future<Output = Option<ControllerRegistrationResponse>>,
{
    let mut reached = metadata.reached();
    let mut backoff = BACKOFF;
    while reached.changed().await.is_ok() {
        while introduction.is_missing(&metadata.load()) {
            let answer = ask(introduction.request()).await;
            let error = answer.map(|answer| answer.error_code);
            if error == Some(ErrorCode::None.code()) {
                info!("registered as a controller");
                backoff = BACKOFF;
                // The record is committed; another node's may still be on its way here.
                break;
            }
            debug!(?error, "not registered as a controller yet");
            env.sleep(backoff).await;
            if reached.has_changed().is_err() {
                return;
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }
}
