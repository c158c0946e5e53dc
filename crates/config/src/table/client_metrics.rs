//! Settings of one client metrics subscription (KIP-714).

use crate::setting::{Setting, int, list};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("interval.ms", 300_000),
    list("match", "").items(Items::ANY),
    list("metrics", "").items(Items::ANY),
];
