//! `ottla start`: runs a node until it is asked to stop.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use config::{ServerConfig, Sources, StaticConfig};
use env::{Env, OsOptions};

use crate::error::StartError;
use crate::logging;
use crate::node::{Node, NodeOptions};

/// Starts a Kafka node.
///
/// Without a file the node listens on this machine only, on port 9092 (9093 for the controller),
/// and keeps its data below the home folder. An empty data directory becomes a cluster by itself.
///
/// Example: ottla start --listen 0.0.0.0:9092
#[derive(Debug, Args)]
pub struct StartArguments {
    /// A server.properties file of Apache Kafka.
    pub file: Option<PathBuf>,
    /// Sets one property over what the file says.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Address for clients: HOST, PORT or HOST:PORT. Nothing asks for a password.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// What is logged to stderr, such as `debug` or `info,quorum_node=debug` (or RUST_LOG).
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

/// Connections that go on after a stop was asked for are ended after this.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Runs the node; returns when it was asked to stop and has stopped.
///
/// # Errors
/// Why it did not start.
pub fn run(arguments: &StartArguments) -> Result<(), StartError> {
    let began = Instant::now();
    let loggers = logging::start(arguments.log.as_deref())?;
    let config = configure(arguments)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let options = OsOptions::default();
    let data_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let env = Env::os(&options).map_err(StartError::Thread)?;
    let cluster_id = std::env::var("CLUSTER_ID").ok().filter(|id| !id.is_empty());
    let serving = env.clone();
    let result = env.block_on(async move {
        let termination = serving.termination();
        let node_id = config.node.node_id;
        let options = NodeOptions { config, cluster_id, data_threads, loggers };
        let mut node = Node::start(&serving, options).await?;
        announce(&node, node_id, began.elapsed());
        tokio::select! {
            signal = termination => match signal {
                Ok(reason) => tracing::info!(?reason, "stopping"),
                Err(error) => tracing::error!("signals cannot be waited for: {error}; stopping"),
            },
            reason = node.failed() => return Err(StartError::Failed(reason)),
        }
        node.stop().await;
        Ok(())
    });
    env.shutdown(STOP_PATIENCE);
    result
}

/// The configuration: built-in values or the file, then the environment, then the command line.
fn configure(arguments: &StartArguments) -> Result<ServerConfig, StartError> {
    let environment: Vec<(String, String)> = std::env::vars().collect();
    let log_dir = data_dir(&environment);
    let path = arguments.file.as_deref();
    let content = path.map(read).transpose()?.unwrap_or_default();
    let path = path.map(Path::to_string_lossy);
    let settings = StaticConfig::from_sources(Sources {
        log_dir: &log_dir.to_string_lossy(),
        file: path.as_deref().map(|path| (path, content.as_slice())),
        environment,
        listen: arguments.listen.as_deref(),
        overrides: arguments.overrides.iter().map(String::as_str).collect(),
    })?;
    Ok(ServerConfig::new(settings)?)
}

/// A longer file is no configuration: somebody named the wrong one.
const FILE_BYTES_MAX: u64 = 1 << 20;

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    let read = std::fs::metadata(path).and_then(|metadata| match metadata.len() {
        ..=FILE_BYTES_MAX => std::fs::read(path),
        bytes => Err(std::io::Error::other(format!(
            "{bytes} bytes are more than a properties file has ({FILE_BYTES_MAX}); is it the right \
             file?"
        ))),
    });
    read.map_err(|source| StartError::File { path: path.display().to_string(), source })
}

/// Where data goes when nothing is said: the place for it in the user's home.
fn data_dir(variables: &[(String, String)]) -> PathBuf {
    let of = |name: &str| {
        let found = variables.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    match (of("XDG_DATA_HOME"), of("HOME")) {
        (Some(data), _) => data.join("ottla"),
        (None, Some(home)) => home.join(".local/share/ottla"),
        (None, None) => PathBuf::from("ottla-data"),
    }
}

/// Says in one line on stdout that the node serves. Test libraries wait for words in it
/// (deployment §2): those of Apache Kafka's own log.
fn announce(node: &Node, node_id: i32, took: Duration) {
    let mut line = format!(
        "Transitioning from RECOVERY to RUNNING; [KafkaRaftServer nodeId={node_id}] Kafka Server \
         started; Successfully started Ottla {} in {} ms, cluster {}",
        env!("CARGO_PKG_VERSION"),
        took.as_millis(),
        node.cluster_id(),
    );
    for (name, address) in node.addresses() {
        let _ = write!(line, ", {name}://{address}");
    }
    for address in node.watched_at() {
        let _ = write!(line, ", metrics http://{address}/metrics");
    }
    // A closed stdout is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{line}");
}
