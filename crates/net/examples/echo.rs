//! Answers every request with itself: what the server alone costs, for `strace -f -c` and `perf`.
//!
//! `cargo run --release -p net --example echo -- [port] [data threads]`

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use env::{Env, OsOptions};
use net::{Call, Connection, Handler, Limits, ListenerSpec, Reply, SecurityProtocol, Server};
use wire::Writer;

struct Echo;

impl Handler for Echo {
    fn call(&self, _connection: &Arc<Connection>, frame: Bytes) -> Call {
        let mut writer = Writer::framed();
        writer.raw(&frame);
        match writer.finish() {
            Ok(reply) => Reply::frame(reply).into(),
            Err(error) => Reply::close(error.to_string()).into(),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let threads = arguments.next().map_or(Ok(1), |threads| threads.parse())?;
    let env = Env::os(&OsOptions::default())?;
    let executors = env.data_threads(threads)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listeners = vec![ListenerSpec::new("ECHO", SecurityProtocol::Plaintext, address)];
    env.block_on(async {
        let limits = Limits::default();
        let server = Server::start(&env, &executors, listeners, limits, Arc::new(Echo)).await?;
        eprintln!("listening on {}", server.addresses()[0].1);
        env.termination().await?;
        eprintln!("{:?}", server.counts());
        Ok(())
    })
}
