//! A connection as hyper wants it.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use env::{Socket, SocketReader, SocketWriter};
use hyper::rt::{Read, ReadBufCursor, Write};

/// Bytes read with one system call.
const READ: usize = 4096;

pub(crate) struct Connection {
    reader: SocketReader,
    writer: SocketWriter,
    input: BytesMut,
    /// Whether bytes have moved.
    active: Arc<AtomicBool>,
}

impl Connection {
    pub(crate) fn new(socket: Socket, active: Arc<AtomicBool>) -> Self {
        let (reader, writer) = socket.split();
        Self { reader, writer, input: BytesMut::new(), active }
    }
}

impl Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.input.is_empty() {
            this.input.reserve(READ);
            let count = ready!(this.reader.poll_read(cx, &mut this.input))?;
            this.active.fetch_or(count > 0, Ordering::Relaxed);
        }
        let count = this.input.len().min(buf.remaining());
        buf.put_slice(&this.input[..count]);
        this.input.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl Write for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(self.writer.poll_write_vectored(cx, bufs, false));
        self.active.store(true, Ordering::Relaxed);
        Poll::Ready(sent)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The future holds nothing between polls.
        pin!(self.writer.shutdown()).poll(cx)
    }
}
