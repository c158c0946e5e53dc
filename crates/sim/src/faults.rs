//! What goes wrong: which faults there are, when, and how they are done to the world.

use std::time::Duration;

use env::{DiskFault, DiskOperation, Random, Sim, SimNode};

/// One thing that goes wrong, or ends going wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`; the node starts again after so many ms.
    Kill(u64),
    /// The power goes; the node starts again after so many ms.
    PowerLoss(u64),
    /// The power goes right after the next acknowledgement, when least of it may be on the disk;
    /// the node starts again after so many ms.
    PowerLossAtAck(u64),
    /// The node is asked to stop; it starts again after so many ms.
    Stop(u64),
    /// The disk has room for so many more pages.
    DiskFull(u64),
    /// There is room again; the node is killed and started, as after an operator's cleaning up.
    DiskFreed,
    /// Work that waits for the disk takes up to so many ms; 0 ends that.
    SlowDisk(u64),
    /// An operation on a log directory fails with an I/O error, after so many that succeed.
    DiskErrors(DiskOperation, usize, u64),
    /// The errors end; the node starts again, after a power loss if syncs failed: what a kernel
    /// believes clean it never writes.
    DiskHealed,
    /// The node's wall clock is set so many ms off.
    Clock(i64),
    /// A client's connections are reset.
    Reset(usize),
    /// A client cannot reach the node.
    Cut(usize),
    /// All clients can.
    Heal,
    /// What is sent takes up to so many ms.
    Latency(u64),
}

/// Clock jumps stay below what makes timestamps of clients invalid (one hour).
const CLOCK_JUMP_MAX_MS: i64 = 25 * 60_000;

/// Faults of a run that end before `end`.
pub(crate) fn draw(
    random: &Random,
    end: Duration,
    dirs: usize,
    clients: usize,
) -> Vec<(Duration, Fault)> {
    let mut faults = Vec::new();
    let end = end.as_millis() as u64;
    let pause = |random: &Random| if random.chance(1, 2) { 0 } else { random.below(3_000) };
    for _ in 0..1 + random.below(6) {
        let at = 200 + random.below(end - 200);
        let until = (at + 300 + random.below(5_000)).min(end);
        let mut add = |at, fault| faults.push((Duration::from_millis(at), fault));
        match random.below(16) {
            0..3 => add(at, Fault::Kill(pause(random))),
            3 => add(at, Fault::PowerLoss(pause(random))),
            4..6 => add(at, Fault::PowerLossAtAck(pause(random))),
            6..8 => add(at, Fault::Stop(pause(random))),
            8 => {
                add(at, Fault::DiskFull(random.below(12)));
                add(until, Fault::DiskFreed);
            }
            9..11 => {
                add(at, Fault::SlowDisk(1 + random.below(800)));
                add(until, Fault::SlowDisk(0));
            }
            11 => {
                let operations = [
                    DiskOperation::Open,
                    DiskOperation::Read,
                    DiskOperation::Write,
                    DiskOperation::Sync,
                    DiskOperation::Rename,
                ];
                let operation = operations[random.below(5) as usize];
                let dir = random.below(dirs as u64) as usize;
                add(at, Fault::DiskErrors(operation, dir, random.below(4)));
                add(until, Fault::DiskHealed);
            }
            12 => {
                let jump = random.below(2 * CLOCK_JUMP_MAX_MS as u64) as i64 - CLOCK_JUMP_MAX_MS;
                add(at, Fault::Clock(jump));
            }
            13 => add(at, Fault::Reset(random.below(clients as u64) as usize)),
            14 => {
                add(at, Fault::Cut(random.below(clients as u64) as usize));
                add(until, Fault::Heal);
            }
            _ => {
                add(at, Fault::Latency(1 + random.below(300)));
                add(until, Fault::Latency(0));
            }
        }
    }
    faults.sort_by_key(|(at, _)| *at);
    faults
}

/// What a fault wants of the process on the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// It dies, and starts after a pause.
    Kill { pause: Duration },
    /// It dies with the whole machine, and starts after a pause.
    PowerLoss { pause: Duration },
    /// It stops in order, and starts after a pause.
    Stop { pause: Duration },
}

/// The world as faults see it.
pub(crate) struct Victims<'a> {
    pub(crate) sim: &'a Sim,
    pub(crate) broker: &'a SimNode,
    pub(crate) clients: &'a [SimNode],
    /// How long work takes that waits for a healthy disk, at most.
    pub(crate) disk: Duration,
    /// Whether a sync may have failed.
    pub(crate) syncs_failed: bool,
}

/// The names of log directories.
pub(crate) fn dir(nth: usize) -> String {
    format!("/data{nth}")
}

impl Victims<'_> {
    /// Does what a fault does at once, and says what is to happen to the process.
    pub(crate) fn strike(&mut self, fault: Fault, random: &Random) -> Option<Order> {
        let disk = self.broker.disk();
        let ms = Duration::from_millis;
        match fault {
            Fault::Kill(pause) => return Some(Order::Kill { pause: ms(pause) }),
            Fault::PowerLoss(pause) | Fault::PowerLossAtAck(pause) => {
                return Some(Order::PowerLoss { pause: ms(pause) });
            }
            Fault::Stop(pause) => return Some(Order::Stop { pause: ms(pause) }),
            Fault::DiskFull(pages) => disk.set_room(pages * 4096),
            Fault::DiskFreed => {
                disk.set_capacity(u64::MAX);
                let pause = ms(random.below(1_000));
                return Some(match random.chance(1, 2) {
                    true => Order::Kill { pause },
                    false => Order::Stop { pause },
                });
            }
            Fault::SlowDisk(longest) => {
                self.broker.set_blocking_delay(Duration::ZERO..=ms(longest).max(self.disk));
            }
            Fault::DiskErrors(operation, nth, after) => {
                self.syncs_failed |= operation == DiskOperation::Sync;
                disk.inject(DiskFault::io(operation).on(&dir(nth)).after(after));
            }
            Fault::DiskHealed => {
                disk.clear_faults();
                let pause = ms(random.below(1_000));
                return Some(match std::mem::take(&mut self.syncs_failed) {
                    true => Order::PowerLoss { pause },
                    false => Order::Kill { pause },
                });
            }
            Fault::Clock(skew) => self.broker.set_clock_skew_ms(skew),
            Fault::Reset(client) => {
                self.sim.network().reset(self.broker.address(), self.client(client).address());
            }
            Fault::Cut(client) => {
                self.sim.network().cut(self.broker.address(), self.client(client).address());
            }
            Fault::Heal => self.sim.network().heal(),
            Fault::Latency(longest) => {
                self.sim.network().set_latency(Duration::ZERO..=ms(longest));
            }
        }
        None
    }

    /// Ends what goes on, but leaves the clock where it is.
    pub(crate) fn heal(&mut self, random: &Random) -> Option<Order> {
        self.broker.set_blocking_delay(Duration::ZERO..=self.disk);
        self.sim.network().heal();
        self.sim.network().set_latency(Duration::ZERO..=Duration::from_millis(1));
        self.broker.disk().set_capacity(u64::MAX);
        self.strike(Fault::DiskHealed, random)
    }

    fn client(&self, nth: usize) -> &SimNode {
        &self.clients[nth % self.clients.len()]
    }
}
