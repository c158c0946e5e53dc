//! Somebody whose topic comes and goes under one name: each time it has its own records and no
//! others, and what is deleted stays away.

use std::time::Duration;

use client::{Acks, Admin, Consumer, Error, NewTopic, Producer, ProducerConfig};
use wire::{ErrorCode, Str, Uuid};

use super::{Client, reader};
use crate::history::{Event, Fate, Sent};
use crate::value;

const INVARIANT: &str = "a topic's lives have nothing in common";

/// Passes through lives of a topic until the run stops.
pub(super) async fn run(client: Client) {
    let name = Str::from(format!("passing{}", client.nth));
    let mut life = 0;
    let mut known: Option<Uuid> = None;
    // Whether the topic is known not to be there.
    let mut absent = true;
    while !client.stopped() {
        match create(&client, &name).await {
            Ok(id) => known = Some(id),
            Err(Error::Refused { code: ErrorCode::TopicAlreadyExists, .. }) if absent => {
                client.wrong(INVARIANT, format!("{name} is there, though it was deleted"));
            }
            Err(Error::Refused { code: ErrorCode::TopicAlreadyExists, .. }) => known = None,
            Err(error) => {
                client.add(Event::Note(format!("create {name}: {error}")));
                absent = false;
                client.pause(500).await;
                continue;
            }
        }
        absent = false;
        let sent = fill(&client, &name, life).await;
        // One that may be another life's is only deleted.
        if known.is_some() {
            read_back(&client, &name, &sent).await;
        }
        life += 1;
        while !client.stopped() {
            match delete(&client, &name).await {
                Ok(()) => {
                    absent = true;
                    client.add(Event::Progress("topic deleted"));
                    break;
                }
                // An earlier try may have done it.
                Err(Error::Refused { code: ErrorCode::UnknownTopicOrPartition, .. }) => break,
                Err(error) => client.add(Event::Note(format!("delete {name}: {error}"))),
            }
            client.pause(500).await;
        }
        client.pause(1_500).await;
    }
}

async fn create(client: &Client, name: &Str) -> Result<Uuid, Error> {
    let topic = NewTopic {
        name: name.clone(),
        partitions: Some(1),
        configs: vec![(Str::from("flush.messages"), Str::from("1"))],
        ..NewTopic::default()
    };
    let created = Admin::new(&client.cluster).create_topics(vec![topic]).await?;
    let (_, result) = created.into_iter().next().ok_or(Error::Closed)?;
    result
}

async fn delete(client: &Client, name: &Str) -> Result<(), Error> {
    let deleted = Admin::new(&client.cluster).delete_topics(std::slice::from_ref(name)).await?;
    let (_, result) = deleted.into_iter().next().ok_or(Error::Closed)?;
    result
}

/// Sends a few records and tells their numbers.
async fn fill(client: &Client, name: &Str, life: usize) -> Vec<u64> {
    let config = ProducerConfig {
        block_max: Duration::from_secs(5),
        delivery_timeout: Duration::from_secs(5),
        ..ProducerConfig::default()
    };
    let producer = Producer::new(&client.cluster, config);
    let mut ids = Vec::new();
    for _ in 0..1 + client.random.below(12) {
        let now = client.history.now();
        let sent = Sent {
            producer: (client.nth, life),
            partition: (name.to_string(), 0),
            key: None,
            tombstone: false,
            acks: Acks::All,
            idempotent: true,
            sent_at: now,
            fate: Fate::Pending,
            settled_at: now,
            offset: None,
        };
        let id = client.history.send(sent.clone());
        ids.push(id);
        let timestamp = client.env.clock().wall_ms();
        let settled = match producer.send(value::record(id, &sent, timestamp)).await {
            Ok(delivery) => delivery.settled().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match settled {
            Ok(delivered) => client.history.settle(id, Fate::Done, delivered.offset),
            Err(error) => client.history.settle(id, Fate::Unknown(error), None),
        }
    }
    ids
}

/// Reads all of it; everything acknowledged has to be there, in order, and nothing else.
async fn read_back(client: &Client, name: &Str, sent: &[u64]) {
    let done = |id: &&u64| client.history.state().sent[**id as usize].fate == Fate::Done;
    let acknowledged: Vec<u64> = sent.iter().filter(done).copied().collect();
    let mut consumer = Consumer::new(&client.cluster, reader::config(&client.random));
    let partition = (name.clone(), 0);
    consumer.assign(std::slice::from_ref(&partition));
    let mut found: Vec<u64> = Vec::new();
    for _ in 0..40 {
        match consumer.poll(Duration::from_millis(500)).await {
            Ok(records) => {
                for record in records {
                    let seen = client.history.seen(&record);
                    match seen.record {
                        Ok(id) if sent.contains(&id) => found.push(id),
                        Ok(id) => client.wrong(INVARIANT, format!("{name} has {id} of before")),
                        Err(what) => client.wrong(INVARIANT, what),
                    }
                }
            }
            Err(error) => {
                reader::failed(client, &partition, &error);
                client.pause(500).await;
            }
        }
        if acknowledged.iter().all(|id| found.contains(id)) {
            break;
        }
        if client.stopped() {
            return;
        }
    }
    let kept: Vec<u64> = found.iter().filter(|id| acknowledged.contains(id)).copied().collect();
    if found.is_empty() && !acknowledged.is_empty() {
        // The node may have been away all the time.
        client.add(Event::Note(format!("{name} could not be read back")));
    } else if kept != acknowledged {
        client.wrong(INVARIANT, format!("{name} has {kept:?}, acknowledged were {acknowledged:?}"));
    }
}
