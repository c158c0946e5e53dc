//! A connection, whole, halved, or on its way to another thread.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use wire::FileRange;

use super::os;
use super::sim::{SimReader, SimSocket, SimWriter};
use crate::files::OsFile;

/// A connection. It belongs to the thread it was accepted or connected on.
#[derive(Debug)]
pub struct Socket {
    kind: Kind,
    peer: SocketAddr,
}

#[derive(Debug)]
enum Kind {
    Os(TcpStream),
    Sim(SimSocket),
}

impl Socket {
    pub(super) fn os(stream: TcpStream, peer: SocketAddr) -> Self {
        Self { kind: Kind::Os(stream), peer }
    }

    pub(super) fn sim(socket: SimSocket, peer: SocketAddr) -> Self {
        Self { kind: Kind::Sim(socket), peer }
    }

    /// The address of the other side.
    #[must_use]
    pub fn peer_address(&self) -> SocketAddr {
        self.peer
    }

    /// The address of this side.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        match &self.kind {
            Kind::Os(stream) => stream.local_addr(),
            Kind::Sim(socket) => Ok(socket.local_address()),
        }
    }

    /// The two directions, for use side by side. The connection is closed when both are dropped.
    #[must_use]
    pub fn split(self) -> (SocketReader, SocketWriter) {
        match self.kind {
            Kind::Os(stream) => {
                let (reader, writer) = stream.into_split();
                (SocketReader(ReaderKind::Os(reader)), SocketWriter(WriterKind::Os(writer)))
            }
            Kind::Sim(socket) => {
                let (reader, writer) = socket.split();
                (SocketReader(ReaderKind::Sim(reader)), SocketWriter(WriterKind::Sim(writer)))
            }
        }
    }

    /// Takes the connection from this thread, to hand it to another one.
    ///
    /// # Errors
    /// The thread's event queue refuses.
    pub fn detach(self) -> io::Result<DetachedSocket> {
        let kind = match self.kind {
            Kind::Os(stream) => DetachedKind::Os(stream.into_std()?),
            Kind::Sim(socket) => DetachedKind::Sim(socket),
        };
        Ok(DetachedSocket { kind, peer: self.peer })
    }
}

/// A connection that belongs to no thread.
#[derive(Debug)]
pub struct DetachedSocket {
    kind: DetachedKind,
    peer: SocketAddr,
}

#[derive(Debug)]
enum DetachedKind {
    Os(std::net::TcpStream),
    Sim(SimSocket),
}

impl DetachedSocket {
    /// Gives the connection to the thread of the calling task.
    ///
    /// # Errors
    /// The thread's event queue is full.
    pub fn attach(self) -> io::Result<Socket> {
        let kind = match self.kind {
            DetachedKind::Os(stream) => Kind::Os(TcpStream::from_std(stream)?),
            DetachedKind::Sim(socket) => Kind::Sim(socket),
        };
        Ok(Socket { kind, peer: self.peer })
    }
}

/// The incoming direction of a connection.
#[derive(Debug)]
pub struct SocketReader(ReaderKind);

#[derive(Debug)]
enum ReaderKind {
    Os(OwnedReadHalf),
    Sim(SimReader),
}

impl SocketReader {
    /// Waits until a read would tell something, without a buffer to read into.
    ///
    /// # Errors
    /// The thread's event queue is gone.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            ReaderKind::Os(reader) => reader.as_ref().poll_read_ready(cx),
            ReaderKind::Sim(reader) => reader.poll_readable(cx).map(Ok),
        }
    }

    /// Reads into the spare capacity of `buf`, which the caller has reserved, with one system
    /// call; 0 at the end of the stream (or when there is no spare capacity).
    ///
    /// # Errors
    /// The connection was reset, or failed otherwise.
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            // A filled part of the buffer tells tokio that the socket is drained, which saves the
            // read that would say so. The future holds nothing between polls.
            ReaderKind::Os(reader) => {
                if buf.capacity() == buf.len() {
                    return Poll::Ready(Ok(0));
                }
                pin!(reader.read_buf(buf)).poll(cx)
            }
            ReaderKind::Sim(reader) => reader.poll_read(cx, buf),
        }
    }

    /// [`poll_read`](Self::poll_read) to await.
    ///
    /// # Errors
    /// The connection was reset, or failed otherwise.
    pub async fn read(&mut self, buf: &mut BytesMut) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read(cx, buf)).await
    }
}

/// The outgoing direction of a connection; dropping it tells the other side of the end.
#[derive(Debug)]
pub struct SocketWriter(WriterKind);

#[derive(Debug)]
enum WriterKind {
    Os(OwnedWriteHalf),
    Sim(SimWriter),
}

impl SocketWriter {
    /// Sends some of the pieces with one system call, and tells how many bytes. With `more`, the
    /// kernel may hold back a last packet that is not full, for what follows at once.
    ///
    /// # Errors
    /// The connection was reset, or failed otherwise.
    pub fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            WriterKind::Os(writer) => os::poll_send(writer.as_ref(), cx, pieces, more),
            WriterKind::Sim(writer) => writer.poll_write_vectored(cx, pieces),
        }
    }

    /// Sends a part of a file range, without its first `skip` bytes, and tells how many bytes; on
    /// Linux they go from the page cache to the socket (`sendfile`).
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends within the range; the connection was
    /// reset; another I/O error.
    pub fn poll_send_range(
        &mut self,
        cx: &mut Context<'_>,
        range: &FileRange,
        skip: u64,
    ) -> Poll<io::Result<usize>> {
        let (offset, len) = (range.offset + skip, range.len.saturating_sub(skip));
        if len == 0 {
            return Poll::Ready(Ok(0));
        }
        match &mut self.0 {
            WriterKind::Os(writer) => match OsFile::of(&*range.source) {
                Some(file) => match os::poll_send_file(writer.as_ref(), cx, file, offset, len) {
                    Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    sent => sent,
                },
                None => {
                    let copy = copied(range, offset, len)?;
                    os::poll_send(writer.as_ref(), cx, &[IoSlice::new(&copy)], false)
                }
            },
            WriterKind::Sim(writer) => {
                let copy = copied(range, offset, len)?;
                writer.poll_write_vectored(cx, &[IoSlice::new(&copy)])
            }
        }
    }

    /// Sends all of the pieces, one after the other. The slices are used up.
    ///
    /// # Errors
    /// The connection was reset, or failed otherwise; a part may have been sent.
    pub async fn write_all_vectored(&mut self, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut pieces, 0);
        while !pieces.is_empty() {
            match poll_fn(|cx| self.poll_write_vectored(cx, pieces, false)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                sent => IoSlice::advance_slices(&mut pieces, sent),
            }
        }
        Ok(())
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// As [`write_all_vectored`](Self::write_all_vectored).
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all_vectored(&mut [IoSlice::new(bytes)]).await
    }

    /// Tells the other side that nothing more comes; the incoming direction stays open.
    ///
    /// # Errors
    /// The connection is gone already.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        match &mut self.0 {
            WriterKind::Os(writer) => poll_fn(|cx| Pin::new(&mut *writer).poll_shutdown(cx)).await,
            WriterKind::Sim(writer) => {
                writer.shutdown();
                Ok(())
            }
        }
    }
}

/// The next bytes of a range, as many as fit into a buffer of bounded size: where the kernel
/// cannot send them by itself.
fn copied(range: &FileRange, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; len.min(64 * 1024) as usize];
    range.source.read_range(offset, &mut buf)?;
    Ok(buf)
}
