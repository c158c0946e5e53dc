//! The rules of KIP-714 as Apache Kafka 4.3.1 keeps them (kafka-semantics 236, 237). That answers
//! and ids are the same is shown by `interop/java/Telemetry.java`.

use config::ClientMetricsConfig;
use telemetry::{Client, ClientMetrics, Push, Refusal, Subscribed, Subscription};
use wire::{Str, Uuid};

const A: Uuid = Uuid::from_halves(0x1234_5678_9abc, 1);

fn client(client_id: &str) -> Client {
    Client {
        client_id: Str::copy_from(client_id),
        software_name: Str::from("probe"),
        software_version: Str::from("1.0"),
        source_address: Str::from("127.0.0.1"),
        source_port: 4711,
    }
}

fn subscription(settings: &[(&str, &str)]) -> Subscription {
    let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = ClientMetricsConfig::new(&own.collect()).expect("settings");
    Subscription::new(&config).expect("expressions")
}

/// A client that pushes every second.
fn subscribed() -> (ClientMetrics, Subscribed) {
    let mut metrics = ClientMetrics::new(100, 4);
    metrics.subscribe(vec![subscription(&[("metrics", "a"), ("interval.ms", "1000")])]);
    let told = metrics.get(0, A, Uuid::ZERO, &client("c")).expect("a subscription");
    (metrics, told)
}

fn push(id: Uuid, subscription_id: i32) -> Push {
    Push {
        client_instance_id: id,
        subscription_id,
        terminating: false,
        compression_type: 0,
        length: 10,
    }
}

fn try_push(metrics: &mut ClientMetrics, now_ms: i64, push: &Push) -> Result<(), Refusal> {
    metrics.push(now_ms, push, &client("c")).map(|_| ())
}

#[test]
fn ids_are_those_of_apache_kafka() {
    let mut metrics = ClientMetrics::new(100, 4);
    let none = metrics.get(0, A, Uuid::ZERO, &client("c")).unwrap();
    assert_eq!((none.subscription_id, none.push_interval_ms), (-2_101_357_737, 300_000));
    assert!(none.metrics.is_empty());
}

#[test]
fn subscriptions_of_a_client_are_put_together() {
    let mut metrics = ClientMetrics::new(100, 4);
    metrics.subscribe(vec![
        subscription(&[("metrics", "a,b"), ("interval.ms", "5000"), ("match", "client_id=c.*")]),
        subscription(&[("metrics", "b,c"), ("interval.ms", "7000")]),
        subscription(&[("metrics", "d,*"), ("match", "client_source_port=4711,client_id=x")]),
    ]);
    let mut told = |client_id, id| {
        let told = metrics.get(0, Uuid::ZERO, id, &client(client_id)).unwrap();
        assert_eq!(told.client_instance_id, id);
        (told.metrics.join(" "), told.push_interval_ms)
    };
    let id = |number| Uuid::from_halves(7, number);
    assert_eq!(told("c1", id(1)), ("a b c".to_owned(), 5_000));
    assert_eq!(told("b", id(2)), ("b c".to_owned(), 7_000));
    assert_eq!(told("x", id(3)), ("*".to_owned(), 7_000));
}

#[test]
fn the_first_push_may_come_at_once_and_the_next_after_the_interval() {
    let (mut metrics, told) = subscribed();
    let push = push(A, told.subscription_id);
    assert_eq!(try_push(&mut metrics, 10, &push), Ok(()));
    assert_eq!(try_push(&mut metrics, 1_009, &push), Err(Refusal::TooEarly));
    assert_eq!(try_push(&mut metrics, 1_010, &push), Ok(()));
    let asked = metrics.get(1_500, A, Uuid::ZERO, &client("c"));
    assert_eq!(asked, Err(Refusal::TooEarly));
}

