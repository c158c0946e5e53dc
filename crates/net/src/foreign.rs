//! Those who speak something else to a plaintext Kafka port.

use std::time::Duration;

use bytes::BytesMut;
use env::{SocketReader, SocketWriter};

/// A protocol recognized by the first four bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    Http,
    Tls,
}

/// As the length of a request all of these stand for more than 369 MB, beyond any sane bound.
pub(crate) fn recognize(first: [u8; 4]) -> Option<Foreign> {
    match &first {
        b"GET " | b"POST" | b"PUT " | b"HEAD" | b"DELE" | b"OPTI" | b"PATC" | b"CONN" | b"TRAC"
        | b"PRI " => Some(Foreign::Http),
        // A handshake record of any version from SSL 3.0 to what TLS 1.3 puts there.
        [0x16, 0x03, 0x00..=0x04, _] => Some(Foreign::Tls),
        _ => None,
    }
}

/// At most this many bytes are taken from an HTTP client after the answer, and for this long:
/// closing with bytes unread would make the client's system throw the answer away.
const DRAIN_BYTES_MAX: usize = 64 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(1);

/// Tells an HTTP client in plain words where it is.
pub(crate) async fn answer_http(
    listener: &str,
    reader: &mut SocketReader,
    writer: &mut SocketWriter,
) {
    let text = format!(
        "This port (listener {listener}) speaks the Kafka protocol, not HTTP.\n\
         Point a Kafka client at it, for example: kcat -b HOST:PORT -L\n"
    );
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let farewell = async {
        writer.write_all(answer.as_bytes()).await?;
        writer.shutdown().await?;
        let mut drained = 0;
        while drained < DRAIN_BYTES_MAX {
            match reader.read(&mut BytesMut::with_capacity(4096)).await? {
                0 => break,
                got => drained += got,
            }
        }
        std::io::Result::Ok(())
    };
    // Whether the client heard it makes no difference to the server.
    _ = tokio::time::timeout(DRAIN_TIME_MAX, farewell).await;
}

#[cfg(test)]
mod tests {
    use super::{Foreign, recognize};

    #[test]
    fn verbs_and_handshakes_are_told_from_lengths() {
        assert_eq!(recognize(*b"GET "), Some(Foreign::Http));
        assert_eq!(recognize(*b"PRI "), Some(Foreign::Http));
        assert_eq!(recognize([0x16, 3, 1, 2]), Some(Foreign::Tls));
        assert_eq!(recognize(104_857_600_i32.to_be_bytes()), None);
        assert_eq!(recognize(17_i32.to_be_bytes()), None);
        assert_eq!(recognize([0x16, 4, 1, 2]), None);
    }
}
