//! Batches that Apache Kafka wrote are read, and written byte for byte where nothing is compressed.

use std::path::Path;

use bytes::Bytes;
use records::{
    BatchBuilder, BatchView, Compression, EndTxnMarker, Header, Producer, Record, StampedBatch,
    TimestampType, batches,
};

const TIME: i64 = 1_700_000_000_000;

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    let text = std::fs::read_to_string(&path).expect("the file is checked in");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let value = |digit: u8| (digit as char).to_digit(16).map_or(0, |value| value as u8);
    digits.chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

fn expected(magic: i8, last_value: usize) -> Vec<Record> {
    let pattern = b"ottla reads what kafka wrote. ";
    let last_value: Vec<u8> = pattern.iter().copied().cycle().take(last_value).collect();
    let header = |key: &'static str, value: Option<&'static str>| Header {
        key: Bytes::from(key),
        value: value.map(Bytes::from),
    };
    let headers = [header("h", Some("1")), header("h", Some("2")), header("x", None)];
    let record = |offset, timestamp, key: Option<&'static str>, value: Option<Vec<u8>>| Record {
        offset,
        timestamp: if magic == 0 { -1 } else { timestamp },
        key: key.map(Bytes::from),
        value: value.map(Bytes::from),
        headers: Vec::new(),
    };
    let mut records = vec![
        record(100, TIME, None, Some(b"first".to_vec())),
        record(101, TIME + 5, Some("key-1"), None),
        record(102, TIME - 3, Some(""), Some(Vec::new())),
        record(103, TIME + 70_000, Some("big"), Some(last_value)),
    ];
    if magic == 2 {
        records[2].headers = headers.to_vec();
    }
    records
}

fn read(bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    for batch in batches(bytes) {
        let batch = batch.expect("a batch");
        batch.verify_crc().expect("its checksum");
        let in_batch = batch.records(1 << 20).expect("its records");
        records.extend(in_batch.iter().map(|record| record.expect("a record").to_record()));
    }
    records
}

#[test]
fn kafka_storage_3_1_every_magic_and_codec_is_read() {
    let codecs = [
        ("none", 100),
        ("gzip", 100_000),
        ("snappy", 100_000),
        ("lz4", 100_000),
        ("zstd", 100_000),
    ];
    for magic in 0..=2 {
        for (codec, last_value) in codecs {
            if magic < 2 && codec == "zstd" {
                continue;
            }
            let name = format!("v{magic}-{codec}");
            assert!(read(&golden(&name)) == expected(magic, last_value), "{name}");
        }
    }
}

#[test]
fn headers_of_old_message_sets() {
    let bytes = golden("v1-gzip");
    let batch = BatchView::first(&bytes).unwrap().unwrap();
    assert_eq!((batch.magic(), batch.compression()), (1, Ok(Compression::Gzip)));
    assert_eq!((batch.last_offset(), batch.max_timestamp()), (103, TIME + 70_000));
    assert_eq!((batch.record_count(), batch.producer_id()), (None, -1));
    assert_eq!(batch.partition_leader_epoch(), -1);

    let bytes = golden("v1-none");
    let offsets: Vec<_> = batches(&bytes).map(|batch| batch.unwrap().base_offset()).collect();
    assert_eq!(offsets, [100, 101, 102, 103]);

    let records = read(&golden("v1-gzip-append-time"));
    assert!(records.iter().all(|record| record.timestamp == TIME + 9));
}

#[test]
fn what_is_not_compressed_is_written_byte_for_byte() {
    let mut plain = BatchBuilder::new(100);
    let mut transactional = BatchBuilder::new(100)
        .producer(Producer { id: 4000, epoch: 7, base_sequence: 33 })
        .transactional()
        .partition_leader_epoch(5)
        .log_append_time(TIME + 9);
    for record in expected(2, 100) {
        plain.push(&record);
        transactional.push(&record);
    }
    assert_eq!(plain.build(), golden("v2-none"));
    let transactional = transactional.build();
    assert_eq!(transactional, golden("v2-transactional-append-time"));
    let batch = BatchView::first(&transactional).unwrap().unwrap();
    assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
}

#[test]
fn kafka_storage_3_2_markers_are_written_byte_for_byte() {
    let marker = EndTxnMarker { committed: true, coordinator_epoch: 12 };
    let mut batch = StampedBatch::new(&marker.batch(4000, 7, TIME)).unwrap().unwrap();
    batch.stamp(200, 5);
    assert_eq!(batch.to_bytes(), golden("v2-commit-marker"));
}
