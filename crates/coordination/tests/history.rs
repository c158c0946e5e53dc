//! What clients were told holds, whatever happens to the log and the leader.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coordination::{GroupCoordinator, Linger, LogError, Settings};
use env::{Env, Random, Task};
use support::{
    MemoryLog, PARTITION, commit, coordinator, fetch, linger, simulate_seed, until_loaded,
};

const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
const PARTITIONS: u64 = 4;

/// What clients know of each group and partition: the offset last sent, and the last one that was
/// acknowledged. One client commits to a partition, and a commit is sent after the one before is
/// answered, so the truth is one of what was sent since the last acknowledgement.
#[derive(Default)]
struct History {
    sent: HashMap<(usize, i32), i64>,
    acknowledged: HashMap<(usize, i32), i64>,
}

/// A client commits growing offsets to its own partition of every group, to whoever leads.
async fn client(
    env: Env,
    random: Random,
    leader: Arc<Mutex<GroupCoordinator>>,
    partition: i32,
    history: Arc<Mutex<History>>,
) {
    for offset in 1.. {
        let number = random.below(GROUPS.len() as u64) as usize;
        let key = (number, partition);
        history.lock().expect("history").sent.insert(key, offset);
        let coordinator = leader.lock().expect("leader").clone();
        let answer =
            coordinator.call(GROUPS[number], commit(GROUPS[number], &[(partition, offset)])).await;
        if let Ok(result) = answer {
            result.expect("a commit without membership");
            history.lock().expect("history").acknowledged.insert(key, offset);
        }
        env.sleep(Duration::from_millis(random.below(20))).await;
    }
}

/// Something happens to the log or its leader.
async fn disturb(env: &Env, random: &Random, log: &MemoryLog) {
    match random.below(4) {
        0 => {
            log.hold();
            env.sleep(Duration::from_millis(random.below(8_000))).await;
            log.commit();
        }
        1 => {
            log.refuse(Some(LogError::NotEnoughReplicas));
            env.sleep(Duration::from_millis(random.below(200))).await;
            log.refuse(None);
        }
        2 => log.set_max_batch_bytes(100 + random.below(1_000) as usize),
        _ => env.sleep(Duration::from_millis(random.below(500))).await,
    }
}

async fn check(coordinator: &GroupCoordinator, history: &Mutex<History>, seed: u64) {
    for (number, group_id) in GROUPS.iter().enumerate() {
        // Clients go on meanwhile.
        let acknowledged = history.lock().expect("history").acknowledged.clone();
        let offsets = fetch(coordinator, group_id, false).await.expect("served");
        let sent = history.lock().expect("history").sent.clone();
        for partition in 0..PARTITIONS as i32 {
            let of = |offsets: &HashMap<_, i64>| offsets.get(&(number, partition)).copied();
            let stored = offsets.get(&partition).copied();
            assert!(
                of(&acknowledged) <= stored && stored <= of(&sent),
                "seed {seed}, {group_id} partition {partition}: acknowledged {:?}, stored {stored:?}, sent {:?}",
                of(&acknowledged),
                of(&sent),
            );
        }
    }
}

async fn run(env: Env, seed: u64) {
    let random = env.random().fork();
    let log = MemoryLog::new();
    let settings: Settings = match seed % 3 {
        0 => Settings::default(),
        1 => linger(Linger::For(Duration::ZERO)),
        _ => linger(Linger::For(Duration::from_millis(5))),
    };
    let first = coordinator(&env, settings.clone());
    first.elected(PARTITION, 0, Arc::new(log.clone()));
    let leader = Arc::new(Mutex::new(first));
    let history = Arc::new(Mutex::new(History::default()));
    let clients: Vec<Task<()>> = (0..PARTITIONS as i32)
        .map(|partition| {
            let (leader, history) = (Arc::clone(&leader), Arc::clone(&history));
            let task = client(env.clone(), random.fork(), leader, partition, history);
            env.spawn("client", task)
        })
        .collect();
    for epoch in 1..15 {
        disturb(&env, &random, &log).await;
        if random.chance(1, 2) {
            // Another broker takes over, with what is committed.
            log.truncate_to_high_watermark();
            log.set_leader_epoch(epoch);
            let next = coordinator(&env, settings.clone());
            next.elected(PARTITION, epoch, Arc::new(log.clone()));
            *leader.lock().expect("leader") = next;
        }
    }
    let current = leader.lock().expect("leader").clone();
    until_loaded(&env, &current).await;
    log.set_max_batch_bytes(1 << 20);
    env.sleep(Duration::from_secs(10)).await;
    log.refuse(Some(LogError::NotEnoughReplicas));
    env.sleep(Duration::from_millis(100)).await;
    check(&current, &history, seed).await;
    clients.iter().for_each(Task::abort);
    env.sleep(Duration::from_millis(20)).await;
    log.refuse(None);
    // What served is what its log says.
    let loaded = coordinator(&env, settings);
    loaded.elected(PARTITION, log.leader_epoch(), Arc::new(log.clone()));
    until_loaded(&env, &loaded).await;
    for group_id in GROUPS {
        let (live, loaded) =
            (fetch(&current, group_id, true).await, fetch(&loaded, group_id, true).await);
        assert_eq!(live, loaded, "seed {seed}");
    }
    assert!(!history.lock().expect("history").acknowledged.is_empty(), "nothing was acknowledged");
}

#[test]
fn acknowledged_commits_survive() {
    for seed in 0..20 {
        simulate_seed(seed, |env| run(env, seed));
    }
}
