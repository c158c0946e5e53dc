//! Making a cluster out of empty log directories, without being asked to.
//!
//! [`log::LogDirs::open`] locks the directories and gives them their identity (`meta.properties`).
//! What a new cluster needs beyond that is written here, the same that `kafka-storage format`
//! writes: the bootstrap records into every directory, and the first voters into the metadata log.
//! `bootstrap.checkpoint` of the metadata directory comes after its voters, and before those of
//! the other directories: so its absence tells a directory that was not formatted to the end.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use env::{Env, Files};
use log::ReplicaDirName;
use quorum::{BOOTSTRAP_SNAPSHOT, Endpoint, KRaftVersions, ReplicaKey, Voter, VoterSet};
use wire::Uuid;

use crate::bootstrap::{self, BOOTSTRAP_FILE};
use crate::error::Error;
use crate::snapshot::{self, Head};

/// Name of the metadata log's replica directory.
pub const METADATA_LOG_DIR: &str = "__cluster_metadata-0";

/// What a new cluster is to be like.
#[derive(Clone, Debug)]
pub struct FormatOptions {
    /// `node.id`.
    pub node_id: i32,
    /// All log directories, that of the metadata log included.
    pub log_dirs: Vec<PathBuf>,
    /// The one of them that holds the metadata log: `metadata.log.dir`, or the first.
    pub metadata_log_dir: PathBuf,
    /// `directory.id` of that one.
    pub metadata_directory_id: Uuid,
    /// How a new cluster's first voters are told.
    pub initial_voters: InitialVoters,
    /// The records a new cluster starts from: for the levels of
    /// [`FRESH_FEATURES`](crate::bootstrap::FRESH_FEATURES), see
    /// [`feature_records`](crate::bootstrap::feature_records).
    pub bootstrap_records: Vec<Bytes>,
}

/// How the voters of a new cluster come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitialVoters {
    /// `controller.quorum.voters` tells them: `kraft.version` is 0.
    Static,
    /// This node alone, listening there: `kraft.version` is 1.
    Standalone(Vec<Endpoint>),
    /// These nodes, each with the id of its metadata directory and where it listens:
    /// `kraft.version` is 1.
    Voters(Vec<(i32, Uuid, Endpoint)>),
    /// The node joins voters that exist already.
    None,
}

impl InitialVoters {
    /// What the settings ask for: static voters if given; else the node alone, unless it is no
    /// controller, or `controller.quorum.bootstrap.servers` names others.
    pub fn of_settings(
        is_controller: bool,
        has_static_voters: bool,
        bootstrap_servers: &[Endpoint],
        own: &[Endpoint],
    ) -> Self {
        let is_own = |server: &Endpoint| {
            own.iter().any(|e| (&e.host, e.port) == (&server.host, server.port))
        };
        if has_static_voters {
            Self::Static
        } else if is_controller && bootstrap_servers.iter().all(is_own) {
            Self::Standalone(own.to_vec())
        } else {
            Self::None
        }
    }
}

/// Writes what is missing in directories that are new; says which these were. To be called with
/// the directories locked. Waits for the disk.
///
/// # Errors
/// [`Error::Identity`] if the metadata log is in the wrong directory, or is gone although the
/// other directories have been in use.
pub fn format(env: &Env, options: &FormatOptions) -> Result<Vec<PathBuf>, Error> {
    let files = env.files();
    check_location(files, options)?;
    let metadata_dir = &options.metadata_log_dir;
    let mut formatted = Vec::new();
    if !is_formatted(files, metadata_dir)? {
        check_nothing_lost(files, options)?;
        let voter = |node_id, directory_id, endpoints| Voter {
            key: ReplicaKey::new(node_id, directory_id),
            endpoints,
            kraft_versions: KRaftVersions::SUPPORTED,
        };
        match &options.initial_voters {
            InitialVoters::Standalone(endpoints) => {
                let (id, directory) = (options.node_id, options.metadata_directory_id);
                write_voters(env, options, vec![voter(id, directory, endpoints.clone())])?;
            }
            InitialVoters::Voters(voters) => {
                let voters = voters.iter();
                let voters =
                    voters.map(|(id, directory, at)| voter(*id, *directory, vec![at.clone()]));
                write_voters(env, options, voters.collect())?;
            }
            InitialVoters::Static | InitialVoters::None => {}
        }
        write_bootstrap(env, metadata_dir, options)?;
        formatted.push(metadata_dir.clone());
    }
    for dir in options.log_dirs.iter().filter(|dir| *dir != metadata_dir) {
        if !exists(files, &dir.join(BOOTSTRAP_FILE))? {
            write_bootstrap(env, dir, options)?;
            formatted.push(dir.clone());
        }
    }
    Ok(formatted)
}

