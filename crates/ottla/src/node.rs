//! A node, put together: quorum, controller, replicas, broker, listeners.
//!
//! It runs whole on any [`Env`], the machine's own or a simulated one.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use broker::{
    Broker, BrokerDoor, BrokerParts, Introduction, Lifecycle, Loggers, ShutdownOrder,
    TelemetryReceiver,
};
use config::ServerConfig;
use config::endpoint::Endpoint;
use controller::{Metadata, MetadataEvent, PublisherError};
use env::{Env, Executor, Task};
use log::LogDirs;
use metadata::controller::Bootstrap;
use metadata::{Image, ResourceType};
use metrics::Tally;
use net::{BoundServer, Server};
use quorum_node::bootstrap::{FRESH_FEATURES, feature_records};
use quorum_node::{FormatOptions, InitialVoters, NoPeers, QuorumNode};
use replication::{Cleaner, DirectoryAssignment, Replicas, ReplicasOptions};
use tokio::sync::mpsc;
use wire::messages::broker_registration_request::Listener;
use wire::stored::metadata::MetadataRecord;
use wire::{Str, Uuid};

use crate::data_dirs::DataDirs;
use crate::error::StartError;
use crate::local_controller::{ControllerDoor, LocalController, keep_registered};
use crate::watch::{Parts, State, Watch};
use crate::{refusals, settings};

/// How a node is started.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The configuration.
    pub config: ServerConfig,
    /// The cluster the node is to belong to, where that is told from outside.
    pub cluster_id: Option<String>,
    /// Data threads; connections are spread over them.
    pub data_threads: usize,
    /// The loggers of this process.
    pub loggers: Arc<Loggers>,
}

/// Leaderships are given away before a stop for at most this long.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// A node that runs.
pub struct Node {
    env: Env,
    cluster_id: String,
    servers: Vec<Server>,
    addresses: Vec<(String, SocketAddr)>,
    replicas: Arc<Replicas>,
    cleaner: Arc<Cleaner>,
    shutdown: ShutdownOrder,
    broker_epoch: i64,
    quorum: QuorumNode,
    publisher: Task<PublisherError>,
    dirs: DataDirs,
    watch: Watch,
    tasks: Vec<Task<()>>,
}

/// What of a node stands before it takes part in a cluster.
struct Foundation {
    dirs: Arc<LogDirs>,
    directory_id: Uuid,
    client_server: BoundServer,
    controller_server: BoundServer,
    controllers: Vec<Endpoint>,
    advertised: Vec<Endpoint>,
}

impl Node {
    /// Starts a node and returns when it serves clients.
    ///
    /// # Errors
    /// What is in the way, with what to do about it.
    pub async fn start(env: &Env, options: NodeOptions) -> Result<Self, StartError> {
        let NodeOptions { config, cluster_id, data_threads, loggers } = options;
        refusals::check(&config)?;
        let watch = Watch::open(env, &config).await?;
        let executors = env.data_threads(data_threads).map_err(StartError::Thread)?;
        let foundation = lay_foundation(env, &config, cluster_id, &executors).await?;
        let cluster_id = foundation.dirs.cluster_id().to_owned();
        let mut quorum = start_quorum(env, &config, &foundation).await?;
        let (metadata, publisher) = controller::follow(env, quorum.handle().subscribe());
        let config = Arc::new(ArcSwap::from_pointee(config));
        let handle = start_controller(env, &config, &foundation, &quorum, &metadata).await?;
        let node_id = config.load().node.node_id;
        let registration =
            keep_registered(env, node_id, &foundation.controllers, &metadata, &handle);
        let door = Arc::new(ControllerDoor::new(handle.clone()));
        let controller_server = foundation.controller_server.serve(door).await?;

        quorum.handle().set_snapshot_source(Arc::new(metadata.clone())).await?;
        let mut events = metadata.subscribe().await;
        wait_for_leader(&mut events, &mut quorum).await?;
        let controller = LocalController::new(handle, config.load().listeners.inter_broker.clone());
        let telemetry = open_telemetry_receiver(env, &config.load()).await?;
        let outside = Outside { controller: Arc::new(controller), loggers, telemetry };
        watch.enter(State::Recovery);
        let Assembled { broker, assignments, loaded } =
            put_broker_together(env, &config, &foundation.dirs, &metadata, outside).await;
        let replicas = Arc::clone(broker.replicas());
        let cleaner = Cleaner::start(env, Arc::clone(&replicas), settings::cleaner(&config.load()));
        let unclean_elections = watch.unclean_elections();
        let follower = Follower {
            env: env.clone(),
            config: Arc::clone(&config),
            replicas: Arc::clone(&replicas),
            cleaner: Arc::clone(&cleaner),
            broker: Arc::clone(&broker),
            unclean_elections,
        };
        let mut tasks = vec![registration, env.spawn("follow metadata", follower.run(events))];
        tasks.extend(keep_replicas_up(env, &replicas, &config.load()));
        tasks.push(env.spawn("client metrics", Arc::clone(&broker).keep_client_metrics()));

        let (lifecycle, shutdown) =
            join(env, &broker, &foundation.dirs, &foundation.advertised).await?;
        let broker_epoch = lifecycle.broker_epoch();
        tasks.extend(look_after_directories(env, &broker, assignments));
        tasks.push(env.spawn("heartbeats", lifecycle.run()));
        let client_server =
            foundation.client_server.serve(Arc::new(BrokerDoor::new(Arc::clone(&broker)))).await?;
        let (status, cleaning) = (quorum.handle().status(), Arc::clone(&cleaner));
        let servers = vec![client_server, controller_server];
        let meters = servers.iter().map(Server::meter).collect();
        watch.show(env, Parts { broker, meters, executors, status, cleaner: cleaning, loaded });
        let dirs = DataDirs::new(env, &config.load(), &foundation.dirs);
        let addresses = servers.iter().flat_map(|server| server.addresses().to_vec()).collect();
        Ok(Self {
            env: env.clone(),
            cluster_id,
            servers,
            addresses,
            replicas,
            cleaner,
            shutdown,
            broker_epoch,
            quorum,
            publisher,
            dirs,
            watch,
            tasks,
        })
    }

