//! What is built is read back, through every codec.

use bytes::Bytes;
use records::{
    BatchBuilder, BatchView, Codec, Compression, Compressor, ControlType, Decompressor,
    EndTxnMarker, Error, Header, Producer, Record, TimestampType,
};

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fn header(key: &'static [u8], value: Option<&'static [u8]>) -> Header {
    Header { key: Bytes::from_static(key), value: value.map(Bytes::from_static) }
}

fn sample_records() -> Vec<Record> {
    let plain =
        |offset, timestamp, key: Option<&'static str>, value: Option<&'static str>| Record {
            offset,
            timestamp,
            key: key.map(Bytes::from),
            value: value.map(Bytes::from),
            headers: Vec::new(),
        };
    let mut with_headers = plain(12, 990, Some("k"), Some("v"));
    with_headers.headers = vec![
        header(b"twice", Some(b"1")),
        header(b"twice", Some(b"2")),
        header(b"\xff\xfe", None),
        header(b"", Some(b"")),
    ];
    let mut large = plain(13, 1_000_000, None, None);
    large.value = Some(vec![b'x'; 300_000].into());
    vec![plain(10, 1000, None, Some("")), plain(11, 1001, Some(""), None), with_headers, large]
}

#[test]
fn kafka_semantics_245_records_come_back_byte_for_byte() {
    let records = sample_records();
    let mut compressor = Compressor::default();
    let mut decompressor = Decompressor::default();
    // Twice, so that contexts are also seen reused.
    for compression in CODECS.into_iter().chain(CODECS) {
        let mut builder = BatchBuilder::new(10).codec(compression).partition_leader_epoch(3);
        records.iter().for_each(|record| builder.push_at_offset(record));
        let bytes = builder.build_with(&mut compressor);
        let batch = BatchView::first(&bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        assert_eq!(batch.size(), bytes.len());
        assert_eq!(batch.compression(), Ok(compression));
        assert_eq!((batch.base_offset(), batch.last_offset()), (10, 13));
        assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (1000, 1_000_000));
        assert_eq!(batch.record_count(), Some(4));
        let read = batch.records_with(&mut decompressor, 1 << 20).unwrap();
        let read: Vec<Record> = read.iter().map(|record| record.unwrap().to_record()).collect();
        assert_eq!(read, records, "{compression}");
    }
}

#[test]
fn levels_are_taken() {
    let text: Vec<u8> =
        (0..40_000_u32).flat_map(|n| (n * n / 7).to_string().into_bytes()).collect();
    let size = |compression, level| {
        let mut out = Vec::new();
        Compressor::default().compress(Codec { compression, level }, &text, &mut out);
        let mut decompressor = Decompressor::default();
        let back = decompressor.decompress(compression, 2, &out, text.len()).unwrap();
        assert!(back == text);
        out.len()
    };
    for (compression, low, high) in [(Compression::Gzip, 1, 9), (Compression::Zstd, 1, 19)] {
        assert!(size(compression, Some(high)) < size(compression, Some(low)));
        assert!(size(compression, None) > 0);
    }
    assert_eq!(size(Compression::Gzip, Some(-1)), size(Compression::Gzip, None));
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let zeros = vec![0; 8 << 20];
    for compression in &CODECS[1..] {
        let mut builder = BatchBuilder::new(0).codec(*compression);
        builder.push_key_value(0, None, Some(&zeros));
        let bytes = builder.build();
        let batch = BatchView::first(&bytes).unwrap().unwrap();
        let limit = 1 << 20;
        let error = batch.records(limit).unwrap_err();
        assert_eq!(error, Error::DecompressedTooLarge { limit }, "{compression}");
        let exact = batch.records(zeros.len() + 13).unwrap();
        assert_eq!(exact.iter().count(), 1);
    }
}

#[test]
fn a_zstd_frame_that_claims_to_be_empty_ends() {
    // Magic, "content size in one byte", 0, a last raw block of 5 bytes.
    let lie = [b"\x28\xb5\x2f\xfd\x20\x00\x29\x00\x00", &b"12345"[..]].concat();
    let mut decompressor = Decompressor::default();
    for limit in [0, 1, 5, 1 << 20] {
        assert!(decompressor.decompress(Compression::Zstd, 2, &lie, limit).is_err());
    }
}

