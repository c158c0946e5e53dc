//! What clients push of their metrics (KIP-714): `telemetry` decides, the receiver keeps it.

mod receiver;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::{ClientMetricsConfig, DynamicSettings, RequestError};
use env::{Env, Instant};
use metadata::{Image, ResourceType, Update};
use telemetry::{
    Client, ClientMetrics, INSTANCES_MAX, Pattern, Push, Refusal, Subscribed, Subscription,
};
use wire::{Str, Uuid};

use crate::groups::java_address;
use crate::request::Request;
use crate::state::Broker;

pub use receiver::Receiver;

/// As JSON, what one client pushes at a time may take this many times `telemetry.max.bytes`.
const JSON_FACTOR: usize = 8;

/// The clients that push metrics, and where those go.
pub(crate) struct Telemetry {
    env: Env,
    started: Instant,
    clients: Mutex<ClientMetrics>,
    receiver: Option<Receiver>,
}

/// Why metrics that were to be taken were not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReceived {
    #[error(transparent)]
    Records(#[from] records::Error),
    #[error(transparent)]
    Otlp(#[from] telemetry::otlp::Error),
}

impl Telemetry {
    /// No client yet. `max_bytes` is `telemetry.max.bytes`.
    pub(crate) fn new(env: &Env, max_bytes: i32, receiver: Option<Receiver>) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(0);
        Self {
            started: env.now(),
            env: env.clone(),
            clients: Mutex::new(ClientMetrics::new(max_bytes, INSTANCES_MAX)),
            receiver,
        }
    }

    /// Whether there is somebody to receive metrics; clients are told of telemetry only then.
    pub(crate) fn has_receiver(&self) -> bool {
        self.receiver.is_some()
    }

    /// What the client of a request is to push.
    pub(crate) fn get(&self, request: &Request, asked: Uuid) -> Result<Subscribed, Refusal> {
        let (now_ms, fresh) = (self.now_ms(), Uuid(self.env.random().uuid()));
        let subscribed = self.clients().get(now_ms, asked, fresh, &client(request))?;
        request.session().set_client_instance(subscribed.client_instance_id);
        Ok(subscribed)
    }

    /// Whether a push is to be taken.
    pub(crate) fn push(&self, request: &Request, push: &Push) -> Result<Arc<Client>, Refusal> {
        let taken = self.clients().push(self.now_ms(), push, &client(request));
        if !matches!(taken, Err(Refusal::InvalidInstanceId)) {
            request.session().set_client_instance(push.client_instance_id);
        }
        taken
    }

    /// Gives metrics, uncompressed, to the receiver.
    pub(crate) fn receive(
        &self,
        broker: &Broker,
        id: Uuid,
        client: &Client,
        metrics: &[u8],
    ) -> Result<(), NotReceived> {
        let Some(receiver) = &self.receiver else { return Ok(()) };
        let labels = client.labels(id);
        let node_id = broker.node_id.to_string();
        let mut labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        labels.push(("broker_id", &node_id));
        let max = broker.telemetry_max_bytes().saturating_mul(JSON_FACTOR);
        receiver.receive(telemetry::otlp::json_line(metrics, &labels, max)?);
        Ok(())
    }

    /// What a client pushed was not received.
    pub(crate) fn not_received(&self, id: Uuid) {
        self.clients().not_received(id);
    }

    /// A connection over which a client asked or pushed has ended.
    pub(crate) fn disconnected(&self, id: Uuid) {
        self.clients().disconnected(id);
    }

    fn clients(&self) -> MutexGuard<'_, ClientMetrics> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        let since = self.env.now().saturating_duration_since(self.started);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Broker {
    /// Follows a change of the cluster: which clients are to push what.
    pub fn follow_client_metrics(&self, update: &Update) {
        if update.changes.configs_changed(ResourceType::ClientMetrics) {
            self.subscribe_client_metrics(&update.after);
        }
    }

    /// Takes over the subscriptions of an image.
    pub fn subscribe_client_metrics(&self, image: &Image) {
        let configured = image.configs.of_type(ResourceType::ClientMetrics);
        let subscriptions = configured.into_iter().filter_map(|(name, settings)| {
            let settings = settings.iter();
            let settings: DynamicSettings =
                settings.map(|(name, value)| (name.to_string(), value.to_string())).collect();
            match ClientMetricsConfig::new(&settings) {
                Ok(config) => match Subscription::new(&config) {
                    Ok(subscription) => return Some(subscription),
                    Err(error) => tracing::warn!("subscription {name} is for nobody: {error}"),
                },
                Err(error) => tracing::warn!("subscription {name} is not used: {error}"),
            }
            None
        });
        let subscriptions = subscriptions.collect();
        self.telemetry.clients().subscribe(subscriptions);
    }

    /// Writes the metrics of clients where the configuration says so.
    pub async fn keep_client_metrics(self: Arc<Self>) {
        if let Some(receiver) = self.telemetry.receiver.clone() {
            receiver.run().await;
        }
    }

    /// `telemetry.max.bytes`.
    pub(crate) fn telemetry_max_bytes(&self) -> usize {
        usize::try_from(self.config().node.telemetry_max_bytes).unwrap_or(0)
    }
}

/// Refuses expressions that no client can be matched with, before the subscription that has one is
/// stored.
pub(crate) fn check_match(value: Option<&str>) -> Result<(), RequestError> {
    let items = value.unwrap_or_default().split(',').map(str::trim);
    for item in items {
        let Some((_, pattern)) = item.split_once('=') else { continue };
        if let Err(error) = Pattern::new(pattern.trim()) {
            tracing::debug!("{item}: {error}");
            let text = format!("Illegal client matching pattern: {item}");
            return Err(RequestError::InvalidConfig(text));
        }
    }
    Ok(())
}

/// What the client of a request shows of itself.
fn client(request: &Request) -> Client {
    let (software_name, software_version) = request.session().software();
    let address = java_address(request.peer.ip());
    Client {
        client_id: request.client_id.clone(),
        software_name,
        software_version,
        source_address: Str::copy_from(address.trim_start_matches('/')),
        source_port: request.peer.port(),
    }
}

/// What is remembered of a connection for telemetry.
#[derive(Debug, Default)]
pub(crate) struct Session(Mutex<SessionState>);

#[derive(Debug, Default)]
struct SessionState {
    software: Option<(Str, Str)>,
    client_instance_id: Option<Uuid>,
}

impl Session {
    /// The client named its library and the version of it.
    pub(crate) fn set_software(&self, name: &Str, version: &Str) {
        self.state().software = Some((name.detach(), version.detach()));
    }

    fn software(&self) -> (Str, Str) {
        let unknown = || (Str::from("unknown"), Str::from("unknown"));
        self.state().software.clone().unwrap_or_else(unknown)
    }

    fn set_client_instance(&self, id: Uuid) {
        self.state().client_instance_id = Some(id);
    }

    /// The client that asked or pushed last.
    pub(crate) fn client_instance(&self) -> Option<Uuid> {
        self.state().client_instance_id
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
