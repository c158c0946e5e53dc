//! Shards of groups on a log in memory, in virtual time.

mod support;

use std::sync::Arc;
use std::time::Duration;

use coordination::{Error, Linger, LogError, Settings, ShardLog, Status};
use group::{DeleteGroups, ListGroups};
use records::{BatchBuilder, EndTxnMarker, Producer};
use support::{
    MemoryLog, PARTITION, commit, coordinator, fetch, heartbeat, join, linger, look, serving,
    settle, simulate, stable_member, until_loaded,
};
use wire::Str;

#[test]
fn serves_after_loading_and_says_so_before() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        log.set_readable(false);
        let coordinator = coordinator(&env, Settings::default());
        assert_eq!(coordinator.call("g", look()).await, Err(Error::NotCoordinator));

        let first = serving(&env, Settings::default(), &log).await;
        first.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        coordinator.elected(PARTITION, 0, Arc::new(log.clone()));
        settle(&env).await;
        assert_eq!(coordinator.call("g", look()).await, Err(Error::CoordinatorLoadInProgress));
        let loading = Status::Loading { next_offset: 0, log_end_offset: 1 };
        assert_eq!(coordinator.shards(), [(PARTITION, loading)]);

        log.set_readable(true);
        until_loaded(&env, &coordinator).await;
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap()[&0], 5);
    });
}

/// kafka-semantics 116: a commit is acknowledged when it is replicated.
#[test]
fn answers_writes_at_the_high_watermark() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        log.hold();
        let write = env.spawn("write", coordinator.call("g", commit("g", &[(0, 5)])));
        let stable = {
            let coordinator = coordinator.clone();
            env.spawn("read", async move { fetch(&coordinator, "g", true).await })
        };
        env.sleep(Duration::from_secs(4)).await;
        assert!(!write.is_finished() && !stable.is_finished());
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap().len(), 0);

        log.commit();
        write.await.unwrap().unwrap().unwrap();
        assert_eq!(stable.await.unwrap().unwrap()[&0], 5);
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap()[&0], 5);
    });
}

/// kafka-semantics 116: within `offsets.commit.timeout.ms`, 5 s.
#[test]
fn gives_up_waiting_in_time() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        log.hold();
        let began = env.now();
        let answer = coordinator.call("g", commit("g", &[(0, 5)])).await;
        assert_eq!(answer, Err(Error::CoordinatorNotAvailable));
        assert_eq!(env.now() - began, Duration::from_secs(5));
        // It was not lost, only late.
        log.commit();
        settle(&env).await;
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap()[&0], 5);
    });
}

#[test]
fn takes_back_what_the_log_refuses() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        coordinator.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        log.refuse(Some(LogError::NotEnoughReplicas));
        let (first, second) = tokio::join!(
            coordinator.call("g", commit("g", &[(0, 6)])),
            coordinator.call("g", commit("g", &[(1, 6)])),
        );
        assert_eq!(
            (first, second),
            (Err(Error::CoordinatorNotAvailable), Err(Error::CoordinatorNotAvailable))
        );
        let joined = coordinator.call("h", join("h", "")).await.unwrap();
        assert_eq!(
            joined.unwrap_err().error,
            group::Error::Write(group::WriteError::CoordinatorNotAvailable)
        );
        log.refuse(None);
        let offsets = fetch(&coordinator, "g", true).await.unwrap();
        assert_eq!((offsets.len(), offsets[&0]), (1, 5));
        coordinator.call("g", commit("g", &[(0, 7)])).await.unwrap().unwrap();
        assert_eq!(fetch(&coordinator, "g", true).await.unwrap()[&0], 7);
        let request = ListGroups { states: vec![], types: vec![] };
        let groups = coordinator.call_shard(PARTITION, request).await.unwrap();
        assert_eq!(groups.len(), 1);
    });
}

#[test]
fn answers_what_is_parked_when_it_moves_away() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        let joining = env.spawn("join", coordinator.call("g", join("g", "")));
        log.hold();
        let writing = env.spawn("write", coordinator.call("h", commit("h", &[(0, 5)])));
        settle(&env).await;
        let queued = coordinator.call("h", look());

        // Older news do not matter.
        coordinator.resigned(PARTITION, Some(0));
        settle(&env).await;
        assert!(!joining.is_finished() && !writing.is_finished());

        coordinator.resigned(PARTITION, Some(1));
        assert_eq!(joining.await.unwrap().map(|_| ()), Err(Error::NotCoordinator));
        assert_eq!(writing.await.unwrap().map(|_| ()), Err(Error::NotCoordinator));
        assert!(queued.await.is_ok());
        assert_eq!(coordinator.call("h", look()).await, Err(Error::NotCoordinator));
    });
}