    /// Waits until the node cannot go on, and says why: without its metadata, or without any log
    /// directory, it can do nothing, and where one of its parts has panicked nobody knows what the
    /// others still count on.
    pub async fn failed(&mut self) -> String {
        let ended = tokio::select! {
            biased;
            task = self.env.task_panicked() => {
                return format!("the task \"{task}\" panicked, which is a fault of this program");
            }
            reason = self.dirs.all_failed() => return reason,
            ended = &mut self.publisher => ended,
        };
        match (self.quorum.stopped().await, ended) {
            (Err(error), _) => format!("the metadata log has failed: {error}"),
            (Ok(()), Ok(error)) => format!("the metadata cannot be followed: {error}"),
            (Ok(()), Err(error)) => error.to_string(),
        }
    }

    /// The id of its cluster.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The listeners and where they listen.
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }

    /// Where it can be watched.
    pub fn watched_at(&self) -> &[SocketAddr] {
        self.watch.addresses()
    }

    /// Stops in order: gives leaderships away, closes connections, brings all logs onto the disk.
    pub async fn stop(mut self) {
        self.watch.enter(State::PendingControlledShutdown);
        let leaving = self.shutdown.give_away_leaderships();
        tokio::select! {
            biased;
            () = leaving => {}
            () = self.env.sleep(SHUTDOWN_PATIENCE) => {
                tracing::warn!("the controller does not let this broker go; stopping all the same");
            }
        }
        self.watch.enter(State::ShuttingDown);
        self.servers.iter_mut().for_each(Server::stop_accepting);
        self.servers.drain(..).for_each(Server::close);
        self.tasks.iter().for_each(Task::abort);
        self.cleaner.stop();
        let (replicas, epoch) = (Arc::clone(&self.replicas), self.broker_epoch);
        let epoch = self.stop_quorum().await.then_some(epoch);
        self.env.blocking(move || replicas.close(epoch)).await;
    }

    /// Whether the metadata log has come to its end.
    async fn stop_quorum(&mut self) -> bool {
        let handle = self.quorum.handle().clone();
        let stopping = async {
            handle.shutdown(0).await;
            self.quorum.stopped().await
        };
        tokio::select! {
            biased;
            stopped = stopping => match stopped {
                Ok(()) => true,
                Err(error) => {
                    tracing::error!("the metadata log did not stop well: {error}");
                    false
                }
            },
            // It waits for room on its disk, say. The next start looks at what it left.
            () = self.env.sleep(SHUTDOWN_PATIENCE) => {
                tracing::error!("the metadata log does not stop; stopping without it");
                false
            }
        }
    }
}

/// What is done for the replicas from time to time.
fn keep_replicas_up(env: &Env, replicas: &Arc<Replicas>, config: &ServerConfig) -> [Task<()>; 3] {
    let replicas = || Arc::clone(replicas);
    [
        env.spawn("retention", replicas().expire(settings::expiry(config))),
        env.spawn("upkeep", replicas().upkeep(settings::upkeep(config))),
        env.spawn(
            "producer expiry",
            replicas().expire_producers(settings::producer_expiry(config)),
        ),
    ]
}

