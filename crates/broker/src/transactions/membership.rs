//! Whether partitions are part of a transaction: asking its coordinator, or adding them there
//! (KIP-890, kafka-semantics 141, 142).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;
use txn::{
    AddPartitions, AwaitSettled, ProducerIdAndEpoch, TopicPartition, TransactionVersion,
    VerifyPartitions,
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::state::Broker;
use crate::topic_name::TRANSACTION_STATE;

/// What a client's version lets this broker do about its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// The client adds partitions, and does not know `TRANSACTION_ABORTABLE`.
    Verify,
    /// The client adds partitions, and knows `TRANSACTION_ABORTABLE`.
    VerifyAbortable,
    /// This broker adds partitions.
    Add,
}

impl Support {
    /// By the version of Produce.
    pub(crate) fn of_produce(version: i16) -> Self {
        match version {
            12.. => Self::Add,
            11 => Self::VerifyAbortable,
            ..11 => Self::Verify,
        }
    }

    /// By the version of TxnOffsetCommit.
    pub(crate) fn of_txn_offset_commit(version: i16) -> Self {
        match version {
            5.. => Self::Add,
            4 => Self::VerifyAbortable,
            ..4 => Self::Verify,
        }
    }

    /// Whether every end of a transaction bumps the epoch.
    pub(crate) fn bumps_epoch(self) -> bool {
        self == Self::Add
    }
}

/// What is asked about a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) transactional_id: Str,
    pub(crate) producer: ProducerIdAndEpoch,
    pub(crate) partitions: BTreeSet<TopicPartition>,
    pub(crate) support: Support,
}

/// How long to try adding partitions to a transaction whose predecessor is being completed.
struct Patience {
    backoff: Duration,
    until: Instant,
}

impl Patience {
    /// As the configuration says.
    fn of(broker: &Broker) -> Self {
        let config = broker.config();
        let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let limit = config.transaction.add_partitions_retry_backoff_max_ms;
        Self {
            backoff: millis(config.transaction.add_partitions_retry_backoff_ms),
            until: broker.env.now() + millis(limit.min(config.node.request_timeout_ms)),
        }
    }

    /// Waits until trying again is worth it; false if there is no time left. Apache Kafka tries
    /// again after a backoff; here the coordinator says when its change is over.
    async fn wait(&self, broker: &Broker, transactional_id: &Str) -> bool {
        if broker.env.now() >= self.until {
            return false;
        }
        let settled = AwaitSettled { transactional_id: transactional_id.clone() };
        let settled = broker.transactions.call(transactional_id, settled);
        tokio::select! {
            biased;
            settled = settled => {
                if settled != Ok(true) {
                    broker.env.sleep(self.backoff).await;
                }
            }
            () = broker.env.sleep_until(self.until) => {}
        }
        true
    }
}

impl Broker {
    /// Asks the coordinator of a transaction; the partitions that are not part of it, and why. While
    /// the transaction before is being completed, adding partitions is tried for a while
    /// (kafka-semantics 141).
    pub(crate) async fn ask_transaction(
        &self,
        question: &Question,
    ) -> BTreeMap<TopicPartition, ErrorCode> {
        let patience = Patience::of(self);
        loop {
            let missing = self.ask_once(question).await;
            let is_busy = missing.values().any(|code| *code == ErrorCode::ConcurrentTransactions);
            let waits = is_busy && question.support.bumps_epoch();
            if !waits || !patience.wait(self, &question.transactional_id).await {
                return missing;
            }
        }
    }

    async fn ask_once(&self, question: &Question) -> BTreeMap<TopicPartition, ErrorCode> {
        let Question { partitions, support, .. } = question;
        let answers = match self.coordinates(&question.transactional_id) {
            true => self.ask_here(question).await,
            // Other brokers cannot be asked yet.
            false => Err(ErrorCode::CoordinatorNotAvailable),
        };
        let codes = match answers {
            Ok(codes) => codes,
            Err(code) => partitions.iter().map(|partition| (partition.clone(), code)).collect(),
        };
        let told = |code| match code {
            // What producers expect to hear of a partition.
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            ErrorCode::TransactionAbortable if *support == Support::Verify => {
                ErrorCode::InvalidTxnState
            }
            code => code,
        };
        codes.into_iter().map(|(partition, code)| (partition, told(code))).collect()
    }

    /// Whether this broker coordinates a transactional id.
    fn coordinates(&self, transactional_id: &str) -> bool {
        let index = self.transactions.partition_for(transactional_id);
        let image = self.image();
        let partition = image.topics.partition(TRANSACTION_STATE, index);
        partition.is_some_and(|partition| partition.leader == self.node_id)
    }

    async fn ask_here(
        &self,
        question: &Question,
    ) -> Result<BTreeMap<TopicPartition, ErrorCode>, ErrorCode> {
        let Question { transactional_id, producer, partitions, support } = question;
        let (producer, partitions) = (*producer, partitions.clone());
        let id = transactional_id.clone();
        if *support == Support::Add {
            let client_version = TransactionVersion::V2;
            let add = AddPartitions { transactional_id: id, producer, partitions, client_version };
            let added = self.transactions.call(transactional_id, add).await;
            added.map_err(error_map::coordination)?.map_err(|error| error_map::txn(&error))?;
            return Ok(BTreeMap::new());
        }
        let verify = VerifyPartitions { transactional_id: id, producer, partitions };
        let verified = self.transactions.call(transactional_id, verify).await;
        let verified = verified.map_err(error_map::coordination)?;
        let verified = verified.map_err(|error| error_map::txn(&error))?;
        let missing = verified.into_iter().filter(|(_, is_part)| !is_part);
        Ok(missing.map(|(partition, _)| (partition, ErrorCode::TransactionAbortable)).collect())
    }
}
