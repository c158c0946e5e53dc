//! A cluster as a client sees it: its brokers, their connections, who leads what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::Env;
use tokio::sync::Mutex;
use wire::messages::{
    DescribeClusterRequest, FindCoordinatorRequest, MetadataRequest, MetadataResponse,
    metadata_request::MetadataRequestTopic, metadata_response::MetadataResponsePartition,
};
use wire::{ApiKey, ApiRequest, ErrorCode, Str};

use crate::connection::Connection;
use crate::error::{Error, check};

/// Coordinators of groups, in FindCoordinator.
const GROUP: i8 = 0;
/// Coordinators of transactions, in FindCoordinator.
const TRANSACTION: i8 = 1;
/// Controllers, in DescribeCluster.
const CONTROLLERS: i8 = 2;
/// Pause before a retriable refusal is asked again.
const RETRY_BACKOFF: Duration = Duration::from_millis(50);

/// How a client reaches a cluster.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Servers to begin with, as host and port.
    pub bootstrap_servers: Vec<(String, u16)>,
    /// What the client calls itself (`client.id`).
    pub client_id: String,
    /// How long an answer may take (`request.timeout.ms`).
    pub request_timeout: Duration,
    /// How long a call may take with all its retries (`default.api.timeout.ms`).
    pub api_timeout: Duration,
    /// Whether the servers to begin with are controllers (`bootstrap.controllers`).
    pub controllers: bool,
}

impl ClientConfig {
    /// A client with Java's timeouts.
    ///
    /// # Errors
    /// [`Error::Address`] for a server that is not host:port.
    pub fn new(bootstrap_servers: &str, client_id: &str) -> Result<Self, Error> {
        let servers = bootstrap_servers.split(',').map(str::trim).filter(|s| !s.is_empty());
        let servers = servers.map(parse_address).collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(Error::Address(bootstrap_servers.to_owned()));
        }
        Ok(Self {
            bootstrap_servers: servers,
            client_id: client_id.to_owned(),
            request_timeout: Duration::from_secs(30),
            api_timeout: Duration::from_secs(60),
            controllers: false,
        })
    }
}

fn parse_address(text: &str) -> Result<(String, u16), Error> {
    let invalid = || Error::Address(text.to_owned());
    // A protocol in front is what people copy from `advertised.listeners`.
    let address = text.split_once("://").map_or(text, |(_, address)| address);
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().map_err(|_| invalid())?;
    if host.is_empty() { Err(invalid()) } else { Ok((host.to_owned(), port)) }
}

/// A cluster. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    env: Env,
    config: ClientConfig,
    client_id: Str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connections: HashMap<(String, u16), Connection>,
    brokers: HashMap<i32, (String, u16)>,
}

impl Cluster {
    /// A cluster that is contacted when something is asked of it.
    pub fn new(env: &Env, config: ClientConfig) -> Self {
        let client_id = Str::copy_from(&config.client_id);
        let state = Mutex::default();
        Self(Arc::new(Inner { env: env.clone(), config, client_id, state }))
    }

