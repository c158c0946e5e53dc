//! Describing and listing transactional ids (kafka-semantics 155).

use std::collections::BTreeSet;

use wire::Str;

use crate::error::Error;
use crate::request::{
    DescribeTransaction, DescribedTransaction, ListTransactions, ListedTransaction,
};
use crate::state::State;
use crate::transaction::Transaction;

impl State {
    pub(crate) fn describe(
        &self,
        request: &DescribeTransaction,
    ) -> Result<DescribedTransaction, Error> {
        let entry = self.transactions.get(&request.transactional_id);
        let entry = entry.ok_or(Error::TransactionalIdNotFound)?;
        let current = entry.current.as_ref().ok_or(Error::TransactionalIdNotFound)?;
        let partitions = match &entry.ending {
            Some(ending) => ending.missing.clone(),
            None => BTreeSet::clone(&current.partitions),
        };
        Ok(DescribedTransaction {
            producer: current.producer(),
            status: current.status,
            timeout_ms: current.timeout_ms,
            start_ms: current.start_ms,
            partitions,
        })
    }

    pub(crate) fn list(&self, request: &ListTransactions, now_ms: i64) -> Vec<ListedTransaction> {
        let listed = self.transactions.iter().filter_map(|(transactional_id, entry)| {
            let current = entry.current.as_ref().filter(|current| request.selects(current, now_ms));
            current.map(|current| ListedTransaction {
                transactional_id: transactional_id.clone(),
                producer_id: current.producer_id,
                status: current.status,
            })
        });
        listed.collect()
    }
}

impl ListTransactions {
    fn selects(&self, transaction: &Transaction, now_ms: i64) -> bool {
        let Self { states, producer_ids, duration_ms } = self;
        let is_state = |name: &Str| **name == *transaction.status.name();
        (states.is_empty() || states.iter().any(is_state))
            && (producer_ids.is_empty() || producer_ids.contains(&transaction.producer_id))
            && (*duration_ms < 0 || now_ms.saturating_sub(transaction.start_ms) > *duration_ms)
    }
}
