//! Fetch: file ranges for consumers and followers (kafka-semantics F, kafka-apis 35–43).

mod plan;
mod respond;

use std::sync::Arc;
use std::time::Duration;

use replication::{Parked, Visibility};
use wire::messages::{FetchRequest, FetchResponse};

use crate::fetch_session::FetchContext;
use crate::reply::Reply;
use crate::request::Request;

use plan::{Outcome, Plan};

/// `isolation_level` of a consumer that must not see records of open transactions.
const READ_COMMITTED: i8 = 1;

/// Reads what is there; waits if that is less than the client wants.
pub(crate) async fn handle(request: Request, message: FetchRequest) -> Reply<FetchResponse> {
    let broker = Arc::clone(&request.broker);
    let replica_id = replica_id(request.version, &message);
    let visibility = match (replica_id, message.isolation_level) {
        (Some(_), _) => Visibility::LogEnd,
        (None, READ_COMMITTED) => Visibility::LastStable,
        (None, _) => Visibility::HighWatermark,
    };
    let limits = Limits::new(&request, &message);
    let wait = Duration::from_millis(u64::try_from(message.max_wait_ms).unwrap_or(0));
    let ask = plan::ask(request.version, message, replica_id.is_some());
    let now_ms = broker.env.clock().wall_ms();
    let context = match broker.fetch_sessions.begin(ask, now_ms) {
        Ok(context) => context,
        Err(error) => {
            return Reply::Send(FetchResponse {
                error_code: error.code(),
                ..FetchResponse::default()
            });
        }
    };
    let plan = Plan::new(&request, &context, visibility, replica_id);
    let outcome = read(&request, &plan, &limits, wait).await;
    plan.count(&broker.failures.fetch, &outcome);
    Reply::Send(respond::to_wire(&request, &context, plan, outcome))
}

/// How much a response may and must hold, in bytes.
struct Limits {
    min_bytes: i64,
    max_bytes: u64,
}

impl Limits {
    fn new(request: &Request, message: &FetchRequest) -> Self {
        let server_max = request.broker.config().fetch.fetch_max_bytes;
        let max_bytes = message.max_bytes.min(server_max).max(0);
        Self { min_bytes: i64::from(message.min_bytes.min(max_bytes)), max_bytes: max_bytes as u64 }
    }
}

/// The follower's node id; `None` for consumers (kafka-apis 42).
fn replica_id(version: i16, message: &FetchRequest) -> Option<i32> {
    let id = if version >= 15 { message.replica_state.replica_id } else { message.replica_id };
    (id >= 0).then_some(id)
}

/// Reads until there is enough, something must be told, or the time is up (kafka-semantics 75).
async fn read(request: &Request, plan: &Plan, limits: &Limits, wait: Duration) -> Vec<Outcome> {
    let outcomes = plan.read(limits.max_bytes);
    if is_enough(&outcomes, limits) || wait.is_zero() || plan.is_empty() {
        return outcomes;
    }
    let env = &request.broker.env;
    let deadline = env.now() + wait;
    let _waiting = request.broker.waiting_fetches.enter();
    loop {
        let parked = Registered::new(plan, limits.min_bytes);
        // Once more, now that nothing can be missed; this also sees what came while we registered.
        let outcomes = plan.read(limits.max_bytes);
        if is_enough(&outcomes, limits) {
            return outcomes;
        }
        tokio::select! {
            biased;
            () = parked.parked.woken() => {}
            () = env.sleep_until(deadline) => return plan.read(limits.max_bytes),
        }
    }
}

fn is_enough(outcomes: &[Outcome], limits: &Limits) -> bool {
    let bytes: u64 = outcomes.iter().map(Outcome::bytes).sum();
    bytes as i64 >= limits.min_bytes && (bytes > 0 || limits.min_bytes <= 0)
        || outcomes.iter().any(Outcome::must_tell)
}

/// A wait that is registered with every partition of the plan until it is dropped.
struct Registered<'a> {
    plan: &'a Plan,
    parked: Arc<Parked>,
}

impl<'a> Registered<'a> {
    fn new(plan: &'a Plan, min_bytes: i64) -> Self {
        let parked = Parked::new(min_bytes.max(1));
        plan.replicas().for_each(|replica| replica.await_data(plan.visibility(), &parked));
        Self { plan, parked }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.plan.replicas().for_each(|replica| replica.forget(&self.parked));
    }
}

/// Says how the answers relate to the session, in the words of the session.
fn session_answers(plan: &Plan, outcomes: &[Outcome]) -> Vec<crate::fetch_session::Answer> {
    debug_assert_eq!(plan.len(), outcomes.len());
    outcomes.iter().map(Outcome::session_answer).collect()
}

/// What the context decided to send.
fn selection(
    request: &Request,
    context: &FetchContext,
    plan: &Plan,
    outcomes: &[Outcome],
) -> Result<(i32, Vec<bool>), wire::ErrorCode> {
    let answers = plan.keys().cloned().zip(session_answers(plan, outcomes)).collect::<Vec<_>>();
    let now_ms = request.broker.env.clock().wall_ms();
    context.finish(&request.broker.fetch_sessions, &answers, now_ms)
}
