//! Groups of the classic protocol: join, sync, heartbeat, leave (kafka-semantics H).

mod alive;
mod convert;
mod describe;
mod join;
mod member;
mod members;
mod rebalance;
pub(crate) mod request;
mod state;
mod stored;
mod subscription;
mod sync;
mod turn;
mod written;

pub(crate) use convert::{Convert, by_id, by_name, classic_metadata};
pub(crate) use state::{CONSUMER_PROTOCOL_TYPE, ClassicGroup};
pub use written::AfterWrite;
