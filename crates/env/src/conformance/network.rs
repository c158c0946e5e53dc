//! Ports, connections, bytes.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;

use super::on_both;
use crate::{Env, ListenOptions, Listener, OpenOptions, Sim, Socket, SocketReader, TempDir};

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn listen(env: &Env) -> (Listener, SocketAddr) {
    let port = env.network().bind(LOOPBACK, &ListenOptions::default()).unwrap();
    let address = port.address();
    (port.listen().unwrap(), address)
}

async fn pair(env: &Env) -> (Socket, Socket) {
    let (listener, address) = listen(env);
    let client = env.network().connect(address).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_address().unwrap());
    assert_eq!(server.peer_address(), peer);
    assert_eq!(client.peer_address(), address);
    (client, server)
}

async fn read_exact(reader: &mut SocketReader, len: usize) -> BytesMut {
    let mut buf = BytesMut::new();
    while buf.len() < len {
        buf.reserve(len - buf.len());
        assert_ne!(reader.read(&mut buf).await.unwrap(), 0, "after {} of {len}", buf.len());
    }
    buf
}

#[test]
fn bytes_go_both_ways_and_end() {
    on_both(|env| async move {
        let (client, server) = pair(&env).await;
        let (mut client_in, mut client_out) = client.split();
        let (mut server_in, mut server_out) = server.split();
        client_out.write_all(b"ping").await.unwrap();
        assert_eq!(read_exact(&mut server_in, 4).await[..], *b"ping");
        let mut pieces = [IoSlice::new(b"po"), IoSlice::new(b""), IoSlice::new(b"ng")];
        server_out.write_all_vectored(&mut pieces).await.unwrap();
        assert_eq!(read_exact(&mut client_in, 4).await[..], *b"pong");
        client_out.shutdown().await.unwrap();
        assert_eq!(server_in.read(&mut BytesMut::with_capacity(8)).await.unwrap(), 0);
        server_out.write_all(b"late").await.unwrap();
        assert_eq!(read_exact(&mut client_in, 4).await[..], *b"late");
        drop((server_in, server_out));
        assert_eq!(client_in.read(&mut BytesMut::with_capacity(8)).await.unwrap(), 0);
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    on_both(|env| async move {
        let (client, server) = pair(&env).await;
        let (_client_in, mut client_out) = client.split();
        let (mut server_in, _server_out) = server.split();
        let content: Vec<u8> = (0..12_000_000_u32).map(|i| (i >> 7) as u8).collect();
        let sent = content.clone();
        let writer = env.spawn("writer", async move {
            let mut pieces: Vec<IoSlice<'_>> = sent.chunks(9_999).map(IoSlice::new).collect();
            client_out.write_all_vectored(&mut pieces).await
        });
        env.sleep(Duration::from_millis(20)).await;
        assert!(!writer.is_finished(), "twelve megabytes fit into the buffers of a connection");
        assert!(read_exact(&mut server_in, content.len()).await == content);
        writer.await.unwrap().unwrap();
    });
}

#[test]
fn a_file_is_sent_from_any_offset() {
    on_both(|env| async move {
        let dir = TempDir::new().unwrap();
        let path = if env.is_sim() { "/a".into() } else { dir.path().join("a") };
        let file = env.files().open(path, OpenOptions::create()).unwrap();
        let content: Vec<u8> = (0..3_000_000_u32).map(|i| (i >> 5) as u8).collect();
        file.write_all_at(&content, 0).unwrap();
        let (client, server) = pair(&env).await;
        let (mut client_in, _client_out) = client.split();
        let (_server_in, mut server_out) = server.split();
        let sender = env.spawn("sender", async move {
            server_out.write_all(b"head").await.unwrap();
            let range = file.range(1_000, 2_999_000);
            let mut done = 0;
            while done < range.len {
                let sent = poll_fn(|cx| server_out.poll_send_range(cx, &range, done));
                done += sent.await.unwrap() as u64;
            }
            assert_eq!(
                poll_fn(|cx| server_out.poll_send_range(cx, &range, done)).await.unwrap(),
                0
            );
            let beyond = file.range(3_000_000, 1);
            poll_fn(|cx| server_out.poll_send_range(cx, &beyond, 0)).await
        });
        let got = read_exact(&mut client_in, 4 + 2_999_000).await;
        assert_eq!(got[..4], *b"head");
        assert!(got[4..] == content[1_000..]);
        let beyond = sender.await.unwrap().unwrap_err();
        assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_connection_moves_between_threads() {
    on_both(|env| async move {
        let executor = env.data_threads(1).unwrap().remove(0);
        let (client, server) = pair(&env).await;
        let server = server.detach().unwrap();
        let echo = executor.spawn("echo", async move {
            let (mut reader, mut writer) = server.attach().unwrap().split();
            let got = read_exact(&mut reader, 3).await;
            writer.write_all(&got).await.unwrap();
        });
        let (mut reader, mut writer) = client.split();
        writer.write_all(b"abc").await.unwrap();
        assert_eq!(read_exact(&mut reader, 3).await[..], *b"abc");
        echo.await.unwrap();
    });
}

#[test]
fn a_port_is_taken_once_and_the_refusal_says_what_to_do() {
    on_both(|env| async move {
        let (listener, address) = listen(&env);
        for reuse_port in [false, true] {
            let options = ListenOptions { reuse_port, ..ListenOptions::default() };
            let refused = env.network().bind(address, &options).unwrap_err();
            let text = refused.to_string();
            assert!(text.starts_with(&format!("cannot listen on {address}: the port is in use")));
            assert!(text.contains("choose another port"), "{text}");
        }
        drop(listener);
        env.network().bind(address, &ListenOptions::default()).unwrap();
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        let refused = env.network().bind(elsewhere, &ListenOptions::default()).unwrap_err();
        assert!(refused.to_string().contains("no interface of this machine"), "{refused}");
    });
}

#[test]
fn several_sockets_of_one_process_share_a_port() {
    on_both(|env| async move {
        if env.is_sim() {
            return;
        }
        let options = ListenOptions { reuse_port: true, ..ListenOptions::default() };
        let first = env.network().bind(LOOPBACK, &options).unwrap();
        let second = env.network().bind(first.address(), &options).unwrap();
        assert_eq!(first.address(), second.address());
        let (first, second) = (first.listen().unwrap(), second.listen().unwrap());
        drop((first, second));
    });
}

#[test]
fn nobody_listening_means_refused() {
    on_both(|env| async move {
        let (listener, address) = listen(&env);
        drop(listener);
        let refused = env.network().connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn names_become_addresses() {
    on_both(|env| async move {
        let local = env.network().resolve("localhost", 9092).await.unwrap();
        assert!(local.iter().all(|address| address.ip().is_loopback() && address.port() == 9092));
        assert!(!local.is_empty());
        assert!(env.network().resolve("no-such-host.invalid", 1).await.is_err());
    });
}

/// A connection between two nodes of a simulation: `b`'s end, `a`'s end.
fn connect_nodes(sim: &Sim, a: &Env, b: &Env) -> (Socket, Socket) {
    sim.block_on(async {
        let any = "0.0.0.0:9092".parse().unwrap();
        let listener = a.network().bind(any, &ListenOptions::default()).unwrap().listen().unwrap();
        let address = b.network().resolve("a", 9092).await.unwrap()[0];
        let near = b.network().connect(address).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    })
}

#[test]
fn simulated_bytes_take_their_time() {
    let sim = Sim::new(3);
    let (a, b) = (sim.node("a").start(), sim.node("b").start());
    let (near, far) = connect_nodes(&sim, &a, &b);
    sim.network().set_latency(Duration::from_millis(40)..=Duration::from_millis(60));
    sim.block_on(async {
        let started = a.now();
        near.split().1.write_all(b"abc").await.unwrap();
        assert_eq!(read_exact(&mut far.split().0, 3).await[..], *b"abc");
        let took = a.now() - started;
        assert!(took >= Duration::from_millis(40) && took <= Duration::from_millis(62), "{took:?}");
    });
}

#[test]
fn a_cut_holds_bytes_and_connections_back_until_healed() {
    let sim = Sim::new(3);
    let (node_a, node_b) = (sim.node("a"), sim.node("b"));
    let (a, b) = (node_a.start(), node_b.start());
    let (near, far) = connect_nodes(&sim, &a, &b);
    let (mut near_out, mut far_in) = (near.split().1, far.split().0);
    sim.network().cut(node_a.address(), node_b.address());
    let wait = Duration::from_secs(60);
    sim.block_on(async {
        near_out.write_all(b"abc").await.unwrap();
        let held = tokio::time::timeout(wait, far_in.read(&mut BytesMut::with_capacity(9))).await;
        assert!(held.is_err());
        let target = SocketAddr::new(node_a.address(), 1);
        let connecting = tokio::time::timeout(wait, b.network().connect(target)).await;
        assert!(connecting.is_err());
        sim.network().heal();
        assert_eq!(read_exact(&mut far_in, 3).await[..], *b"abc");
        let refused = b.network().connect(target).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_dead_node_resets_its_connections_and_frees_its_ports() {
    let sim = Sim::new(3);
    let (node_a, node_b) = (sim.node("a"), sim.node("b"));
    let (a, b) = (node_a.start(), node_b.start());
    let (near, far) = connect_nodes(&sim, &a, &b);
    let (mut near_in, mut near_out) = near.split();
    node_a.kill();
    sim.block_on(async {
        let read = near_in.read(&mut BytesMut::with_capacity(9)).await.unwrap_err();
        assert_eq!(read.kind(), ErrorKind::ConnectionReset);
        assert!(near_out.write_all(b"x").await.is_err());
    });
    drop(far);
    let a = node_a.start();
    connect_nodes(&sim, &a, &b);
}
