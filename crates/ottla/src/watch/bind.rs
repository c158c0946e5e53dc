//! Where a node can be watched.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use config::ServerConfig;
use config::endpoint::{HostPort, parse_host_port};
use env::{Env, ListenOptions, Port, Task};
use metrics::Tally;
use web::Limits;

use super::phase::{Phase, State};
use super::routes::Routes;
use super::sources::{Parts, Selection, Sources};
use crate::error::StartError;

/// Whether somebody asked for the listeners.
const SETTING: &str = "metrics.listeners";

/// A node that can be watched.
pub(crate) struct Watch {
    phase: Arc<Phase>,
    sources: Arc<ArcSwapOption<Sources>>,
    selection: Selection,
    unclean_elections: Arc<Tally>,
    addresses: Vec<SocketAddr>,
    tasks: Vec<Task<()>>,
}

impl Watch {
    /// Lets those in who watch, where `metrics.listeners` says, although there is little to be seen
    /// yet.
    ///
    /// # Errors
    /// A listener that was asked for cannot be had; a setting cannot be understood.
    pub(crate) async fn open(env: &Env, config: &ServerConfig) -> Result<Self, StartError> {
        let mut watch = Self {
            phase: Arc::default(),
            sources: Arc::default(),
            selection: Selection::new(&config.metrics)?,
            unclean_elections: Arc::default(),
            addresses: Vec::new(),
            tasks: Vec::new(),
        };
        for port in bind(env, config).await? {
            watch.addresses.push(port.address());
            let routes = Routes {
                env: env.clone(),
                phase: Arc::clone(&watch.phase),
                sources: Arc::clone(&watch.sources),
            };
            let listener = port.listen().map_err(StartError::Watch)?;
            let serving = web::serve(env.clone(), listener, Limits::default(), Arc::new(routes));
            watch.tasks.push(env.spawn("watch", serving));
        }
        Ok(watch)
    }

    /// Where leaders that were elected uncleanly are counted.
    pub(crate) fn unclean_elections(&self) -> Arc<Tally> {
        Arc::clone(&self.unclean_elections)
    }

    /// Where it can be watched.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The node has come so far.
    pub(crate) fn enter(&self, state: State) {
        self.phase.set(state);
    }

    /// The node serves.
    pub(crate) fn show(&self, env: &Env, parts: Parts) {
        let sources = Sources::new(env, parts, self.selection.clone(), self.unclean_elections());
        self.sources.store(Some(Arc::new(sources)));
        self.phase.set(State::Running);
    }
}

impl Drop for Watch {
    /// It ends with the node.
    fn drop(&mut self) {
        self.tasks.iter().for_each(Task::abort);
        self.sources.store(None);
    }
}

/// Takes the ports of `metrics.listeners`. Nobody who did not ask for it shall be kept from starting
/// a second node on the same machine: a default port that is taken is gone without.
async fn bind(env: &Env, config: &ServerConfig) -> Result<Vec<Port>, StartError> {
    let is_asked_for = config.static_config().get(SETTING).is_some();
    let mut ports = Vec::new();
    for listener in &config.metrics.listeners {
        let address = address(listener).ok_or_else(|| {
            StartError::Unsupported(format!("{SETTING}: {listener} is not http://host:port"))
        })?;
        let address = resolve(env, &address).await?;
        match env.network().bind(address, &ListenOptions::default()) {
            Ok(port) => ports.push(port),
            Err(source) if is_asked_for => return Err(StartError::Watch(source)),
            Err(error) => tracing::info!("metrics are not served ({SETTING}): {error}"),
        }
    }
    Ok(ports)
}

fn address(listener: &str) -> Option<HostPort> {
    parse_host_port(listener.trim().strip_prefix("http://")?.trim_end_matches('/'))
}

async fn resolve(env: &Env, HostPort { host, port }: &HostPort) -> Result<SocketAddr, StartError> {
    if host.is_empty() {
        return Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port)));
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SocketAddr::from((address, *port)));
    }
    // The default must work without a resolver.
    if host == "localhost" {
        return Ok(SocketAddr::from(([127, 0, 0, 1], *port)));
    }
    let found = env.network().resolve(host, *port).await;
    let found = found.map_err(|source| StartError::Host {
        listener: SETTING.to_owned(),
        host: host.clone(),
        source,
    })?;
    Ok(*found.iter().find(|address| address.is_ipv4()).unwrap_or(&found[0]))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn listeners_are_addresses_for_http() {
        for (listener, expected) in [
            ("http://localhost:9404", Some("localhost:9404")),
            (" http://[::1]:1/ ", Some("[::1]:1")),
            ("http://:9404", Some(":9404")),
            ("https://localhost:9404", None),
            ("localhost:9404", None),
            ("http://localhost", None),
        ] {
            let told = address(listener).map(|address| address.to_string());
            assert_eq!(told.as_deref(), expected, "{listener}");
        }
    }
}
