//! Client quotas: whom they bind, what they say, and what is refused.

use wire::Request;
use wire::messages::AlterClientQuotasRequest;
use wire::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};

use super::Step;
use super::builders::*;

/// A type of entity and a name; `None` is the default.
type Part<'a> = (&'a str, Option<&'a str>);
/// A quota and its value; `None` forgets it.
type Op<'a> = (&'a str, Option<f64>);

pub(crate) fn requests() -> Vec<Step> {
    let mut steps = kept();
    steps.extend(entities());
    steps.extend(values());
    steps.extend(several());
    steps
}

fn entry(entity: &[Part<'_>], ops: &[Op<'_>]) -> EntryData {
    let entity = entity.iter().map(|(kind, name)| EntityData {
        entity_type: str(kind),
        entity_name: name.map(str),
        ..Default::default()
    });
    let ops = ops.iter().map(|(key, value)| OpData {
        key: str(key),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
        ..Default::default()
    });
    EntryData { entity: entity.collect(), ops: ops.collect(), ..Default::default() }
}

fn quotas(entries: &[(&[Part<'_>], &[Op<'_>])], validate_only: bool) -> Request {
    let entries = entries.iter().map(|(entity, ops)| entry(entity, ops)).collect();
    AlterClientQuotasRequest { entries, validate_only, ..Default::default() }.into()
}

fn quota(entity: &[Part<'_>], ops: &[Op<'_>]) -> Request {
    quotas(&[(entity, ops)], false)
}

