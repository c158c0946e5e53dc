//! What the process takes of the machine.

use std::fs::{read_dir, read_to_string};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// What the process has used so far, and uses now. What the system does not tell is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in all threads.
    pub cpu: Duration,
    /// Memory in RAM.
    pub resident_bytes: u64,
    /// Address space.
    pub virtual_bytes: u64,
    /// Open files and connections.
    pub open_files: u64,
    /// Files and connections that may be open.
    pub open_files_max: u64,
    /// Threads.
    pub threads: u64,
    /// When the process was started, since 1970.
    pub started: Duration,
    /// Bytes the process had read from disks.
    pub disk_read_bytes: u64,
    /// Bytes the process had written to disks.
    pub disk_write_bytes: u64,
}

pub(crate) fn os() -> Usage {
    let page = rustix::param::page_size() as u64;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let stat = Stat::parse(&read_to_string("/proc/self/stat").unwrap_or_default());
    let io = read_to_string("/proc/self/io").unwrap_or_default();
    let boot = read_to_string("/proc/stat").unwrap_or_default();
    let boot = field(&boot, "btime ").map_or(Duration::ZERO, Duration::from_secs);
    let of_ticks = |count: u64| Duration::from_millis(count.saturating_mul(1_000) / ticks);
    Usage {
        cpu: of_ticks(stat.cpu_ticks),
        resident_bytes: stat.resident_pages * page,
        virtual_bytes: stat.virtual_bytes,
        open_files: read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
        open_files_max: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        threads: stat.threads,
        started: boot + of_ticks(stat.started_ticks),
        disk_read_bytes: field(&io, "read_bytes: ").unwrap_or(0),
        disk_write_bytes: field(&io, "write_bytes: ").unwrap_or(0),
    }
}

/// The number on the line that begins with `name`.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// What is needed of `/proc/self/stat`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    started_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Self {
        // The name of the program, in brackets, may hold anything.
        let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // Fields count from 1 in proc(5), the first one here is the third.
        let number = |field: usize| -> u64 {
            fields.get(field - 3).and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Self {
            cpu_ticks: number(14) + number(15),
            threads: number(20),
            started_ticks: number(22),
            virtual_bytes: number(23),
            resident_pages: number(24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_program_is_called() {
        let text = "42 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 100 23 12 13 14 15 7 0 5000 65536 16 99";
        let stat = Stat {
            cpu_ticks: 123,
            threads: 7,
            started_ticks: 5000,
            virtual_bytes: 65_536,
            resident_pages: 16,
        };
        assert_eq!(Stat::parse(text), stat);
        assert_eq!(Stat::parse("nothing"), Stat::default());
    }

    #[test]
    fn usage_is_told() {
        let usage = os();
        assert!(usage.resident_bytes > 1 << 16 && usage.threads > 0 && usage.open_files > 2);
        assert!(usage.started > Duration::from_secs(1_600_000_000), "{usage:?}");
    }
}
