//! Transactions on a whole node, on the simulated environment, that is killed at any time: what was
//! committed is seen as a whole, what was not is not seen at all (kafka-semantics 141, 146 to 149).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client::Cluster;
use env::Env;
use records::{BatchBuilder, EndTxnMarker, batches};
use wire::messages::{
    EndTxnRequest, FetchRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
    fetch_request::{FetchPartition, FetchTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use wire::{ErrorCode, Records, Str};

mod support;

use support::*;

const SETTINGS: &[(&str, &str)] = &[
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "3"),
];
const ID: Str = Str::from_static("id");
/// The first version of Produce whose partitions the broker adds.
const PRODUCE_ADDING: i16 = 12;

/// Why a step of a producer came to nothing: it has to begin anew, not knowing what came of it.
struct Lost;

/// A producer of `transaction.version` 2, one request at a time.
struct Producer<'a> {
    cluster: &'a Cluster,
    env: &'a Env,
    producer_id: i64,
    epoch: i16,
    sequence: i32,
}

impl<'a> Producer<'a> {
    async fn begin(cluster: &'a Cluster, env: &'a Env) -> Result<Self, Lost> {
        let find = FindCoordinatorRequest {
            key_type: 1,
            coordinator_keys: vec![ID],
            ..FindCoordinatorRequest::default()
        };
        retry(env, async || {
            let connection = cluster.any().await.map_err(|_| Lost)?;
            let answer = connection.call_version(&find, 4, LIMIT).await.map_err(|_| Lost)?;
            Ok((answer.coordinators[0].error_code, ()))
        })
        .await?;
        let init = InitProducerIdRequest {
            transactional_id: Some(ID),
            transaction_timeout_ms: 60_000,
            ..InitProducerIdRequest::default()
        };
        let (producer_id, epoch) = retry(env, async || {
            let connection = cluster.any().await.map_err(|_| Lost)?;
            let answer = connection.call_version(&init, 5, LIMIT).await.map_err(|_| Lost)?;
            Ok((answer.error_code, (answer.producer_id, answer.producer_epoch)))
        })
        .await?;
        Ok(Self { cluster, env, producer_id, epoch, sequence: 0 })
    }

    async fn send(&mut self, value: &str) -> Result<(), Lost> {
        let producer = records::Producer {
            id: self.producer_id,
            epoch: self.epoch,
            base_sequence: self.sequence,
        };
        let mut batch = BatchBuilder::new(0).transactional().producer(producer);
        batch.push_key_value(1, None, Some(value.as_bytes()));
        let data = PartitionProduceData {
            records: Some(Records::Bytes(batch.build())),
            ..PartitionProduceData::default()
        };
        let topic = TopicProduceData {
            name: TOPIC,
            partition_data: vec![data],
            ..TopicProduceData::default()
        };
        let request = ProduceRequest {
            transactional_id: Some(ID),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic],
            ..ProduceRequest::default()
        };
        retry(self.env, async || {
            let connection = self.cluster.any().await.map_err(|_| Lost)?;
            let answer = connection.call_version(&request, PRODUCE_ADDING, LIMIT).await;
            let answer = answer.map_err(|_| Lost)?;
            Ok((answer.responses[0].partition_responses[0].error_code, ()))
        })
        .await?;
        self.sequence += 1;
        Ok(())
    }

    async fn end(&mut self, committed: bool) -> Result<(), Lost> {
        let request = EndTxnRequest {
            transactional_id: ID,
            producer_id: self.producer_id,
            producer_epoch: self.epoch,
            committed,
            ..EndTxnRequest::default()
        };
        (self.producer_id, self.epoch) = retry(self.env, async || {
            let connection = self.cluster.any().await.map_err(|_| Lost)?;
            let answer = connection.call_version(&request, 5, LIMIT).await.map_err(|_| Lost)?;
            Ok((answer.error_code, (answer.producer_id, answer.producer_epoch)))
        })
        .await?;
        self.sequence = 0;
        Ok(())
    }
}

/// Asks until the answer is one that stays.
async fn retry<T>(env: &Env, ask: impl AsyncFn() -> Result<(i16, T), Lost>) -> Result<T, Lost> {
    loop {
        let (code, answer) = ask().await?;
        match ErrorCode::from_code(code) {
            Some(ErrorCode::None) => return Ok(answer),
            Some(
                ErrorCode::ConcurrentTransactions
                | ErrorCode::CoordinatorNotAvailable
                | ErrorCode::CoordinatorLoadInProgress
                | ErrorCode::NotCoordinator
                | ErrorCode::NotEnoughReplicas,
            ) => env.sleep(Duration::from_millis(5)).await,
            other => panic!("{other:?}"),
        }
    }
}