/// Takes ports and log directories, and makes a cluster of empty directories.
async fn lay_foundation(
    env: &Env,
    config: &ServerConfig,
    cluster_id: Option<String>,
    executors: &[Executor],
) -> Result<Foundation, StartError> {
    let options = settings::log_dirs(config, cluster_id);
    let opening = env.clone();
    let dirs = env.blocking(move || LogDirs::open(&opening, options)).await?;
    let dirs = Arc::new(dirs);
    let limits = settings::limits(config);
    let clients = settings::listeners(env, config, false).await?;
    let client_server = Server::bind(env, executors, clients, limits.clone())?;
    let controllers = settings::listeners(env, config, true).await?;
    let controller_server = Server::bind(env, &executors[..1], controllers, limits)?;
    let mut bound = client_server.addresses();
    bound.extend(controller_server.addresses());
    let controllers = with_ports(&config.listeners.advertised_controllers, &bound);
    let advertised = with_ports(&config.listeners.advertised, &bound);

    let metadata_dir = settings::metadata_dir(config);
    let directory_id = dirs
        .dirs()
        .iter()
        .find(|dir| dir.path() == metadata_dir)
        .map_or(Uuid::ZERO, |dir| dir.id());
    let own: Vec<_> = controllers.iter().map(settings::quorum_endpoint).collect();
    let listener = config.listeners.controller_names.first().cloned().unwrap_or_default();
    let servers = settings::bootstrap_servers(config, &listener);
    let has_voters = !config.quorum.voters.is_empty();
    let format = FormatOptions {
        node_id: config.node.node_id,
        log_dirs: dirs.dirs().iter().map(|dir| dir.path().to_owned()).collect(),
        metadata_log_dir: metadata_dir,
        metadata_directory_id: directory_id,
        initial_voters: InitialVoters::of_settings(true, has_voters, &servers, &own),
        bootstrap_records: feature_records(&FRESH_FEATURES).map_err(|error| {
            StartError::Unsupported(format!("the features of a cluster cannot be written: {error}"))
        })?,
    };
    let formatting = env.clone();
    let formatted = env.blocking(move || quorum_node::format(&formatting, &format)).await?;
    for dir in formatted {
        tracing::info!(dir = %dir.display(), cluster_id = dirs.cluster_id(), "formatted");
    }
    Ok(Foundation { dirs, directory_id, client_server, controller_server, controllers, advertised })
}

/// Endpoints with the ports that were taken where the configuration left that open.
fn with_ports(endpoints: &[Endpoint], bound: &[(String, SocketAddr)]) -> Vec<Endpoint> {
    let taken = |endpoint: &Endpoint| {
        let found = bound.iter().find(|(name, _)| *name == endpoint.listener);
        found.map_or(endpoint.port, |(_, address)| i32::from(address.port()))
    };
    let endpoints = endpoints.iter().cloned();
    endpoints
        .map(|mut endpoint| {
            if endpoint.port == 0 {
                endpoint.port = taken(&endpoint);
            }
            endpoint
        })
        .collect()
}

async fn start_quorum(
    env: &Env,
    config: &ServerConfig,
    foundation: &Foundation,
) -> Result<QuorumNode, StartError> {
    let dirs = &foundation.dirs;
    let settings = settings::quorum(
        config,
        dirs.cluster_id(),
        foundation.directory_id,
        &foundation.controllers,
    );
    let metadata_dir = settings::metadata_dir(config);
    let dir = dirs.dirs().iter().find(|dir| dir.path() == metadata_dir);
    let Some(dir) = dir.or_else(|| dirs.dirs().first()) else {
        return Err(StartError::Unsupported("log.dirs is empty".to_owned()));
    };
    Ok(QuorumNode::start(env, Arc::clone(dirs), dir, settings, Arc::new(NoPeers)).await?)
}

async fn start_controller(
    env: &Env,
    config: &ArcSwap<ServerConfig>,
    foundation: &Foundation,
    quorum: &QuorumNode,
    metadata: &Metadata,
) -> Result<controller::Handle, StartError> {
    let settings = metadata::controller::Settings {
        cluster_id: foundation.dirs.cluster_id().to_owned(),
        server: config.load_full(),
    };
    let dir = settings::metadata_dir(&settings.server);
    let files = env.files().clone();
    let records = env.blocking(move || quorum_node::bootstrap::read(&files, &dir)).await?;
    let bootstrap = match records {
        Some(records) => bootstrap_of(records)?,
        None => Bootstrap::latest(),
    };
    let quorum = quorum.handle().clone();
    let (handle, task) =
        controller::start(env, settings, bootstrap, quorum, metadata.clone()).await;
    drop(task);
    Ok(handle)
}

