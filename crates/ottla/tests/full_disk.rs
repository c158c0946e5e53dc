//! A disk that fills up while a node runs: clients are refused in time, everything else goes on,
//! and with room the node is as before.

use client::Cluster;

mod support;

use support::*;

const STORAGE_ERROR: i16 = 56;

/// Produces until the node refuses; what was acknowledged.
async fn fill(cluster: &Cluster, from: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for i in from..from + 10_000 {
        let value = format!("{i:01000}");
        match try_produce(cluster, &value, -1).await {
            (0, _) => acknowledged.push(value),
            (error, _) => {
                assert_eq!(error, STORAGE_ERROR);
                return acknowledged;
            }
        }
    }
    panic!("the disk does not fill up");
}

#[test]
fn clients_are_refused_before_the_disk_is_full_and_taken_again_when_there_is_room() {
    for seed in 0..5 {
        on_a_node(seed, async |broker, user| {
            broker.disk().set_capacity(1 << 20);
            let _node = start(&broker.start()).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "9223372036854775807").await;
            let mut sent = fill(&cluster, 0).await;
            assert!(sent.len() > 700, "refused after {}", sent.len());
            // What needs little room goes on: reading, and changes of the metadata.
            assert_eq!(read_all(&cluster).await, sent);
            create_other_topic(&cluster, "more").await;

            broker.disk().set_capacity(2 << 20);
            sent.extend(fill(&cluster, sent.len()).await);
            assert_eq!(read_all(&cluster).await, sent);

            broker.kill();
            let _node = start(&broker.start()).await;
            assert_eq!(read_all(&client(&user.start())).await, sent);
        });
    }
}

#[test]
fn a_disk_that_others_fill_to_the_last_byte_stops_writes_and_nothing_else() {
    for seed in 0..5 {
        on_a_node(seed, async |broker, user| {
            let env = broker.start();
            let _node = start(&env).await;
            let cluster = client(&user.start());
            create_topic(&cluster, "1").await;
            let first = produce(&cluster, "first").await;
            // Another program takes all there is.
            broker.disk().inject(env::DiskFault::full());
            assert_eq!(try_produce(&cluster, "refused", -1).await.0, STORAGE_ERROR);
            assert_eq!(read_all(&cluster).await, ["first"]);
            env.sleep(std::time::Duration::from_secs(200)).await;
            broker.disk().clear_faults();
            assert_eq!(produce(&cluster, "second").await, first + 1);
            create_other_topic(&cluster, "more").await;
            broker.power_loss();
            let _node = start(&broker.start()).await;
            assert_eq!(read_all(&client(&user.start())).await, ["first", "second"]);
        });
    }
}
