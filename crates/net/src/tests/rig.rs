//! A handler that does as its requests say, and a client that sends them.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use env::{Env, Executor, File, OpenOptions, OsOptions, SocketReader, SocketWriter, TempDir};
use tokio::sync::Semaphore;
use wire::{Frame, Piece};

use crate::{
    Call, Connection, Counts, Handler, Limits, ListenerSpec, Reply, SecurityProtocol, Server,
};

/// What a request asks for, in the place of its API key.
pub(crate) const ECHO: i16 = 0;
/// The reply waits until the gate lets it through.
pub(crate) const PARK: i16 = 1;
pub(crate) const NOTHING: i16 = 2;
pub(crate) const CLOSE: i16 = 3;
pub(crate) const PANIC: i16 = 4;
pub(crate) const PANIC_LATER: i16 = 5;
/// The reply is "head", the range of the file the body says, "tail".
pub(crate) const FILE: i16 = 6;
/// The reply has as many bytes as the body says.
pub(crate) const BIG: i16 = 7;
/// The reply is followed by silence for as many milliseconds as the body says.
pub(crate) const MUTE: i16 = 8;
/// Like PARK, then the connection is closed.
pub(crate) const PARK_CLOSE: i16 = 9;
/// Charged as many more bytes as the version says; otherwise an echo.
pub(crate) const ESTIMATED: i16 = 10;
/// May have a hundred bytes.
pub(crate) const SHORT: i16 = 12;

/// Like PARK, and the next request waits as well.
pub(crate) const EXCLUSIVE: i16 = 11;

/// Handler, environment and places of one run.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) env: Env,
    pub(crate) executors: Vec<Executor>,
    pub(crate) handler: Arc<TestHandler>,
}

pub(crate) struct TestHandler {
    pub(crate) gate: Arc<Semaphore>,
    /// The bodies of all requests, in the order of the calls.
    pub(crate) seen: Mutex<Vec<Bytes>>,
    pub(crate) file: File,
    pub(crate) file_content: Vec<u8>,
    pub(crate) connected: AtomicUsize,
    pub(crate) disconnected: AtomicUsize,
}

impl Handler for TestHandler {
    fn call(&self, connection: &Arc<Connection>, frame: Bytes) -> Call {
        assert_eq!(connection.state::<SocketAddr>(), Some(&connection.peer_address()));
        let op = i16::from_be_bytes(frame[..2].try_into().unwrap());
        let body = frame.slice(4..);
        self.seen.lock().unwrap().push(Bytes::copy_from_slice(&body));
        let number = || String::from_utf8_lossy(&body).parse::<usize>().unwrap();
        let gate = Arc::clone(&self.gate);
        match op {
            ECHO | ESTIMATED | SHORT => Reply::frame(framed(&[Piece::Bytes(body)])).into(),
            PARK => Call::pending(async move {
                gate.acquire().await.unwrap().forget();
                Reply::frame(framed(&[Piece::Bytes(body)]))
            }),
            EXCLUSIVE => Call::exclusive(async move {
                gate.acquire().await.unwrap().forget();
                Reply::frame(framed(&[Piece::Bytes(body)]))
            }),
            PARK_CLOSE => Call::pending(async move {
                gate.acquire().await.unwrap().forget();
                Reply::close("asked for, later")
            }),
            NOTHING => Reply::nothing().into(),
            CLOSE => Reply::close("asked for").into(),
            PANIC => panic!("asked for"),
            PANIC_LATER => Call::pending(async move {
                tokio::task::yield_now().await;
                panic!("asked for, later")
            }),
            FILE => {
                let range = self.file.range(number() as u64, 100_000);
                let (head, tail) = (Bytes::from_static(b"head"), Bytes::from_static(b"tail"));
                let pieces = [Piece::Bytes(head), Piece::File(range), Piece::Bytes(tail)];
                Reply::frame(framed(&pieces)).into()
            }
            BIG => Reply::frame(framed(&[Piece::Bytes(vec![7; number()].into())])).into(),
            MUTE => {
                let mute = Duration::from_millis(number() as u64);
                Call::from(Reply::frame(framed(&[Piece::Bytes(body)])).then_mute(mute))
            }
            other => panic!("no such request: {other}"),
        }
    }

    fn connected(&self, peer: SocketAddr, listener: &str) -> Box<dyn Any + Send + Sync> {
        assert!(listener == "PLAIN" || listener == "OTHER");
        self.connected.fetch_add(1, Ordering::SeqCst);
        Box::new(peer)
    }

    fn disconnected(&self, _connection: &Connection) {
        self.disconnected.fetch_add(1, Ordering::SeqCst);
    }

    fn request_bytes_max(&self, api_key: i16) -> usize {
        if api_key == SHORT { 100 } else { usize::MAX }
    }

    fn estimate(&self, api_key: i16, api_version: i16, _length: usize) -> usize {
        if api_key == ESTIMATED { api_version as usize * 1000 } else { 0 }
    }
}

fn framed(pieces: &[Piece]) -> Frame {
    let length: u64 = pieces.iter().map(Piece::len).sum();
    let prefix = Bytes::copy_from_slice(&(length as u32).to_be_bytes());
    let pieces = std::iter::once(Piece::Bytes(prefix)).chain(pieces.iter().cloned());
    Frame { pieces: pieces.collect() }
}

/// A request with its length before it.
pub(crate) fn request(op: i16, body: impl AsRef<[u8]>) -> BytesMut {
    versioned_request(op, 0, body)
}