/// The values of the topic that are committed, as a consumer sees them.
async fn committed_values(cluster: &Cluster) -> Vec<String> {
    let mut values = Vec::new();
    let mut offset = 0;
    while let Some(next_offset) = read_committed(cluster, offset, &mut values).await {
        offset = next_offset;
    }
    assert_eq!(offset, log_end(cluster).await, "no transaction is open");
    values
}

/// Reads once; the offset behind what was read.
async fn read_committed(cluster: &Cluster, offset: i64, values: &mut Vec<String>) -> Option<i64> {
    let partition = FetchPartition {
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    };
    let topic = FetchTopic { topic: TOPIC, partitions: vec![partition], ..FetchTopic::default() };
    let request =
        FetchRequest { isolation_level: 1, topics: vec![topic], ..FetchRequest::default() };
    let connection = cluster.any().await.expect("a connection");
    let response = connection.call_version(&request, FETCH, LIMIT).await.expect("an answer");
    let data = &response.responses[0].partitions[0];
    assert_eq!(data.error_code, 0);
    let mut begins: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for aborted in data.aborted_transactions.iter().flatten() {
        begins.entry(aborted.first_offset).or_default().insert(aborted.producer_id);
    }
    let bytes = data.records.as_ref().and_then(Records::as_bytes).cloned().unwrap_or_default();
    let mut aborted: BTreeSet<i64> = BTreeSet::new();
    let mut next_offset = None;
    for batch in batches(&bytes) {
        let batch = batch.expect("a batch");
        for (_, producers) in begins.range(..=batch.last_offset()) {
            aborted.extend(producers);
        }
        begins = begins.split_off(&(batch.last_offset() + 1));
        for record in &batch.records(1 << 20).expect("records") {
            let record = record.expect("a record");
            if batch.is_control() {
                let marker = EndTxnMarker::read(&record).expect("a control record");
                if marker.is_some_and(|marker| !marker.committed) {
                    aborted.remove(&batch.producer_id());
                }
            } else if !aborted.contains(&batch.producer_id()) {
                let value = record.value.unwrap_or_default();
                values.push(String::from_utf8_lossy(value).into_owned());
            }
        }
        next_offset = Some(batch.next_offset());
    }
    next_offset
}

/// What the producer knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Committed,
    Aborted,
    Unknown,
}

async fn transaction(
    producer: &mut Producer<'_>,
    values: &[String],
    commits: bool,
) -> Result<(), Lost> {
    for value in values {
        producer.send(value).await?;
    }
    producer.end(commits).await
}

#[test]
fn transactions_are_whole_whenever_the_node_dies() {
    let mut unknown = 0;
    for seed in 0..25_u64 {
        on_a_node(seed, async |broker, user| {
            std::mem::forget(start_with(&broker.start(), SETTINGS).await);
            let env = user.start();
            let cluster = client(&env);
            create_topic(&cluster, "9223372036854775807").await;
            let mut told = Vec::new();
            let mut producer = Producer::begin(&cluster, &env).await.ok();
            for number in 0..30_u64 {
                let random = (seed * 31 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let (count, commits) = (1 + random % 4, random & 16 != 0);
                let values: Vec<_> = (0..count).map(|i| format!("{number}.{i}")).collect();
                let dies_after = (random & 96 == 0).then(|| Duration::from_micros(random % 4_000));
                let mut known = Known::Unknown;
                if let Some(producer) = &mut producer {
                    let work = transaction(producer, &values, commits);
                    let death = async {
                        match dies_after {
                            Some(after) => env.sleep(after).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        biased;
                        result = work => if result.is_ok() {
                            known = if commits { Known::Committed } else { Known::Aborted };
                        },
                        () = death => {}
                    }
                }
                told.push((values, known));
                if dies_after.is_some() || known == Known::Unknown {
                    broker.kill();
                    std::mem::forget(start_with(&broker.start(), SETTINGS).await);
                    producer = Producer::begin(&cluster, &env).await.ok();
                }
            }
            // Taking up the id ends what was left open.
            while Producer::begin(&cluster, &env).await.is_err() {}
            let seen = committed_values(&cluster).await;
            let mut expected = Vec::new();
            for (values, known) in told {
                let is_seen = values.iter().any(|value| seen.contains(value));
                unknown += usize::from(known == Known::Unknown);
                if known == Known::Committed || (known == Known::Unknown && is_seen) {
                    expected.extend(values);
                }
            }
            assert_eq!(seen, expected, "seed {seed}");
        });
    }
    assert!(unknown > 0, "no seed was in doubt: the node dies at harmless times only");
}
