//! Record batches of every magic, as they come from a socket or a segment.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use records::{
    BatchHeader, BatchView, Codec, Codecs, Compression, EndTxnMarker, ProduceRules, ProducedBatch,
    Record, TimestampType, batches, crc32c,
};

const DECOMPRESSED_MAX: usize = 1 << 20;
const NOW: i64 = 1_700_000_000_000;

// The first byte chooses the topic's rules, the rest is record data.
fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    walk(data);
    let data = with_checksum(data);
    walk(&data);
    produce(choice, &Bytes::from(data));
});

fn walk(data: &[u8]) {
    let _ = BatchHeader::parse(data).map(|header| format!("{header:?}"));
    let mut walk = batches(data);
    for batch in walk.by_ref() {
        let Ok(batch) = batch else { break };
        let _ = batch.verify_crc();
        let Ok(records) = batch.records(DECOMPRESSED_MAX) else { continue };
        assert!(records.uncompressed_size() <= DECOMPRESSED_MAX.max(batch.size()));
        for record in &records {
            let Ok(record) = record else { break };
            let _ = EndTxnMarker::read(&record);
            assert_eq!(record.headers().count(), record.to_record().headers.len());
        }
    }
    assert!(walk.position() <= data.len());
}

/// The same with a valid checksum in the first batch, which random bytes never have.
fn with_checksum(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    if let Ok(Some(batch)) = BatchView::first(&data)
        && batch.is_v2()
    {
        let crc = crc32c(&batch.bytes()[21..]);
        data[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    data
}

/// What is accepted can be stored and read back.
fn produce(choice: u8, data: &Bytes) {
    let Ok(produced) = ProducedBatch::new(data, true) else { return };
    let codecs = [None, Some(0), Some(1), Some(2), Some(3), Some(4)];
    let rules = ProduceRules {
        max_message_bytes: 1 << 20,
        compacted: choice & 0x40 != 0,
        timestamp_type: match choice & 0x80 {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: i64::MAX,
        compression: codecs[usize::from(choice & 0x3f) % codecs.len()]
            .map(|id| Codec::from(Compression::from_id(id).expect("an id of a codec"))),
        max_decompressed_bytes: DECOMPRESSED_MAX,
    };
    let Ok(mut valid) = produced.validate(&rules, NOW, &mut Codecs::default()) else { return };
    valid.batch.stamp(1000, 7);
    let stored = valid.batch.to_bytes();
    let batch = BatchView::first(&stored).expect("a batch").expect("a whole one");
    batch.verify_crc().expect("its checksum");
    assert_eq!(batch.partition_leader_epoch(), 7);
    let before = read(&BatchView::first(data).expect("a batch").expect("a whole one"));
    let after = read(&batch);
    assert_eq!(after.len() as i64, batch.next_offset() - 1000);
    for (index, (before, after)) in before.into_iter().zip(after).enumerate() {
        assert_eq!(after.offset, 1000 + index as i64);
        assert_eq!((before.key, before.value), (after.key, after.value));
        assert_eq!(before.headers, after.headers);
    }
}

fn read(batch: &BatchView<'_>) -> Vec<Record> {
    let records = batch.records(DECOMPRESSED_MAX).expect("validated records");
    records.iter().map(|record| record.expect("a validated record").to_record()).collect()
}
