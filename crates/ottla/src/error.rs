//! Why a node does not start, or cannot go on.

use std::io;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not acceptable.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// `--log` has a word that is no level.
    #[error(
        "--log: {word} is neither a level (off, error, warn, info, debug, trace) nor MODULE=LEVEL"
    )]
    LogFilter {
        /// The word.
        word: String,
    },
    /// A host name in `listeners` is unknown.
    #[error("listener {listener}: host {host} cannot be resolved: {source}; check listeners")]
    Host {
        /// The listener.
        listener: String,
        /// The host.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The metrics of clients cannot be written.
    #[error("telemetry.receiver.dir: {dir} cannot be written: {source}")]
    TelemetryReceiver {
        /// The directory.
        dir: String,
        /// What the system said.
        source: io::Error,
    },
    /// A listener cannot be opened.
    #[error(transparent)]
    Net(#[from] net::StartError),
    /// Those who watch cannot be let in where `metrics.listeners` says.
    #[error("metrics.listeners: {0}")]
    Watch(env::ListenError),
    /// The log directories cannot be used.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The metadata log cannot be used.
    #[error(transparent)]
    Quorum(#[from] quorum_node::Error),
    /// The controller refuses this broker.
    #[error(transparent)]
    Refused(#[from] broker::Refused),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The node needs other nodes, which this release does not talk to.
    #[error("{0}")]
    Unsupported(String),
    /// The node ran and cannot go on.
    #[error("{0}; stopping")]
    Failed(String),
}