/// What of a broker is made elsewhere.
struct Outside {
    controller: Arc<LocalController>,
    loggers: Arc<Loggers>,
    telemetry: Option<TelemetryReceiver>,
}

/// Opens where the metrics of clients go, if the configuration says so.
async fn open_telemetry_receiver(
    env: &Env,
    config: &ServerConfig,
) -> Result<Option<TelemetryReceiver>, StartError> {
    let Some(dir) = config.node.telemetry_receiver_dir.clone().filter(|dir| !dir.is_empty()) else {
        return Ok(None);
    };
    let (opening, node_id) = (env.clone(), config.node.node_id);
    let opened = env.blocking(move || {
        let opened = TelemetryReceiver::open(&opening, Path::new(&dir), node_id);
        opened.map_err(|source| StartError::TelemetryReceiver { dir, source })
    });
    opened.await.map(Some)
}

/// A broker with its replicas.
struct Assembled {
    broker: Arc<Broker>,
    /// What the controller is to know.
    assignments: mpsc::UnboundedReceiver<DirectoryAssignment>,
    /// How many logs were loaded, and how long it took.
    loaded: (usize, Duration),
}

/// Loads the logs where the image places them, and makes the broker that serves them.
async fn put_broker_together(
    env: &Env,
    config: &Arc<ArcSwap<ServerConfig>>,
    dirs: &Arc<LogDirs>,
    metadata: &Metadata,
    outside: Outside,
) -> Assembled {
    let image = metadata.cell();
    reconfigure(config, &image.load());
    let (proposals, _isr_changes) = mpsc::unbounded_channel();
    let (to_assign, assignments) = mpsc::unbounded_channel();
    let of_directories = Arc::clone(config);
    let settings_of = settings::topic_settings(Arc::clone(config));
    let began = env.now();
    let logs = load_logs(dirs, &settings_of, metadata).await;
    let loaded = (logs.logs.len(), env.now().saturating_duration_since(began));
    let node_id = config.load().node.node_id;
    let options = ReplicasOptions {
        node_id,
        dirs: Arc::clone(dirs),
        image: Arc::clone(&image),
        settings_of,
        replica_lag_time_max_ms: config.load().replication.replica_lag_time_max_ms,
        proposals,
        assignments: to_assign,
        directory_settings: Arc::new(move || settings::directories(&of_directories.load())),
    };
    let broker = Broker::new(BrokerParts {
        env: env.clone(),
        node_id,
        cluster_id: Str::copy_from(dirs.cluster_id()),
        config: Arc::clone(config),
        image,
        replicas: Arc::new(Replicas::new(env, options, logs)),
        controller: outside.controller,
        loggers: outside.loggers,
        telemetry: outside.telemetry,
    });
    broker.subscribe_client_metrics(&broker.image());
    broker.place_groups(&broker.image());
    broker.place_transactions(&broker.image());
    broker.place_share_states(&broker.image());
    Assembled { broker, assignments, loaded }
}

/// Registers the broker; returns once the controller lets it take part.
async fn join(
    env: &Env,
    broker: &Arc<Broker>,
    dirs: &Arc<LogDirs>,
    advertised: &[Endpoint],
) -> Result<(Lifecycle, ShutdownOrder), StartError> {
    let introduction = introduce(env, &broker.config(), advertised);
    let (mut lifecycle, shutdown) =
        Lifecycle::register(Arc::clone(broker), Arc::clone(dirs), introduction).await?;
    lifecycle.until_unfenced().await;
    Ok((lifecycle, shutdown))
}

/// Starts what tells the controller where replicas are, and what moves them.
fn look_after_directories(
    env: &Env,
    broker: &Arc<Broker>,
    assignments: mpsc::UnboundedReceiver<DirectoryAssignment>,
) -> Vec<Task<()>> {
    let replicas = broker.replicas();
    let telling = broker::keep_directories_assigned(Arc::clone(broker), assignments);
    let mut tasks = vec![env.spawn("assign directories", telling)];
    for _ in 0..settings::moves_max(&broker.config(), replicas.dirs().dirs().len()) {
        let moves = Arc::clone(replicas).carry_out_moves();
        tasks.push(env.spawn("move replicas", moves));
    }
    tasks
}

