//! Starting the quorum node: from what lies on the disk to a running task.

use std::io;
use std::sync::Arc;

use env::{Env, Task};
use log::{LogDir, LogDirs};
use quorum::{BOOTSTRAP_SNAPSHOT, ElectionState, LogView, Machine, Membership, Now, Stored};
use tokio::sync::{mpsc, watch};

use crate::error::Error;
use crate::handle::Handle;
use crate::mail::MAILBOX_MAX;
use crate::metadata_log::MetadataLog;
use crate::node::{EnvRandom, Node, Waiting};
use crate::quorum_state::{self, QUORUM_STATE_FILE};
use crate::rpc::RpcSender;
use crate::settings::Settings;
use crate::snapshot::SnapshotStore;
use crate::snapshot_cycle::SnapshotCycle;
use crate::status::Status;
use crate::subscription::SubscriptionSource;

/// A running quorum node.
pub struct QuorumNode {
    handle: Handle,
    task: Task<Result<(), Error>>,
}

impl QuorumNode {
    /// Loads the metadata log from `dir` (one of `dirs`), and starts the node's task. A quorum of
    /// one has elected itself when [`Status::is_leader`] says so, a few disk writes later.
    ///
    /// # Errors
    /// The log, `quorum-state` or a snapshot cannot be read, or is corrupt.
    pub async fn start(
        env: &Env,
        dirs: Arc<LogDirs>,
        dir: &LogDir,
        settings: Settings,
        sender: Arc<dyn RpcSender>,
    ) -> Result<Self, Error> {
        let (loading_env, dir, loading_settings) = (env.clone(), dir.clone(), settings.clone());
        let load = move || load(&loading_env, &dirs, &dir, &loading_settings);
        let Loaded { log, store, stored, new_bytes } = env.blocking(load).await?;
        let started = env.now();
        let now = Now { ms: 0, wall_ms: env.clock().wall_ms() };
        let config = settings.machine_config();
        let random = env.random().clone();
        let machine = Machine::new(config, stored, now, &mut EnvRandom(&random));

        let (mailbox, letters) = mpsc::channel(MAILBOX_MAX);
        let (status, seen_status) = watch::channel(Status::default());
        let source =
            SubscriptionSource { env: env.clone(), reader: log.reader(), snapshots: store.clone() };
        let handle = Handle::new(mailbox.clone(), seen_status, source, &settings.cluster_id);
        let node = Node {
            env: env.clone(),
            cycle: SnapshotCycle::new(settings.snapshots, new_bytes),
            settings,
            machine,
            log,
            store,
            sender,
            letters,
            mailbox,
            status,
            started,
            waiting: Waiting::default(),
            download: None,
        };
        node.publish();
        let task = env.spawn("quorum", node.run());
        Ok(Self { handle, task })
    }

    /// The node as others use it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Waits until the node has stopped: after [`Handle::shutdown`], or because it cannot go on.
    ///
    /// # Errors
    /// Why it cannot go on. The process has to end then.
    pub async fn stopped(&mut self) -> Result<(), Error> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(Error::Task(error)),
        }
    }
}

struct Loaded {
    log: MetadataLog,
    store: SnapshotStore,
    stored: Stored,
    new_bytes: u64,
}

fn load(env: &Env, dirs: &LogDirs, dir: &LogDir, settings: &Settings) -> Result<Loaded, Error> {
    let mut log = MetadataLog::open(env, dirs, dir, settings)?;
    let store = SnapshotStore::new(env.files().clone(), log.path());
    let snapshots = store.load()?;
    let mut membership = Membership::new(settings.static_voters.clone());
    let mut covered = 0;
    if let Some((id, _)) = snapshots.last() {
        covered = id.offset;
        if log.end_offset() < id.offset {
            // The power went between the end of a download and the log's new start.
            log.restart_at(id.offset)?;
        }
        let contents = store.read(*id)?;
        membership.reset(id.offset, contents.kraft_version, contents.voters);
    }
    let scan = log.scan(covered)?;
    for (offset, record) in &scan.control {
        if *offset >= covered {
            membership.apply(*offset, record);
        }
    }
    let election = load_election(env, &log)?;
    let is_new = snapshots.iter().all(|(id, _)| *id == BOOTSTRAP_SNAPSHOT) && log.end_offset() == 0;
    tracing::info!(
        log_start_offset = log.start_offset(),
        log_end_offset = log.end_offset(),
        snapshots = snapshots.len(),
        epoch = election.epoch,
        is_new,
        "loaded the metadata log"
    );
    let view = LogView::new(log.start_offset(), log.end_offset(), scan.epochs, snapshots);
    let stored = Stored { election, log: view, membership };
    Ok(Loaded { log, store, stored, new_bytes: scan.bytes_from })
}

fn load_election(env: &Env, log: &MetadataLog) -> Result<ElectionState, Error> {
    let path = log.path().join(QUORUM_STATE_FILE);
    match env.files().read(&path) {
        Ok(bytes) => quorum_state::decode(&bytes).map_err(|error| Error::corrupt(&path, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ElectionState::default()),
        Err(error) => Err(Error::io(&path)(error)),
    }
}
