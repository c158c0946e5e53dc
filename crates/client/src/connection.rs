//! One connection to a server: requests go out in order, answers come back in the same order.

use std::collections::HashMap;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use env::{Env, Instant, SocketReader, SocketWriter, Task};
use tokio::sync::{mpsc, oneshot};
use wire::header::ResponseHeader;
use wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use wire::{ApiKey, ApiRequest, ErrorCode, Frame, Message, Reader, Str, request_frame};

use crate::error::Error;

/// Requests that may be on their way at a time.
const IN_FLIGHT_MAX: usize = 64;
/// An answer above this is taken for a broken connection.
const RESPONSE_BYTES_MAX: usize = 256 << 20;
/// The first question, before versions are known; every server since 0.10 answers some version.
const API_VERSIONS_FIRST: i16 = 4;

/// A connection. Clones are the same connection.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    env: Env,
    address: String,
    client_id: Str,
    requests: mpsc::Sender<Outgoing>,
    versions: HashMap<i16, (i16, i16)>,
    api_versions: ApiVersionsResponse,
    timeout: Duration,
    _task: AbortOnDrop,
}

#[derive(Debug)]
struct Outgoing {
    frame: Frame,
    correlation_id: i32,
    /// Where the body of the answer goes; `None` if there will be no answer.
    answer: Option<oneshot::Sender<Bytes>>,
}

#[derive(Debug)]
struct AbortOnDrop(Task<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Connects, and asks the server which versions it speaks.
    ///
    /// # Errors
    /// The address is not to be reached, or nothing there speaks Kafka's protocol.
    pub async fn open(
        env: &Env,
        host: &str,
        port: u16,
        client_id: &Str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let address = format!("{host}:{port}");
        let failed = |source| Error::Connection { address: address.clone(), source };
        let timed_out =
            || Error::TimedOut { address: address.clone(), timeout_ms: timeout.as_millis() as u64 };
        let addresses = env.network().resolve(host, port).await.map_err(failed)?;
        let socket = within(env, timeout, connect(env, &addresses)).await.ok_or_else(timed_out)?;
        let (reader, writer) = socket.map_err(failed)?.split();
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT_MAX);
        let task = env.spawn("client connection", run(reader, writer, outgoing));
        let mut shared = Shared {
            env: env.clone(),
            address,
            client_id: client_id.clone(),
            requests,
            versions: HashMap::new(),
            api_versions: ApiVersionsResponse::default(),
            timeout,
            _task: AbortOnDrop(task),
        };
        shared.api_versions = shared.ask_versions().await?;
        let keys = shared.api_versions.api_keys.iter();
        shared.versions =
            keys.map(|key| (key.api_key, (key.min_version, key.max_version))).collect();
        Ok(Self(Arc::new(shared)))
    }

    /// The server's address, as host:port.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// What the server said of itself when the connection was opened.
    pub fn api_versions(&self) -> &ApiVersionsResponse {
        &self.0.api_versions
    }

    /// Whether the connection can still be used.
    pub fn is_open(&self) -> bool {
        !self.0.requests.is_closed()
    }

    /// The highest version of an API that both sides speak, not above `at_most`.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub fn version(&self, api: ApiKey, at_most: i16) -> Result<i16, Error> {
        let (min, max) =
            self.0.versions.get(&api.code()).copied().ok_or(Error::Unsupported(api))?;
        let spec = api.spec();
        let version = max.min(spec.stable_max_version()).min(at_most);
        if version < min || version < spec.min_version {
            return Err(Error::Unsupported(api));
        }
        Ok(version)
    }

    /// Sends a request in the highest version in common and waits for its answer.
    ///
    /// # Errors
    /// The connection fails, the server does not answer in time, or not in a way that can be read.
    pub async fn call<R: ApiRequest>(&self, request: &R) -> Result<R::Response, Error> {
        let version = self.version(R::API, i16::MAX)?;
        self.0.exchange(request, version, self.0.timeout).await
    }

    /// As [`call`](Self::call), in a given version and with its own time limit.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_version<R: ApiRequest>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        self.0.exchange(request, version, timeout).await
    }

    /// Sends a request, in the highest version in common that is not above `at_most`, and goes on
    /// before it is answered. Requests arrive in the order in which they are begun.
    ///
    /// # Errors
    /// The connection is closed, or there is no such version.
    pub async fn begin<R: ApiRequest>(
        &self,
        request: &R,
        at_most: i16,
    ) -> Result<Answer<R>, Error> {
        let version = self.version(R::API, at_most)?;
        let (answer, body) = oneshot::channel();
        self.0.put(request, version, Some(answer)).await?;
        let due = self.0.env.now() + self.0.timeout;
        Ok(Answer { connection: self.clone(), body, version, due, request: PhantomData })
    }

    /// The level the cluster has finalized a feature at, 0 for none.
    pub fn finalized(&self, feature: &str) -> i16 {
        let all = &self.0.api_versions.finalized_features;
        let found = all.iter().find(|finalized| finalized.name == *feature);
        found.map_or(0, |finalized| finalized.max_version_level)
    }

    /// Sends a request that gets no answer (Produce with acks=0).
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn send<R: ApiRequest>(&self, request: &R) -> Result<(), Error> {
        let version = self.version(R::API, i16::MAX)?;
        self.0.put(request, version, None).await
    }
}

