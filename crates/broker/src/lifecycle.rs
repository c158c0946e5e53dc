//! A broker's life in the eyes of the controller: registered, fenced, unfenced, shutting down
//! (kafka-semantics 207–210).

use std::sync::Arc;
use std::time::Duration;

use env::Env;
use log::LogDirs;
use metadata::features;
use tokio::sync::{mpsc, oneshot};
use wire::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    broker_registration_request::{Feature, Listener},
};
use wire::{ErrorCode, Request, Response, Str, Uuid};

use crate::state::Broker;
use crate::to_controller::{NoController, ToController};

/// Versions of the two APIs as this broker speaks them.
const REGISTRATION_VERSION: i16 = 4;
const HEARTBEAT_VERSION: i16 = 2;
/// After a failed request the next one waits this long, growing up to [`BACKOFF_MAX`].
const BACKOFF: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_millis(1_000);

/// What a broker says of itself when it registers.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// A random id of this start.
    pub incarnation_id: Uuid,
    /// Listeners and the addresses clients reach them by.
    pub listeners: Vec<Listener>,
    /// The rack.
    pub rack: Option<Str>,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
}

/// Why the controller does not take the broker.
#[derive(Debug, thiserror::Error)]
#[error("the controller refuses to register broker {broker_id}: {}", error.text())]
pub struct Refused {
    broker_id: i32,
    error: ErrorCode,
}

/// A registered broker's heartbeats.
#[derive(Debug)]
pub struct Lifecycle {
    broker: Arc<Broker>,
    dirs: Arc<LogDirs>,
    interval: Duration,
    broker_epoch: i64,
    orders: mpsc::Receiver<oneshot::Sender<()>>,
}

/// The way to ask a running [`Lifecycle`] for a controlled shutdown.
#[derive(Debug, Clone)]
pub struct ShutdownOrder(mpsc::Sender<oneshot::Sender<()>>);

impl ShutdownOrder {
    /// Gives away all leaderships; returns when the controller says that the broker may go.
    pub async fn give_away_leaderships(&self) {
        let (done, is_done) = oneshot::channel();
        if self.0.send(done).await.is_ok() {
            // If the lifecycle is gone there is nobody to wait for.
            let _ = is_done.await;
        }
    }
}

impl Lifecycle {
    /// Registers the broker, trying again until the controller answers.
    ///
    /// # Errors
    /// The controller refuses for a reason that does not pass.
    pub async fn register(
        broker: Arc<Broker>,
        dirs: Arc<LogDirs>,
        introduction: Introduction,
    ) -> Result<(Self, ShutdownOrder), Refused> {
        let interval = introduction.heartbeat_interval;
        let request = registration(&broker, &dirs, introduction);
        let mut backoff = BACKOFF;
        let broker_epoch = loop {
            match register_once(&*broker.controller, &request).await {
                Ok(response) => match ErrorCode::from_code(response.error_code) {
                    Some(ErrorCode::None) => break response.broker_epoch,
                    Some(error) if passes(error) => {
                        tracing::info!("not registered yet: {}", error.text());
                    }
                    error => {
                        let error = error.unwrap_or(ErrorCode::UnknownServerError);
                        return Err(Refused { broker_id: broker.node_id, error });
                    }
                },
                Err(error) => tracing::debug!("not registered yet: {error}"),
            }
            broker.env.sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        };
        broker.replicas.registered(broker_epoch);
        let (order, orders) = mpsc::channel(1);
        let lifecycle = Self { broker, dirs, interval, broker_epoch, orders };
        Ok((lifecycle, ShutdownOrder(order)))
    }

    /// The epoch of this registration.
    pub fn broker_epoch(&self) -> i64 {
        self.broker_epoch
    }