fn exists(files: &Files, path: &Path) -> Result<bool, Error> {
    files.exists(path).map_err(Error::io(path))
}

fn identity(path: &Path, reason: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::Identity { path: path.to_owned(), reason: reason.into(), remedy: remedy.into() }
}

/// The metadata log is in its directory and nowhere else.
fn check_location(files: &Files, options: &FormatOptions) -> Result<(), Error> {
    for dir in options.log_dirs.iter().filter(|dir| **dir != options.metadata_log_dir) {
        let elsewhere = dir.join(METADATA_LOG_DIR);
        if exists(files, &elsewhere)? {
            let configured = options.metadata_log_dir.display();
            return Err(identity(
                &elsewhere,
                format!("the metadata log is here, but metadata.log.dir is {configured}"),
                format!("set metadata.log.dir={}", dir.display()),
            ));
        }
    }
    Ok(())
}

/// Formatted to the end, here or by Apache Kafka (whose releases before 3.3 wrote no bootstrap
/// records, but have been started since).
fn is_formatted(files: &Files, metadata_dir: &Path) -> Result<bool, Error> {
    if exists(files, &metadata_dir.join(BOOTSTRAP_FILE))? {
        return Ok(true);
    }
    let log = metadata_dir.join(METADATA_LOG_DIR);
    if !exists(files, &log)? {
        return Ok(false);
    }
    let entries = files.read_dir(&log).map_err(Error::io(&log))?;
    Ok(entries.iter().any(|entry| entry.name.ends_with(".log")))
}

/// A new metadata log beside directories that were in use would make their contents worthless.
fn check_nothing_lost(files: &Files, options: &FormatOptions) -> Result<(), Error> {
    for dir in &options.log_dirs {
        let is_metadata = *dir == options.metadata_log_dir;
        let entries = files.read_dir(dir).map_err(Error::io(dir))?;
        let is_used = entries.iter().any(|entry| {
            let is_replica = entry.is_dir
                && entry.name != METADATA_LOG_DIR
                && ReplicaDirName::parse(&entry.name).is_some();
            is_replica || (!is_metadata && entry.name == BOOTSTRAP_FILE)
        });
        if is_used {
            return Err(identity(
                &options.metadata_log_dir,
                format!("the metadata log is gone, but {} has been in use", dir.display()),
                "put the directory back (is its disk mounted?); to start a new cluster, choose \
                 empty directories",
            ));
        }
    }
    Ok(())
}

fn write_bootstrap(env: &Env, dir: &Path, options: &FormatOptions) -> Result<(), Error> {
    sync_ancestors(env.files(), dir)?;
    bootstrap::write(env.files(), dir, &options.bootstrap_records, env.clock().wall_ms())
}

/// Writes the snapshot that names the first voters.
fn write_voters(env: &Env, options: &FormatOptions, voters: Vec<Voter>) -> Result<(), Error> {
    let files = env.files();
    let log = options.metadata_log_dir.join(METADATA_LOG_DIR);
    files.create_dir_all(&log).map_err(Error::io(&log))?;
    files.sync_dir(&options.metadata_log_dir).map_err(Error::io(&log))?;
    let now_ms = env.clock().wall_ms();
    let head = Head {
        epoch: BOOTSTRAP_SNAPSHOT.epoch,
        last_contained_log_timestamp: now_ms,
        kraft_version: 1,
        voters: Some(VoterSet::from_iter(voters)),
        now_ms,
    };
    let path = log.join(snapshot::file_name(BOOTSTRAP_SNAPSHOT));
    let bytes = snapshot::encode(&head, []).map_err(|error| Error::corrupt(&path, error))?;
    files.write_atomically(&path, &bytes).map_err(Error::io(&path))
}

/// Makes sure that a power loss does not take a directory that was just made, and what is in it,
/// away again: its entry in the directory above is synced, and so on upwards.
fn sync_ancestors(files: &Files, dir: &Path) -> Result<(), Error> {
    for ancestor in dir.ancestors().skip(1) {
        let ancestor = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        match files.sync_dir(ancestor) {
            // Where we may not look we made nothing.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            synced => synced.map_err(Error::io(ancestor))?,
        }
    }
    Ok(())
}
