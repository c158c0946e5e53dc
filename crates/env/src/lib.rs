//! Clock, randomness, files and sockets: the machine's own, or simulated.
//!
//! Engines and drivers reach the outside world only through [`Env`]. It comes in two variants that
//! behave alike: the machine's own (real files, sockets, threads), and a simulated one inside a
//! [`Sim`]: one thread, virtual time, seeded randomness, in-memory disks that lose what was not
//! synced, in-memory connections. The same server code runs on both.
//!
//! Nothing outside this crate starts a thread, reads a clock or opens a file or a socket.
//!
//! A simulated run is a function of its seed as long as the code in it does not depend on the
//! iteration order of std's hash maps, and writes `select!` with `biased`.

mod clock;
#[cfg(test)]
mod conformance;
mod env;
mod files;
mod memory;
mod network;
mod open_files;
mod random;
mod sim;
mod task;
mod termination;
mod threads;
mod usage;

pub use clock::{Clock, Instant};
pub use env::{Env, Executor, OsOptions, Worker};
pub use files::{
    DirEntry, DiskFault, DiskOperation, File, FileLock, Files, LockError, Metadata, OpenOptions,
    SimDisk, Space, TempDir,
};
pub use network::{
    DetachedSocket, ListenError, ListenOptions, Listener, Network, Port, SimNetwork, Socket,
    SocketReader, SocketWriter,
};
pub use random::Random;
pub use sim::{Sim, SimNode};
pub use task::{Blocking, Task, TaskError, panic_message};
pub use termination::Termination;
pub use usage::Usage;
