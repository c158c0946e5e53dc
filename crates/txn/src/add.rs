//! Adding partitions to a transaction, and asking which it has (kafka-semantics 140 to 142).

use std::collections::BTreeSet;

use crate::error::Error;
use crate::request::{AddPartitions, Response, VerifyPartitions};
use crate::state::{State, Turn};
use crate::transaction::{ProducerIdAndEpoch, Status, TopicPartition, Transaction};

impl State {
    pub(crate) fn add(&mut self, request: AddPartitions, turn: &mut Turn<'_>) {
        match self.added(&request, turn.now_ms) {
            Err(error) => turn.out.answer(Response::AddPartitions(Err(error))),
            Ok(None) => turn.out.answer(Response::AddPartitions(Ok(()))),
            Ok(Some(next)) => {
                self.write(&request.transactional_id, next, turn);
                self.watch_timeouts(turn);
                turn.out.answer_committed(Response::AddPartitions(Ok(())));
            }
        }
    }

    /// The transaction with the partitions; none if it has all of them.
    fn added(&self, request: &AddPartitions, now_ms: i64) -> Result<Option<Transaction>, Error> {
        let AddPartitions { transactional_id, producer, partitions, client_version } = request;
        // The first check: the change under way may give the producer the very id it uses.
        let current = self.settled(transactional_id)?;
        let current = current.ok_or(Error::InvalidProducerIdMapping)?;
        check_producer(current, *producer)?;
        if current.status == Status::Ongoing && partitions.is_subset(&current.partitions) {
            return Ok(None);
        }
        let added: BTreeSet<_> = partitions.iter().map(TopicPartition::detach).collect();
        Ok(Some(current.add(added, *client_version, now_ms)))
    }

    /// A change that is under way does not matter: the partition's log has the last word.
    pub(crate) fn verify(
        &self,
        request: VerifyPartitions,
    ) -> Result<Vec<(TopicPartition, bool)>, Error> {
        let current = self.current(&request.transactional_id);
        let current = current.ok_or(Error::InvalidProducerIdMapping)?;
        check_producer(current, request.producer)?;
        if current.status.is_prepared() {
            return Err(Error::ConcurrentTransactions);
        }
        let verified = request.partitions.into_iter().map(|partition| {
            let is_part = current.partitions.contains(&partition);
            (partition, is_part)
        });
        Ok(verified.collect())
    }
}

fn check_producer(current: &Transaction, producer: ProducerIdAndEpoch) -> Result<(), Error> {
    if current.producer_id != producer.id {
        return Err(Error::InvalidProducerIdMapping);
    }
    if current.producer_epoch != producer.epoch {
        return Err(Error::ProducerFenced);
    }
    Ok(())
}

impl TopicPartition {
    /// A copy that keeps no frame alive.
    fn detach(&self) -> Self {
        Self { topic: self.topic.detach(), partition: self.partition }
    }
}
