//! Sequences of requests, and what becomes of them as text: the response, and the metadata records
//! that were written meanwhile.
//!
//! `cargo run -p controller --example ask_kafka` asks a real Apache Kafka the same and writes its
//! answers to `tests/golden/`; the test compares them with ours.

mod brokers;
mod builders;
mod quotas;
mod requests;
mod show;
mod tail;

use std::collections::BTreeMap;

pub(crate) use show::show;
pub(crate) use tail::Tail;
use wire::messages::DescribeClusterRequest;
use wire::stored::metadata::MetadataRecord;
use wire::{Request, Response, Str, Uuid};

/// What a change of a partition says of the leader if it stays.
const LEADER_STAYS: i32 = -2;

/// The sequences, each for a new cluster, and the names of their files.
pub(crate) fn sequences() -> [(&'static str, Vec<Step>); 3] {
    [
        ("admin", requests::requests()),
        ("brokers", brokers::requests()),
        ("quotas", quotas::requests()),
    ]
}

/// What was learnt from the responses so far.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) topics: BTreeMap<String, Uuid>,
    pub(crate) epochs: BTreeMap<i32, i64>,
    pub(crate) cluster_id: Str,
    /// The epochs of leaders and of partitions.
    pub(crate) partitions: BTreeMap<(Uuid, i32), (i32, i32)>,
}

impl Known {
    /// Asks for what is learnt first, the id of the cluster.
    pub(crate) fn introduction() -> Step {
        let request = DescribeClusterRequest { endpoint_type: 2, ..Default::default() };
        Step { title: "", version: 1, request: Box::new(move |_| request.clone().into()) }
    }

    pub(crate) fn topic(&self, name: &str) -> Uuid {
        self.topics.get(name).copied().unwrap_or_default()
    }

    /// The epoch of a broker; one that no broker has, if it did not register here.
    pub(crate) fn epoch(&self, id: i32) -> i64 {
        self.epochs.get(&id).copied().unwrap_or(1)
    }

    pub(crate) fn note(&mut self, request: &Request, response: &Response) {
        match (request, response) {
            (_, Response::CreateTopics(response)) => {
                for topic in response.topics.iter().filter(|topic| topic.error_code == 0) {
                    self.topics.insert(topic.name.to_string(), topic.topic_id);
                }
            }
            (_, Response::DescribeCluster(response)) if response.error_code == 0 => {
                self.cluster_id = response.cluster_id.clone();
            }
            (Request::BrokerRegistration(request), Response::BrokerRegistration(response))
                if response.error_code == 0 =>
            {
                self.epochs.insert(request.broker_id, response.broker_epoch);
            }
            _ => {}
        }
    }

    pub(crate) fn note_record(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::Partition(record) => {
                let epochs = (record.leader_epoch, record.partition_epoch);
                self.partitions.insert((record.topic_id, record.partition_id), epochs);
            }
            MetadataRecord::PartitionChange(record) => {
                let partition = (record.topic_id, record.partition_id);
                let epochs = self.partitions.entry(partition).or_default();
                epochs.0 += i32::from(record.leader != LEADER_STAYS);
                epochs.1 += 1;
            }
            _ => {}
        }
    }
}

/// A request that may speak of what is known by then.
pub(crate) struct Step {
    /// What it is about.
    pub(crate) title: &'static str,
    /// The version.
    pub(crate) version: i16,
    /// The request.
    pub(crate) request: Box<dyn Fn(&Known) -> Request>,
}