/// The answer to a request that was begun.
pub struct Answer<R> {
    connection: Connection,
    body: oneshot::Receiver<Bytes>,
    version: i16,
    due: Instant,
    request: PhantomData<fn(R)>,
}

impl<R: ApiRequest> Answer<R> {
    /// Waits for the answer. To be dropped while it waits is fine, to be called again after it
    /// came is not.
    ///
    /// # Errors
    /// The connection fails, the server does not answer in time, or not in a way that can be read.
    pub async fn wait(&mut self) -> Result<R::Response, Error> {
        let Shared { env, address, timeout, .. } = &*self.connection.0;
        tokio::select! {
            biased;
            body = &mut self.body => match body {
                Ok(body) => decode(R::API, self.version, body),
                Err(_) => Err(self.connection.0.closed()),
            },
            () = env.sleep_until(self.due) => Err(Error::TimedOut {
                address: address.clone(),
                timeout_ms: timeout.as_millis() as u64,
            }),
        }
    }
}

impl Shared {
    async fn ask_versions(&self) -> Result<ApiVersionsResponse, Error> {
        let request = ApiVersionsRequest {
            client_software_name: Str::from("ottla"),
            client_software_version: Str::from(env!("CARGO_PKG_VERSION")),
            ..ApiVersionsRequest::default()
        };
        let mut version = API_VERSIONS_FIRST;
        loop {
            let body = self.answer_to(&request, version, self.timeout).await?;
            // A server that does not know the version says so in version 0 (KIP-511).
            let unknown = ErrorCode::UnsupportedVersion.code().to_be_bytes();
            let answered = if body.get(4..6) == Some(&unknown) { 0 } else { version };
            let response: ApiVersionsResponse = decode(ApiKey::ApiVersions, answered, body)?;
            if response.error_code != ErrorCode::UnsupportedVersion.code() {
                return Ok(response);
            }
            let own = response.api_keys.iter().find(|key| key.api_key == 18);
            let next = own.map_or(0, |key| key.max_version.min(version - 1));
            if version == 0 || next < 0 {
                return Err(Error::Unsupported(ApiKey::ApiVersions));
            }
            version = next;
        }
    }