/// kafka-semantics 110: members keep their generation when the coordinator moves.
#[test]
fn goes_on_elsewhere_with_what_is_committed() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let old = serving(&env, Settings::default(), &log).await;
        let member = stable_member(&old, "g").await;
        old.call("g", commit("h", &[(0, 5)])).await.unwrap().unwrap();
        log.hold();
        let lost = env.spawn("write", old.call("h", commit("h", &[(0, 6)])));
        settle(&env).await;

        // Another broker is elected, without what was not committed.
        log.truncate_to_high_watermark();
        log.set_leader_epoch(1);
        log.commit();
        let new = coordinator(&env, Settings::default());
        new.elected(PARTITION, 1, Arc::new(log.clone()));
        until_loaded(&env, &new).await;
        new.call("g", heartbeat("g", &member)).await.unwrap().unwrap();
        assert_eq!(fetch(&new, "h", false).await.unwrap()[&0], 5);

        // The old one finds out by itself, and is fenced before it does any harm.
        assert_eq!(lost.await.unwrap().map(|_| ()), Err(Error::NotCoordinator));
        settle(&env).await;
        assert_eq!(old.shards(), [(PARTITION, Status::Failed)]);
        let answer = old.call("h", commit("h", &[(0, 9)])).await;
        assert_eq!(answer, Err(Error::NotCoordinator));
        assert_eq!(fetch(&new, "h", true).await.unwrap()[&0], 5);
    });
}

#[test]
fn a_leader_that_does_not_know_yet_cannot_write() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let old = serving(&env, Settings::default(), &log).await;
        log.set_leader_epoch(1);
        let answer = old.call("h", commit("h", &[(0, 9)])).await;
        assert_eq!((answer, log.batches()), (Err(Error::NotCoordinator), 0));
    });
}

#[test]
fn is_loaded_anew_in_a_new_epoch_only() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        coordinator.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        coordinator.elected(PARTITION, 0, Arc::new(log.clone()));
        assert_eq!(coordinator.shards(), [(PARTITION, Status::Active)]);

        let parked = env.spawn("join", coordinator.call("g", join("g", "")));
        settle(&env).await;
        log.set_leader_epoch(2);
        coordinator.elected(PARTITION, 2, Arc::new(log.clone()));
        assert!(matches!(coordinator.shards()[..], [(PARTITION, Status::Loading { .. })]));
        assert_eq!(parked.await.unwrap().map(|_| ()), Err(Error::NotCoordinator));
        until_loaded(&env, &coordinator).await;
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap()[&0], 5);
        // The partition is deleted.
        coordinator.resigned(PARTITION, None);
        assert_eq!(coordinator.shards(), []);
    });
}

/// kafka-semantics 95: the join that everybody waited for is answered with the others.
#[test]
fn answers_a_request_that_releases_itself() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        let first = stable_member(&coordinator, "g").await;
        let mut newcomer = join("g", "");
        newcomer.random = wire::Uuid::from_halves(0, 8);
        let second = env.spawn("join", coordinator.call("g", newcomer));
        settle(&env).await;
        assert!(!second.is_finished());
        let first = coordinator.call("g", join("g", &first.member_id)).await.unwrap().unwrap();
        let second = second.await.unwrap().unwrap().unwrap();
        assert_eq!((first.generation_id, second.generation_id), (2, 2));
        assert_eq!((first.members.len(), second.members.len()), (2, 0));
    });
}

/// kafka-semantics 94, 105, in virtual time.
#[test]
fn fires_timers_on_time() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        let began = env.now();
        let member = stable_member(&coordinator, "g").await;
        assert_eq!(env.now() - began, Duration::from_secs(3));
        for _ in 0..10 {
            env.sleep(Duration::from_secs(9)).await;
            coordinator.call("g", heartbeat("g", &member)).await.unwrap().unwrap();
        }
        env.sleep(Duration::from_millis(9_999)).await;
        coordinator.call("g", heartbeat("g", &member)).await.unwrap().unwrap();
        env.sleep(Duration::from_millis(10_000)).await;
        settle(&env).await;
        let answer = coordinator.call("g", heartbeat("g", &member)).await.unwrap();
        assert_eq!(answer, Err(group::Error::UnknownMemberId));
    });
}

#[test]
fn requests_that_come_together_share_a_batch() {
    for (linger_for, batches) in [
        (Linger::WhileBusy, 1),
        (Linger::For(Duration::ZERO), 10),
        (Linger::For(Duration::from_millis(5)), 1),
    ] {
        simulate(|env| async move {
            let log = MemoryLog::new();
            let coordinator = serving(&env, linger(linger_for), &log).await;
            let began = env.now();
            let calls: Vec<_> =
                (0..10).map(|index| coordinator.call("g", commit("g", &[(index, 1)]))).collect();
            for call in calls {
                call.await.unwrap().unwrap();
            }
            assert_eq!((log.batches(), log.log_end_offset()), (batches, 10), "{linger_for:?}");
            let waited = env.now() - began;
            assert_eq!(
                waited.is_zero(),
                !matches!(linger_for, Linger::For(time) if !time.is_zero())
            );
        });
    }
}

