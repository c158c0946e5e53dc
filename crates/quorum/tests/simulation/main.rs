//! Quorums of several machines under message loss, reordering, partitions, crashes, lost writes
//! and voter changes, on virtual time. A seed reproduces a run:
//! `QUORUM_SEED=17 cargo test -p quorum --test simulation`; `QUORUM_SEEDS=50` runs fifty times as
//! many seeds as usual.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy does not see that all of this is a test"
)]

mod cluster;
mod disk;
mod invariants;
mod network;
mod random;

use cluster::{Cluster, Coverage, Plan};

/// Runs seeds, or the one that `QUORUM_SEED` names; says what happened in all of them together.
fn check(seeds: std::ops::Range<u64>, plan: impl Fn(u64) -> Plan) -> Coverage {
    let is_one = std::env::var("QUORUM_SEED").is_ok();
    let seeds = match std::env::var("QUORUM_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => {
            let times: u64 = std::env::var("QUORUM_SEEDS").map_or(1, |n| n.parse().unwrap());
            seeds.start..seeds.start + (seeds.end - seeds.start) * times
        }
    };
    let mut coverage = Coverage::default();
    for seed in seeds {
        let mut cluster = Cluster::new(seed, plan(seed));
        coverage.add(cluster.run());
    }
    if is_one { Coverage::everything() } else { coverage }
}

#[test]
fn static_voters_under_faults() {
    let coverage =
        check(0..120, |seed| Plan { voters: 3 + 2 * (seed % 2) as i32, ..Plan::default() });
    // A test that never meets a parted log proves nothing about one.
    assert!(coverage.elections > 300 && coverage.truncations > 100, "{coverage:?}");
    assert!(coverage.resignations > 100, "{coverage:?}");
}

#[test]
fn changing_voters_under_faults() {
    let coverage = check(1_000..1_080, |_| Plan {
        voters: 3,
        observers: 3,
        dynamic: true,
        voter_changes: true,
        ..Plan::default()
    });
    assert!(coverage.voter_changes > 100, "{coverage:?}");
}

#[test]
fn snapshots_under_faults() {
    let coverage = check(2_000..2_080, |seed| Plan {
        voters: 3,
        observers: 1,
        dynamic: seed % 2 == 0,
        snapshots: true,
        ..Plan::default()
    });
    assert!(coverage.downloads > 100, "{coverage:?}");
}

#[test]
fn a_quorum_of_one_needs_no_time_to_lead() {
    check(3_000..3_020, |_| Plan { voters: 1, observers: 1, ..Plan::default() });
}
