//! Clock, timers, tasks, threads and processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::on_both;
use crate::{Env, OsOptions, Sim, TaskError};

#[test]
fn timers_and_clocks_agree() {
    on_both(|env| async move {
        let (started, wall) = (env.now(), env.clock().wall_ms());
        env.sleep(Duration::from_millis(30)).await;
        assert!(env.now() - started >= Duration::from_millis(30));
        assert!(env.clock().wall_ms() - wall >= 29);
        env.sleep_until(started).await;
    });
}

#[test]
fn tasks_give_results_and_tell_their_end() {
    on_both(|env| async move {
        assert_eq!(env.spawn("sum", async { 1 + 1 }).await.unwrap(), 2);
        let endless = env.spawn("endless", std::future::pending::<()>());
        assert!(!endless.is_finished());
        endless.abort();
        assert!(matches!(endless.await, Err(TaskError::Aborted("endless"))));
        let broken = env.spawn("broken", async { panic!("for {}", "show") });
        match broken.await {
            Err(TaskError::Panicked { name: "broken", message }) => assert_eq!(message, "for show"),
            other => panic!("{other:?}"),
        }
        assert_eq!(env.task_panicked().await, "broken");
    });
}

#[test]
fn a_worker_runs_its_tasks_until_it_is_dropped() {
    on_both(|env| async move {
        let worker = env.worker("worker").unwrap();
        assert_eq!(worker.spawn("sum", async { 1 + 1 }).await.unwrap(), 2);
        let (sender, receiver) = oneshot::channel();
        let sleeping = env.clone();
        let task = worker.spawn("sleeper", async move {
            sleeping.sleep(Duration::from_millis(1)).await;
            _ = sender.send(7);
        });
        assert_eq!(receiver.await.unwrap(), 7);
        task.await.unwrap();
        drop(worker);
    });
}

#[test]
fn blocking_work_runs_without_being_awaited() {
    on_both(|env| async move {
        assert_eq!(env.blocking(|| 7).await, 7);
        let (sender, receiver) = oneshot::channel();
        drop(env.blocking(move || sender.send(8).unwrap()));
        assert_eq!(receiver.await.unwrap(), 8);
        let awaiting = env.clone();
        let task = env.spawn("awaiting", async move {
            awaiting.blocking(|| panic!("in the pool")).await;
        });
        assert!(matches!(task.await, Err(TaskError::Panicked { .. })));
    });
}

#[test]
fn a_slow_disk_holds_up_blocking_work_and_a_kill_takes_it_away() {
    let sim = Sim::new(1);
    let node = sim.node("node");
    let env = node.start();
    let (shortest, longest) = (Duration::from_millis(10), Duration::from_millis(90));
    node.set_blocking_delay(shortest..=longest);
    let done = Arc::new(AtomicBool::new(false));
    sim.block_on(async {
        let mut seen = Vec::new();
        for _ in 0..50 {
            let began = env.now();
            env.blocking(|| ()).await;
            seen.push(env.now() - began);
        }
        assert!(seen.iter().all(|took| *took >= shortest && *took < longest * 2), "{seen:?}");
        assert!(seen.iter().max() > seen.iter().min());
        let flag = Arc::clone(&done);
        drop(env.blocking(move || flag.store(true, Ordering::Relaxed)));
        node.kill();
        tokio::time::sleep(longest * 2).await;
        assert!(!done.load(Ordering::Relaxed));
        node.set_blocking_delay(Duration::ZERO..=Duration::ZERO);
        let (env, began) = (node.start(), sim.clock().now());
        env.blocking(|| ()).await;
        assert_eq!(sim.clock().now(), began);
    });
}

#[test]
fn data_threads_run_what_they_are_given() {
    on_both(|env| async move {
        let executors = env.data_threads(2).unwrap();
        assert_eq!(executors.len(), if env.is_sim() { 1 } else { 2 });
        let mut threads = Vec::new();
        for executor in &executors {
            let (clock, timer) = (env.clone(), env.clone());
            let task = executor.spawn("timed", async move {
                let started = clock.now();
                timer.sleep(Duration::from_millis(5)).await;
                (clock.now() - started, std::thread::current().id())
            });
            let (slept, thread) = task.await.unwrap();
            assert!(slept >= Duration::from_millis(5));
            threads.push(thread);
        }
        threads.dedup();
        assert_eq!(threads.len(), executors.len());
    });
}

#[test]
fn shutdown_drops_what_still_waits() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let env = Env::os(&OsOptions::default()).unwrap();
    let dropped = Arc::new(AtomicBool::new(false));
    let (flag, held) = (Flag(Arc::clone(&dropped)), env.clone());
    let executor = env.data_threads(1).unwrap().remove(0);
    drop(executor.spawn("waiting", async move {
        std::future::pending::<()>().await;
        drop((flag, held));
    }));
    env.shutdown(Duration::from_secs(10));
    assert!(dropped.load(Ordering::SeqCst));
    // What comes too late never runs, and does no harm.
    drop(executor.spawn("late", async { unreachable!() }));
}

#[test]
fn virtual_time_costs_no_real_time_and_follows_the_seed() {
    let run = |seed| {
        let env = Env::sim(seed);
        env.block_on(async {
            let wall = env.clock().wall_ms();
            env.sleep(Duration::from_hours(24)).await;
            assert_eq!(env.clock().wall_ms() - wall, 24 * 3_600_000);
        });
        (env.random().u64(), env.random().uuid())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn killing_a_node_ends_its_tasks_and_the_next_life_has_its_disk() {
    let sim = Sim::new(1);
    let node = sim.node("a");
    let env = node.start();
    let (files, clock) = (env.files().clone(), env.clone());
    let task = env.spawn("writer", async move {
        files.write_atomically("/a", b"kept").unwrap();
        clock.sleep(Duration::from_secs(3600)).await;
        files.write_atomically("/a", b"never").unwrap();
    });
    sim.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
    node.kill();
    sim.block_on(async {
        assert!(matches!(task.await, Err(TaskError::Aborted(_))));
        assert!(matches!(env.spawn("late", async {}).await, Err(TaskError::Aborted(_))));
    });
    let again = node.start();
    assert_eq!(again.files().read("/a").unwrap(), b"kept");
    assert!(env.files().read("/a").is_err(), "the dead process has no disk");
}

#[test]
fn a_node_can_be_asked_to_end_and_have_its_clock_set() {
    let sim = Sim::new(1);
    let (a, b) = (sim.node("a"), sim.node("b"));
    let (env_a, env_b) = (a.start(), b.start());
    a.set_clock_skew_ms(-5_000);
    assert_eq!(env_b.clock().wall_ms() - env_a.clock().wall_ms(), 5_000);
    a.terminate();
    sim.block_on(async {
        env_a.termination().await.unwrap();
        let asked = tokio::time::timeout(Duration::from_secs(9), env_b.termination()).await;
        assert!(asked.is_err(), "nobody asked b");
    });
}