    async fn exchange<R: ApiRequest>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        let body = self.answer_to(request, version, timeout).await?;
        decode(R::API, version, body)
    }

    async fn answer_to<R: ApiRequest>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<Bytes, Error> {
        let (answer, body) = oneshot::channel();
        self.put(request, version, Some(answer)).await?;
        match within(&self.env, timeout, body).await {
            Some(Ok(body)) => Ok(body),
            Some(Err(_)) => Err(self.closed()),
            None => Err(Error::TimedOut {
                address: self.address.clone(),
                timeout_ms: timeout.as_millis() as u64,
            }),
        }
    }

    async fn put<R: ApiRequest>(
        &self,
        request: &R,
        version: i16,
        answer: Option<oneshot::Sender<Bytes>>,
    ) -> Result<(), Error> {
        let correlation_id = (self.env.random().u64() >> 33) as i32;
        let client_id = Some(self.client_id.clone());
        let frame = request_frame(R::API, version, correlation_id, client_id, request)?;
        let outgoing = Outgoing { frame, correlation_id, answer };
        self.requests.send(outgoing).await.map_err(|_| self.closed())
    }

    fn closed(&self) -> Error {
        let source = io::Error::new(io::ErrorKind::ConnectionReset, "closed by the server");
        Error::Connection { address: self.address.clone(), source }
    }
}

fn decode<T: Message>(api: ApiKey, version: i16, frame: Bytes) -> Result<T, Error> {
    let mut reader = Reader::new(frame);
    ResponseHeader::decode(&mut reader, api.response_header_version(version))?;
    let message = T::decode(&mut reader, version)?;
    reader.finish()?;
    Ok(message)
}

async fn connect(env: &Env, addresses: &[SocketAddr]) -> io::Result<env::Socket> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match env.network().connect(*address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The future's result, or `None` if it takes longer than `limit`.
pub(crate) async fn within<F: Future>(env: &Env, limit: Duration, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = env.sleep(limit) => None,
    }
}

type Waiting = Mutex<std::collections::VecDeque<(i32, oneshot::Sender<Bytes>)>>;

/// Writes requests and hands out answers until either side ends the connection.
async fn run(
    mut reader: SocketReader,
    mut writer: SocketWriter,
    mut outgoing: mpsc::Receiver<Outgoing>,
) {
    let waiting = Waiting::default();
    let write = async {
        while let Some(request) = outgoing.recv().await {
            if let Some(answer) = request.answer {
                lock(&waiting).push_back((request.correlation_id, answer));
            }
            if write_frame(&mut writer, request.frame).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut buffer = BytesMut::new();
        while let Ok(Some(frame)) = read_frame(&mut reader, &mut buffer).await {
            let Some((expected, answer)) = lock(&waiting).pop_front() else { return };
            if frame.get(..4) != Some(&expected.to_be_bytes()) {
                tracing::warn!("an answer does not belong to the request; closing the connection");
                return;
            }
            // Whoever asked may have given up.
            let _ = answer.send(frame);
        }
    };
    tokio::select! {
        biased;
        () = write => {}
        () = read => {}
    }
}

fn lock(
    waiting: &Waiting,
) -> std::sync::MutexGuard<'_, std::collections::VecDeque<(i32, oneshot::Sender<Bytes>)>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write_frame(writer: &mut SocketWriter, frame: Frame) -> io::Result<()> {
    let mut rest = frame.flatten()?;
    while !rest.is_empty() {
        let slices = [io::IoSlice::new(&rest)];
        let sent =
            std::future::poll_fn(|cx| writer.poll_write_vectored(cx, &slices, false)).await?;
        rest.advance(sent);
    }
    Ok(())
}

/// The next frame without its length; `None` at the end of the stream.
async fn read_frame(reader: &mut SocketReader, buffer: &mut BytesMut) -> io::Result<Option<Bytes>> {
    loop {
        if let Some(prefix) = buffer.first_chunk::<4>() {
            let length = usize::try_from(i32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
            if length > RESPONSE_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not an answer"));
            }
            if buffer.len() >= 4 + length {
                buffer.advance(4);
                return Ok(Some(buffer.split_to(length).freeze()));
            }
            buffer.reserve(4 + length - buffer.len());
        } else {
            buffer.reserve(64 << 10);
        }
        if reader.read(buffer).await? == 0 {
            return Ok(None);
        }
    }
}
