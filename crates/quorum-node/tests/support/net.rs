//! Nodes that talk to each other through the bytes of Kafka's messages, without sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use env::Env;
use quorum_node::{BoxFuture, Destination, Handle, OutgoingRequest, RpcSender, SendFailure};
use wire::messages::{ApiVersionsResponse, api_versions_response::SupportedFeatureKey};
use wire::{ApiKey, Reader, Request, Response, Writer};

/// Who listens where, and who is cut off.
#[derive(Clone, Default)]
pub(crate) struct Net(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    listening: BTreeMap<u16, Handle>,
    cut_off: BTreeSet<u16>,
    /// Requests go out in a version that many below the newest, where there is one.
    versions_back: i16,
}

impl Net {
    pub(crate) fn with_versions_back(versions_back: i16) -> Self {
        let net = Self::default();
        net.0.lock().unwrap().versions_back = versions_back;
        net
    }

    pub(crate) fn listen(&self, port: u16, handle: Handle) {
        self.0.lock().unwrap().listening.insert(port, handle);
    }

    pub(crate) fn forget(&self, port: u16) {
        self.0.lock().unwrap().listening.remove(&port);
    }

    pub(crate) fn set_cut_off(&self, port: u16, is_cut_off: bool) {
        let cut_off = &mut self.0.lock().unwrap().cut_off;
        if is_cut_off {
            cut_off.insert(port)
        } else {
            cut_off.remove(&port)
        };
    }

    fn reach(&self, from: u16, to: u16) -> Option<Handle> {
        let state = self.0.lock().unwrap();
        if state.cut_off.contains(&from) || state.cut_off.contains(&to) {
            return None;
        }
        state.listening.get(&to).cloned()
    }
}

/// One node's way out.
pub(crate) struct Sender {
    pub(crate) env: Env,
    pub(crate) net: Net,
    pub(crate) port: u16,
}

impl RpcSender for Sender {
    fn send(
        &self,
        to: Destination,
        request: OutgoingRequest,
    ) -> BoxFuture<Result<Response, SendFailure>> {
        let (env, net, from) = (self.env.clone(), self.net.clone(), self.port);
        Box::pin(async move {
            env.sleep(Duration::from_millis(1 + env.random().below(10))).await;
            let handle = net.reach(from, to.endpoint.port).ok_or(SendFailure::Unreachable)?;
            let response = exchange(&handle, &request, &net).await?;
            env.sleep(Duration::from_millis(1 + env.random().below(10))).await;
            net.reach(from, to.endpoint.port).map(|_| response).ok_or(SendFailure::Unreachable)
        })
    }
}

async fn exchange(
    handle: &Handle,
    outgoing: &OutgoingRequest,
    net: &Net,
) -> Result<Response, SendFailure> {
    let api = outgoing.api_key();
    let spec = api.spec();
    let back = net.0.lock().unwrap().versions_back;
    let version = (spec.max_version - back).max(spec.min_version);
    if api == ApiKey::ApiVersions {
        return Ok(Response::ApiVersions(supported()));
    }
    let request = outgoing.encode(version)?;
    let mut writer = Writer::new();
    request.encode(&mut writer, version).expect("every version can be written");
    let bytes = writer.finish().unwrap().flatten().unwrap();
    let request = Request::decode(api, &mut Reader::new(bytes), version).unwrap();

    let answer = handle.handle_request(&request, version).await;
    let response = answer.map_err(|_| SendFailure::Unreachable)?;
    let mut writer = Writer::new();
    response.encode(&mut writer, version).expect("every version can be written");
    let bytes = writer.finish().unwrap().flatten().unwrap();
    Ok(Response::decode(api, &mut Reader::new(bytes), version).unwrap())
}

fn supported() -> ApiVersionsResponse {
    let kraft_version = SupportedFeatureKey {
        name: "kraft.version".into(),
        min_version: 0,
        max_version: 1,
        ..Default::default()
    };
    ApiVersionsResponse { supported_features: vec![kraft_version], ..Default::default() }
}
