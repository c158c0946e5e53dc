//! One client that asked for its subscription.

use std::collections::BTreeMap;
use std::sync::Arc;

use records::crc32c;
use wire::{Str, Uuid};

use crate::client::Client;
use crate::java_set::in_java_order;
use crate::refusal::Refusal;
use crate::subscription::Subscription;

/// How often clients ask again that no subscription is for: Kafka's default interval.
const INTERVAL_MS: i32 = 300_000;
/// What subscribes to all metrics.
const ALL: &str = "*";
/// A client that has been silent for this long at least is forgotten.
const EXPIRY_MS: i64 = 60_000;

/// What a client is to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The client's id.
    pub client_instance_id: Uuid,
    /// Changes with what is subscribed to; a push names it.
    pub subscription_id: i32,
    /// How often the client pushes.
    pub push_interval_ms: i32,
    /// Prefixes of the names of metrics; `*` for all, none for nothing.
    pub metrics: Arc<[Str]>,
}

/// What several subscriptions together ask of a client.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    metrics: Arc<[Str]>,
    interval_ms: i32,
    /// Of metrics and interval, as Apache Kafka computes it.
    checksum: u32,
}

impl Wanted {
    /// The union of subscriptions that are for a client, with the shortest of their intervals.
    pub(crate) fn new<'a>(subscriptions: impl IntoIterator<Item = &'a Subscription>) -> Self {
        let mut interval_ms = INTERVAL_MS;
        let mut metrics = Vec::new();
        for subscription in subscriptions {
            interval_ms = interval_ms.min(subscription.interval_ms);
            metrics.extend(subscription.metrics.iter().cloned());
        }
        if metrics.iter().any(|name| name == ALL) {
            metrics = vec![Str::from(ALL)];
        }
        let metrics = in_java_order(metrics);
        let text = format!("[{}]{interval_ms}", metrics.join(", "));
        Self { metrics: metrics.into(), interval_ms, checksum: crc32c(text.as_bytes()) }
    }
}

/// A client that asked, and what it did last.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) client: Arc<Client>,
    /// The generation of the subscriptions it was matched with.
    pub(crate) generation: u64,
    pub(crate) subscribed: Subscribed,
    last_get_ms: Option<i64>,
    last_push_ms: Option<i64>,
    is_terminating: bool,
    may_ask_again: bool,
    /// When it is forgotten.
    pub(crate) deadline_ms: i64,
    /// The number of its last request.
    pub(crate) used: u64,
}

impl Instance {
    pub(crate) fn new(id: Uuid, client: Arc<Client>, generation: u64, wanted: &Wanted) -> Self {
        let subscribed = Subscribed {
            client_instance_id: id,
            subscription_id: (wanted.checksum ^ hash_code(id)).cast_signed(),
            push_interval_ms: wanted.interval_ms,
            metrics: Arc::clone(&wanted.metrics),
        };
        Self {
            client,
            generation,
            subscribed,
            last_get_ms: None,
            last_push_ms: None,
            is_terminating: false,
            may_ask_again: false,
            deadline_ms: 0,
            used: 0,
        }
    }

    /// When a client that asks now is forgotten if it never asks again.
    pub(crate) fn deadline_after(&self, now_ms: i64) -> i64 {
        now_ms + EXPIRY_MS.max(3 * i64::from(self.subscribed.push_interval_ms))
    }

    /// Takes a request for the subscription.
    pub(crate) fn get(&mut self, now_ms: i64) -> Result<(), Refusal> {
        if self.has_interval_passed(self.last_get_ms.max(self.last_push_ms), now_ms) {
            self.last_get_ms = Some(now_ms);
        } else if !self.may_ask_again {
            return Err(Refusal::TooEarly);
        }
        self.may_ask_again = false;
        Ok(())
    }

    /// Takes a push, or refuses it.
    pub(crate) fn push(
        &mut self,
        now_ms: i64,
        is_terminating: bool,
        check: impl FnOnce(&Subscribed) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let checked =
            self.admit_push(now_ms, is_terminating).and_then(|()| check(&self.subscribed));
        self.is_terminating = is_terminating;
        self.may_ask_again = checked.is_err_and(Refusal::lets_ask_again);
        checked
    }

    /// What was pushed could not be received.
    pub(crate) fn not_received(&mut self) {
        self.may_ask_again = false;
    }

    fn admit_push(&mut self, now_ms: i64, is_terminating: bool) -> Result<(), Refusal> {
        if self.is_terminating {
            return Err(Refusal::Terminated);
        }
        // The first push after the subscription was told comes when the client likes: it puts a
        // random part of the interval before it.
        let is_due = self.last_get_ms > self.last_push_ms
            || self.has_interval_passed(self.last_push_ms, now_ms);
        if is_due {
            self.last_push_ms = Some(now_ms);
        }
        if is_due || is_terminating { Ok(()) } else { Err(Refusal::TooEarly) }
    }

    fn has_interval_passed(&self, since_ms: Option<i64>, now_ms: i64) -> bool {
        let interval_ms = i64::from(self.subscribed.push_interval_ms);
        since_ms.is_none_or(|since_ms| now_ms - since_ms >= interval_ms)
    }
}

/// `Uuid.hashCode` of Apache Kafka.
fn hash_code(id: Uuid) -> u32 {
    let id = id.as_u128();
    let halves = (id >> 64) as u64 ^ id as u64;
    (halves >> 32) as u32 ^ halves as u32
}

/// The union of subscriptions for each set of them that clients were matched with.
pub(crate) type WantedBySet = BTreeMap<Vec<usize>, Wanted>;
