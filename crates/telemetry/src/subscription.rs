//! One subscription: whom it is for, what they push, how often.

use std::collections::BTreeMap;

use config::ClientMetricsConfig;
use wire::{Str, Uuid};

use crate::client::{Client, Property};
use crate::java_set::in_java_order;
use crate::pattern::{Pattern, PatternError};

/// A client-metrics subscription, ready to be matched with clients.
#[derive(Debug)]
pub struct Subscription {
    pub(crate) interval_ms: i32,
    /// Prefixes of names, in Java's order.
    pub(crate) metrics: Vec<Str>,
    matches: BTreeMap<Property, Pattern>,
}

impl Subscription {
    /// A subscription with these settings.
    ///
    /// # Errors
    /// For the first expression that cannot be used.
    pub fn new(config: &ClientMetricsConfig) -> Result<Self, PatternError> {
        let mut matches = BTreeMap::new();
        for wanted in &config.matches {
            if let Some(property) = Property::from_name(&wanted.key) {
                matches.insert(property, Pattern::new(&wanted.pattern)?);
            }
        }
        let metrics = in_java_order(config.metrics.iter().map(|text| Str::copy_from(text)));
        Ok(Self { interval_ms: config.interval_ms, metrics, matches })
    }

    /// Whether the client is one of those the subscription is for.
    pub(crate) fn is_for(&self, client: &Client, instance_id: Uuid) -> bool {
        let mut wanted = self.matches.iter();
        wanted.all(|(property, pattern)| pattern.matches(&client.property(*property, instance_id)))
    }
}
