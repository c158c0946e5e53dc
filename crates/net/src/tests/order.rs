//! Requests in order, replies in order (kafka-apis 8).

use std::time::Duration;

use bytes::BytesMut;

use super::rig::{
    CLOSE, ECHO, EXCLUSIVE, MUTE, NOTHING, PARK, PARK_CLOSE, on_both, replies, request,
};
use crate::Limits;

#[test]
fn pipelined_requests_are_answered_in_order() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        let mut bytes = BytesMut::new();
        for i in 0..500 {
            bytes.extend(request(ECHO, i.to_string()));
        }
        client.send(&bytes).await;
        let expected: Vec<String> = (0..500).map(|i| i.to_string()).collect();
        assert_eq!(replies(&mut client, 500).await, expected);
        // Sent is counted after sending.
        rig.until_counts(&server, |counts| counts.bytes_out as usize == bytes.len() - 2000).await;
        let counts = server.counts()[0];
        assert_eq!((counts.requests, counts.replies), (500, 500));
        assert_eq!(counts.bytes_in as usize, bytes.len());
    });
}

#[test]
fn a_waiting_request_holds_back_later_replies_but_not_later_requests() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        for (op, body) in [(PARK, "0"), (ECHO, "1"), (NOTHING, "2"), (PARK, "3"), (ECHO, "4")] {
            client.send(request(op, body)).await;
        }
        rig.until(|| rig.seen() == 5).await;
        assert_eq!(server.counts()[0].replies, 0);
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 2).await, ["0", "1"]);
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 2).await, ["3", "4"]);
    });
}

#[test]
fn an_exclusive_request_holds_back_later_requests() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        for (op, body) in [(PARK, "0"), (EXCLUSIVE, "1"), (ECHO, "2"), (EXCLUSIVE, "3")] {
            client.send(request(op, body)).await;
        }
        rig.until(|| rig.seen() == 2).await;
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 1).await, ["0"]);
        rig.env.sleep(Duration::from_millis(20)).await;
        assert_eq!(rig.seen(), 2);
        rig.open_gate(2);
        assert_eq!(replies(&mut client, 3).await, ["1", "2", "3"]);
        assert_eq!(client.call(ECHO, "4").await.unwrap(), "4");
    });
}

#[test]
fn requests_beyond_the_pending_bound_are_not_read() {
    on_both(|rig| async move {
        let limits = Limits { pending_requests_max: 3, ..Limits::default() };
        let server = rig.serve(limits).await;
        let mut client = rig.connect(&server).await;
        for i in 0..6 {
            client.send(request(PARK, i.to_string())).await;
        }
        rig.until(|| rig.seen() == 3).await;
        rig.env.sleep(Duration::from_millis(20)).await;
        assert_eq!(rig.seen(), 3);
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 1).await, ["0"]);
        rig.until(|| rig.seen() == 4).await;
        rig.open_gate(5);
        assert_eq!(replies(&mut client, 5).await, ["1", "2", "3", "4", "5"]);
    });
}

#[test]
fn a_verdict_closes_after_earlier_replies_and_before_later_requests() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        let requests = [(PARK, "0"), (ECHO, "1"), (CLOSE, "2"), (ECHO, "never")];
        let bytes: Vec<u8> =
            requests.iter().flat_map(|(op, body)| request(*op, body).to_vec()).collect();
        client.send(&bytes).await;
        rig.until(|| rig.seen() == 3).await;
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 2).await, ["0", "1"]);
        assert_eq!(client.reply().await, None);
        assert_eq!(rig.seen(), 3);
        rig.until_counts(&server, |counts| counts.handler_closes == 1).await;
        rig.until(|| server.connections() == 0).await;

        let mut client = rig.connect(&server).await;
        client.send(request(PARK_CLOSE, "")).await;
        rig.until(|| rig.seen() == 4).await;
        rig.open_gate(1);
        assert_eq!(client.reply().await, None);
    });
}

#[test]
fn a_muted_connection_is_answered_and_then_not_looked_at() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        let started = rig.env.now();
        client.send([request(MUTE, "60"), request(ECHO, "1")].concat()).await;
        assert_eq!(replies(&mut client, 1).await, ["60"]);
        let answered = rig.env.now() - started;
        assert_eq!(replies(&mut client, 1).await, ["1"]);
        let took = rig.env.now() - started;
        assert!(took >= Duration::from_millis(60), "{took:?}");
        assert!(answered < took);
    });
}

#[test]
fn connections_do_not_wait_for_each_other() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut parked = Vec::new();
        for _ in 0..8 {
            let mut client = rig.connect(&server).await;
            client.send(request(PARK, "p")).await;
            parked.push(client);
        }
        for i in 0..8 {
            let mut client = rig.connect(&server).await;
            assert_eq!(client.call(ECHO, i.to_string()).await.unwrap(), i.to_string());
        }
        rig.open_gate(8);
        for client in &mut parked {
            assert_eq!(client.reply().await.unwrap(), "p");
        }
    });
}

#[test]
fn a_client_that_leaves_ends_what_it_waited_for() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        client.send(request(PARK, "p")).await;
        rig.until(|| rig.seen() == 1).await;
        drop(client);
        rig.until_counts(&server, |counts| counts.connections_closed == 1).await;
        let disconnected = &rig.handler.disconnected;
        rig.until(|| disconnected.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
        rig.until(|| server.connections() == 0).await;
    });
}
