//! What a leader accepts of produced batches, item by item. The order of errors was asked of
//! Apache Kafka 4.3.1.

use bytes::Bytes;
use records::{
    BatchBuilder, BatchView, Codec, Codecs, Compression, Error, Header, InvalidBatch, ProduceRules,
    ProducedBatch, Producer, Record, RecordFault, Rejection, TimestampType, ValidBatch, crc32c,
};

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

fn rules() -> ProduceRules {
    ProduceRules {
        max_message_bytes: 1 << 20,
        compacted: false,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: HOUR,
        compression: None,
        max_decompressed_bytes: 1 << 24,
    }
}

fn compacted() -> ProduceRules {
    ProduceRules { compacted: true, ..rules() }
}

fn append_time() -> ProduceRules {
    ProduceRules { timestamp_type: TimestampType::LogAppendTime, ..rules() }
}

fn record(timestamp: i64, key: Option<&'static str>) -> Record {
    let value = Some(Bytes::from_static(b"value"));
    Record { timestamp, key: key.map(Bytes::from), value, ..Record::default() }
}

fn keyed(timestamps: &[i64]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(0);
    timestamps.iter().for_each(|timestamp| builder.push(&record(*timestamp, Some("k"))));
    builder
}

fn validate(bytes: &[u8], rules: &ProduceRules) -> Result<ValidBatch, Rejection> {
    let produced = ProducedBatch::new(&Bytes::copy_from_slice(bytes), true)?;
    produced.validate(rules, NOW, &mut Codecs::default())
}

/// Overwrites header fields (or anything) and sets the checksum anew.
fn tamper(bytes: &[u8], position: usize, with: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[position..position + with.len()].copy_from_slice(with);
    let crc = crc32c(&changed[21..]);
    changed[17..21].copy_from_slice(&crc.to_be_bytes());
    changed
}

/// A batch with these bytes for records.
fn with_body(body: &[u8], record_count: i32, attributes: u8) -> Vec<u8> {
    let mut bytes = keyed(&[NOW]).build()[..61].to_vec();
    bytes.extend_from_slice(body);
    let size = (bytes.len() - 12) as i32;
    bytes[8..12].copy_from_slice(&size.to_be_bytes());
    bytes[23..27].copy_from_slice(&(record_count - 1).to_be_bytes());
    bytes[57..61].copy_from_slice(&record_count.to_be_bytes());
    tamper(&bytes, 22, &[attributes])
}

