//! How much memory there is.

use std::fs::read_to_string;

/// What is assumed where the system does not say.
const UNKNOWN: u64 = 1 << 30;

/// The machine's memory, or the bound of this process's control group (version 2, or 1).
pub(crate) fn os() -> u64 {
    let machine = meminfo_total(&read_to_string("/proc/meminfo").unwrap_or_default());
    let groups = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let bounds = groups.iter().filter_map(|path| read_to_string(path).ok()?.trim().parse().ok());
    bounds.chain(machine).min().unwrap_or(UNKNOWN)
}

/// The `MemTotal` line counts in KiB.
fn meminfo_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{meminfo_total, os};

    #[test]
    fn memory_is_told() {
        let text = "MemFree: 5 kB\nMemTotal:        2048 kB\n";
        assert_eq!(meminfo_total(text), Some(2 << 20));
        assert_eq!(meminfo_total("MemTotal: many"), None);
        assert!(os() > 1 << 20);
    }
}