    /// The environment it runs in.
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// How it is reached.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// A connection to any server.
    ///
    /// # Errors
    /// [`Error::NoBootstrapServer`].
    pub async fn any(&self) -> Result<Connection, Error> {
        let known: Vec<(String, u16)> = {
            let state = self.0.state.lock().await;
            if let Some(open) = state.connections.values().find(|open| open.is_open()) {
                return Ok(open.clone());
            }
            state.brokers.values().cloned().collect()
        };
        let mut reasons = Vec::new();
        for (host, port) in self.0.config.bootstrap_servers.iter().chain(&known) {
            match self.to(host, *port).await {
                Ok(connection) => return Ok(connection),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        Err(Error::NoBootstrapServer(reasons.join("; ")))
    }

    /// A connection to a server that takes changes of the cluster: any broker, or among
    /// controllers the active one.
    ///
    /// # Errors
    /// There is none to be reached.
    pub async fn control(&self) -> Result<Connection, Error> {
        let any = self.any().await?;
        if !self.0.config.controllers {
            return Ok(any);
        }
        let request = DescribeClusterRequest {
            endpoint_type: CONTROLLERS,
            ..DescribeClusterRequest::default()
        };
        let response = any.call(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let active = response.brokers.iter().find(|node| node.broker_id == response.controller_id);
        let active =
            active.ok_or_else(|| Error::refused(ErrorCode::LeaderNotAvailable.code(), None))?;
        let port = u16::try_from(active.port)
            .map_err(|_| Error::refused(ErrorCode::LeaderNotAvailable.code(), None))?;
        self.to(&active.host, port).await
    }

    /// Asks the server that takes changes of the cluster, again while that fails in a way that
    /// passes.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn call_control<R: ApiRequest>(&self, request: &R) -> Result<R::Response, Error> {
        self.retrying(|| async { self.control().await?.call(request).await }).await
    }

    /// A connection to a broker.
    ///
    /// # Errors
    /// The broker is unknown or not to be reached.
    pub async fn broker(&self, id: i32) -> Result<Connection, Error> {
        if !self.0.state.lock().await.brokers.contains_key(&id) {
            self.metadata(Some(&[])).await?;
        }
        let address = self.0.state.lock().await.brokers.get(&id).cloned();
        let (host, port) =
            address.ok_or_else(|| Error::refused(ErrorCode::BrokerNotAvailable.code(), None))?;
        self.to(&host, port).await
    }

    /// A connection to a server by its address, which may already be open.
    ///
    /// # Errors
    /// It is not to be reached.
    pub async fn to(&self, host: &str, port: u16) -> Result<Connection, Error> {
        let key = (host.to_owned(), port);
        let found = self.0.state.lock().await.connections.get(&key).cloned();
        if let Some(connection) = found.filter(Connection::is_open) {
            return Ok(connection);
        }
        let Inner { env, config, client_id, .. } = &*self.0;
        let opened = Connection::open(env, host, port, client_id, config.request_timeout).await?;
        self.0.state.lock().await.connections.insert(key, opened.clone());
        Ok(opened)
    }

    /// Asks any server.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn call<R: ApiRequest>(&self, request: &R) -> Result<R::Response, Error> {
        self.any().await?.call(request).await
    }

    /// The brokers, and the topics named (all for `None`). Nothing is created by asking.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn metadata(&self, topics: Option<&[Str]>) -> Result<MetadataResponse, Error> {
        self.metadata_creating(topics, false).await
    }

