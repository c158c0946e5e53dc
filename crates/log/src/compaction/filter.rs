//! What stays of a batch (kafka-storage 6.4 to 6.8).

use std::collections::HashMap;

use bytes::Bytes;
use records::{BatchView, Compressor, Decompressor, Error, RecordView, layout};
use replica::ProducerStates;

use super::offset_map::OffsetMap;
use super::transactions::Transactions;
use crate::timestamps::DECOMPRESSED_MAX;

/// What is known of a producer that may go on writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastRecord {
    /// Offset of its last record with data, if it is known.
    data_offset: Option<i64>,
    epoch: i16,
}

/// The last record of each producer that may go on writing.
pub(crate) fn last_records(producers: &ProducerStates) -> HashMap<i64, LastRecord> {
    let entries = producers.snapshot().map(|producer| {
        let data_offset = (producer.last_offset >= 0).then_some(producer.last_offset);
        (producer.producer_id, LastRecord { data_offset, epoch: producer.epoch })
    });
    entries.collect()
}

/// What a cleaning goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// When the cleaning began, ms since the epoch.
    pub(crate) now_ms: i64,
    /// `delete.retention.ms`.
    pub(crate) delete_retention_ms: i64,
    /// Where the cleaning ends: the batch that ends there keeps its header, so that the last
    /// offset is not lost.
    pub(crate) upper_bound_offset: i64,
}

/// What stays of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Nothing,
    Whole,
    /// Some of its records, or all of them with another base timestamp.
    Rebuilt(Bytes),
    /// Its header.
    Emptied([u8; layout::BATCH_OVERHEAD]),
}

/// Goes over the batches of a log, from its start on.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) transactions: Transactions,
    pub(crate) producers: HashMap<i64, LastRecord>,
    /// Whether tombstones of old message sets, which have no delete horizon, stay.
    pub(crate) retain_legacy_tombstones: bool,
    pub(crate) decompressor: Decompressor,
    compressor: Compressor,
    /// Records seen, and those that stay.
    pub(crate) seen: u64,
    pub(crate) kept: u64,
}

impl Filter {
    pub(crate) fn new(producers: HashMap<i64, LastRecord>) -> Self {
        Self { producers, ..Self::default() }
    }

    pub(crate) fn filter(
        &mut self,
        batch: &BatchView<'_>,
        map: &OffsetMap,
        rules: &Rules,
    ) -> Result<Kept, Error> {
        let is_obsolete = self.transactions.observe(batch)?;
        let is_past_horizon =
            batch.delete_horizon_ms().is_some_and(|horizon| horizon <= rules.now_ms);
        // A marker stays as long as a tombstone does.
        let drops_all = is_obsolete && (!batch.is_control() || is_past_horizon);
        let keeps_header =
            self.is_last_of_producer(batch) || batch.next_offset() == rules.upper_bound_offset;
        if drops_all {
            self.seen += u64::from(batch.record_count().unwrap_or(1).max(0) as u32);
            return Ok(nothing_of(batch, keeps_header));
        }
        let records = batch.records_with(&mut self.decompressor, DECOMPRESSED_MAX)?;
        let claimed = batch.record_count().unwrap_or(1).clamp(0, 1 << 16) as usize;
        let mut kept: Vec<RecordView<'_>> = Vec::with_capacity(claimed);
        let (mut seen, mut has_tombstone) = (0, false);
        for record in &records {
            let record = record?;
            seen += 1;
            let stays = batch.is_control()
                || record.offset > map.latest_offset()
                || match record.key {
                    None => false,
                    Some(key) => {
                        map.get(key).is_none_or(|last| record.offset >= last)
                            && (record.value.is_some()
                                || tombstone_stays(
                                    batch,
                                    self.retain_legacy_tombstones,
                                    is_past_horizon,
                                ))
                    }
                };
            if stays {
                has_tombstone |= record.value.is_none();
                kept.push(record);
            }
        }
        self.seen += seen;
        self.kept += kept.len() as u64;
        if kept.is_empty() {
            return Ok(nothing_of(batch, keeps_header));
        }
        let stamps = batch.is_v2()
            && batch.delete_horizon_ms().is_none()
            && (has_tombstone || is_obsolete && batch.is_control());
        if kept.len() as u64 == seen && !stamps {
            return Ok(Kept::Whole);
        }
        let horizon = match stamps {
            true => Some(rules.now_ms.saturating_add(rules.delete_retention_ms)),
            false => batch.delete_horizon_ms(),
        };
        batch.with_records(&kept, horizon, &mut self.compressor).map(Kept::Rebuilt)
    }

    /// Whether the batch holds what a producer that may go on is known by: its last sequence
    /// number, or the epoch in its last marker (kafka-storage 6.7).
    fn is_last_of_producer(&self, batch: &BatchView<'_>) -> bool {
        let last = batch.has_producer_id().then(|| self.producers.get(&batch.producer_id()));
        match last.flatten() {
            None => false,
            Some(LastRecord { data_offset: Some(offset), .. }) => batch.last_offset() == *offset,
            Some(LastRecord { epoch, .. }) => {
                batch.is_control() && batch.producer_epoch() == *epoch
            }
        }
    }
}

fn tombstone_stays(batch: &BatchView<'_>, retain_legacy: bool, is_past_horizon: bool) -> bool {
    if batch.is_v2() { !is_past_horizon } else { retain_legacy }
}

