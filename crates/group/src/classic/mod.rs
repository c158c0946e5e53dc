//! Groups of the classic protocol: join, sync, heartbeat, leave (kafka-semantics H).

mod alive;
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

pub(crate) use state::ClassicGroup;
pub use written::AfterWrite;