fn kept() -> Vec<Step> {
    let alice: &[Part<'_>] = &[("user", Some("alice"))];
    let pair: &[Part<'_>] = &[("user", Some("alice")), ("client-id", Some("app"))];
    let defaults: &[Part<'_>] = &[("user", None), ("client-id", None)];
    vec![
        step("a user", 1, quota(alice, &[("producer_byte_rate", Some(1000.0))])),
        step("the same again", 1, quota(alice, &[("producer_byte_rate", Some(1000.0))])),
        step("another value", 0, quota(alice, &[("producer_byte_rate", Some(2000.5))])),
        step("only checked", 1, quotas(&[(alice, &[("consumer_byte_rate", Some(1.0))])], true)),
        step("one more", 1, quota(alice, &[("request_percentage", Some(12.5))])),
        step("a user's client", 1, quota(pair, &[("consumer_byte_rate", Some(1024.0))])),
        step(
            "in the other order",
            1,
            quota(
                &[("client-id", Some("app")), ("user", Some("alice"))],
                &[("controller_mutation_rate", Some(0.5))],
            ),
        ),
        step("defaults", 1, quota(defaults, &[("producer_byte_rate", Some(5.0))])),
        step(
            "an address",
            1,
            quota(&[("ip", Some("10.1.2.3"))], &[("connection_creation_rate", Some(7.0))]),
        ),
        step("any address", 1, quota(&[("ip", None)], &[("connection_creation_rate", Some(9.0))])),
        step("forgotten", 1, quota(alice, &[("producer_byte_rate", None)])),
        step("forgotten again", 1, quota(alice, &[("producer_byte_rate", None)])),
        step(
            "one comes, one goes",
            1,
            quota(pair, &[("consumer_byte_rate", None), ("producer_byte_rate", Some(3.0))]),
        ),
        step(
            "forgotten of nobody",
            1,
            quota(&[("user", Some("x"))], &[("request_percentage", None)]),
        ),
        step("no change", 1, quota(alice, &[])),
        step("nobody", 1, quotas(&[], false)),
    ]
}

fn entities() -> Vec<Step> {
    let rate: &[Op<'_>] = &[("producer_byte_rate", Some(1.0))];
    let connections: &[Op<'_>] = &[("connection_creation_rate", Some(1.0))];
    vec![
        step("no entity", 1, quota(&[], rate)),
        step("an unknown type", 1, quota(&[("group", Some("g"))], rate)),
        step("an unknown type too", 1, quota(&[("user", Some("u")), ("group", Some("g"))], rate)),
        step("an empty name", 1, quota(&[("user", Some(""))], rate)),
        step("an empty client", 1, quota(&[("client-id", Some(""))], rate)),
        step("an empty address", 1, quota(&[("ip", Some(""))], connections)),
        step("a type twice", 1, quota(&[("user", Some("u")), ("user", Some("v"))], rate)),
        step(
            "an address and a user",
            1,
            quota(&[("ip", Some("10.0.0.1")), ("user", Some("u"))], connections),
        ),
        step("an address too large", 1, quota(&[("ip", Some("1.2.3.400"))], connections)),
        step("an address of six", 1, quota(&[("ip", Some("::1"))], connections)),
        step("a host", 1, quota(&[("ip", Some("localhost"))], connections)),
        step("an unknown host", 1, quota(&[("ip", Some("no.such.host.invalid"))], connections)),
        step("the word default", 1, quota(&[("user", Some("<default>"))], rate)),
    ]
}

fn values() -> Vec<Step> {
    let bob: &[Part<'_>] = &[("user", Some("bob"))];
    let app: &[Part<'_>] = &[("client-id", Some("app"))];
    let address: &[Part<'_>] = &[("ip", Some("10.0.0.2"))];
    vec![
        step("an unknown quota", 1, quota(bob, &[("nonsense", Some(1.0))])),
        step("an unknown quota to forget", 1, quota(bob, &[("nonsense", None)])),
        step(
            "an address's quota for a user",
            1,
            quota(bob, &[("connection_creation_rate", Some(1.0))]),
        ),
        step(
            "a user's quota for an address",
            1,
            quota(address, &[("producer_byte_rate", Some(1.0))]),
        ),
        step("zero", 1, quota(bob, &[("producer_byte_rate", Some(0.0))])),
        step("negative", 1, quota(bob, &[("consumer_byte_rate", Some(-1.0))])),
        step("a fraction of a byte", 1, quota(bob, &[("consumer_byte_rate", Some(0.5))])),
        step("bytes and a half", 1, quota(bob, &[("consumer_byte_rate", Some(10.5))])),
        step("nearly whole", 1, quota(bob, &[("consumer_byte_rate", Some(10.000_000_1))])),
        step(
            "a fraction of a connection",
            1,
            quota(address, &[("connection_creation_rate", Some(1.5))]),
        ),
        step("no connection", 1, quota(address, &[("connection_creation_rate", Some(0.0))])),
        step(
            "a negative connection",
            1,
            quota(address, &[("connection_creation_rate", Some(-1.0))]),
        ),
        step("too many connections", 1, quota(address, &[("connection_creation_rate", Some(3e9))])),
        step("all the bytes", 1, quota(app, &[("producer_byte_rate", Some(1e18))])),
        step("more than all bytes", 1, quota(app, &[("producer_byte_rate", Some(1e19))])),
        step("percent zero", 1, quota(app, &[("request_percentage", Some(0.0))])),
        step("percent negative", 1, quota(app, &[("request_percentage", Some(-0.5))])),
        step("percent large", 1, quota(app, &[("request_percentage", Some(1e6))])),
        step("mutations zero", 1, quota(app, &[("controller_mutation_rate", Some(0.0))])),
        step("not a number", 1, quota(app, &[("controller_mutation_rate", Some(f64::NAN))])),
        step("not a number of bytes", 1, quota(app, &[("consumer_byte_rate", Some(f64::NAN))])),
        step("infinite", 1, quota(app, &[("controller_mutation_rate", Some(f64::INFINITY))])),
        step(
            "a good and a bad one",
            1,
            quota(app, &[("consumer_byte_rate", Some(4.0)), ("x", Some(1.0))]),
        ),
        step(
            "a quota twice",
            1,
            quota(app, &[("request_percentage", Some(1.0)), ("request_percentage", Some(2.0))]),
        ),
        step("an unknown quota and no entity", 1, quota(&[], &[("nonsense", Some(1.0))])),
    ]
}

fn several() -> Vec<Step> {
    let carol: &[Part<'_>] = &[("user", Some("carol"))];
    let dave: &[Part<'_>] = &[("user", Some("dave"))];
    let rate: &[Op<'_>] = &[("producer_byte_rate", Some(1.0))];
    let bad: &[Op<'_>] = &[("producer_byte_rate", Some(-1.0))];
    let other: &[Op<'_>] = &[("consumer_byte_rate", Some(1.0))];
    vec![
        step("one fails, one does not", 1, quotas(&[(carol, bad), (dave, rate)], false)),
        step("the same entity twice", 1, quotas(&[(carol, rate), (carol, other)], false)),
        step("twice, the first bad", 1, quotas(&[(dave, bad), (dave, other)], false)),
        step("only checked, one bad", 1, quotas(&[(carol, other), (dave, bad)], true)),
    ]
}
