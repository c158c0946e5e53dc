//! What is answered to whom watches.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use env::Env;
use tokio::sync::mpsc;
use web::{Answering, Body, Handler, Pieces, Request, Response};

use super::page::Page;
use super::phase::Phase;
use super::sources::Sources;
use super::{cluster, health, logs, network, partitions, process, quorum, requests, topics};

/// The pages of a node.
pub(crate) struct Routes {
    pub(crate) env: Env,
    pub(crate) phase: Arc<Phase>,
    pub(crate) sources: Arc<ArcSwapOption<Sources>>,
}

/// The exposition format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

const INDEX: &str = "Ottla: /metrics for Prometheus, /live and /ready for probes";

impl Handler for Routes {
    fn answer(&self, request: Request) -> Answering {
        let sources = self.sources.load_full();
        let (env, state) = (self.env.clone(), self.phase.get());
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return now(Response::text(405, "only GET"));
        }
        match request.path.as_str() {
            "/metrics" => {
                let make = move |sender| write(env, state, sources, sender);
                let body = Body::Pieces(Pieces::made_by(make));
                now(Response { status: 200, content_type: EXPOSITION, body })
            }
            "/live" => Box::pin(async move { health::live(&env, sources.as_deref()).await }),
            "/ready" => now(health::ready(state, sources.as_deref())),
            "/" => now(Response::text(200, INDEX)),
            _ => now(Response::text(404, INDEX)),
        }
    }
}

fn now(response: Response) -> Answering {
    Box::pin(std::future::ready(response))
}

/// Writes the page of metrics.
async fn write(
    env: Env,
    state: super::phase::State,
    sources: Option<Arc<Sources>>,
    sender: mpsc::Sender<Bytes>,
) {
    let mut page = Page::new(sender);
    process::write(&env, &mut page.text).await;
    cluster::write_state(state, &mut page.text);
    if let Some(sources) = sources {
        network::write(&sources, &mut page.text);
        requests::write(&sources, &mut page).await;
        logs::write(&sources, &mut page.text).await;
        quorum::write(&sources, &mut page.text);
        cluster::write(&sources, &mut page).await;
        let mut left_out = partitions::LeftOut::default();
        topics::write(&sources, &mut page, &mut left_out).await;
        partitions::write(&sources, &mut page, &mut left_out).await;
        left_out.write(&mut page.text);
    }
    page.finish().await;
}