#[test]
fn after_the_last_push_comes_none() {
    let (mut metrics, told) = subscribed();
    let last = Push { terminating: true, ..push(A, told.subscription_id) };
    assert_eq!(try_push(&mut metrics, 10, &push(A, told.subscription_id)), Ok(()));
    // It need not wait for the interval.
    assert_eq!(try_push(&mut metrics, 20, &last), Ok(()));
    assert_eq!(try_push(&mut metrics, 5_000, &last), Err(Refusal::Terminated));
}

#[test]
fn what_a_client_may_mend_lets_it_ask_again_at_once() {
    let (mut metrics, told) = subscribed();
    let other = push(A, told.subscription_id + 1);
    assert_eq!(try_push(&mut metrics, 10, &other), Err(Refusal::UnknownSubscriptionId));
    assert!(metrics.get(11, A, Uuid::ZERO, &client("c")).is_ok());
    assert_eq!(metrics.get(12, A, Uuid::ZERO, &client("c")), Err(Refusal::TooEarly));

    let unknown = Push { compression_type: 5, ..push(A, told.subscription_id) };
    let refused = Err(Refusal::UnsupportedCompressionType(5));
    assert_eq!(try_push(&mut metrics, 2_000, &unknown), refused);
    assert!(metrics.get(2_001, A, Uuid::ZERO, &client("c")).is_ok());

    let large = Push { length: 101, ..push(A, told.subscription_id) };
    let refused = Err(Refusal::TooLarge { length: 101, max: 100 });
    assert_eq!(try_push(&mut metrics, 4_000, &large), refused);
    assert_eq!(metrics.get(4_001, A, Uuid::ZERO, &client("c")), Err(Refusal::TooEarly));
}

#[test]
fn changed_subscriptions_are_told_at_once() {
    let (mut metrics, told) = subscribed();
    assert_eq!(try_push(&mut metrics, 10, &push(A, told.subscription_id)), Ok(()));
    metrics.subscribe(vec![subscription(&[("metrics", "b")])]);
    let refused = try_push(&mut metrics, 20, &push(A, told.subscription_id));
    assert_eq!(refused, Err(Refusal::UnknownSubscriptionId));
    let now = metrics.get(30, A, Uuid::ZERO, &client("c")).unwrap();
    assert_eq!(now.metrics.join(" "), "b");
}

#[test]
fn ids_that_no_client_can_have_are_refused() {
    let (mut metrics, _) = subscribed();
    for id in [Uuid::ZERO, Uuid::from_halves(0, 1)] {
        assert_eq!(try_push(&mut metrics, 0, &push(id, 0)), Err(Refusal::InvalidInstanceId));
    }
}

#[test]
fn silent_clients_and_those_beyond_the_bound_are_forgotten() {
    let (mut metrics, _) = subscribed();
    let ask = |metrics: &mut ClientMetrics, now_ms, number| {
        metrics.get(now_ms, Uuid::from_halves(9, number), Uuid::ZERO, &client("c")).is_ok()
    };
    // Three intervals, and at least a minute.
    assert!(ask(&mut metrics, 59_999, 1));
    assert_eq!(metrics.instance_count(), 2);
    assert!(ask(&mut metrics, 60_000, 2));
    assert_eq!(metrics.instance_count(), 2);
    // Four are remembered.
    for number in 3..=6 {
        assert!(ask(&mut metrics, 60_001, number));
    }
    assert_eq!(metrics.instance_count(), 4);
    assert!(!ask(&mut metrics, 60_002, 6));
    assert!(ask(&mut metrics, 60_002, 1));
    metrics.disconnected(Uuid::from_halves(9, 6));
    assert!(ask(&mut metrics, 60_003, 6));
}

#[test]
fn long_names_of_clients_are_bounded_together() {
    let mut metrics = ClientMetrics::new(100, 100_000);
    let long = client(&"x".repeat(32_000));
    for number in 2..2_000 {
        metrics.get(0, Uuid::from_halves(1, number), Uuid::ZERO, &long).unwrap();
    }
    assert!(metrics.instance_count() < 16 << 20 >> 14, "{}", metrics.instance_count());
}