#[test]
fn batches_keep_to_the_size_the_log_takes() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        log.set_max_batch_bytes(1_000);
        // Each event is written as a whole, here with about 70 bytes per offset.
        let offsets: Vec<(i32, i64)> = (0..10).map(|index| (index, 1)).collect();
        let calls: Vec<_> = (0..10)
            .map(|number| coordinator.call("g", commit(&format!("g{number}"), &offsets)))
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!((log.batches(), log.log_end_offset()), (10, 100));
        let many: Vec<(i32, i64)> = (0..100).map(|index| (index, 1)).collect();
        let answer = coordinator.call("g", commit("h", &many)).await;
        assert_eq!(answer, Err(Error::UnknownServerError));
        assert_eq!(fetch(&coordinator, "h", true).await.unwrap().len(), 0);
        // A deletion may take several batches.
        let group_ids = (0..10).map(|number| Str::from(format!("g{number}"))).collect();
        let deleted = coordinator.call("g", DeleteGroups { group_ids }).await.unwrap();
        assert!(deleted.iter().all(|group| group.result.is_ok()));
        assert_eq!(log.log_end_offset(), 100 + 10 * 11);
    });
}

#[test]
fn is_loaded_again_when_the_log_is_not_what_it_expects() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        coordinator.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        let mut foreign = BatchBuilder::new(0);
        foreign.push_key_value(0, Some(&[0x7f, 0x7f]), None);
        log.write(foreign.build());
        let answer = coordinator.call("g", commit("g", &[(0, 6)])).await;
        assert_eq!(answer, Err(Error::NotCoordinator));
        until_loaded(&env, &coordinator).await;
        // The log took it, though the client was not told.
        assert_eq!(fetch(&coordinator, "g", false).await.unwrap()[&0], 6);
        coordinator.call("g", commit("g", &[(0, 7)])).await.unwrap().unwrap();
    });
}

#[test]
fn fails_to_load_what_is_corrupt() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let first = serving(&env, Settings::default(), &log).await;
        first.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        log.corrupt();
        let second = coordinator(&env, Settings::default());
        second.elected(PARTITION, 0, Arc::new(log.clone()));
        settle(&env).await;
        assert_eq!(second.shards(), [(PARTITION, Status::Failed)]);
        assert_eq!(second.call("g", look()).await, Err(Error::NotCoordinator));
    });
}

/// kafka-semantics 110: pending transactional offsets and markers are replayed, too.
#[test]
fn loads_transactions() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let first = serving(&env, Settings::default(), &log).await;
        first.call("g", commit("g", &[(0, 5), (1, 5)])).await.unwrap().unwrap();
        first.close();
        let value = group::CommittedOffset {
            offset: 9,
            leader_epoch: -1,
            metadata: Str::new(),
            commit_timestamp_ms: 0,
            expire_timestamp_ms: None,
            topic_id: wire::Uuid::ZERO,
        };
        for (producer_id, partition) in [(7, 0), (8, 1)] {
            let record = group::Record::Offset {
                group_id: Str::from("g"),
                topic: Str::from("t"),
                partition,
                value: Some(value.clone()),
            };
            let (key, value) = record.encode().unwrap();
            let producer = Producer { id: producer_id, epoch: 0, base_sequence: 0 };
            let mut batch = BatchBuilder::new(0).producer(producer).transactional();
            batch.push_key_value(0, Some(&key), value.as_deref());
            log.write(batch.build());
        }
        log.write(EndTxnMarker { committed: true, coordinator_epoch: 0 }.batch(7, 0, 0));
        let second = serving(&env, Settings::default(), &log).await;
        let offsets = fetch(&second, "g", false).await.unwrap();
        assert_eq!((offsets[&0], offsets[&1]), (9, 5));
        // The other transaction is open.
        let stable = fetch(&second, "g", true).await.unwrap();
        assert_eq!((stable.get(&0), stable.get(&1)), (Some(&9), None));
    });
}

#[test]
fn refuses_more_than_it_may_keep() {
    simulate(|env| async move {
        let settings = Settings { queue_max: 4, unanswered_max: 2, ..Settings::default() };
        let log = MemoryLog::new();
        let coordinator = serving(&env, settings, &log).await;
        // Nobody takes from the queue before this task waits.
        let calls: Vec<_> = (0..5).map(|_| coordinator.call("g", look())).collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.is_ok());
        }
        assert_eq!(answers, [true, true, true, true, false]);

        log.hold();
        let calls: Vec<_> =
            (0..3).map(|index| coordinator.call("g", commit("g", &[(index, 1)]))).collect();
        settle(&env).await;
        log.commit();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.map(|_| ()));
        }
        assert_eq!(answers, [Ok(()), Ok(()), Err(Error::CoordinatorNotAvailable)]);
    });
}

#[test]
fn tells_all_shards_of_deleted_topics() {
    simulate(|env| async move {
        let log = MemoryLog::new();
        let coordinator = serving(&env, Settings::default(), &log).await;
        coordinator.call("g", commit("g", &[(0, 5)])).await.unwrap().unwrap();
        coordinator.topics_deleted(vec![(Str::from("t"), wire::Uuid::ZERO)]).await;
        assert_eq!(fetch(&coordinator, "g", true).await.unwrap().len(), 0);
    });
}
