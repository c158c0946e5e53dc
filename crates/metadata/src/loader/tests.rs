use super::*;
use crate::testing::{broker, topic};
use wire::stored::metadata::{
    AbortTransactionRecord, BeginTransactionRecord, EndTransactionRecord, MetadataRecord,
    NoOpRecord,
};

fn begin() -> MetadataRecord {
    MetadataRecord::BeginTransaction(BeginTransactionRecord::default())
}

fn end() -> MetadataRecord {
    MetadataRecord::EndTransaction(EndTransactionRecord::default())
}

fn abort() -> MetadataRecord {
    MetadataRecord::AbortTransaction(AbortTransactionRecord::default())
}

fn no_op() -> MetadataRecord {
    MetadataRecord::NoOp(NoOpRecord::default())
}

fn batch(base_offset: i64, records: &[MetadataRecord]) -> RecordBatch {
    RecordBatch {
        base_offset,
        last_offset: base_offset + (records.len() as i64 - 1).max(0),
        epoch: 1,
        append_time_ms: 7,
        records: records.to_vec(),
    }
}

/// The updates as "last offset: topic names".
fn check(batches: Vec<Vec<RecordBatch>>, expected: &[&str]) {
    let mut loader = Loader::default();
    let mut seen = Vec::new();
    for batches in batches {
        for update in loader.load_batches(batches).unwrap() {
            let topics = update.after.topics.sorted_by_name();
            let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
            let offset = update.after.provenance.last_contained_offset;
            seen.push(format!("{offset}: {}", names.join(" ")));
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn kafka_semantics_222_batches_become_one_update() {
    let batches = vec![batch(0, &[topic("a", 1), topic("b", 2)]), batch(2, &[no_op()])];
    check(vec![batches, vec![batch(3, &[])]], &["2: a b", "3: a b"]);
}

#[test]
fn a_transaction_becomes_visible_when_it_ends() {
    check(
        vec![
            vec![batch(0, &[topic("a", 1)]), batch(1, &[begin(), topic("b", 2)])],
            vec![batch(3, &[topic("c", 3)])],
            vec![batch(4, &[end(), topic("d", 4)])],
        ],
        &["0: a", "5: a b c d"],
    );
}

#[test]
fn an_aborted_transaction_leaves_nothing() {
    check(
        vec![
            vec![batch(0, &[topic("a", 1)])],
            vec![batch(1, &[begin(), topic("b", 2)])],
            vec![batch(3, &[abort()]), batch(4, &[topic("b", 3)])],
        ],
        &["0: a", "4: a b"],
    );
    check(vec![vec![batch(0, &[begin(), topic("b", 2)])], vec![batch(2, &[abort()])]], &["2: "]);
}

#[test]
fn an_image_never_ends_inside_a_batch() {
    check(
        vec![
            vec![batch(0, &[topic("a", 1), begin(), topic("b", 2)])],
            vec![batch(3, &[abort(), topic("c", 3)])],
        ],
        &["4: a c"],
    );
}

#[test]
fn misplaced_transaction_records_are_errors() {
    for (records, offset) in [(vec![end()], 0), (vec![abort()], 0), (vec![begin(), begin()], 1)] {
        let error = Loader::default().load_batches([batch(0, &records)]).unwrap_err();
        assert_eq!(error.offset, offset);
    }
}

#[test]
fn errors_name_the_offset() {
    let error =
        Loader::default().load_batches([batch(5, &[topic("a", 1), topic("a", 2)])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "metadata record at offset 6: topic a exists already with id {}",
            wire::Uuid([1; 16])
        )
    );
}

#[test]
fn a_snapshot_replaces_everything() {
    let mut loader = Loader::default();
    loader.load_batches([batch(0, &[begin(), topic("a", 1)])]).unwrap();
    let provenance = Provenance {
        last_contained_offset: 9,
        last_contained_epoch: 2,
        last_contained_log_time_ms: 3,
    };
    let update = loader.load_snapshot(provenance, [broker(1)]).unwrap();
    assert!(!loader.is_in_transaction());
    assert_eq!(update.after.provenance, provenance);
    assert_eq!(update.after.cluster.broker(1).unwrap().registered_at, 9);
    let updates = loader.load_batches([batch(10, &[topic("b", 2)])]).unwrap();
    assert_eq!(updates.len(), 1);
    assert!(updates[0].after.topics.id("b").is_some());
}
