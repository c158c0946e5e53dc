//! The stored records of the transaction coordinator: the keys and values of
//! `__transaction_state` (kafka-storage 8.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::stored::txn::{
    TransactionLogKey, TransactionLogValue, transaction_log_value::PartitionsSchema,
};
use wire::{Bytes, Reader, Str, Writer};

use crate::error::JournalError;
use crate::transaction::{NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Status, TopicPartition, Transaction};
use crate::version::TransactionVersion;

/// A transactional id. No value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The transactional id.
    pub transactional_id: Str,
    /// What it is now.
    pub value: Option<Box<Transaction>>,
    /// The cluster's version, which decides the version of the value.
    pub version: TransactionVersion,
}

/// The record type, the first two bytes of a key.
const TRANSACTION_LOG: i16 = 0;

impl Record {
    /// Reads a record. None if its type or the version of its value is not known: newer brokers may
    /// have left it.
    pub fn decode(
        key: Option<&Bytes>,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let key = key.ok_or(JournalError::NoKey)?;
        let mut reader = Reader::new(key.clone());
        if reader.i16()? != TRANSACTION_LOG {
            return Ok(None);
        }
        let transactional_id = TransactionLogKey::decode(&mut reader, 0)?.transactional_id.detach();
        let value = match value {
            None => None,
            Some(value) => match decode(value)? {
                None => return Ok(None),
                Some(transaction) => Some(Box::new(transaction)),
            },
        };
        Ok(Some(Self { transactional_id, value, version: TransactionVersion::default() }))
    }

    /// Key and value as they are stored.
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), JournalError> {
        let mut key = Writer::contiguous();
        key.i16(TRANSACTION_LOG);
        let transactional_id = self.transactional_id.clone();
        TransactionLogKey { transactional_id }.encode(&mut key, 0)?;
        let value = self.value.as_deref().map(|value| encode(value, self.version)).transpose()?;
        Ok((key.into_bytes(), value))
    }
}

fn decode(value: &Bytes) -> Result<Option<Transaction>, JournalError> {
    let mut reader = Reader::new(value.clone());
    let version = reader.i16()?;
    if !(0..=TransactionLogValue::MAX_VERSION).contains(&version) {
        return Ok(None);
    }
    let value = TransactionLogValue::decode(&mut reader, version)?;
    let level = value.client_transaction_version;
    let status = Status::from_id(value.transaction_status)
        .ok_or(JournalError::UnknownStatus(value.transaction_status))?;
    let partitions = value.transaction_partitions.filter(|_| status != Status::Empty);
    Ok(Some(Transaction {
        producer_id: value.producer_id,
        previous_producer_id: value.previous_producer_id,
        next_producer_id: value.next_producer_id,
        producer_epoch: value.producer_epoch,
        last_producer_epoch: NO_PRODUCER_EPOCH,
        timeout_ms: value.transaction_timeout_ms,
        status,
        partitions: Arc::new(partitions.into_iter().flatten().flat_map(of_topic).collect()),
        start_ms: value.transaction_start_timestamp_ms,
        last_update_ms: value.transaction_last_update_timestamp_ms,
        client_version: TransactionVersion::from_level(level)
            .ok_or(JournalError::UnknownTransactionVersion(level))?,
    }))
}

fn of_topic(topic: PartitionsSchema) -> impl Iterator<Item = TopicPartition> {
    let name = topic.topic.detach();
    let partitions = topic.partition_ids.into_iter();
    partitions.map(move |partition| TopicPartition { topic: name.clone(), partition })
}

fn encode(transaction: &Transaction, version: TransactionVersion) -> Result<Bytes, JournalError> {
    let value_version = version.value_version();
    let has_ids = value_version >= 1;
    let value = TransactionLogValue {
        producer_id: transaction.producer_id,
        previous_producer_id: if has_ids {
            transaction.previous_producer_id
        } else {
            NO_PRODUCER_ID
        },
        next_producer_id: if has_ids { transaction.next_producer_id } else { NO_PRODUCER_ID },
        producer_epoch: transaction.producer_epoch,
        transaction_timeout_ms: transaction.timeout_ms,
        transaction_status: transaction.status.id(),
        transaction_partitions: (transaction.status != Status::Empty)
            .then(|| by_topic(&transaction.partitions)),
        transaction_last_update_timestamp_ms: transaction.last_update_ms,
        transaction_start_timestamp_ms: transaction.start_ms,
        client_transaction_version: transaction.client_version.level(),
        ..TransactionLogValue::default()
    };
    let mut writer = Writer::contiguous();
    writer.i16(value_version);
    value.encode(&mut writer, value_version)?;
    Ok(writer.into_bytes())
}

