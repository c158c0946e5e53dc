//! Metrics, health and where they are served.

use crate::setting::{Setting, int, list, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("metrics.entities.max", 100_000).at_least(0).own().works().doc(
        "How many topics, partitions, groups and committed offsets are told one by one, each. What \
         is beyond counts in the sums, and how much that is stands in `ottla_metrics_left_out`.",
    ),
    list("metrics.listeners", "http://localhost:9404").items(Items::ANY).own().works().doc(
        "Where `/metrics`, `/live` and `/ready` are served, as `http://host:port,...`; without a \
         host: on every interface; empty: nowhere. If this is not set and the port is taken, a node \
         starts without.",
    ),
    string("metrics.partition.level", "on").own().works().doc(
        "Which topics have metrics of each of their partitions: `on` for all, `off` for none, or a \
         regular expression that the whole name matches.",
    ),
];
