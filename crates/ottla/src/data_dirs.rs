//! The log directories a node keeps its replicas in: it cannot go on without any.

use std::path::Path;
use std::time::Duration;

use config::ServerConfig;
use env::Env;
use log::{LogDir, LogDirs};

use crate::settings;

/// The directories of `log.dirs`.
pub(crate) struct DataDirs {
    env: Env,
    dirs: Vec<LogDir>,
    interval: Duration,
}

impl DataDirs {
    pub(crate) fn new(env: &Env, config: &ServerConfig, dirs: &LogDirs) -> Self {
        let named = config.log_manager.dirs();
        let is_named = |dir: &&LogDir| named.iter().any(|name| Path::new(name) == dir.path());
        Self {
            env: env.clone(),
            dirs: dirs.dirs().iter().filter(is_named).cloned().collect(),
            interval: settings::ms(config.node.broker_heartbeat_interval_ms),
        }
    }

    /// Waits until all of them have failed, and says so (kafka-semantics 211).
    pub(crate) async fn all_failed(&self) -> String {
        while !self.dirs.iter().all(LogDir::is_offline) {
            self.env.sleep(self.interval).await;
        }
        let paths: Vec<String> =
            self.dirs.iter().map(|dir| dir.path().display().to_string()).collect();
        format!("all log directories have failed: {}", paths.join(", "))
    }
}
