//! The whole node on the simulated environment: it starts, takes records, loses its power, starts
//! again, and gives back what was on the disk.

use std::time::Duration;

use env::{DiskFault, DiskOperation};

mod support;

use support::*;

#[test]
fn what_was_flushed_survives_the_loss_of_power() {
    for seed in 0..20 {
        on_a_node(seed, async |broker, user| {
            let node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for i in 0..50 {
                let value = format!("value {i}");
                assert_eq!(produce(&cluster, &value).await, i);
                sent.push(value);
            }
            // A stop in order brings everything onto the disk.
            node.stop().await;
            broker.power_loss();

            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
            assert_eq!(produce(&cluster, "more").await, 50, "seed {seed}");
        });
    }
}

#[test]
fn without_a_flush_a_prefix_survives_and_the_node_goes_on() {
    let losses = std::cell::Cell::new(0);
    for seed in 0..40 {
        on_a_node(seed, async |broker, user| {
            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for i in 0..30 {
                let value = format!("value {i}");
                produce(&cluster, &value).await;
                sent.push(value);
            }
            broker.power_loss();

            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            let kept = read_all(&cluster).await;
            // The metadata was flushed, so the topic is there; of its records a prefix is.
            assert_eq!(kept, sent[..kept.len()], "seed {seed}");
            let next = produce(&cluster, "more").await;
            assert_eq!(next, kept.len() as i64, "seed {seed}");
            losses.set(losses.get() + usize::from(kept.len() < sent.len()));
        });
    }
    assert!(losses.get() > 0, "no seed lost anything: the power loss is none");
}

#[test]
fn a_node_that_was_killed_serves_again_at_once() {
    on_a_node(1, async |broker, _user| {
        let _node = start(&broker.start()).await;
        broker.kill();
        let env = broker.start();
        let began = env.now();
        std::mem::forget(start(&env).await);
        // It does not wait for the session of its own dead incarnation to expire.
        assert!(env.now() - began < Duration::from_secs(1));
    });
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    for seed in 0..20 {
        on_a_node(seed, async |broker, user| {
            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = Vec::new();
            for round in 0..3 {
                for i in 0..20 {
                    let value = format!("value {round} {i}");
                    produce(&cluster, &value).await;
                    sent.push(value);
                }
                broker.kill();
                std::mem::forget(start(&broker.start()).await);
            }
            let cluster = client(&user.start());
            assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
        });
    }
}

/// Kafka-semantics 211: one directory that fails leaves the others; without any, or without the
/// metadata log, the node ends and says why.
#[test]
fn a_node_ends_when_all_its_directories_or_its_metadata_log_failed() {
    for (struck, said) in [("t-0", "all log directories have failed: /data"), ("meta", "/meta/")] {
        on_a_node(1, async |broker, user| {
            let settings = [("log.dirs", "/data"), ("metadata.log.dir", "/meta")];
            let mut node = start_with(&broker.start(), &settings).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "1").await;
            broker.disk().inject(DiskFault::io(DiskOperation::Write).on(struck));
            let _ = try_produce(&cluster, "bad", 1).await;
            let reason = node.failed().await;
            assert!(reason.contains(said), "{reason}");
        });
    }
}

/// Kafka-storage §3.6: with `flush.messages` = 1 an acknowledgement, whatever the acks, says that
/// the record is on the disk; `log.flush.before.ack` says so of acks=all.
#[test]
fn what_is_acknowledged_after_a_sync_survives_the_loss_of_power() {
    const NEVER: &str = "9223372036854775807";
    for (flush_messages, before_ack, acks) in
        [("1", "false", 1), ("1", "false", -1), (NEVER, "true", -1)]
    {
        for seed in 0..15 {
            on_a_node(seed, async |broker, user| {
                let settings = [("log.flush.before.ack", before_ack)];
                let _node = start_with(&broker.start(), &settings).await;
                let cluster = client(&user.start());
                create_topic(&cluster, flush_messages).await;
                let mut sent = Vec::new();
                for i in 0..10 + seed {
                    let value = format!("value {i}");
                    assert_eq!(try_produce(&cluster, &value, acks).await, (0, i as i64));
                    sent.push(value);
                }
                assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
                broker.power_loss();

                let _node = start_with(&broker.start(), &settings).await;
                let cluster = client(&user.start());
                assert_eq!(read_all(&cluster).await, sent, "seed {seed}");
            });
        }
    }
}

#[test]
fn flush_ms_brings_records_onto_the_disk_in_time() {
    on_a_node(1, async |broker, user| {
        let settings = [("log.flush.interval.ms", "500")];
        let _node = start_with(&broker.start(), &settings).await;
        let env = user.start();
        let cluster = client(&env);
        create_topic(&cluster, "9223372036854775807").await;
        assert_eq!(produce(&cluster, "value").await, 0);
        env.sleep(Duration::from_millis(600)).await;
        broker.power_loss();

        let _node = start(&broker.start()).await;
        assert_eq!(read_all(&client(&user.start())).await, ["value"]);
    });
}

#[test]
fn a_record_whose_sync_fails_is_not_acknowledged() {
    on_a_node(1, async |broker, user| {
        let settings = [("log.dirs", "/data,/more"), ("metadata.log.dir", "/more")];
        let _node = start_with(&broker.start(), &settings).await;
        let cluster = client(&user.start());
        create_topic(&cluster, "1").await;
        produce(&cluster, "good").await;
        broker.disk().inject(DiskFault::io(DiskOperation::Sync).on("t-0"));
        let storage_error = 56;
        assert_eq!(try_produce(&cluster, "bad", -1).await.0, storage_error);
        assert_eq!(try_produce(&cluster, "worse", 1).await.0, storage_error);
    });
}
