//! Replies of memory and files, and clients that do not take them.

use std::time::Duration;

use super::rig::{BIG, ECHO, FILE, PARK, on_both, request};
use crate::Limits;

#[test]
fn file_ranges_arrive_between_the_bytes_around_them() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        let offsets = [0, 1, 4096, 65_537, 99_999, 100_000];
        let mut all = Vec::new();
        for offset in offsets {
            all.extend(request(FILE, offset.to_string()));
            all.extend(request(ECHO, "between"));
        }
        client.send(all).await;
        for offset in offsets {
            let reply = client.reply().await.unwrap();
            assert_eq!((&reply[..4], &reply[100_004..]), (&b"head"[..], &b"tail"[..]));
            let expected = &rig.handler.file_content[offset..offset + 100_000];
            assert!(reply[4..100_004] == *expected, "at {offset}");
            assert_eq!(client.reply().await.unwrap(), "between");
        }
    });
}

#[test]
fn a_range_beyond_the_file_closes_the_connection() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        client.send(request(FILE, "150000")).await;
        // What there was has gone out under a length that is too long.
        let got = client.rest().await;
        assert!(got.len() < 4 + 4 + 100_000);
        rig.until_counts(&server, |counts| counts.connections_closed == 1).await;
        let mut client = rig.connect(&server).await;
        assert_eq!(client.call(ECHO, "1").await.unwrap(), "1");
    });
}

#[test]
fn large_replies_in_memory_arrive_whole() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        for size in [1, 100_000, 5_000_000] {
            let reply = client.call(BIG, size.to_string()).await.unwrap();
            assert_eq!(reply.len(), size);
            assert!(reply.iter().all(|byte| *byte == 7));
        }
    });
}

#[test]
fn who_takes_no_replies_is_asked_no_more_requests() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut slow = rig.connect(&server).await;
        let requests: Vec<u8> = (0..50).flat_map(|_| request(BIG, "1000000").to_vec()).collect();
        slow.send(requests).await;
        // The first ones fill the socket; then no more than one reply is in memory.
        let mut before = 0;
        loop {
            rig.env.sleep(Duration::from_millis(50)).await;
            if rig.seen() == before && before > 0 {
                break;
            }
            before = rig.seen();
        }
        assert!(before < 30, "{before} megabytes of replies for a client that reads nothing");
        let mut other = rig.connect(&server).await;
        assert_eq!(other.call(ECHO, "1").await.unwrap(), "1");
        for _ in 0..50 {
            assert_eq!(slow.reply().await.unwrap().len(), 1_000_000);
        }
    });
}

#[test]
fn replies_behind_a_waiting_one_are_bounded_and_counted() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        client.send(request(PARK, "p")).await;
        for _ in 0..9 {
            client.send(request(BIG, "50000")).await;
        }
        rig.until(|| server.memory_in_use().1 == 2 * (4 + 50_000)).await;
        assert_eq!(rig.seen(), 3, "two large replies wait for the first one's turn");
        rig.open_gate(1);
        assert_eq!(client.reply().await.unwrap(), "p");
        for _ in 0..9 {
            assert_eq!(client.reply().await.unwrap().len(), 50_000);
        }
        rig.until(|| server.memory_in_use() == (0, 0)).await;
    });
}

#[test]
fn stalled_connections_are_closed_when_memory_for_replies_is_short() {
    on_both(|rig| async move {
        let limits = Limits {
            replies_memory_bytes: 1_000_000,
            reply_stall_max: Duration::from_millis(100),
            ..Limits::default()
        };
        let server = rig.serve(limits).await;
        let mut stalled = rig.connect(&server).await;
        stalled.send(request(BIG, "30000000")).await;
        rig.until(|| rig.seen() == 1).await;
        rig.until_counts(&server, |counts| counts.bytes_out > 0).await;
        // Others wait until the memory is there again, and are served then.
        let mut other = rig.connect(&server).await;
        assert_eq!(other.call(ECHO, "1").await.unwrap(), "1");
        rig.until_counts(&server, |counts| counts.connections_stalled_closed == 1).await;
        rig.until(|| server.connections() == 1).await;
    });
}
