//! Connections and their bounds.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use env::{Env, Listener, Socket, panic_message};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::Semaphore;

use crate::answer::{Body, Handler, Request, Response};
use crate::socket::Connection;

/// The bounds of a server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time; further ones are closed at once.
    pub connections_max: usize,
    /// A connection on which nothing moves is closed after this, or twice this at the latest.
    pub silence_max: Duration,
}

impl Default for Limits {
    /// 64 connections, a minute of silence.
    fn default() -> Self {
        Self { connections_max: 64, silence_max: Duration::from_mins(1) }
    }
}

/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long nothing is accepted after the system refused.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves a listener until the task is dropped; connections end then, too, at their next answer.
pub async fn serve(env: Env, listener: Listener, limits: Limits, handler: Arc<dyn Handler>) {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::debug!("cannot accept a connection: {error}");
                env.sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let connection = converse(env.clone(), socket, limits.silence_max, Arc::clone(&handler));
        drop(env.spawn("http connection", async move {
            connection.await;
            drop(permit);
        }));
    }
}

async fn converse(env: Env, socket: Socket, silence_max: Duration, handler: Arc<dyn Handler>) {
    let active = Arc::new(AtomicBool::new(true));
    let connection = Connection::new(socket, Arc::clone(&active));
    let answer = service_fn(move |request| answer(Arc::clone(&handler), request));
    let serving =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).serve_connection(connection, answer);
    let mut serving = pin!(serving);
    // What answers must not take the node along.
    let served = poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| serving.as_mut().poll(cx)))
            .unwrap_or_else(|panic| {
                tracing::error!("an HTTP request panicked: {}", panic_message(&*panic));
                Poll::Ready(Ok(()))
            })
            .map(|result| result.unwrap_or_else(|error| tracing::debug!("HTTP: {error}")))
    });
    let silence = async {
        while active.swap(false, Ordering::Relaxed) {
            env.sleep(silence_max).await;
        }
    };
    tokio::select! {
        biased;
        () = served => {}
        () = silence => {}
    }
}

async fn answer(
    handler: Arc<dyn Handler>,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<hyper::Response<Body>, Infallible> {
    let request = Request {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
    };
    let Response { status, content_type, body } = handler.answer(request).await;
    let mut response = hyper::Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let content_type = hyper::header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, content_type);
    Ok(response)
}