fn nothing_of(batch: &BatchView<'_>, keeps_header: bool) -> Kept {
    match keeps_header {
        false => Kept::Nothing,
        true if batch.is_v2() => Kept::Emptied(batch.without_records()),
        // An old message set cannot be empty.
        true => Kept::Whole,
    }
}

#[cfg(test)]
mod tests {
    use records::{BatchBuilder, Producer, Record};

    use super::*;

    const RULES: Rules = Rules { now_ms: 1000, delete_retention_ms: 50, upper_bound_offset: 100 };

    fn batch(records: &[(i64, Option<&str>, Option<&str>)], producer: Option<i64>) -> Bytes {
        let mut builder = BatchBuilder::new(records[0].0);
        if let Some(id) = producer {
            builder = builder.producer(Producer { id, epoch: 3, base_sequence: 7 });
        }
        for (offset, key, value) in records {
            let bytes = |text: &Option<&str>| text.map(|text| Bytes::from(text.to_owned()));
            builder.push_at_offset(&Record {
                offset: *offset,
                timestamp: 5,
                key: bytes(key),
                value: bytes(value),
                headers: Vec::new(),
            });
        }
        builder.build()
    }

    fn map(keys: &[(&str, i64)], latest: i64) -> OffsetMap {
        let mut map = OffsetMap::new(1 << 16, 0.9, 1000, &[1; 16]);
        keys.iter().for_each(|(key, offset)| assert!(map.put(key.as_bytes(), *offset)));
        map.advance(latest);
        map
    }

    fn kept(filter: &mut Filter, bytes: &[u8], map: &OffsetMap, rules: &Rules) -> Kept {
        filter.filter(&BatchView::first(bytes).unwrap().unwrap(), map, rules).unwrap()
    }

    fn offsets(kept: &Kept) -> Vec<i64> {
        let Kept::Rebuilt(bytes) = kept else { panic!("{kept:?}") };
        let batch = BatchView::first(bytes).unwrap().unwrap();
        let records = batch.records(1 << 20).unwrap();
        records.iter().map(|record| record.unwrap().offset).collect()
    }

    #[test]
    fn kafka_storage_6_4_the_last_of_each_key_stays_and_keys_that_are_not_newer() {
        let records = batch(&[(0, Some("a"), Some("1")), (1, Some("b"), Some("2"))], None);
        let mut filter = Filter::default();
        let map_a = map(&[("a", 9)], 20);
        assert_eq!(offsets(&kept(&mut filter, &records, &map_a, &RULES)), [1]);
        assert_eq!(kept(&mut filter, &records, &map(&[("a", 0)], 20), &RULES), Kept::Whole);
        let both = map(&[("a", 8), ("b", 9)], 20);
        assert_eq!(kept(&mut filter, &records, &both, &RULES), Kept::Nothing);
        // Above what was mapped everything stays.
        let late = batch(&[(8, Some("a"), Some("1")), (21, None, Some("2"))], None);
        assert_eq!(offsets(&kept(&mut filter, &late, &map_a, &RULES)), [21]);
        let late = batch(&[(21, Some("a"), Some("1")), (22, None, Some("2"))], None);
        assert_eq!(kept(&mut filter, &late, &map_a, &RULES), Kept::Whole);
    }

    #[test]
    fn kafka_storage_6_4_records_without_a_key_go() {
        let records = batch(&[(0, None, Some("1")), (1, Some("b"), Some("2"))], None);
        assert_eq!(offsets(&kept(&mut Filter::default(), &records, &map(&[], 20), &RULES)), [1]);
    }

    #[test]
    fn kafka_storage_6_5_tombstones_get_a_horizon_and_go_after_it() {
        let records = batch(&[(0, Some("a"), None), (1, Some("b"), Some("2"))], None);
        let map = map(&[("a", 0)], 20);
        let mut filter = Filter::default();
        let Kept::Rebuilt(stamped) = kept(&mut filter, &records, &map, &RULES) else { panic!() };
        let horizon = BatchView::first(&stamped).unwrap().unwrap().delete_horizon_ms();
        assert_eq!(horizon, Some(1050));
        let at = |now_ms| Rules { now_ms, ..RULES };
        assert_eq!(kept(&mut filter, &stamped, &map, &at(1049)), Kept::Whole);
        assert_eq!(offsets(&kept(&mut filter, &stamped, &map, &at(1050))), [1]);
    }

    #[test]
    fn kafka_storage_6_7_the_last_batch_of_a_producer_keeps_its_header() {
        let records = batch(&[(4, Some("a"), Some("1")), (5, Some("a"), Some("2"))], Some(9));
        let map = map(&[("a", 8)], 20);
        let mut filter = Filter::default();
        assert_eq!(kept(&mut filter, &records, &map, &RULES), Kept::Nothing);
        filter.producers.insert(9, LastRecord { data_offset: Some(5), epoch: 3 });
        let Kept::Emptied(header) = kept(&mut filter, &records, &map, &RULES) else { panic!() };
        assert_eq!(BatchView::first(&header).unwrap().unwrap().last_sequence(), 8);
        filter.producers.insert(9, LastRecord { data_offset: Some(15), epoch: 3 });
        assert_eq!(kept(&mut filter, &records, &map, &RULES), Kept::Nothing);
        let last = Rules { upper_bound_offset: 6, ..RULES };
        assert!(matches!(kept(&mut filter, &records, &map, &last), Kept::Emptied(_)));
    }
}