fn invalid(result: Result<ValidBatch, Rejection>) -> InvalidBatch {
    match result {
        Err(Rejection::InvalidBatch(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn faults(result: Result<ValidBatch, Rejection>) -> (Vec<i32>, bool) {
    match result {
        Err(Rejection::InvalidRecords(errors)) => (
            errors.errors.iter().map(|error| error.batch_index).collect(),
            errors.has_invalid_timestamp,
        ),
        other => panic!("{other:?}"),
    }
}

fn is_misshapen(result: Result<ValidBatch, Rejection>) -> bool {
    matches!(result, Err(Rejection::Unreadable(Error::Record(_))))
}

#[test]
fn kafka_semantics_2_exactly_one_batch_of_magic_2() {
    let good = keyed(&[NOW]).build();
    assert!(validate(&good, &rules()).is_ok());
    assert_eq!(invalid(validate(&[], &rules())), InvalidBatch::NotOneBatch);
    assert_eq!(invalid(validate(&good[..good.len() - 1], &rules())), InvalidBatch::NotOneBatch);
    assert_eq!(
        invalid(validate(&[good.clone(), good.clone()].concat(), &rules())),
        InvalidBatch::NotOneBatch
    );
    assert_eq!(invalid(validate(&tamper(&good, 16, &[1]), &rules())), InvalidBatch::NotOneBatch);
    let partial = [&good[..], &good[..30]].concat();
    let valid = validate(&partial, &rules()).unwrap();
    assert_eq!(valid.batch.to_bytes(), good, "a partial batch behind is dropped");
}

#[test]
fn kafka_semantics_3_zstd_needs_produce_7() {
    let zstd = keyed(&[NOW]).codec(Compression::Zstd).build();
    let refused = ProducedBatch::new(&zstd, false).unwrap_err();
    assert_eq!(refused, Rejection::UnsupportedCompression);
    assert!(validate(&zstd, &rules()).is_ok());
}

#[test]
fn kafka_semantics_4_clients_choose_no_offsets() {
    let mut builder = BatchBuilder::new(5);
    builder.push(&record(NOW, None));
    let mut bytes = builder.build().to_vec();
    assert_eq!(invalid(validate(&bytes, &rules())), InvalidBatch::BaseOffset(5));
    bytes[20] ^= 1;
    assert_eq!(invalid(validate(&bytes, &rules())), InvalidBatch::BaseOffset(5), "before the crc");
}

#[test]
fn kafka_semantics_5_corrupt_batches() {
    let mut bytes = keyed(&[NOW]).build().to_vec();
    bytes[17] ^= 1;
    assert!(matches!(validate(&bytes, &rules()), Err(Rejection::Corrupt(_))));
    let no_batch = |position, with: &[u8]| {
        let rejection = validate(&tamper(&bytes, position, with), &rules()).unwrap_err();
        rejection.answered_message(&"t-0").unwrap_or_default()
    };
    assert_eq!(no_batch(16, &[3]), "Invalid magic found in record: 3");
    let short = "Record size 13 is less than the minimum record overhead (14)";
    assert_eq!(no_batch(8, &13_i32.to_be_bytes()), short);
    assert_eq!(no_batch(8, &48_i32.to_be_bytes()), "");
}

#[test]
fn kafka_semantics_6_count_and_offsets_agree() {
    let one = keyed(&[NOW]).build();
    let two = keyed(&[NOW, NOW]).build();
    let count = |last_offset_delta: i32, record_count: i32| {
        let bytes = tamper(&one, 23, &last_offset_delta.to_be_bytes());
        validate(&tamper(&bytes, 57, &record_count.to_be_bytes()), &rules())
    };
    for (last_offset_delta, record_count) in
        [(1, 1), (0, 0), (-1, 0), (-1, 1), (0, -1), (i32::MAX, i32::MIN), (i32::MIN, 1)]
    {
        let expected = InvalidBatch::Count { last_offset_delta, record_count };
        assert_eq!(invalid(count(last_offset_delta, record_count)), expected);
    }
    assert!(is_misshapen(count(1, 2)), "fewer records than counted");
    let too_many = tamper(&tamper(&two, 23, &[0; 4]), 57, &1_i32.to_be_bytes());
    assert!(is_misshapen(validate(&too_many, &rules())), "more records than counted");
}

#[test]
fn kafka_semantics_7_8_control_and_sequence() {
    let control = keyed(&[NOW]).control().build();
    assert_eq!(invalid(validate(&control, &rules())), InvalidBatch::Control);
    let producer = |base_sequence| {
        let producer = Producer { id: 4, epoch: 0, base_sequence };
        validate(&keyed(&[NOW]).producer(producer).build(), &rules())
    };
    assert_eq!(invalid(producer(-1)), InvalidBatch::Sequence(-1));
    assert!(producer(0).is_ok());
}

#[test]
fn kafka_semantics_9_size_before_and_after_recompression() {
    let noise: Vec<u8> =
        (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let zeros = vec![0; 4000];
    let mut of_noise = BatchBuilder::new(0);
    of_noise.push_key_value(NOW, None, Some(&noise));
    let mut of_zeros = BatchBuilder::new(0).codec(Compression::Gzip);
    of_zeros.push_key_value(NOW, None, Some(&zeros));
    let small = ProduceRules { max_message_bytes: 1000, ..rules() };
    let mut large = of_noise.build().to_vec();
    large[20] ^= 1;
    assert!(
        matches!(validate(&large, &small), Err(Rejection::TooLarge { limit: 1000, .. })),
        "before the crc"
    );
    let of_zeros = of_zeros.build();
    assert!(validate(&of_zeros, &small).is_ok());
    let uncompressed = ProduceRules { compression: Some(Codec::default()), ..small };
    assert!(matches!(validate(&of_zeros, &uncompressed), Err(Rejection::TooLarge { .. })));
}

#[test]
fn kafka_semantics_11_compacted_topics_want_keys() {
    let mut builder = BatchBuilder::new(0);
    [None, Some("k"), None, Some("")].into_iter().for_each(|key| builder.push(&record(NOW, key)));
    for compression in [Compression::None, Compression::Lz4] {
        let bytes = builder.clone().codec(compression).build();
        assert_eq!(faults(validate(&bytes, &compacted())), (vec![0, 2], false));
        assert!(validate(&bytes, &rules()).is_ok());
    }
    let rejection = validate(&builder.build(), &compacted()).unwrap_err();
    assert_eq!(
        rejection.answered_message(&"compacted-0").unwrap(),
        "One or more records have been rejected due to 2 record errors in total, and only showing \
         the first three errors at most: [RecordError(batchIndex=0, message='Compacted topic \
         cannot accept message without key in topic partition compacted-0'), \
         RecordError(batchIndex=2, message='Compacted topic cannot accept message without key in \
         topic partition compacted-0')]"
    );
}

#[test]
fn kafka_semantics_12_create_times_are_bounded() {
    let bounded = ProduceRules { timestamp_before_max_ms: 1000, ..rules() };
    let good = [NOW, NOW - 1000, NOW + HOUR, -1];
    assert!(validate(&keyed(&good).build(), &bounded).is_ok());
    let bad = [NOW - 1001, NOW, NOW + HOUR + 1, -2, i64::MIN];
    let rejection = validate(&keyed(&bad).build(), &bounded).unwrap_err();
    let Rejection::InvalidRecords(errors) = &rejection else { panic!("{rejection:?}") };
    assert_eq!((errors.total, errors.has_invalid_timestamp), (4, true));
    assert_eq!(
        errors.errors[1].fault.message(&"t-0"),
        format!(
            "Timestamp {} of message with offset 2 is out of range. The timestamp should be \
             within [{}, {}]",
            NOW + HOUR + 1,
            NOW - 1000,
            NOW + HOUR
        )
    );
    let summary = "One or more records have been rejected due to invalid timestamp";
    assert_eq!(rejection.answered_message(&"t-0").unwrap(), summary);
    assert!(validate(&keyed(&[1, 2]).build(), &rules()).is_ok(), "by default any age will do");
}

#[test]
fn kafka_semantics_13_clients_do_not_set_append_time() {
    let bytes = |timestamp| keyed(&[NOW]).log_append_time(timestamp).build();
    assert_eq!(faults(validate(&bytes(NOW), &append_time())), (vec![0], true));
    assert_eq!(faults(validate(&bytes(-1), &rules())), (vec![0], true));
    assert_eq!(faults(validate(&bytes(NOW + HOUR + 1), &rules())), (vec![0], true));
    let valid = validate(&bytes(NOW - 5), &rules()).unwrap();
    let header = valid.batch.header();
    assert_eq!(header.timestamp_type(), TimestampType::CreateTime, "the bit is cleared");
    assert_eq!(header.max_timestamp(), NOW - 5);
    let Err(Rejection::InvalidRecords(errors)) = validate(&bytes(-1), &rules()) else { panic!() };
    assert_eq!(
        errors.errors[0].fault.message(&"t-0"),
        "Invalid timestamp type in message DefaultRecord(offset=0, timestamp=-1, key=1 bytes, \
         value=5 bytes). Producer should not set timestamp type to LogAppendTime."
    );
}

#[test]
fn kafka_semantics_14_append_time_is_stamped() {
    for compression in [Compression::None, Compression::Zstd] {
        let bytes = keyed(&[NOW - 9, NOW + 2 * HOUR]).codec(compression).build();
        let valid = validate(&bytes, &append_time()).unwrap();
        assert_eq!(valid.log_append_time, NOW);
        let stored = valid.batch.to_bytes();
        let batch = BatchView::first(&stored).unwrap().unwrap();
        batch.verify_crc().unwrap();
        assert_eq!(
            (batch.timestamp_type(), batch.max_timestamp()),
            (TimestampType::LogAppendTime, NOW)
        );
        assert_eq!(
            validate(&bytes, &ProduceRules { timestamp_after_max_ms: i64::MAX, ..rules() })
                .unwrap()
                .log_append_time,
            -1
        );
    }
}

#[test]
fn kafka_semantics_15_the_max_timestamp_is_corrected() {
    let bytes = tamper(&keyed(&[NOW, NOW + 3, NOW - 4]).build(), 35, &5_i64.to_be_bytes());
    let valid = validate(&bytes, &rules()).unwrap();
    let stored = valid.batch.to_bytes();
    let batch = BatchView::first(&stored).unwrap().unwrap();
    batch.verify_crc().unwrap();
    assert_eq!(batch.max_timestamp(), NOW + 3);
}

#[test]
fn kafka_semantics_17_a_bad_timestamp_names_the_error() {
    let mut builder = BatchBuilder::new(0);
    builder.push(&record(NOW + 2 * HOUR, None));
    builder.push(&record(NOW, None));
    builder.push(&record(NOW + 2 * HOUR, Some("k")));
    let Err(Rejection::InvalidRecords(errors)) = validate(&builder.build(), &compacted()) else {
        panic!()
    };
    assert!(errors.has_invalid_timestamp);
    let kinds: Vec<bool> =
        errors.errors.iter().map(|error| error.fault == RecordFault::NoKey).collect();
    assert_eq!(kinds, [true, true, false], "a missing key wins within its record");
}

#[test]
fn kafka_semantics_18_the_producers_bytes_are_kept_or_recompressed() {
    let producer = Producer { id: 9, epoch: 3, base_sequence: 40 };
    let mut builder = keyed(&[NOW, NOW + 1]).producer(producer).transactional();
    let mut with_headers = record(NOW + 2, None);
    let header = |key: &'static [u8]| Header { key: Bytes::from_static(key), value: None };
    with_headers.headers = vec![header(b"\xff"), header(b"\xff")];
    builder.push(&with_headers);
    let read = |bytes: &Bytes| -> Vec<Record> {
        let batch = BatchView::first(bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        batch.records(1 << 20).unwrap().iter().map(|record| record.unwrap().to_record()).collect()
    };
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for source in codecs {
        let bytes = builder.clone().codec(source).build();
        assert_eq!(validate(&bytes, &rules()).unwrap().batch.to_bytes(), bytes);
        for target in codecs {
            let rules = ProduceRules { compression: Some(target.into()), ..rules() };
            let stored = validate(&bytes, &rules).unwrap().batch.to_bytes();
            assert_eq!(read(&stored), read(&bytes));
            let header = *BatchView::first(&stored).unwrap().unwrap();
            assert_eq!(header.compression(), Ok(target));
            assert!(header.is_transactional());
            assert_eq!(
                (header.producer_id(), header.producer_epoch(), header.base_sequence()),
                (9, 3, 40)
            );
            if source == target {
                assert_eq!(stored, bytes);
            }
        }
    }
}

#[test]
fn kafka_semantics_19_misnumbered_records_are_rebuilt() {
    for compression in [Compression::None, Compression::Snappy] {
        let mut builder = BatchBuilder::new(0).codec(compression);
        for offset in [0, 5] {
            builder.push_at_offset(&Record { offset, ..record(NOW, Some("k")) });
        }
        let bytes = tamper(&builder.build(), 23, &1_i32.to_be_bytes());
        let stored = validate(&bytes, &rules()).unwrap().batch.to_bytes();
        let batch = BatchView::first(&stored).unwrap().unwrap();
        batch.verify_crc().unwrap();
        let offsets: Vec<i64> =
            batch.records(1 << 20).unwrap().iter().map(|record| record.unwrap().offset).collect();
        assert_eq!((offsets, batch.last_offset()), (vec![0, 1], 1));
    }
}

#[test]
fn misshapen_records_are_refused() {
    // Length, attributes, timestamp delta, offset delta, key, value, headers.
    let good = [16, 0, 0, 0, 2, b'k', 2, b'v', 0];
    assert!(validate(&with_body(&good, 1, 0), &rules()).is_ok());
    let changes: [(usize, u8); 8] =
        [(0, 14), (0, 18), (0, 9), (4, 200), (4, 4), (6, 40), (8, 1), (8, 2)];
    for (position, byte) in changes {
        let mut bad = good;
        bad[position] = byte;
        assert!(is_misshapen(validate(&with_body(&bad, 1, 0), &rules())), "{position} {byte}");
    }
    let null_header_key = [20, 0, 0, 0, 2, b'k', 2, b'v', 2, 1, 1];
    assert!(is_misshapen(validate(&with_body(&null_header_key, 1, 0), &rules())));
    assert!(is_misshapen(validate(&with_body(&[0xff; 6], 1, 0), &rules())), "endless number");
}

#[test]
fn unreadable_compression_is_refused() {
    for id in 1..=4 {
        let rejection = validate(&with_body(b"no stream of any codec", 1, id), &rules());
        assert!(matches!(rejection, Err(Rejection::Unreadable(Error::Decompression { .. }))));
    }
    for id in 5..=7 {
        let rejection = validate(&with_body(b"", 1, id), &rules()).unwrap_err();
        assert_eq!(rejection, Rejection::Unreadable(Error::UnknownCompression(id)));
    }
}
