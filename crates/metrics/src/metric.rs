//! One metric: a row of the table.

/// What the values of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Quantiles, with `_sum` and `_count`, which are counters.
    Summary,
}

impl Kind {
    /// The word of the exposition format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Summary => "summary",
        }
    }
}

/// A metric as the reference shows it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Unit of the values.
    pub unit: &'static str,
    /// Names of its labels; a summary has `quantile` besides.
    pub labels: &'static [&'static str],
    /// What it tells, in one or two sentences.
    pub doc: &'static str,
}

/// A metric with `N` labels, to write samples of.
#[derive(Debug)]
pub struct Metric<const N: usize>(pub(crate) Row);

impl<const N: usize> Metric<N> {
    /// The row.
    pub const fn row(&self) -> &Row {
        &self.0
    }
}

/// Declares metrics: `NAME: kind "name" in unit [labels]; `, each with its documentation. The rows
/// of the file become `ROWS`.
macro_rules! metrics {
    ($(
        $(#[doc = $doc:literal])+
        $id:ident: $kind:ident $name:literal in $unit:literal [$($label:literal),*];
    )*) => {
        $(
            $(#[doc = $doc])+
            pub static $id: $crate::Metric<{
                let labels: &[&str] = &[$($label),*];
                labels.len()
            }> = $crate::Metric($crate::Row {
                name: $name,
                kind: $crate::Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                doc: concat!($($doc),+),
            });
        )*

        /// The rows of this area, in the order of the reference.
        pub(super) static ROWS: &[&$crate::Row] = &[$($id.row()),*];
    };
}

pub(crate) use metrics;
