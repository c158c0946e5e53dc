//! Compaction: of each key the last record stays (kafka-storage §6).
//!
//! One cleaning goes over the closed segments of a log twice. The first walk, over the part that
//! was not cleaned yet, notes the last offset of each key in a table of bounded size; the second
//! copies what stays into new segments, which then take the place of the old ones.
//!
//! ```text
//!   log start       first dirty            first uncleanable     log end
//!   | cleaned before | keys are noted       | not touched         |
//!   | ------------- copied without what is obsolete |             |
//! ```
//!
//! - [`Survey`] looks at a log and tells by `plan`, which is pure, what a cleaning would cover.
//! - [`Cleaning`] does one, step by step, so that whoever drives it can pace it and end it early.
//! - `filter` decides, batch by batch, what stays, with `offset_map` and `transactions`.
//! - `output` writes a segment; [`Log::replace_segments`](crate::Log::replace_segments) in `swap`
//!   puts it in place.
//! - `progress` keeps how far a log was cleaned.
//!
//! **Invariants.** Until a group of segments is replaced as a whole, the log is untouched; what
//! takes its place is on the disk before. Offsets never change. Nothing at or above the first
//! uncleanable offset is read for keys or copied.

mod chunk;
mod cleaning;
mod filter;
mod offset_map;
mod output;
mod pace;
mod plan;
mod progress;
mod survey;
mod swap;
mod transactions;

pub use cleaning::{CleanError, Cleaning, CleaningOptions, CleaningSummary, Step};
pub use pace::Pace;
pub use plan::Cleanable;
pub use survey::Survey;
pub use swap::Replacement;
