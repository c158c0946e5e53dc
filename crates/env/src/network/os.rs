//! TCP of the machine.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use socket2::{Domain, Protocol, Type};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};

use super::listen::ListenOptions;
use super::socket::Socket;

/// Bytes one `sendfile` call moves at most: bounds how long a thread stays in the kernel.
const SEND_FILE_MAX: u64 = 1 << 20;

/// The kernel takes at most this many pieces per call (`IOV_MAX`).
const PIECES_PER_CALL_MAX: usize = 1024;

#[derive(Debug)]
pub(super) struct OsPort {
    socket: socket2::Socket,
    address: SocketAddr,
    backlog: u32,
}

pub(super) fn bind(address: SocketAddr, options: &ListenOptions) -> io::Result<OsPort> {
    if options.reuse_port && address.port() != 0 {
        // A shared port is shared with any process of the same user, so that a second server
        // would silently take half of the connections: first see whether the port is free.
        // A port that this process shares already passes since nobody listens on it yet.
        drop(bound(address, options, false)?);
    }
    let socket = bound(address, options, options.reuse_port)?;
    let address = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok(OsPort { socket, address, backlog: options.backlog })
}

fn bound(
    address: SocketAddr,
    options: &ListenOptions,
    reuse_port: bool,
) -> io::Result<socket2::Socket> {
    let socket =
        socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart may listen while connections of its predecessor fade out.
    socket.set_reuse_address(true)?;
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    // Connections inherit all of these, which saves setting them one by one.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    if address.is_ipv6() && address.ip().is_unspecified() {
        // All interfaces means those of both families, as with Java.
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl OsPort {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn listen(self) -> io::Result<TcpListener> {
        self.socket.listen(i32::try_from(self.backlog.max(1)).unwrap_or(i32::MAX))?;
        TcpListener::from_std(self.socket.into())
    }
}

pub(super) async fn accept(listener: &TcpListener) -> io::Result<(Socket, SocketAddr)> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Ok((Socket::os(stream, peer), peer)),
            // The client gave up while it waited.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(explained(error)),
        }
    }
}

fn explained(error: io::Error) -> io::Error {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE | Errno::NFILE) => {
            let advice = "raise the limit of open files (`ulimit -n`, or LimitNOFILE of a service)";
            io::Error::new(error.kind(), format!("{error}; {advice}"))
        }
        _ => error,
    }
}

pub(super) async fn connect(address: SocketAddr) -> io::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?;
    Ok(Socket::os(stream, peer))
}

/// Sends some of the pieces. With `more`, the kernel may hold back a last packet that is not
/// full for what the caller sends next.
pub(super) fn poll_send(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
    more: bool,
) -> Poll<io::Result<usize>> {
    let pieces = &pieces[..pieces.len().min(PIECES_PER_CALL_MAX)];
    let flags = if more { SendFlags::MORE } else { SendFlags::empty() } | SendFlags::NOSIGNAL;
    poll_write_with(stream, cx, || {
        Ok(sendmsg(stream, pieces, &mut SendAncillaryBuffer::default(), flags)?)
    })
}

/// Sends some of `len` bytes of a file from `offset` on, without copying them.
#[cfg(target_os = "linux")]
pub(super) fn poll_send_file(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    file: &std::fs::File,
    offset: u64,
    len: u64,
) -> Poll<io::Result<usize>> {
    poll_write_with(stream, cx, || {
        let mut offset = offset;
        let count = len.min(SEND_FILE_MAX) as usize;
        Ok(rustix::fs::sendfile(stream, file, Some(&mut offset), count)?)
    })
}

/// Sends some of `len` bytes of a file from `offset` on.
#[cfg(not(target_os = "linux"))]
pub(super) fn poll_send_file(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    file: &std::fs::File,
    offset: u64,
    len: u64,
) -> Poll<io::Result<usize>> {
    use std::os::unix::fs::FileExt;
    let mut buf = vec![0; len.min(SEND_FILE_MAX / 16) as usize];
    let count = file.read_at(&mut buf, offset)?;
    poll_send(stream, cx, &[IoSlice::new(&buf[..count])], false)
}

fn poll_write_with(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(cx))?;
        match stream.try_io(Interest::WRITABLE, &mut write) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            result => return Poll::Ready(result),
        }
    }
}
