//! The replicas of this broker: append, read, wait for the high watermark, fetch from leaders.
//!
//! A [`Partition`] is one replica: `partition` appends, `read` and `list` look, `waiters` is the
//! purgatory, `flush` brings logs onto the disk. [`Replicas`] is the table of them and keeps it in
//! step with the cluster image; `start` fills it. `moves` takes replicas from one log directory to
//! another; `upkeep`, `expiry` and the [`Cleaner`] look after their logs.

mod cleaner;
mod error;
mod expiry;
mod flush;
mod front;
mod glance;
mod list;
mod moves;
mod partition;
mod producer_expiry;
mod read;
mod replicas;
mod settings;
mod start;
mod surroundings;
mod traffic;
mod transactions;
mod upkeep;
mod waiters;

pub use cleaner::{Cleaner, CleanerFigures, CleanerSettings};
pub use error::{AppendError, LookupError, ReadError};
pub use expiry::ExpiryIntervals;
pub use front::delete_records;
pub use glance::Glance;
pub use list::{ListAsk, OffsetSpec};
pub use moves::{AlterError, Cordoned, DirectorySettings, FuturePlace};
pub use partition::{Appended, Awaited, Partition};
pub use read::{ReadAsk, ReadOutcome, ReplicaFetch};
pub use replicas::{DirectorySettingsOf, Replicas, ReplicasOptions, TopicSettingsOf};
pub use settings::{BrokerDefaults, TopicSettings};
pub use surroundings::{DirectoryAssignment, Proposed};
pub use traffic::{TrafficCounts, TrafficSums};
pub use transactions::TransactionalBatch;
pub use upkeep::UpkeepIntervals;
pub use waiters::{Parked, Visibility};
