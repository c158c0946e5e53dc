//! The settings of one client metrics subscription, typed (KIP-714).

use crate::error::Error;
use crate::server::DynamicSettings;
use crate::setting::Kind;
use crate::table;
use crate::typed::{Typed, Values, typed};
use crate::value::Value;

typed! {
    /// What clients that match push, and how often.
    pub struct ClientMetricsConfig from CLIENT_METRICS {
        interval_ms: i32 = "interval.ms",
        matches: Vec<ClientMatch> = "match",
        /// Prefixes of names; one `*` is all of them.
        metrics: Vec<String> = "metrics",
    }
}

/// A property of a client and the regular expression it must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientMatch {
    /// Such as `client_id`.
    pub key: String,
    /// The expression.
    pub pattern: String,
}

impl ClientMetricsConfig {
    /// The settings of a subscription that has `own` ones.
    ///
    /// # Errors
    /// For the first of them that is not acceptable.
    pub fn new(own: &DynamicSettings) -> Result<Self, Error> {
        let mut values = Values::new();
        for row in table::rows(table::CLIENT_METRICS) {
            let value = match own.get(row.name) {
                Some(text) => Some(row.parse(text)?),
                None => Value::default_of(row),
            };
            values.extend(value.map(|value| (row.name, value)));
        }
        Self::read(&values)
    }
}

impl Typed for Vec<ClientMatch> {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        let pair = |item: &String| {
            let (key, pattern) = item.split_once('=')?;
            Some(ClientMatch { key: key.trim().to_owned(), pattern: pattern.trim().to_owned() })
        };
        Some(items.iter().filter_map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_has_defaults() {
        let own = [("match", "client_id=a.*, client_source_port=1"), ("metrics", "*")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = ClientMetricsConfig::new(&own.into()).unwrap();
        assert_eq!(config.interval_ms, 300_000);
        assert_eq!(config.metrics, ["*"]);
        assert_eq!(config.matches[0].pattern, "a.*");
        assert_eq!(config.matches[1].key, "client_source_port");
    }
}