    /// As [`metadata`](Self::metadata), and lets the broker create what is missing, if it does
    /// that.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn metadata_creating(
        &self,
        topics: Option<&[Str]>,
        may_create: bool,
    ) -> Result<MetadataResponse, Error> {
        let connection = self.any().await?;
        let version = connection.version(ApiKey::Metadata, i16::MAX)?;
        let named = |name: &Str| MetadataRequestTopic {
            name: Some(name.clone()),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: topics.map(|topics| topics.iter().map(named).collect()),
            allow_auto_topic_creation: may_create || version < 4,
            ..MetadataRequest::default()
        };
        let response = connection.call(&request).await?;
        let brokers = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((broker.node_id, (broker.host.to_string(), port)))
        });
        self.0.state.lock().await.brokers = brokers.collect();
        Ok(response)
    }

    /// The partitions of a topic, by index.
    ///
    /// # Errors
    /// The topic is unknown, or cannot be described.
    pub async fn partitions(
        &self,
        topic: &Str,
        may_create: bool,
    ) -> Result<Vec<MetadataResponsePartition>, Error> {
        let response = self
            .retrying(|| async {
                let asked = std::slice::from_ref(topic);
                let response = self.metadata_creating(Some(asked), may_create).await?;
                let found = response.topics.into_iter().next();
                let found = found.ok_or_else(|| {
                    Error::refused(ErrorCode::UnknownTopicOrPartition.code(), None)
                })?;
                check(found.error_code, None)?;
                Ok(found)
            })
            .await?;
        let mut partitions = response.partitions;
        partitions.sort_by_key(|partition| partition.partition_index);
        Ok(partitions)
    }

    /// A connection to the coordinator of a group.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn coordinator(&self, group_id: &str) -> Result<Connection, Error> {
        Ok(self.coordinator_node(group_id).await?.0)
    }

    /// As [`coordinator`](Self::coordinator), with the broker's id.
    ///
    /// # Errors
    /// As [`coordinator`](Self::coordinator).
    pub async fn coordinator_node(&self, group_id: &str) -> Result<(Connection, i32), Error> {
        self.retrying(|| self.find_coordinator(GROUP, group_id)).await
    }

    /// A connection to the coordinator of a transactional id.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn transaction_coordinator(&self, id: &str) -> Result<Connection, Error> {
        Ok(self.transaction_coordinator_node(id).await?.0)
    }

    /// As [`transaction_coordinator`](Self::transaction_coordinator), with the broker's id.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn transaction_coordinator_node(&self, id: &str) -> Result<(Connection, i32), Error> {
        self.retrying(|| self.find_coordinator(TRANSACTION, id)).await
    }

    async fn find_coordinator(&self, kind: i8, key: &str) -> Result<(Connection, i32), Error> {
        let request = FindCoordinatorRequest {
            key: Str::copy_from(key),
            key_type: kind,
            coordinator_keys: vec![Str::copy_from(key)],
            ..FindCoordinatorRequest::default()
        };
        let connection = self.any().await?;
        let version = connection.version(ApiKey::FindCoordinator, i16::MAX)?;
        let request = if version >= 4 {
            FindCoordinatorRequest { key: Str::new(), ..request }
        } else {
            FindCoordinatorRequest { coordinator_keys: Vec::new(), ..request }
        };
        let response = connection.call(&request).await?;
        let (node, host, port) = match response.coordinators.into_iter().next() {
            Some(found) => {
                check(found.error_code, found.error_message.as_deref())?;
                (found.node_id, found.host, found.port)
            }
            None => {
                check(response.error_code, response.error_message.as_deref())?;
                (response.node_id, response.host, response.port)
            }
        };
        let port = u16::try_from(port)
            .map_err(|_| Error::refused(ErrorCode::CoordinatorNotAvailable.code(), None))?;
        self.0.state.lock().await.brokers.insert(node, (host.to_string(), port));
        Ok((self.to(&host, port).await?, node))
    }

    /// Repeats a call while it fails in a way that passes, within `default.api.timeout.ms`.
    ///
    /// # Errors
    /// The first failure that does not pass, or the last one.
    pub async fn retrying<T, F, C>(&self, call: C) -> Result<T, Error>
    where
        C: Fn() -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = self.0.env.now() + self.0.config.api_timeout;
        loop {
            match call().await {
                Err(error) if error.is_retriable() && self.0.env.now() < deadline => {
                    tracing::debug!("asking again: {error}");
                    self.0.env.sleep(RETRY_BACKOFF).await;
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let read = |text| ClientConfig::new(text, "c").map(|config| config.bootstrap_servers);
        let [localhost, other] = [("localhost", 9092), ("::1", 1)].map(|(h, p)| (h.to_owned(), p));
        let alone = std::slice::from_ref(&localhost);
        assert_eq!(read("localhost:9092").unwrap(), alone);
        assert_eq!(read("PLAINTEXT://localhost:9092").unwrap(), alone);
        assert_eq!(read("localhost:9092, [::1]:1").unwrap(), [localhost, other]);
        for bad in ["", "localhost", "localhost:", ":9092", "localhost:x", "localhost:99999"] {
            assert!(matches!(read(bad), Err(Error::Address(_))), "{bad}");
        }
    }
}