    /// Sends heartbeats until the broker is unfenced; then it serves.
    pub async fn until_unfenced(&mut self) {
        let mut backoff = BACKOFF;
        loop {
            match self.beat(false).await {
                Ok(response) if response.error_code == 0 && !response.is_fenced => return,
                Ok(_) | Err(NoController) => {}
            }
            self.broker.env.sleep(backoff.min(self.interval)).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// Sends heartbeats until the broker was asked to shut down and the controller lets it go.
    pub async fn run(mut self) {
        let env: Env = self.broker.env.clone();
        let mut leaving: Option<oneshot::Sender<()>> = None;
        loop {
            let wait = if leaving.is_some() { BACKOFF } else { self.interval };
            tokio::select! {
                biased;
                order = self.orders.recv(), if leaving.is_none() => match order {
                    Some(done) => leaving = Some(done),
                    None => return,
                },
                () = self.broker.news.notified() => {}
                () = env.sleep(wait) => {}
            }
            match self.beat(leaving.is_some()).await {
                Ok(response) if response.should_shut_down && leaving.is_some() => {
                    // The one who asked may have given up waiting.
                    let _ = leaving.take().map(|done| done.send(()));
                    return;
                }
                Ok(response) => self.report(&response),
                Err(error) => tracing::warn!("no heartbeat: {error}"),
            }
        }
    }

    fn report(&self, response: &BrokerHeartbeatResponse) {
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) if response.is_fenced => {
                tracing::warn!("the controller has fenced this broker");
            }
            Some(ErrorCode::None) => {}
            error => tracing::warn!(?error, "the controller refuses a heartbeat"),
        }
    }

    /// Directories that get no new replicas (KIP-1066).
    fn cordoned(&self) -> Vec<Uuid> {
        let cordoned = self.broker.replicas.directory_settings().cordoned;
        let dirs = self.dirs.dirs().iter();
        dirs.filter(|dir| cordoned.contains(dir)).map(|dir| dir.id()).collect()
    }

    async fn beat(&self, want_shut_down: bool) -> Result<BrokerHeartbeatResponse, NoController> {
        let offline = self.dirs.dirs().iter().filter(|dir| dir.is_offline());
        let request = BrokerHeartbeatRequest {
            broker_id: self.broker.node_id,
            broker_epoch: self.broker_epoch,
            current_metadata_offset: self.broker.image().provenance.last_contained_offset,
            want_shut_down,
            offline_log_dirs: offline.map(|dir| dir.id()).collect(),
            cordoned_log_dirs: Some(self.cordoned()),
            ..BrokerHeartbeatRequest::default()
        };
        match self.broker.controller.send(request.into(), HEARTBEAT_VERSION).await? {
            Response::BrokerHeartbeat(response) => Ok(response),
            _ => Err(NoController),
        }
    }
}

async fn register_once(
    controller: &dyn ToController,
    request: &BrokerRegistrationRequest,
) -> Result<BrokerRegistrationResponse, NoController> {
    let request = Request::from(request.clone());
    match controller.send(request, REGISTRATION_VERSION).await? {
        Response::BrokerRegistration(response) => Ok(response),
        _ => Err(NoController),
    }
}

/// Whether the refusal passes by itself: an old session of this broker must run out first, or
/// there is no controller yet.
fn passes(error: ErrorCode) -> bool {
    error.is_retriable() || error == ErrorCode::DuplicateBrokerRegistration
}

fn registration(
    broker: &Broker,
    dirs: &LogDirs,
    introduction: Introduction,
) -> BrokerRegistrationRequest {
    let supported = features::supported().map(|(name, range)| Feature {
        name: Str::copy_from(name),
        min_supported_version: range.min,
        max_supported_version: range.max,
        ..Feature::default()
    });
    BrokerRegistrationRequest {
        broker_id: broker.node_id,
        cluster_id: broker.cluster_id.clone(),
        incarnation_id: introduction.incarnation_id,
        listeners: introduction.listeners,
        features: supported.collect(),
        rack: introduction.rack,
        log_dirs: dirs.dirs().iter().filter(|dir| !dir.is_offline()).map(|dir| dir.id()).collect(),
        previous_broker_epoch: dirs.previous_broker_epoch().unwrap_or(-1),
        ..BrokerRegistrationRequest::default()
    }
}
