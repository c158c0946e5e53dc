//! Settings of one client metrics subscription (KIP-714).

use crate::setting::{Setting, int, list};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("interval.ms", 300_000).doc("How often clients push metrics."),
    list("match", "").items(Items::ANY).doc(
        "Which clients the subscription is for: `key=regular expression,...` with the \
         keys client_id, client_instance_id, client_software_name, \
         client_software_version, client_source_address, client_source_port. Empty: \
         all.",
    ),
    list("metrics", "")
        .items(Items::ANY)
        .doc("Prefixes of the names of metrics to push; `*`: all of them."),
];
