//! A producer: sessions of records whose fate is written down.

use std::time::Duration;

use client::{Acks, Delivery, Producer, ProducerConfig};
use records::Compression;

use super::Client;
use crate::history::{Event, Fate, Sent};
use crate::plan::Cleanup;
use crate::value;

/// How a producer sends.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) acks: Acks,
    pub(super) idempotent: bool,
    pub(super) compression: Compression,
}

impl How {
    fn config(self, client: &Client) -> ProducerConfig {
        ProducerConfig {
            acks: self.acks,
            idempotent: self.idempotent,
            codec: self.compression.into(),
            batch_size: 1 + client.random.below(3_000) as usize,
            linger: Duration::from_millis(client.random.below(30)),
            block_max: Duration::from_secs(3),
            delivery_timeout: Duration::from_millis(500 + client.random.below(15_000)),
            metadata_age_max: Duration::from_secs(5),
            ..ProducerConfig::default()
        }
    }
}

/// Keys of a client in a compacted topic.
const KEYS: u64 = 8;

/// Sends until the run stops.
pub(super) async fn run(client: Client, topic: usize, how: How) {
    let mut session = 0;
    while !client.stopped() {
        let producer = Producer::new(&client.cluster, how.config(&client));
        for _ in 0..1 + client.random.below(15) {
            let mut deliveries = Vec::new();
            for _ in 0..1 + client.random.below(6) {
                deliveries.extend(send(&client, &producer, (topic, session), how).await);
            }
            // Each by itself: when one is known must not depend on another one's fate.
            let settled = deliveries.into_iter().map(|(id, delivery)| {
                client.env.spawn("settle", settle(client.clone(), id, delivery))
            });
            for task in settled.collect::<Vec<_>>() {
                // A panic is told by whoever hears of panics.
                let _ = task.await;
            }
            client.pause(1_500).await;
            if client.stopped() {
                break;
            }
        }
        session += 1;
    }
}

async fn send(
    client: &Client,
    producer: &Producer,
    (topic, session): (usize, usize),
    how: How,
) -> Option<(u64, Delivery)> {
    let random = &client.random;
    let plan = client.topic(topic);
    let mut partition = random.below(plan.partitions as u64) as i32;
    let (mut key, mut tombstone) = (None, false);
    if plan.cleanup == Cleanup::Compact {
        let nth = random.below(KEYS);
        partition = (nth % plan.partitions as u64) as i32;
        key = Some(format!("{}-{nth}", client.nth));
        tombstone = random.chance(1, 5);
    } else if random.chance(1, 3) {
        key = Some(format!("key {}", random.below(100)));
    }
    let now = client.history.now();
    let sent = Sent {
        producer: (client.nth, session),
        partition: (plan.name.clone(), partition),
        key,
        tombstone,
        acks: how.acks,
        idempotent: how.idempotent && how.acks == Acks::All,
        sent_at: now,
        fate: Fate::Pending,
        settled_at: now,
        offset: None,
    };
    let timestamp = client.env.clock().wall_ms() - random.below(2_000) as i64;
    let id = client.history.send(sent.clone());
    match producer.send(value::record(id, &sent, timestamp)).await {
        Ok(delivery) => Some((id, delivery)),
        Err(error) => {
            client.history.settle(id, Fate::Unknown(error.to_string()), None);
            None
        }
    }
}

async fn settle(client: Client, id: u64, delivery: Delivery) {
    match delivery.settled().await {
        // Without an answer nothing is known, not even that it arrived.
        Ok(delivered) if client.history.state().sent[id as usize].acks != Acks::None => {
            client.history.settle(id, Fate::Done, delivered.offset);
            client.add(Event::Progress("delivered"));
        }
        Ok(_) => {
            client.history.settle(id, Fate::Unknown("acks=0".to_owned()), None);
            client.add(Event::Progress("sent"));
        }
        Err(error) => client.history.settle(id, Fate::Unknown(error.to_string()), None),
    }
}
