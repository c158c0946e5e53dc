//! Transactional writes and their ends in the shard of a group coordinator (kafka-semantics 153).

mod support;

use std::sync::Arc;

use coordination::{Error, InTransaction, Linger, LogError, Settings};
use group::TxnCommitOffsets;
use records::{BatchView, EndTxnMarker};
use replica::{TransactionEnd, Verified};

use support::{MemoryLog, PARTITION, commit, coordinator, fetch, linger, serving, simulate};

const PRODUCER: InTransaction = InTransaction {
    producer_id: 7,
    producer_epoch: 1,
    verified: Verified { guard: None, is_required: false },
};

fn end(committed: bool) -> TransactionEnd {
    TransactionEnd {
        producer_id: 7,
        producer_epoch: 2,
        marker: EndTxnMarker { committed, coordinator_epoch: 3 },
        transaction_version: 2,
    }
}

/// What the log holds: `plain`, `ID/EPOCH` for batches of a transaction, with `!` for markers.
fn contents(log: &MemoryLog) -> Vec<String> {
    let batches = log.contents();
    let words = batches.iter().map(|batch| {
        let batch = BatchView::first(batch).expect("a batch").expect("whole");
        let producer = format!("{}/{}", batch.producer_id(), batch.producer_epoch());
        match (batch.is_transactional(), batch.is_control()) {
            (false, _) => "plain".to_owned(),
            (true, false) => producer,
            (true, true) => producer + "!",
        }
    });
    words.collect()
}

#[test]
fn kafka_semantics_153_offsets_count_when_the_marker_is_written() {
    simulate(async |env| {
        let log = MemoryLog::new();
        let groups = serving(&env, Settings::default(), &log).await;
        for (committed, expected) in [(false, None), (true, Some(5))] {
            let request = TxnCommitOffsets(commit("g", &[(0, 5)]));
            let answer = groups.commit_in(PRODUCER, PARTITION, request).await;
            assert!(answer.expect("answered").is_ok());
            assert_eq!(fetch(&groups, "g", false).await.expect("fetched").get(&0), None);
            groups.end_transaction(PARTITION, end(committed)).await.expect("ended");
            let offsets = fetch(&groups, "g", true).await.expect("fetched");
            assert_eq!(offsets.get(&0).copied(), expected);
        }
        assert_eq!(contents(&log), ["7/1", "7/2!", "7/1", "7/2!"]);
        // What was served is what is loaded.
        let loaded = coordinator(&env, Settings::default());
        loaded.elected(PARTITION, 0, Arc::new(log.clone()));
        support::until_loaded(&env, &loaded).await;
        assert_eq!(fetch(&loaded, "g", true).await.expect("fetched").get(&0), Some(&5));
    });
}

#[test]
fn a_transaction_shares_no_batch_and_keeps_the_order() {
    simulate(async |env| {
        let log = MemoryLog::new();
        let settings = linger(Linger::For(std::time::Duration::from_secs(1)));
        let groups = serving(&env, settings, &log).await;
        let before = groups.call("g", commit("g", &[(0, 1)]));
        let request = TxnCommitOffsets(commit("g", &[(1, 2), (2, 2)]));
        let inside = groups.commit_in(PRODUCER, PARTITION, request);
        let after = groups.call("g", commit("g", &[(3, 3)]));
        let ended = groups.end_transaction(PARTITION, end(true));
        let (before, inside, after, ended) = tokio::join!(before, inside, after, ended);
        assert!(before.expect("answered").is_ok() && after.expect("answered").is_ok());
        assert!(inside.expect("answered").is_ok());
        ended.expect("ended");
        assert_eq!(contents(&log), ["plain", "7/1", "plain", "7/2!"]);
    });
}

#[test]
fn what_the_log_refuses_is_taken_back() {
    simulate(async |env| {
        let log = MemoryLog::new();
        let groups = serving(&env, Settings::default(), &log).await;
        let commit_in = || {
            let request = TxnCommitOffsets(commit("g", &[(0, 5)]));
            groups.commit_in(PRODUCER, PARTITION, request)
        };
        for (refusal, told) in [
            (LogError::InvalidTxnState, Error::InvalidTxnState),
            (LogError::InvalidProducerEpoch, Error::InvalidProducerEpoch),
        ] {
            log.refuse(Some(refusal));
            assert_eq!(commit_in().await, Err(told));
        }
        log.refuse(None);
        assert!(commit_in().await.expect("answered").is_ok());
        log.refuse(Some(LogError::TransactionCoordinatorFenced));
        let fenced = groups.end_transaction(PARTITION, end(true)).await;
        assert_eq!(fenced, Err(Error::TransactionCoordinatorFenced));
        assert_eq!(fetch(&groups, "g", false).await.expect("fetched").get(&0), None);
        // The transaction is still open, and can be ended.
        log.refuse(None);
        groups.end_transaction(PARTITION, end(true)).await.expect("ended");
        assert_eq!(fetch(&groups, "g", true).await.expect("fetched").get(&0), Some(&5));
    });
}
