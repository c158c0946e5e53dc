//! Memory, connections, rates, idleness (kafka-apis 14, 15).

use std::time::Duration;

use super::rig::{
    Client, ECHO, ESTIMATED, PARK, Rig, SHORT, on_both, replies, request, spec, versioned_request,
};
use crate::{Limits, ListenerLimits, ListenerSpec, Server};

const MOMENT: Duration = Duration::from_millis(30);

#[test]
fn requests_without_memory_wait_their_turn() {
    on_both(|rig| async move {
        let limits = Limits { requests_memory_bytes: 10_000, ..Limits::default() };
        let server = rig.serve(limits).await;
        let body = vec![1; 4_000];
        let mut clients = Vec::new();
        for _ in 0..4 {
            let mut client = rig.connect(&server).await;
            client.send(request(PARK, &body)).await;
            clients.push(client);
        }
        rig.until(|| rig.seen() == 2).await;
        rig.until_counts(&server, |counts| counts.memory_waits == 2).await;
        assert_eq!(rig.seen(), 2, "two of four thousand bytes each fit into ten thousand");
        rig.open_gate(4);
        for client in &mut clients {
            assert_eq!(client.reply().await.unwrap(), body);
        }
    });
}

#[test]
fn a_request_larger_than_the_budget_is_read_alone() {
    on_both(|rig| async move {
        let limits = Limits { requests_memory_bytes: 1_000, ..Limits::default() };
        let server = rig.serve(limits).await;
        let mut large = rig.connect(&server).await;
        let body = vec![3; 100_000];
        assert_eq!(large.call(ECHO, &body).await.unwrap(), body);
        large.send(request(PARK, &body)).await;
        rig.until(|| rig.seen() == 2).await;
        let mut small = rig.connect(&server).await;
        small.send(request(ECHO, "small")).await;
        rig.until_counts(&server, |counts| counts.memory_waits == 1).await;
        assert_eq!(rig.seen(), 2);
        // A connection that goes while it has memory, or waits for it, gives it back.
        drop(large);
        assert_eq!(replies(&mut small, 1).await, ["small"]);
    });
}

#[test]
fn a_request_longer_than_its_api_allows_ends_the_connection() {
    on_both(|rig| async move {
        let server = rig.serve(Limits::default()).await;
        let mut client = rig.connect(&server).await;
        // Key and version are four bytes.
        assert_eq!(client.call(SHORT, vec![1; 96]).await.unwrap(), vec![1; 96]);
        assert_eq!(client.call(ECHO, vec![2; 97]).await.unwrap(), vec![2; 97]);
        // Its end is not waited for.
        let mut announced = request(SHORT, vec![3; 97]);
        client.send(announced.split_to(20)).await;
        assert_eq!(client.reply().await, None);
        rig.until_counts(&server, |counts| counts.bad_lengths == 1).await;
        assert_eq!(rig.seen(), 2);
    });
}

#[test]
fn what_the_handler_estimates_is_charged() {
    on_both(|rig| async move {
        let limits = Limits { requests_memory_bytes: 10_000, ..Limits::default() };
        let server = rig.serve(limits).await;
        let mut parked = rig.connect(&server).await;
        parked.send(request(PARK, vec![1; 5_000])).await;
        rig.until(|| rig.seen() == 1).await;
        let mut client = rig.connect(&server).await;
        client.send(versioned_request(ESTIMATED, 4, "4000 more")).await;
        assert_eq!(replies(&mut client, 1).await, ["4000 more"]);
        client.send(versioned_request(ESTIMATED, 5, "5000 more")).await;
        rig.until_counts(&server, |counts| counts.memory_waits == 1).await;
        rig.open_gate(1);
        assert_eq!(replies(&mut client, 1).await, ["5000 more"]);
    });
}

async fn served(client: &mut Client) {
    assert_eq!(client.call(ECHO, "?").await.unwrap(), "?");
}

/// The request stays sent and is answered when its time comes.
async fn not_served(rig: &Rig, client: &mut Client) {
    client.send(request(ECHO, "?")).await;
    tokio::select! {
        biased;
        reply = client.reply() => panic!("served: {reply:?}"),
        () = rig.env.sleep(MOMENT) => {}
    }
}

#[test]
fn above_the_total_nobody_is_accepted_until_one_leaves() {
    on_both(|rig| async move {
        let limits = Limits { connections_max: 2, ..Limits::default() };
        let server = rig.serve(limits.clone()).await;
        let mut first = rig.connect(&server).await;
        let mut second = rig.connect(&server).await;
        served(&mut first).await;
        served(&mut second).await;
        let mut third = rig.connect(&server).await;
        not_served(&rig, &mut third).await;
        drop(first);
        assert_eq!(third.reply().await.unwrap(), "?");
        let mut fourth = rig.connect(&server).await;
        not_served(&rig, &mut fourth).await;
        server.set_limits(Limits { connections_max: 3, ..limits });
        assert_eq!(fourth.reply().await.unwrap(), "?");
    });
}