pub(crate) fn versioned_request(op: i16, version: i16, body: impl AsRef<[u8]>) -> BytesMut {
    let body = body.as_ref();
    let mut bytes = BytesMut::new();
    bytes.put_i32(4 + body.len() as i32);
    bytes.put_i16(op);
    bytes.put_i16(version);
    bytes.put_slice(body);
    bytes
}

/// Runs a check on the machine's environment with two data threads, then on simulated ones.
pub(crate) fn on_both<C: Future<Output = ()>>(check: impl Fn(Rig) -> C) {
    run(Env::os(&OsOptions::default()).unwrap(), &check);
    for seed in 0..4 {
        run(Env::sim(seed), &check);
    }
}

/// Runs a check on a simulated environment.
pub(crate) fn on_sim<C: Future<Output = ()>>(env: Env, check: impl Fn(Rig) -> C) {
    run(env, &check);
}

fn run<C: Future<Output = ()>>(env: Env, check: &impl Fn(Rig) -> C) {
    let dir = TempDir::new().unwrap();
    let path = if env.is_sim() { "/file".into() } else { dir.path().join("file") };
    let file = env.files().open(path, OpenOptions::create()).unwrap();
    let file_content: Vec<u8> = (0..200_000_u32).map(|i| (i >> 3) as u8).collect();
    file.write_all_at(&file_content, 0).unwrap();
    let handler = Arc::new(TestHandler {
        gate: Arc::new(Semaphore::new(0)),
        seen: Mutex::default(),
        file,
        file_content,
        connected: AtomicUsize::new(0),
        disconnected: AtomicUsize::new(0),
    });
    let executors = env.data_threads(2).unwrap();
    let rig = Rig { env: env.clone(), executors, handler };
    env.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), check(rig)).await.unwrap();
    });
    env.shutdown(Duration::from_secs(10));
}

impl Rig {
    pub(crate) async fn serve(&self, limits: Limits) -> Server {
        self.serve_all(vec![spec("PLAIN")], limits).await
    }

    pub(crate) async fn serve_all(&self, specs: Vec<ListenerSpec>, limits: Limits) -> Server {
        let handler = Arc::<TestHandler>::clone(&self.handler);
        Server::start(&self.env, &self.executors, specs, limits, handler).await.unwrap()
    }

    pub(crate) async fn connect(&self, server: &Server) -> Client {
        self.connect_to(server, 0).await
    }

    pub(crate) async fn connect_to(&self, server: &Server, listener: usize) -> Client {
        let address = server.addresses()[listener].1;
        let socket = self.env.network().connect(address).await.unwrap();
        let (reader, writer) = socket.split();
        Client { writer, receiver: Receiver { reader, buffer: BytesMut::new() } }
    }

    /// Waits for what other threads bring about.
    pub(crate) async fn until(&self, condition: impl Fn() -> bool) {
        while !condition() {
            self.env.sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn until_counts(&self, server: &Server, condition: impl Fn(&Counts) -> bool) {
        self.until(|| condition(&server.counts()[0])).await;
    }

    pub(crate) fn seen(&self) -> usize {
        self.handler.seen.lock().unwrap().len()
    }

    pub(crate) fn open_gate(&self, count: usize) {
        self.handler.gate.add_permits(count);
    }
}

pub(crate) fn spec(name: &str) -> ListenerSpec {
    ListenerSpec::new(name, SecurityProtocol::Plaintext, "127.0.0.1:0".parse().unwrap())
}

pub(crate) struct Client {
    pub(crate) writer: SocketWriter,
    receiver: Receiver,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next reply without its length; none if the connection ends before.
    pub(crate) async fn reply(&mut self) -> Option<Bytes> {
        self.receiver.reply().await
    }

    pub(crate) async fn call(&mut self, op: i16, body: impl AsRef<[u8]>) -> Option<Bytes> {
        self.send(request(op, body)).await;
        self.reply().await
    }

    /// All that comes until the end.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        self.receiver.rest().await
    }

    pub(crate) fn halves(self) -> (SocketWriter, Receiver) {
        (self.writer, self.receiver)
    }
}

pub(crate) struct Receiver {
    reader: SocketReader,
    buffer: BytesMut,
}

impl Receiver {
    pub(crate) async fn reply(&mut self) -> Option<Bytes> {
        if !self.fill(4).await {
            return None;
        }
        let length = u32::from_be_bytes(self.buffer.split_to(4)[..].try_into().unwrap());
        assert!(self.fill(length as usize).await, "a reply is cut short");
        Some(self.buffer.split_to(length as usize).freeze())
    }

    async fn fill(&mut self, length: usize) -> bool {
        while self.buffer.len() < length {
            self.buffer.reserve(length.max(1024));
            // A reset is an end as well.
            if self.reader.read(&mut self.buffer).await.unwrap_or(0) == 0 {
                assert!(self.buffer.is_empty(), "the connection ended within a reply");
                return false;
            }
        }
        true
    }

    async fn rest(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.buffer).to_vec();
        let mut buffer = BytesMut::with_capacity(4096);
        while self.reader.read(&mut buffer).await.unwrap_or(0) > 0 {
            all.extend_from_slice(&buffer.split());
            buffer.reserve(4096);
        }
        all
    }
}

/// Numbers of requests in the order of their replies.
pub(crate) async fn replies(client: &mut Client, count: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..count {
        let body = client.reply().await.unwrap();
        bodies.push(String::from_utf8(body.to_vec()).unwrap());
    }
    bodies
}
