//! A node that is a quorum of its own, with a controller, as the tests start it.

#![allow(clippy::unwrap_used, reason = "clippy does not see that this module is a test")]
#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;
use std::sync::Arc;

use config::{Origin, ServerConfig, StaticConfig};
use controller::{Handle, Introduction, Metadata, RequestContext, follow, keep_registered, start};
use env::{Env, Task};
use log::{LogDirs, LogDirsOptions};
use metadata::Image;
use metadata::controller::{Bootstrap, Settings};
use quorum_node::{Endpoint, FormatOptions, InitialVoters, NoPeers, QuorumNode, bootstrap, format};
use wire::messages::broker_registration_request::{Feature, Listener};
use wire::messages::controller_registration_request::Listener as ControllerListener;
use wire::messages::{BrokerHeartbeatRequest, BrokerRegistrationRequest};
use wire::{Str, Uuid};

pub(crate) const NODE_ID: i32 = 1;

/// A running node.
pub(crate) struct Node {
    pub(crate) quorum: QuorumNode,
    pub(crate) metadata: Metadata,
    pub(crate) controller: Handle,
    pub(crate) cluster_id: String,
    pub(crate) incarnation_id: Uuid,
    task: Task<()>,
    registration: Task<()>,
}

pub(crate) fn context(api_version: i16) -> RequestContext {
    RequestContext {
        api_version,
        is_forwarded: true,
        is_of_this_process: false,
        listener: "CONTROLLER".to_owned(),
    }
}

fn introduction(env: &Env) -> Introduction {
    let listener = ControllerListener {
        name: Str::from("CONTROLLER"),
        host: Str::from("127.0.0.1"),
        port: 19093,
        ..ControllerListener::default()
    };
    Introduction {
        node_id: NODE_ID,
        incarnation_id: Uuid(env.random().uuid()),
        listeners: vec![listener],
    }
}

fn server_config(settings: &[(&str, &str)]) -> ServerConfig {
    let mut file = StaticConfig::new();
    let always = [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("controller.listener.names", "CONTROLLER"),
        ("listeners", "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"),
        ("controller.quorum.bootstrap.servers", "127.0.0.1:19093"),
    ];
    for (name, value) in always.iter().chain(settings) {
        file.set(*name, *value, Origin::CommandLine);
    }
    ServerConfig::new(file).unwrap()
}

impl Node {
    /// Opens the directory, formats it if it is new, and starts a node that is alone.
    pub(crate) async fn start(env: &Env, dir: &Path, settings: &[(&str, &str)]) -> Self {
        let endpoint =
            Endpoint { name: "CONTROLLER".to_owned(), host: "127.0.0.1".to_owned(), port: 19093 };
        let options = LogDirsOptions {
            dirs: vec![dir.to_owned()],
            node_id: NODE_ID,
            cluster_id: None,
            open_files_max: 100,
            min_free_bytes: None,
            recovery_threads_per_dir: 1,
        };
        let dirs = LogDirs::open(env, options).unwrap();
        let metadata_dir = dirs.dirs()[0].clone();
        let format_options = FormatOptions {
            node_id: NODE_ID,
            log_dirs: vec![dir.to_owned()],
            metadata_log_dir: dir.to_owned(),
            metadata_directory_id: metadata_dir.id(),
            initial_voters: InitialVoters::Static,
            bootstrap_records: bootstrap::feature_records(&bootstrap::FRESH_FEATURES).unwrap(),
        };
        format(env, &format_options).unwrap();
        let cluster_id = dirs.cluster_id().to_string();
        let mut quorum_settings =
            quorum_node::Settings::new(cluster_id.clone(), NODE_ID, metadata_dir.id());
        let voter = (NODE_ID, endpoint.host.clone(), endpoint.port);
        quorum_settings.static_voters = quorum_node::static_voters([voter], "CONTROLLER");
        quorum_settings.controller_endpoints = vec![endpoint];
        let quorum = QuorumNode::start(
            env,
            Arc::new(dirs),
            &metadata_dir,
            quorum_settings,
            Arc::new(NoPeers),
        )
        .await
        .unwrap();
        let (metadata, _publisher) = follow(env, quorum.handle().subscribe());
        let settings =
            Settings { cluster_id: cluster_id.clone(), server: Arc::new(server_config(settings)) };
        let (controller, task) =
            start(env, settings, Bootstrap::latest(), quorum.handle().clone(), metadata.clone())
                .await;
        let (handle, introduction) = (controller.clone(), introduction(env));
        let incarnation_id = introduction.incarnation_id;
        let ask = move |request| {
            let handle = handle.clone();
            async move { Some(handle.controller_registration(request).await) }
        };
        let registration = keep_registered(env.clone(), metadata.clone(), introduction, ask);
        let registration = env.spawn("registration", registration);
        Self { quorum, metadata, controller, cluster_id, incarnation_id, task, registration }
    }

    pub(crate) async fn stop(mut self) {
        self.quorum.handle().shutdown(1_000).await;
        self.quorum.stopped().await.unwrap();
        self.task.await.unwrap();
        self.registration.await.unwrap();
    }

    /// Waits until the bootstrap records are there and this controller is known.
    pub(crate) async fn ready(&self) {
        let mut reached = self.metadata.reached();
        let is_known = |image: &Image| {
            let known = image.cluster.controllers.get(&NODE_ID);
            known.is_some_and(|known| known.incarnation_id == self.incarnation_id)
        };
        while !is_known(&self.metadata.load()) {
            reached.changed().await.unwrap();
        }
    }

    /// Registers a broker and unfences it; its epoch.
    pub(crate) async fn join(&self, broker_id: i32) -> i64 {
        let features = metadata::features::supported().map(|(name, range)| Feature {
            name: Str::from(name),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Feature::default()
        });
        let request = BrokerRegistrationRequest {
            broker_id,
            cluster_id: Str::copy_from(&self.cluster_id),
            incarnation_id: Uuid([broker_id as u8; 16]),
            listeners: vec![Listener {
                name: Str::from("PLAINTEXT"),
                host: Str::from("127.0.0.1"),
                port: 19092,
                ..Listener::default()
            }],
            features: features.collect(),
            log_dirs: vec![Uuid::from_halves(u64::from(broker_id.unsigned_abs()), 1 << 40)],
            ..BrokerRegistrationRequest::default()
        };
        let registered = self.controller.broker_registration(&context(4), request).await;
        assert_eq!(registered.error_code, 0);
        self.beat(broker_id, registered.broker_epoch).await;
        registered.broker_epoch
    }

    /// A heartbeat of a broker that has read everything.
    pub(crate) async fn beat(&self, broker_id: i32, broker_epoch: i64) {
        let current_metadata_offset = *self.metadata.reached().borrow();
        let request = BrokerHeartbeatRequest {
            broker_id,
            broker_epoch,
            current_metadata_offset,
            ..BrokerHeartbeatRequest::default()
        };
        let reply = self.controller.broker_heartbeat(request).await;
        assert_eq!((reply.error_code, reply.is_fenced), (0, false));
    }
}
