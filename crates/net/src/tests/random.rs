//! Many connections with random requests, random waits, little memory and a slow network.

use bytes::Bytes;
use env::{Env, Random};

use super::rig::{BIG, Client, ECHO, FILE, NOTHING, PARK, Rig, on_sim, request};
use crate::Limits;

const CONNECTIONS: usize = 5;
const REQUESTS: usize = 60;

#[test]
fn every_reply_comes_in_its_order_and_memory_is_all_given_back() {
    for seed in 100..140 {
        on_sim(Env::sim(seed), |rig| async move {
            let limits = Limits {
                requests_memory_bytes: 40_000,
                replies_memory_bytes: 200_000,
                pending_requests_max: 4,
                ..Limits::default()
            };
            let server = rig.serve(limits).await;
            let random = rig.env.random().fork();
            let mut talks = Vec::new();
            for _ in 0..CONNECTIONS {
                let client = rig.connect(&server).await;
                talks.push(rig.env.spawn("talk", talk(rig.clone(), client, random.fork())));
            }
            for talk in talks {
                talk.await.unwrap();
            }
            rig.until(|| server.connections() == 0).await;
            let counts = server.counts()[0];
            assert_eq!(counts.requests, (CONNECTIONS * REQUESTS) as u64);
            assert_eq!(server.memory_in_use(), (0, 0));
        });
    }
}

/// Sends requests and checks the replies side by side.
async fn talk(rig: Rig, client: Client, random: Random) {
    let (mut writer, mut reader) = client.halves();
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..REQUESTS {
        let size = match random.below(4) {
            0 => random.below(40_000),
            _ => random.below(2_000),
        };
        let body = vec![random.u64() as u8; size as usize];
        let number = random.below(100_000).to_string();
        match random.below(6) {
            0 => requests.push(request(NOTHING, body)),
            1 => {
                requests.push(request(BIG, &number));
                expected.push(Bytes::from(vec![7; number.parse().unwrap()]));
            }
            2 => {
                requests.push(request(FILE, &number));
                let offset: usize = number.parse().unwrap();
                let range = &rig.handler.file_content[offset..offset + 100_000];
                expected.push([b"head", range, b"tail"].concat().into());
            }
            op => {
                requests.push(request(if op == 3 { PARK } else { ECHO }, &body));
                expected.push(body.into());
            }
        }
    }
    let gate = rig.clone();
    let (sends, waits) = (random.fork(), random.fork());
    let sending = async move {
        for request in requests {
            writer.write_all(&request).await.unwrap();
            if sends.chance(1, 3) {
                gate.env.sleep(std::time::Duration::from_millis(sends.below(20))).await;
            }
            gate.open_gate(1);
        }
        writer
    };
    let receiving = async move {
        for expected in expected {
            assert!(reader.reply().await.unwrap() == expected);
            rig.env.sleep(std::time::Duration::from_micros(waits.below(900))).await;
        }
    };
    let (writer, ()) = tokio::join!(sending, receiving);
    drop(writer);
}
