//! One partition replica as a pure machine: epochs, producer state, high watermark, ISR, read bounds.
//!
//! Nothing here reads a clock, a file or a socket: time and log offsets are arguments, what is to
//! be done comes back as values.
//!
//! - [`ReplicaState`]: leader or follower, high watermark, ISR, who may append and read.
//! - [`LeaderEpochs`]: which leader epoch began at which offset, and where two logs diverge.
//! - [`ProducerStates`]: idempotent and transactional producers of the partition.

mod bounds;
mod context;
mod error;
mod fetching;
mod isr;
mod leader;
mod leader_epochs;
mod producers;
mod remote;
mod state;

pub use bounds::Reader;
pub use context::{BrokerStanding, Brokers, Context};
pub use error::{ProducerError, Refusal};
pub use fetching::{OutOfRange, Truncation};
pub use isr::{AlterPartitionAnswer, IsrMember, IsrProposal};
pub use leader::{CommitStatus, Outcome};
pub use leader_epochs::{EpochEndOffset, EpochEntry, LeaderEpochs};
pub use producers::{
    AbortedTransaction, ActiveProducer, AppendOrigin, Appended, CompletedTransaction,
    ProducerCheck, ProducerSnapshotEntry, ProducerStates, TransactionEnd, VerificationGuard,
    Verifications, Verified,
};
pub use remote::{FollowerFetch, RemoteReplica};
pub use state::{Assignment, LogOffsets, ReplicaState, ReplicationRules, Transition};
