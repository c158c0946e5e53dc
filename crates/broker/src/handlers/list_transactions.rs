//! ListTransactions (kafka-semantics 155).

use coordination::Status;
use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use txn::ListTransactions;
use wire::messages::{
    ListTransactionsRequest, ListTransactionsResponse, list_transactions_response::TransactionState,
};
use wire::{ErrorCode, Str};

use crate::request::Request;

/// Bytes that a compiled pattern may take.
const BYTES_MAX: usize = 1 << 20;

/// Lists the transactional ids that this broker coordinates.
pub(crate) async fn handle(
    request: Request,
    message: ListTransactionsRequest,
) -> ListTransactionsResponse {
    let failed = |error: ErrorCode| ListTransactionsResponse {
        error_code: error.code(),
        ..ListTransactionsResponse::default()
    };
    let transactions = &request.broker.transactions;
    let shards = transactions.shards();
    if shards.iter().any(|(_, status)| matches!(status, Status::Loading { .. })) {
        return failed(ErrorCode::CoordinatorLoadInProgress);
    }
    let Ok(pattern) = Pattern::new(message.transactional_id_pattern.as_ref()) else {
        return failed(ErrorCode::InvalidRegularExpression);
    };
    let is_unknown = |name: &&Str| !txn::is_status_name(name);
    let unknown_state_filters = message.state_filters.iter().filter(is_unknown).cloned().collect();
    let list = ListTransactions {
        states: message.state_filters,
        producer_ids: message.producer_id_filters,
        duration_ms: message.duration_filter,
    };
    let asked: Vec<_> = shards
        .into_iter()
        .map(|(partition, _)| transactions.call_shard(partition, list.clone()))
        .collect();
    let mut response =
        ListTransactionsResponse { unknown_state_filters, ..ListTransactionsResponse::default() };
    for answer in asked {
        // A shard that went away meanwhile is no longer this broker's to tell of.
        let Ok(listed) = answer.await else { continue };
        let fits = |id: &Str| pattern.as_ref().is_none_or(|pattern| pattern.matches(id));
        let listed = listed.into_iter().filter(|listed| fits(&listed.transactional_id));
        response.transaction_states.extend(listed.map(|listed| TransactionState {
            transactional_id: listed.transactional_id,
            producer_id: listed.producer_id,
            transaction_state: Str::from_static(listed.status.name()),
            ..TransactionState::default()
        }));
    }
    response
}

/// An expression of RE2 that is to match a whole transactional id.
struct Pattern(PikeVM);

impl Pattern {
    /// None for no pattern, or an empty one.
    fn new(pattern: Option<&Str>) -> Result<Option<Self>, Box<thompson::BuildError>> {
        let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(None) };
        let build = |text: &str| {
            // The classes are those of ASCII.
            let syntax = syntax::Config::new().unicode(false).utf8(false);
            let size = thompson::Config::new().nfa_size_limit(Some(BYTES_MAX));
            PikeVM::builder().syntax(syntax).thompson(size).build(text).map_err(Box::new)
        };
        // By itself first: it must not close the group that makes it match as a whole.
        build(pattern)?;
        build(&format!("^(?:{pattern})$")).map(|whole| Some(Self(whole)))
    }

    fn matches(&self, transactional_id: &str) -> bool {
        let input = Input::new(transactional_id).anchored(Anchored::Yes).earliest(true);
        self.0.is_match(&mut Cache::new(&self.0), input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KIP-1152: the pattern matches whole ids.
    #[test]
    fn patterns_match_as_a_whole() {
        let matches = |text: &str, id: &str| {
            let pattern = Pattern::new(Some(&Str::copy_from(text))).expect("a pattern");
            pattern.is_none_or(|pattern| pattern.matches(id))
        };
        assert!(matches("", "anything"));
        assert!(matches("a.*", "abc"));
        assert!(!matches("b", "abc"));
        assert!(matches("a|abc", "abc"));
        for bad in ["(", "a)(b", "[z-a]"] {
            assert!(Pattern::new(Some(&Str::copy_from(bad))).is_err(), "{bad}");
        }
    }
}