fn by_topic(partitions: &BTreeSet<TopicPartition>) -> Vec<PartitionsSchema> {
    let mut topics: Vec<PartitionsSchema> = Vec::new();
    for TopicPartition { topic, partition } in partitions {
        match topics.last_mut().filter(|last| last.topic == *topic) {
            Some(last) => last.partition_ids.push(*partition),
            None => topics.push(PartitionsSchema {
                topic: topic.clone(),
                partition_ids: vec![*partition],
                ..PartitionsSchema::default()
            }),
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Bytes {
        let digits: Vec<u8> = text
            .bytes()
            .filter_map(|digit| char::from(digit).to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn read(key: &str, value: &str) -> Result<Option<Record>, JournalError> {
        let value = hex(value);
        Record::decode(Some(&hex(key)), (!value.is_empty()).then_some(&value))
    }

    const KEY: &str = "0000 0009 722d6f666673657473";

    /// kafka-storage 8.2: a transactional id's life as Apache Kafka 4.3.1 wrote it, from its first
    /// record to the end of a transaction of `transaction.version` 2.
    #[test]
    fn writes_what_kafka_writes() {
        let stored = [
            "0001 000000000000000e 0001 0000ea60 00 00 000001a21bc376b4 ffffffffffffffff \
             01 00 08 000000000000000e",
            "0001 000000000000000e 0001 0000ea60 01 02 135f5f636f6e73756d65725f6f666673657473 02 \
             0000001c 00 000001a21bc377de 000001a21bc377de 02 00 08 000000000000000e 02 02 0002",
            "0001 000000000000000e 0002 0000ea60 02 02 135f5f636f6e73756d65725f6f666673657473 02 \
             0000001c 00 000001a21bc377ed 000001a21bc377de 02 00 08 000000000000000e 02 02 0002",
            "0001 000000000000000e 0002 0000ea60 04 01 000001a21bc377ee 000001a21bc377de \
             02 00 08 000000000000000e 02 02 0002",
        ];
        let mut statuses = Vec::new();
        for value in stored {
            let record = read(KEY, value).expect("a record").expect("of a known type");
            let record = Record { version: TransactionVersion::V2, ..record };
            assert_eq!(record.encode(), Ok((hex(KEY), Some(hex(value)))), "{record:?}");
            let transaction = record.value.expect("a value");
            assert_eq!(transaction.producer_id, 14);
            statuses.push(transaction.status);
        }
        let expected =
            [Status::Empty, Status::Ongoing, Status::PrepareCommit, Status::CompleteCommit];
        assert_eq!(statuses, expected);
    }

    /// kafka-storage 8.2: values of version 0 have no room for producer ids before and after.
    #[test]
    fn writes_old_values_for_old_clusters() {
        let transaction = Transaction {
            previous_producer_id: 3,
            partitions: Arc::new(BTreeSet::from([TopicPartition {
                topic: Str::from("t"),
                partition: 5,
            }])),
            status: Status::Ongoing,
            producer_epoch: 2,
            timeout_ms: 7,
            start_ms: 8,
            last_update_ms: 9,
            ..Transaction::new(4)
        };
        let version = TransactionVersion::V0;
        let value = Some(Box::new(transaction.clone()));
        let record = Record { transactional_id: Str::from("x"), value, version };
        let (key, value) = record.encode().expect("encoded");
        assert_eq!(key, hex("0000 0001 78"));
        let expected = "0000 0000000000000004 0002 00000007 01 00000001 0001 74 00000001 00000005 \
                        0000000000000009 0000000000000008";
        assert_eq!(value, Some(hex(expected)));
        let read = Record::decode(Some(&key), value.as_ref()).expect("read").expect("known");
        let without = Transaction { previous_producer_id: NO_PRODUCER_ID, ..transaction };
        assert_eq!(read.value, Some(Box::new(without)));
        let tombstone = Record { value: None, ..record };
        assert_eq!(tombstone.encode(), Ok((key, None)));
    }

    #[test]
    fn tells_what_is_no_record() {
        assert_eq!(Record::decode(None, None), Err(JournalError::NoKey));
        assert_eq!(read("0001 0001 78", "00"), Ok(None), "a type of the future");
        assert_eq!(read("0000 0001 78", "0002 00"), Ok(None), "a version of the future");
        assert_eq!(read("0000 0001 78", "ffff 00"), Ok(None));
        assert!(matches!(read("0000 0005 78", ""), Err(JournalError::Malformed(_))));
        assert!(matches!(read("0000 0001 78", "0000 00"), Err(JournalError::Malformed(_))));
        let with = |status: &str, version: &str| {
            format!(
                "0001 0000000000000004 0002 00000007 {status} 00 {0} {0} {version}",
                "00".repeat(8)
            )
        };
        let unknown = read("0000 0001 78", &with("07", "00"));
        assert_eq!(unknown, Err(JournalError::UnknownStatus(7)));
        let unknown = read("0000 0001 78", &with("00", "01 02 02 0003"));
        assert_eq!(unknown, Err(JournalError::UnknownTransactionVersion(3)));
    }
}
