//! Commands as text.

use std::collections::{BTreeMap, BTreeSet};

use txn::{
    AddPartitions, AwaitSettled, DescribeTransaction, EndTxn, InitProducerId, ListTransactions,
    MarkerResult, MarkersWritten, ProducerIdAllocated, ProducerIdAndEpoch, Request, TopicPartition,
    TransactionVersion, VerifyPartitions, VersionChanged,
};
use wire::Str;

/// The words of a line: names in order, and `key=value` pairs.
pub(crate) struct Words<'a> {
    names: std::vec::IntoIter<&'a str>,
    pairs: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        let (mut names, mut pairs) = (Vec::new(), BTreeMap::new());
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some((key, value)) => drop(pairs.insert(key, value)),
                None => names.push(word),
            }
        }
        Self { names: names.into_iter(), pairs }
    }

    pub(crate) fn next(&mut self) -> &'a str {
        self.names.next().expect("a name")
    }

    fn next_str(&mut self) -> Str {
        match self.next() {
            "-" => Str::new(),
            name => Str::copy_from(name),
        }
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.pairs.get(key).map(|value| value.parse().ok().expect("a number"))
    }

    fn is(&self, key: &str) -> bool {
        self.pairs.get(key) == Some(&"true")
    }

    fn version(&self) -> TransactionVersion {
        version(self.number("version").unwrap_or(0))
    }

    fn partitions(&mut self) -> BTreeSet<TopicPartition> {
        self.names.by_ref().map(partition).collect()
    }

    pub(crate) fn request(&mut self, verb: &str) -> Request {
        match verb {
            "init" => InitProducerId {
                transactional_id: self.next_str(),
                timeout_ms: self.number("timeout").unwrap_or(60_000),
                enable_two_phase_commit: self.is("2pc"),
                keep_prepared: self.is("keep"),
                expected: self.pairs.get("expected").map(|text| producer(text)),
                new_producer_id: self.number("new"),
            }
            .into(),
            "add" => AddPartitions {
                transactional_id: self.next_str(),
                producer: producer(self.next()),
                partitions: self.partitions(),
                client_version: self.version(),
            }
            .into(),
            "verify" => VerifyPartitions {
                transactional_id: self.next_str(),
                producer: producer(self.next()),
                partitions: self.partitions(),
            }
            .into(),
            "commit" | "abort" => EndTxn {
                transactional_id: self.next_str(),
                producer: producer(self.next()),
                commits: verb == "commit",
                client_version: self.version(),
                new_producer_id: self.number("new"),
            }
            .into(),
            "await" => AwaitSettled { transactional_id: self.next_str() }.into(),
            "describe" => DescribeTransaction { transactional_id: self.next_str() }.into(),
            "list" => ListTransactions {
                states: self
                    .pairs
                    .get("states")
                    .into_iter()
                    .map(|text| Str::copy_from(text))
                    .collect(),
                producer_ids: self.number("producer").into_iter().collect(),
                duration_ms: self.number("duration").unwrap_or(-1),
            }
            .into(),
            "markers" => MarkersWritten {
                transactional_id: self.next_str(),
                producer: producer(self.next()),
                results: self
                    .pairs
                    .iter()
                    .map(|(at, what)| (partition(at), result(what)))
                    .collect(),
            }
            .into(),
            "allocated" => ProducerIdAllocated {
                transactional_id: self.next_str(),
                producer_id: self.number("new").expect("new"),
            }
            .into(),
            "version" => VersionChanged(version(self.next().parse().expect("a number"))).into(),
            _ => panic!("{verb}"),
        }
    }
}

fn version(level: i16) -> TransactionVersion {
    TransactionVersion::from_level(level).expect("a version")
}

fn producer(text: &str) -> ProducerIdAndEpoch {
    let (id, epoch) = text.split_once('/').expect("ID/EPOCH");
    ProducerIdAndEpoch { id: id.parse().expect("id"), epoch: epoch.parse().expect("epoch") }
}

fn partition(text: &str) -> TopicPartition {
    let (topic, index) = text.rsplit_once('-').expect("TOPIC-PARTITION");
    TopicPartition { topic: Str::copy_from(topic), partition: index.parse().expect("index") }
}

fn result(text: &str) -> MarkerResult {
    match text {
        "written" => MarkerResult::Written,
        "gone" => MarkerResult::Gone,
        "retry" => MarkerResult::Retry,
        "fenced" => MarkerResult::Fenced,
        _ => panic!("{text}"),
    }
}