#[test]
fn cut_and_changed_streams_are_refused_or_read_but_never_panic() {
    let mut builder = BatchBuilder::new(0);
    sample_records().iter().take(3).for_each(|record| builder.push(record));
    for compression in CODECS {
        let bytes = builder.clone().codec(compression).build();
        for position in 61..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[position] ^= 0x55;
            let batch = BatchView::first(&changed).unwrap().unwrap();
            assert!(batch.verify_crc().is_err());
            if let Ok(records) = batch.records(1 << 16) {
                records.iter().for_each(drop);
            }
        }
    }
}

#[test]
fn with_log_append_time_every_record_has_the_time_of_the_batch() {
    let mut builder = BatchBuilder::new(0).log_append_time(777);
    sample_records().iter().for_each(|record| builder.push(record));
    let bytes = builder.build();
    let batch = BatchView::first(&bytes).unwrap().unwrap();
    assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(batch.max_timestamp(), 777);
    assert!(batch.records(0).unwrap().iter().all(|record| record.unwrap().timestamp == 777));
}

#[test]
fn the_count_must_match_the_bytes() {
    let mut builder = BatchBuilder::new(0);
    sample_records().iter().for_each(|record| builder.push(record));
    let bytes = builder.build();
    for (count, good) in [(3, false), (4, true), (5, false), (i32::MAX, false), (-1, false)] {
        let mut changed = bytes.to_vec();
        changed[57..61].copy_from_slice(&i32::to_be_bytes(count));
        let batch = BatchView::first(&changed).unwrap().unwrap();
        let read = batch.records(0).and_then(|records| {
            records.iter().map(|record| record.map(drop)).collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(read.is_ok(), good, "{count}");
    }
}

#[test]
fn kafka_storage_3_2_transaction_markers() {
    let marker = EndTxnMarker { committed: false, coordinator_epoch: 9 };
    let bytes = marker.batch(4000, 2, 123);
    let batch = BatchView::first(&bytes).unwrap().unwrap();
    assert!(batch.is_control() && batch.is_transactional());
    assert_eq!((batch.producer_id(), batch.producer_epoch()), (4000, 2));
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (-1, -1));
    let records = batch.records(0).unwrap();
    let record = records.iter().next().unwrap().unwrap();
    assert_eq!(record.key, Some(&[0, 0, 0, 0][..]));
    assert_eq!(record.value, Some(&[0, 0, 0, 0, 0, 9][..]));
    assert_eq!(EndTxnMarker::read(&record), Ok(Some(marker)));
    assert_eq!(ControlType::of_key(&[0, 0, 0, 99]), Ok(None));
    assert!(ControlType::of_key(&[0, 0, 0]).is_err());
}

#[test]
fn sequences_wrap() {
    let producer = Producer { id: 1, epoch: 0, base_sequence: i32::MAX - 1 };
    let mut builder = BatchBuilder::new(0).producer(producer);
    sample_records().iter().for_each(|record| builder.push(record));
    let bytes = builder.build();
    let batch = BatchView::first(&bytes).unwrap().unwrap();
    assert_eq!(batch.last_sequence(), 1, "kafka-semantics 29");
    assert_eq!(records::decrement_sequence(1, 3), i32::MAX - 1);
    for (sequence, delta) in [(5, -7), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (-9, 3)] {
        // Numbers of a hostile header: whatever comes out, nothing breaks.
        let _ = records::increment_sequence(sequence, delta);
        let _ = records::decrement_sequence(sequence, delta);
    }
}

#[test]
fn kafka_storage_3_1_an_empty_batch_is_read() {
    let bytes = BatchBuilder::new(5).build();
    let batch = BatchView::first(&bytes).unwrap().unwrap();
    batch.verify_crc().unwrap();
    assert_eq!(batch.records(0).unwrap().iter().count(), 0);
}
