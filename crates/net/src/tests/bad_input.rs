//! Frames in parts, wrong lengths, other protocols, panics.

use std::time::Duration;

use super::rig::{BIG, ECHO, PANIC, PANIC_LATER, PARK, Rig, on_both, replies, request, spec};
use crate::{Limits, ListenerSpec, SecurityProtocol, Server};

#[test]
fn a_request_may_come_byte_by_byte() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        for byte in request(ECHO, "slowly") {
            client.send([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(replies(&mut client, 1).await, ["slowly"]);
    });
}

#[test]
fn requests_of_all_sizes_arrive_whole() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        let sizes = [
            0, 1, 1_019, 1_020, 1_021, 16_375, 16_376, 16_377, 16_384, 20_000, 65_530, 65_536,
            70_000, 300_000, 5, 1_500, 2_000_000, 3, 40_000, 40_001, 39_999, 9_000,
        ];
        for size in sizes {
            let body: Vec<u8> = (0..size).map(|i: u32| (i.wrapping_mul(size) >> 7) as u8).collect();
            // Each with a small one in the same write.
            let both = [request(ECHO, &body), request(ECHO, "next")].concat();
            client.send(both).await;
            assert!(client.reply().await.unwrap() == body, "{size}");
            assert_eq!(client.reply().await.unwrap(), "next");
        }
    });
}

/// What remains to be read after `bytes` were sent on a new connection.
async fn answer_to(rig: &Rig, server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut client = rig.connect(server).await;
    // The server may close before all is sent.
    _ = client.writer.write_all(bytes).await;
    client.rest().await
}

#[test]
fn a_length_out_of_bounds_closes_the_connection() {
    // kafka-apis 10
    on_both(|rig| async move {
        let limits = Limits { request_bytes_max: 1000, ..Limits::default() };
        let server = rig.serve(limits).await;
        for length in [-1, i32::MIN, 1001, i32::MAX] {
            assert_eq!(answer_to(&rig, &server, &length.to_be_bytes()).await, b"");
        }
        rig.until_counts(&server, |counts| counts.bad_lengths == 4).await;
        // The bound itself is fine; and what came before a bad length is answered.
        let mut client = rig.connect(&server).await;
        let good = request(ECHO, [1; 996]);
        client.send([&good[..], &(-5_i32).to_be_bytes()[..]].concat()).await;
        assert_eq!(client.reply().await.unwrap(), [1_u8; 996][..]);
        assert_eq!(client.reply().await, None);
        let mut client = rig.connect(&server).await;
        client.send([&request(PARK, "p")[..], &(-5_i32).to_be_bytes()[..]].concat()).await;
        rig.until(|| rig.seen() == 2).await;
        rig.open_gate(1);
        assert_eq!(client.reply().await.unwrap(), "p");
        assert_eq!(client.reply().await, None);
        assert_eq!(rig.seen(), 2);
    });
}

#[test]
fn http_is_answered_in_plain_words_and_tls_is_turned_away() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let get = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";
        let answer = String::from_utf8(answer_to(&rig, &server, get).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains("listener PLAIN) speaks the Kafka protocol, not HTTP"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(answer.contains(&format!("Content-Length: {}\r\n", body.len())));
        let hello = [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
        assert_eq!(answer_to(&rig, &server, &hello).await, b"");
        rig.until_counts(&server, |counts| counts.foreign_protocols == 2).await;
        // An unfinished prefix or request is no protocol; it ends with its connection.
        for bytes in [&b"GE"[..], &[0, 0, 0, 9, 1], &[]] {
            drop(rig.connect(&server).await.writer.write_all(bytes).await);
        }
        rig.until_counts(&server, |counts| counts.connections_closed == 5).await;
        assert_eq!(rig.seen(), 0);
    });
}

#[test]
fn a_panic_closes_its_connection_only() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut witness = rig.connect(&server).await;
        witness.send(request(PARK, "alive")).await;
        for op in [PANIC, PANIC_LATER] {
            let mut client = rig.connect(&server).await;
            assert_eq!(client.call(ECHO, "1").await.unwrap(), "1");
            assert_eq!(client.call(op, "").await, None);
        }
        rig.until_counts(&server, |counts| counts.handler_panics == 2).await;
        rig.open_gate(1);
        assert_eq!(witness.reply().await.unwrap(), "alive");
        rig.until(|| server.connections() == 1).await;
    });
}

#[test]
fn other_protocols_than_plaintext_are_refused_with_the_reason() {
    on_both(|rig| async move {
        let ssl = ListenerSpec { protocol: SecurityProtocol::SaslSsl, ..spec("SAFE") };
        let refused = Server::bind(&rig.env, &rig.executors, vec![ssl], Limits::default());
        let text = refused.err().unwrap().to_string();
        assert!(text.contains("listener SAFE asks for SASL_SSL"), "{text}");
        assert_eq!("sasl_plaintext".parse(), Ok(SecurityProtocol::SaslPlaintext));
        assert!("TLS".parse::<SecurityProtocol>().is_err());

        let server = rig.serve(Limits::default()).await;
        let taken = ListenerSpec { address: server.addresses()[0].1, ..spec("OTHER") };
        let refused = Server::bind(&rig.env, &rig.executors, vec![taken], Limits::default());
        let text = refused.err().unwrap().to_string();
        assert!(text.starts_with("listener OTHER: cannot listen on 127.0.0.1:"), "{text}");
        assert!(text.contains("the port is in use"), "{text}");
    });
}

#[test]
fn closing_the_server_ends_connections_and_frees_the_ports() {
    on_both(|rig| async move {
        let mut server = rig.serve(Limits::default()).await;
        let address = server.addresses()[0].1;
        let mut client = rig.connect(&server).await;
        assert_eq!(client.call(ECHO, "1").await.unwrap(), "1");
        server.stop_accepting();
        assert_eq!(client.call(BIG, "5").await.unwrap().len(), 5);
        server.close();
        assert_eq!(client.reply().await, None);
        loop {
            let again = crate::ListenerSpec { address, ..spec("PLAIN") };
            // The acceptors end on their own threads.
            if Server::bind(&rig.env, &rig.executors, vec![again], Limits::default()).is_ok() {
                break;
            }
            rig.env.sleep(Duration::from_millis(2)).await;
        }
    });
}
