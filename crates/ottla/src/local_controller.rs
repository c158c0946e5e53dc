//! The controller of this very process: the way to it, and the door of its listener.

use std::sync::Arc;

use broker::{Answer, NoController, ToController};
use bytes::Bytes;
use config::endpoint::Endpoint;
use controller::{Handle, Introduction, Metadata, RequestContext};
use env::{Env, Task};
use net::{Call, Connection, Handler, Reply};
use wire::header::RequestHeader;
use wire::messages::controller_registration_request::Listener;
use wire::{Reader, Request, Str, Uuid, response_frame};

/// Passes the requests of this node's broker to the controller beside it. The broker's own
/// requests and those it forwards are told apart by their API alone: both come from this process.
pub(crate) struct LocalController {
    handle: Handle,
    listener: String,
}

impl LocalController {
    /// The way to the controller behind `handle`; `listener` is the one that brokers use among
    /// themselves.
    pub(crate) fn new(handle: Handle, listener: String) -> Self {
        Self { handle, listener }
    }
}

impl ToController for LocalController {
    fn send(&self, request: Request, version: i16) -> Answer {
        let handle = self.handle.clone();
        let context = RequestContext {
            api_version: version,
            is_forwarded: true,
            is_of_this_process: true,
            listener: self.listener.clone(),
        };
        Box::pin(async move { handle.handle(&context, request).await.ok_or(NoController) })
    }
}

impl std::fmt::Debug for LocalController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalController").finish_non_exhaustive()
    }
}

/// Answers the requests of controller listeners.
pub(crate) struct ControllerDoor(Handle);

impl ControllerDoor {
    pub(crate) fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Handler for ControllerDoor {
    fn call(&self, connection: &Arc<Connection>, frame: Bytes) -> Call {
        let mut body = Reader::new(frame);
        let read = RequestHeader::read(&mut body).and_then(|header| {
            let api = header.api_key()?;
            let request = Request::decode(api, &mut body, header.request_api_version)?;
            Ok((api, header, request))
        });
        let (api, header, request) = match read {
            Ok(read) => read,
            Err(error) => return Call::Ready(Reply::close(format!("malformed request: {error}"))),
        };
        let version = header.request_api_version;
        let context = RequestContext {
            api_version: version,
            is_forwarded: false,
            is_of_this_process: false,
            listener: connection.listener().to_owned(),
        };
        let handle = self.0.clone();
        Call::pending(async move {
            let Some(response) = handle.handle(&context, request).await else {
                return Reply::close(format!("{api} is not served on a controller listener"));
            };
            match response_frame(api, version, header.correlation_id, &response) {
                Ok(frame) => Reply::frame(frame),
                Err(error) => Reply::close(format!("no response to {api}: {error}")),
            }
        })
    }

    fn request_bytes_max(&self, api_key: i16) -> usize {
        broker::request_bytes_max(api_key)
    }

    fn estimate(&self, api_key: i16, _api_version: i16, length: usize) -> usize {
        broker::request_estimate(api_key, length)
    }
}

/// Makes this node's controller known in the cluster.
pub(crate) fn keep_registered(
    env: &Env,
    node_id: i32,
    endpoints: &[Endpoint],
    metadata: &Metadata,
    handle: &Handle,
) -> Task<()> {
    let listeners = endpoints.iter().map(|endpoint| Listener {
        name: Str::copy_from(&endpoint.listener),
        host: Str::copy_from(endpoint.host.as_deref().unwrap_or("localhost")),
        port: u16::try_from(endpoint.port).unwrap_or(0),
        security_protocol: endpoint.protocol.code(),
        ..Listener::default()
    });
    let introduction = Introduction {
        node_id,
        incarnation_id: Uuid(env.random().uuid()),
        listeners: listeners.collect(),
    };
    let handle = handle.clone();
    let ask = move |request| {
        let handle = handle.clone();
        async move { Some(handle.controller_registration(request).await) }
    };
    let registration =
        controller::keep_registered(env.clone(), metadata.clone(), introduction, ask);
    env.spawn("register controller", registration)
}
