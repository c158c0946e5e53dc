//! Where a client should go that asked the wrong broker (KIP-951).

use std::collections::BTreeSet;

use wire::messages::{
    fetch_response, produce_response, share_acknowledge_response, share_fetch_response,
};
use wire::{ErrorCode, Str};

use crate::request::Request;

/// The leader of a partition as this broker knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leader {
    /// Its node id, or -1.
    pub id: i32,
    /// Its epoch.
    pub epoch: i32,
}

/// Collects the leaders a response names, so that their addresses are told once.
#[derive(Debug, Default)]
pub(crate) struct LeaderHints {
    named: BTreeSet<i32>,
}

impl LeaderHints {
    /// The leader of a partition, if `error` says that the client asked the wrong broker.
    pub(crate) fn leader_for(
        &mut self,
        request: &Request,
        topic: &Str,
        partition: i32,
        error: ErrorCode,
    ) -> Option<Leader> {
        if !matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
            return None;
        }
        let partition = request.image.topics.partition(topic, partition)?;
        self.named.insert(partition.leader);
        Some(Leader { id: partition.leader, epoch: partition.leader_epoch })
    }

    /// The addresses for a Produce response.
    pub(crate) fn produce_endpoints(
        &self,
        request: &Request,
    ) -> Vec<produce_response::NodeEndpoint> {
        self.endpoints(request, |node_id, host, port, rack| produce_response::NodeEndpoint {
            node_id,
            host,
            port,
            rack,
            ..produce_response::NodeEndpoint::default()
        })
    }

    /// The addresses for a Fetch response.
    pub(crate) fn fetch_endpoints(&self, request: &Request) -> Vec<fetch_response::NodeEndpoint> {
        self.endpoints(request, |node_id, host, port, rack| fetch_response::NodeEndpoint {
            node_id,
            host,
            port,
            rack,
            ..fetch_response::NodeEndpoint::default()
        })
    }

    /// The addresses for a ShareFetch response.
    pub(crate) fn share_fetch_endpoints(
        &self,
        request: &Request,
    ) -> Vec<share_fetch_response::NodeEndpoint> {
        self.endpoints(request, |node_id, host, port, rack| share_fetch_response::NodeEndpoint {
            node_id,
            host,
            port,
            rack,
            ..share_fetch_response::NodeEndpoint::default()
        })
    }

    /// The addresses for a ShareAcknowledge response.
    pub(crate) fn share_acknowledge_endpoints(
        &self,
        request: &Request,
    ) -> Vec<share_acknowledge_response::NodeEndpoint> {
        self.endpoints(request, |node_id, host, port, rack| {
            share_acknowledge_response::NodeEndpoint {
                node_id,
                host,
                port,
                rack,
                ..share_acknowledge_response::NodeEndpoint::default()
            }
        })
    }

    fn endpoints<T>(
        &self,
        request: &Request,
        build: impl Fn(i32, Str, i32, Option<Str>) -> T,
    ) -> Vec<T> {
        let known = self.named.iter().filter_map(|id| {
            let broker = request.image.cluster.broker(*id)?;
            let endpoint = broker.endpoint(&request.listener)?;
            let (host, port) = (endpoint.host.clone(), i32::from(endpoint.port));
            Some(build(*id, host, port, broker.rack.clone()))
        });
        known.collect()
    }
}
