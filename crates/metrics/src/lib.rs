//! Metrics: one table of their names, labels and meanings, and what counts and writes them.
//!
//! [`table`] holds every metric as a row; a sample can only be written through its row, so names
//! and numbers of labels are right by construction, and `docs/reference/metrics.md` follows from
//! the same rows. [`Counter`] and [`Histogram`] count on the hot path: one thread writes, anybody
//! reads. [`Text`] is the exposition format of Prometheus.

mod counter;
mod histogram;
mod metric;
pub mod table;
mod text;

pub use counter::{Counter, Inside, Level, Tally};
pub use histogram::{Distribution, Histogram};
pub use metric::{Kind, Metric, Row};
pub use text::{Family, Text, Value};
