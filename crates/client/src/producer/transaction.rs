//! Transactions of a producer: the coordinator's part of them.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use wire::messages::{AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest};
use wire::{ApiKey, Str};

use super::identity::Identity;
use super::{Producer, Shared};
use crate::connection::Connection;
use crate::error::{Error, check};

/// The feature whose level decides how partitions get into a transaction.
const FEATURE: &str = "transaction.version";
/// The highest version of Produce that does not add its partition to the transaction.
pub(super) const PRODUCE_BEFORE: i16 = 11;
/// The highest version of EndTxn that does not give the producer a new epoch.
const END_BEFORE: i16 = 4;
/// The highest version of AddPartitionsToTxn that clients use.
const ADD_OF_CLIENTS: i16 = 3;

/// Whether a Produce request adds its partition to the transaction (KIP-890).
pub(super) fn by_producing(connection: &Connection) -> bool {
    let speaks = connection.version(ApiKey::Produce, i16::MAX);
    connection.finalized(FEATURE) >= 2 && speaks.is_ok_and(|version| version > PRODUCE_BEFORE)
}

/// The transaction of a producer.
#[derive(Debug)]
pub(super) struct Transaction {
    id: Str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    identity: Option<Identity>,
    is_open: bool,
    partitions: BTreeSet<(Str, i32)>,
    /// Why it cannot be committed.
    failed: Option<String>,
}

impl Transaction {
    pub(super) fn new(id: Str) -> Self {
        Self { id, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who the producer is.
    pub(super) fn identity(&self) -> Result<Identity, Error> {
        let state = self.state();
        match (state.identity, state.is_open, &state.failed) {
            (Some(_), true, Some(reason)) => Err(Error::Transaction(reason.clone())),
            (Some(identity), true, None) => Ok(identity),
            _ => Err(Error::Transaction("no transaction is open".to_owned())),
        }
    }

    /// A batch of it was given up.
    pub(super) fn fail(&self, error: &Error) {
        self.state().failed.get_or_insert_with(|| error.to_string());
    }

    /// Makes a partition part of the transaction, if producing does not do that.
    pub(super) async fn enlist(
        &self,
        shared: &Shared,
        (topic, partition): (&Str, i32),
        leader: &Connection,
    ) -> Result<(), Error> {
        let key = (topic.clone(), partition);
        if self.state().partitions.contains(&key) {
            return Ok(());
        }
        if !by_producing(leader) {
            let identity = self.identity()?;
            let topics = vec![AddPartitionsToTxnTopic {
                name: topic.clone(),
                partitions: vec![partition],
                ..AddPartitionsToTxnTopic::default()
            }];
            let request = AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: self.id.clone(),
                v3_and_below_producer_id: identity.id,
                v3_and_below_producer_epoch: identity.epoch,
                v3_and_below_topics: topics,
                ..AddPartitionsToTxnRequest::default()
            };
            let coordinator = shared.cluster.transaction_coordinator(&self.id).await?;
            let response = coordinator.begin(&request, ADD_OF_CLIENTS).await?.wait().await?;
            check(response.error_code, None)?;
            let results = response.results_by_topic_v3_and_below.into_iter();
            for result in results.flat_map(|topic| topic.results_by_partition) {
                check(result.partition_error_code, None)?;
            }
        }
        self.state().partitions.insert(key);
        Ok(())
    }
}

impl Producer {
    fn transaction(&self) -> Result<&Transaction, Error> {
        let none = || Error::Transaction("the producer has no transactional.id".to_owned());
        self.shared.transaction.as_ref().ok_or_else(none)
    }

    /// Makes the transactional id this producer's: one that had it before is fenced, and what it
    /// left open is aborted.
    ///
    /// # Errors
    /// The producer has no transactional id, or the coordinator refuses.
    pub async fn init_transactions(&self) -> Result<(), Error> {
        let (transaction, shared) = (self.transaction()?, &self.shared);
        let timeout = shared.config.transaction_timeout.as_millis();
        let request = InitProducerIdRequest {
            transactional_id: Some(transaction.id.clone()),
            transaction_timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
            producer_id: records::NO_PRODUCER_ID,
            producer_epoch: records::NO_PRODUCER_EPOCH,
            ..InitProducerIdRequest::default()
        };
        let ask = || async {
            let coordinator = shared.cluster.transaction_coordinator(&transaction.id).await?;
            let response = coordinator.call(&request).await?;
            check(response.error_code, None)?;
            Ok(Identity { id: response.producer_id, epoch: response.producer_epoch })
        };
        let identity = shared.cluster.retrying(ask).await?;
        *transaction.state() = State { identity: Some(identity), ..State::default() };
        Ok(())
    }

    /// Begins a transaction: what is sent from here on belongs to it.
    ///
    /// # Errors
    /// One is open, or the transactional id is not this producer's yet.
    pub fn begin_transaction(&self) -> Result<(), Error> {
        let mut state = self.transaction()?.state();
        let reason = match (state.identity, state.is_open) {
            (None, _) => "init_transactions comes first",
            (Some(_), true) => "a transaction is open already",
            (Some(_), false) => {
                state.is_open = true;
                return Ok(());
            }
        };
        Err(Error::Transaction(reason.to_owned()))
    }

    /// Delivers what was sent and commits it.
    ///
    /// # Errors
    /// Something of it was not delivered, or the coordinator refuses.
    pub async fn commit_transaction(&self) -> Result<(), Error> {
        self.flush().await;
        let transaction = self.transaction()?;
        let failed = transaction.state().failed.clone();
        match failed {
            Some(reason) => Err(Error::Transaction(reason)),
            None => self.end(transaction, true).await,
        }
    }

    /// Lets nobody see what was sent.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn abort_transaction(&self) -> Result<(), Error> {
        self.flush().await;
        self.end(self.transaction()?, false).await
    }

    async fn end(&self, transaction: &Transaction, committed: bool) -> Result<(), Error> {
        let (identity, is_empty) = {
            let state = transaction.state();
            (state.identity, state.partitions.is_empty())
        };
        let mut next = identity;
        if let Some(Identity { id, epoch }) = identity.filter(|_| !is_empty) {
            let request = EndTxnRequest {
                transactional_id: transaction.id.clone(),
                producer_id: id,
                producer_epoch: epoch,
                committed,
                ..EndTxnRequest::default()
            };
            let cluster = &self.shared.cluster;
            let ask = || async {
                let coordinator = cluster.transaction_coordinator(&transaction.id).await?;
                let is_new = coordinator.finalized(FEATURE) >= 2;
                let at_most = if is_new { i16::MAX } else { END_BEFORE };
                let response = coordinator.begin(&request, at_most).await?.wait().await?;
                check(response.error_code, None)?;
                Ok(response)
            };
            let response = cluster.retrying(ask).await?;
            if response.producer_id >= 0 {
                let epoch = response.producer_epoch;
                next = Some(Identity { id: response.producer_id, epoch });
            }
        }
        *transaction.state() = State { identity: next, ..State::default() };
        Ok(())
    }
}
