//! Records that came with an answer and wait to be given out.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use records::{BatchView, Compression, EndTxnMarker, batches};
use wire::Str;
use wire::messages::fetch_response::AbortedTransaction;

use super::config::{ConsumerConfig, Isolation};
use super::record::ConsumedRecord;
use crate::error::Error;

/// What an answer brought for one partition. One batch at a time is decompressed.
#[derive(Debug)]
pub(super) struct Fetched {
    bytes: Bytes,
    /// Transactions that ended badly, those that begin last first.
    aborted: Vec<AbortedTransaction>,
    /// Producers whose records are passed over until their marker.
    aborting: HashSet<i64>,
    ready: VecDeque<ConsumedRecord>,
    /// Where reading goes on after what is ready.
    next_offset: i64,
}

impl Fetched {
    pub(super) fn new(
        bytes: Bytes,
        position: i64,
        aborted: Option<Vec<AbortedTransaction>>,
    ) -> Self {
        let mut aborted = aborted.unwrap_or_default();
        aborted.sort_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Self {
            bytes,
            aborted,
            aborting: HashSet::new(),
            ready: VecDeque::new(),
            next_offset: position,
        }
    }

    /// The next record, and where reading goes on after it. Without a record everything was given
    /// out.
    pub(super) fn next(
        &mut self,
        (topic, partition): (&Str, i32),
        config: &ConsumerConfig,
    ) -> Result<(Option<ConsumedRecord>, i64), Error> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                let next = if self.ready.is_empty() { self.next_offset } else { record.offset + 1 };
                return Ok((Some(record), next));
            }
            let bytes = self.bytes.clone();
            let position = self.next_offset;
            let corrupt = |source| Error::Corrupt {
                topic: topic.to_string(),
                partition,
                offset: position,
                source,
            };
            let Some(batch) = batches(&bytes).next().transpose().map_err(corrupt)? else {
                self.bytes = Bytes::new();
                return Ok((None, self.next_offset));
            };
            self.read(topic, partition, config, &batch).map_err(corrupt)?;
            self.bytes = bytes.slice(batch.size()..);
            self.next_offset = self.next_offset.max(batch.next_offset());
        }
    }

    fn read(
        &mut self,
        topic: &Str,
        partition: i32,
        config: &ConsumerConfig,
        batch: &BatchView<'_>,
    ) -> Result<(), records::Error> {
        if config.check_crcs {
            batch.verify_crc()?;
        }
        let records = batch.records(config.decompressed_bytes_max)?;
        if batch.is_control() {
            // An aborted transaction's records end at its marker.
            if let Some(record) = records.iter().next().transpose()?
                && EndTxnMarker::read(&record)?.is_some_and(|marker| !marker.committed)
            {
                self.aborting.remove(&batch.producer_id());
            }
            return Ok(());
        }
        if config.isolation == Isolation::ReadCommitted && self.is_aborted(batch) {
            return Ok(());
        }
        // Then records lie in what was fetched and are not copied.
        let is_plain = batch.is_v2() && batch.compression()? == Compression::None;
        let timestamp_type = (batch.magic() > 0).then(|| batch.timestamp_type());
        for record in &records {
            let record = record?;
            if record.offset < self.next_offset {
                continue;
            }
            let record =
                if is_plain { record.to_record_of(&self.bytes) } else { record.to_record() };
            self.ready.push_back(ConsumedRecord {
                topic: topic.clone(),
                partition,
                offset: record.offset,
                timestamp: record.timestamp,
                timestamp_type,
                leader_epoch: batch.partition_leader_epoch(),
                key: record.key,
                value: record.value,
                headers: record.headers,
            });
        }
        Ok(())
    }

    fn is_aborted(&mut self, batch: &BatchView<'_>) -> bool {
        while let Some(last) = self.aborted.last()
            && last.first_offset <= batch.last_offset()
        {
            self.aborting.insert(last.producer_id);
            self.aborted.pop();
        }
        batch.is_transactional() && self.aborting.contains(&batch.producer_id())
    }
}

#[cfg(test)]
mod tests {
    use records::{BatchBuilder, Producer};

    use super::*;

    fn batch(base_offset: i64, values: &[&str], producer_id: Option<i64>) -> Bytes {
        let mut builder = BatchBuilder::new(base_offset);
        if let Some(id) = producer_id {
            builder = builder.producer(Producer { id, epoch: 0, base_sequence: 0 }).transactional();
        }
        for value in values {
            builder.push_key_value(7, None, Some(value.as_bytes()));
        }
        builder.build()
    }

    fn marker(offset: i64, producer_id: i64, committed: bool) -> Bytes {
        let marker = EndTxnMarker { committed, coordinator_epoch: 0 };
        let mut bytes = marker.batch(producer_id, 0, 7).to_vec();
        bytes[..8].copy_from_slice(&offset.to_be_bytes());
        bytes.into()
    }

    fn read(mut fetched: Fetched, isolation: Isolation) -> (Vec<String>, i64) {
        let config = ConsumerConfig { isolation, ..ConsumerConfig::default() };
        let mut values = Vec::new();
        loop {
            match fetched.next((&Str::from("t"), 0), &config).unwrap() {
                (Some(record), _) => {
                    let value = record.value.unwrap();
                    values.push(String::from_utf8(value.to_vec()).unwrap());
                }
                (None, next) => return (values, next),
            }
        }
    }

    #[test]
    fn records_before_the_position_and_partial_batches_are_passed_over() {
        let mut bytes = batch(10, &["a", "b", "c"], None).to_vec();
        bytes.extend_from_slice(&batch(13, &["d"], None)[..40]);
        let fetched = Fetched::new(bytes.into(), 11, None);
        assert_eq!(
            read(fetched, Isolation::ReadUncommitted),
            (vec!["b".to_owned(), "c".to_owned()], 13)
        );
    }

    #[test]
    fn aborted_records_are_left_out_where_only_committed_ones_are_read() {
        let mut bytes = batch(0, &["aborted"], Some(1)).to_vec();
        bytes.extend_from_slice(&batch(1, &["other"], Some(2)));
        bytes.extend_from_slice(&marker(2, 1, false));
        bytes.extend_from_slice(&batch(3, &["later"], Some(1)));
        let aborted =
            AbortedTransaction { producer_id: 1, first_offset: 0, ..AbortedTransaction::default() };
        let fetched = || Fetched::new(Bytes::from(bytes.clone()), 0, Some(vec![aborted.clone()]));
        let committed = vec!["other".to_owned(), "later".to_owned()];
        assert_eq!(read(fetched(), Isolation::ReadCommitted), (committed, 4));
        assert_eq!(read(fetched(), Isolation::ReadUncommitted).0.len(), 3);
    }

    #[test]
    fn bytes_that_are_no_batch_are_an_error() {
        let mut broken = batch(0, &["a"], None).to_vec();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        let mut fetched = Fetched::new(broken.into(), 0, None);
        let result = fetched.next((&Str::from("t"), 3), &ConsumerConfig::default());
        assert!(matches!(result, Err(Error::Corrupt { partition: 3, .. })));
    }
}