#[test]
fn a_lowered_total_closes_who_was_idle_longest() {
    on_both(|rig| async move {
        let limits = Limits { idle_max: Duration::from_secs(3), ..Limits::default() };
        let server = rig.serve(limits.clone()).await;
        let mut idle = rig.connect(&server).await;
        let mut busy = rig.connect(&server).await;
        served(&mut idle).await;
        for _ in 0..30 {
            served(&mut busy).await;
            rig.env.sleep(Duration::from_millis(15)).await;
        }
        server.set_limits(Limits { connections_max: 1, ..limits });
        assert_eq!(idle.reply().await, None);
        served(&mut busy).await;
    });
}

#[test]
fn one_listener_has_its_own_bound_and_another_is_protected() {
    on_both(|rig| async move {
        let protected = ListenerLimits { protected: true, ..ListenerLimits::default() };
        let bounded = ListenerLimits { connections_max: 2, ..ListenerLimits::default() };
        let specs = vec![
            ListenerSpec { limits: bounded, ..spec("PLAIN") },
            ListenerSpec { limits: protected, ..spec("OTHER") },
        ];
        let limits = Limits { connections_max: 3, ..Limits::default() };
        let server = rig.serve_all(specs, limits).await;
        let mut plain = Vec::new();
        for _ in 0..2 {
            let mut client = rig.connect(&server).await;
            served(&mut client).await;
            plain.push(client);
        }
        let mut third = rig.connect(&server).await;
        // The bound of the listener.
        not_served(&rig, &mut third).await;
        let mut brokers = Vec::new();
        for _ in 0..3 {
            let mut client = rig.connect_to(&server, 1).await;
            client.send(request(ECHO, "broker")).await;
            assert_eq!(client.reply().await.unwrap(), "broker");
            brokers.push(client);
        }
        // Two had to go for them: the total is three.
        rig.until(|| server.connections() == 3).await;
        assert_eq!(server.counts()[0].connections_closed, 2);
        server.set_listener_limits(0, ListenerLimits::default());
        // The total still holds.
        not_served(&rig, &mut third).await;
        drop(brokers);
        assert_eq!(third.reply().await.unwrap(), "?");
    });
}

#[test]
fn too_many_from_one_address_are_closed_at_once() {
    on_both(|rig| async move {
        let limits = Limits { connections_per_address_max: 1, ..Limits::default() };
        let server = rig.serve(limits.clone()).await;
        let mut first = rig.connect(&server).await;
        served(&mut first).await;
        let mut second = rig.connect(&server).await;
        assert_eq!(second.rest().await, b"");
        rig.until_counts(&server, |counts| counts.connections_refused == 1).await;
        let overrides = [("127.0.0.1".parse().unwrap(), 2)].into();
        server.set_limits(Limits { connections_per_address_overrides: overrides, ..limits });
        let mut second = rig.connect(&server).await;
        served(&mut second).await;
        drop(first);
        rig.until(|| server.connections() == 1).await;
        let mut third = rig.connect(&server).await;
        served(&mut third).await;
    });
}

#[test]
fn connections_come_at_a_bounded_rate() {
    on_both(|rig| async move {
        let limits = Limits { connection_creation_rate: 10, ..Limits::default() };
        let server = rig.serve(limits.clone()).await;
        let started = rig.env.now();
        let mut clients = Vec::new();
        for _ in 0..12 {
            let mut client = rig.connect(&server).await;
            client.send(request(ECHO, "")).await;
            client.reply().await.unwrap();
            clients.push(client);
        }
        let took = rig.env.now() - started;
        assert!(took >= Duration::from_millis(190), "ten at once, then ten a second: {took:?}");
        server.set_limits(Limits { connection_creation_rate: 0, ..limits.clone() });
        let mut none = rig.connect(&server).await;
        not_served(&rig, &mut none).await;
        server.set_limits(Limits { connection_creation_rate: 1000, ..limits });
        assert_eq!(none.reply().await.unwrap(), "?");
    });
}

#[test]
fn idle_connections_are_closed_and_waiting_ones_are_not() {
    on_both(|rig| async move {
        let limits = Limits { idle_max: Duration::from_millis(160), ..Limits::default() };
        let server: Server = rig.serve(limits).await;
        let mut idle = rig.connect(&server).await;
        let mut waiting = rig.connect(&server).await;
        waiting.send(request(PARK, "p")).await;
        served(&mut idle).await;
        let started = rig.env.now();
        assert_eq!(idle.reply().await, None);
        let took = rig.env.now() - started;
        assert!(took >= Duration::from_millis(140), "{took:?}");
        rig.until_counts(&server, |counts| counts.connections_idle_closed == 1).await;
        rig.env.sleep(Duration::from_millis(200)).await;
        rig.open_gate(1);
        assert_eq!(waiting.reply().await.unwrap(), "p");
    });
}