/// Puts the dynamic settings of the cluster and of this broker in force.
fn reconfigure(config: &ArcSwap<ServerConfig>, image: &Image) {
    let of = |name: &str| -> config::DynamicSettings {
        let map = image.configs.of(ResourceType::Broker, name);
        let pairs = map.into_iter().flat_map(|map| map.iter());
        pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };
    let current = config.load();
    let own = of(&current.node.node_id.to_string());
    match current.with_dynamic(of(""), own) {
        Ok((changed, unusable)) => {
            unusable.iter().for_each(|error| tracing::warn!("a setting is not used: {error}"));
            config.store(Arc::new(changed));
        }
        Err(error) => tracing::warn!("dynamic settings are not used: {error}"),
    }
}

/// The records a new cluster starts from, as the directory was formatted with.
fn bootstrap_of(records: Vec<bytes::Bytes>) -> Result<Bootstrap, StartError> {
    let corrupt = |reason: String| {
        StartError::Unsupported(format!("bootstrap.checkpoint cannot be used: {reason}"))
    };
    let decoded = records
        .into_iter()
        .map(MetadataRecord::decode)
        .map(|decoded| decoded.map(|(record, _)| record))
        .collect::<Result<Vec<_>, _>>();
    let decoded = decoded.map_err(|error| corrupt(error.to_string()))?;
    Bootstrap::from_records(decoded).map_err(|error| corrupt(error.to_string()))
}

/// Waits until there is an active controller, and so an image of everything committed.
///
/// # Errors
/// The metadata log fails before. Without the image nothing is known of the logs in the
/// directories: to go on would set all of them aside as strangers.
async fn wait_for_leader(
    events: &mut mpsc::Receiver<MetadataEvent>,
    quorum: &mut QuorumNode,
) -> Result<(), StartError> {
    while let Some(event) = events.recv().await {
        if let MetadataEvent::LeaderChange(change) = event
            && change.leader.is_some()
        {
            return Ok(());
        }
    }
    quorum.stopped().await?;
    Err(StartError::Failed("the metadata cannot be followed".to_owned()))
}

async fn load_logs(
    dirs: &Arc<LogDirs>,
    settings_of: &Arc<replication::TopicSettingsOf>,
    metadata: &Metadata,
) -> log::Loaded {
    let image = metadata.image();
    let settings_of = Arc::clone(settings_of);
    dirs.load(Arc::new(move |name| Arc::clone(&settings_of(&image, &name.topic).log))).await
}

fn introduce(env: &Env, config: &ServerConfig, advertised: &[Endpoint]) -> Introduction {
    let listeners = advertised.iter().map(|endpoint| Listener {
        name: Str::copy_from(&endpoint.listener),
        host: Str::copy_from(endpoint.host.as_deref().unwrap_or("localhost")),
        port: u16::try_from(endpoint.port).unwrap_or(0),
        security_protocol: endpoint.protocol.code(),
        ..Listener::default()
    });
    Introduction {
        incarnation_id: Uuid(env.random().uuid()),
        listeners: listeners.collect(),
        rack: config.node.broker_rack.as_deref().map(Str::copy_from),
        heartbeat_interval: settings::ms(config.node.broker_heartbeat_interval_ms),
    }
}

/// Keeps the parts of the node in step with the metadata.
struct Follower {
    env: Env,
    config: Arc<ArcSwap<ServerConfig>>,
    replicas: Arc<Replicas>,
    cleaner: Arc<Cleaner>,
    broker: Arc<Broker>,
    unclean_elections: Arc<Tally>,
}

impl Follower {
    async fn run(self, mut events: mpsc::Receiver<MetadataEvent>) {
        while let Some(event) = events.recv().await {
            let MetadataEvent::Update(update) = event else { continue };
            // Such come all the time, with the records that show that the controller is there.
            if update.changes.is_empty() {
                continue;
            }
            self.unclean_elections.add(update.changes.unclean_election_count);
            if !update.changes.client_quotas.is_empty() {
                tracing::warn!("client quotas are kept and shown, but do not limit anybody yet");
            }
            if update.changes.configs_changed(ResourceType::Broker) {
                reconfigure(&self.config, &update.after);
                self.cleaner.reconfigure(settings::cleaner(&self.config.load()));
                self.broker.tell_controller();
            }
            let replicas = Arc::clone(&self.replicas);
            let apply = move || {
                replicas.apply(&update);
                update
            };
            let update = self.env.blocking(apply).await;
            self.broker.follow_groups(&update);
            self.broker.follow_transactions(&update);
            self.broker.follow_share_states(&update);
            self.broker.follow_shares(&update);
            self.broker.follow_client_metrics(&update);
        }
    }
}
