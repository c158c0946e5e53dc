//! Whether a node lives, and whether it serves.

use std::time::Duration;

use bytes::Bytes;
use env::Env;
use web::{Body, Response};

use super::phase::State;
use super::sources::Sources;

/// A thread that does nothing else for this long does not live.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether all data threads do something; that this is answered says it of the control runtime.
pub(crate) async fn live(env: &Env, sources: Option<&Sources>) -> Response {
    let threads = sources.map_or(&[][..], |sources| &sources.parts.executors);
    let signs: Vec<_> =
        threads.iter().map(|thread| thread.spawn("sign of life", async {})).collect();
    let deadline = env.now() + PATIENCE;
    for (number, sign) in signs.into_iter().enumerate() {
        tokio::select! {
            biased;
            // A thread that ends with its process is no reason to kill it.
            _ = sign => {}
            () = env.sleep_until(deadline) => {
                return json(503, "stuck", &format!("data thread {number} does not answer"));
            }
        }
    }
    json(200, "live", "")
}

/// Whether clients are served: the node has started, and the controller lets the broker take part.
pub(crate) fn ready(state: State, sources: Option<&Sources>) -> Response {
    let Some(sources) = sources.filter(|_| state == State::Running) else {
        return json(503, state.name(), "the node does not serve");
    };
    let broker = &sources.parts.broker;
    if !broker.image().cluster.is_active(broker.node_id()) {
        return json(503, "fenced", "the controller does not let this broker serve");
    }
    if broker.replicas().dirs().dirs().iter().all(log::LogDir::is_offline) {
        return json(503, "offline", "all log directories have failed");
    }
    json(200, "ready", "")
}

/// The texts are our own and need no escapes.
fn json(status: u16, word: &str, reason: &str) -> Response {
    let reason = match reason {
        "" => String::new(),
        reason => format!(",\"reason\":\"{reason}\""),
    };
    let text = format!("{{\"status\":\"{word}\"{reason}}}\n");
    Response { status, content_type: "application/json", body: Body::Whole(Bytes::from(text)) }
}
