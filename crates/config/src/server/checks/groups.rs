//! Settings of group coordinators that bound each other.

use crate::error::Error;
use crate::typed::{Typed, Values};
use crate::value::Value;

/// A setting and the settings that bound it.
struct Bounded {
    name: &'static str,
    min: &'static str,
    max: &'static str,
}

macro_rules! bounded {
    ($($name:literal in $min:literal to $max:literal,)*) => {
        &[$(Bounded { name: $name, min: $min, max: $max },)*]
    };
}

const BOUNDED: &[Bounded] = bounded! {
    "group.consumer.heartbeat.interval.ms"
        in "group.consumer.min.heartbeat.interval.ms" to "group.consumer.max.heartbeat.interval.ms",
    "group.consumer.session.timeout.ms"
        in "group.consumer.min.session.timeout.ms" to "group.consumer.max.session.timeout.ms",
    "group.consumer.assignment.interval.ms"
        in "group.consumer.min.assignment.interval.ms"
        to "group.consumer.max.assignment.interval.ms",
    "group.share.heartbeat.interval.ms"
        in "group.share.min.heartbeat.interval.ms" to "group.share.max.heartbeat.interval.ms",
    "group.share.session.timeout.ms"
        in "group.share.min.session.timeout.ms" to "group.share.max.session.timeout.ms",
    "group.share.assignment.interval.ms"
        in "group.share.min.assignment.interval.ms" to "group.share.max.assignment.interval.ms",
    "group.share.record.lock.duration.ms"
        in "group.share.min.record.lock.duration.ms" to "group.share.max.record.lock.duration.ms",
    "group.share.delivery.count.limit"
        in "group.share.min.delivery.count.limit" to "group.share.max.delivery.count.limit",
    "group.share.partition.max.record.locks"
        in "group.share.min.partition.max.record.locks"
        to "group.share.max.partition.max.record.locks",
    "group.streams.heartbeat.interval.ms"
        in "group.streams.min.heartbeat.interval.ms" to "group.streams.max.heartbeat.interval.ms",
    "group.streams.session.timeout.ms"
        in "group.streams.min.session.timeout.ms" to "group.streams.max.session.timeout.ms",
    "group.streams.assignment.interval.ms"
        in "group.streams.min.assignment.interval.ms"
        to "group.streams.max.assignment.interval.ms",
};

/// The first of each pair must be less than the second.
const LESS: &[(&str, &str)] = &[
    ("group.consumer.heartbeat.interval.ms", "group.consumer.session.timeout.ms"),
    ("group.share.heartbeat.interval.ms", "group.share.session.timeout.ms"),
    ("group.streams.heartbeat.interval.ms", "group.streams.session.timeout.ms"),
];

/// Refuses bounds that are crossed.
pub(super) fn check(values: &Values) -> Result<(), Error> {
    let number = |name: &str| i32::take(values.get(name)).unwrap_or_default();
    for Bounded { name, min, max } in BOUNDED {
        if number(max) < number(min) {
            return Err(relation(max, "greater than or equal to", min));
        }
        if number(name) < number(min) {
            return Err(relation(name, "greater than or equal to", min));
        }
        if number(name) > number(max) {
            // Kafka says it from the other end for these
            return Err(match name.strip_prefix("group.share.") {
                Some("heartbeat.interval.ms" | "session.timeout.ms" | "assignment.interval.ms")
                | None => relation(name, "less than or equal to", max),
                Some(_) => relation(max, "greater than or equal to", name),
            });
        }
    }
    for (lesser, greater) in LESS {
        if number(lesser) >= number(greater) {
            return Err(relation(lesser, "less than", greater));
        }
    }
    let (standby, max) =
        ("group.streams.num.standby.replicas", "group.streams.max.standby.replicas");
    if number(standby) > number(max) {
        return Err(relation(standby, "less than or equal to", max));
    }
    check_lists(values)
}

fn relation(name: &str, relation: &str, other: &str) -> Error {
    Error::Rejected(format!("{name} must be {relation} {other}"))
}

fn check_lists(values: &Values) -> Result<(), Error> {
    let codec = i32::take(values.get("offsets.topic.compression.codec")).unwrap_or_default();
    if !(0..=4).contains(&codec) {
        return Err(Error::Rejected(format!("Unknown compression type id: {codec}")));
    }
    let protocols = values.get("group.coordinator.rebalance.protocols");
    if let Some(Value::List(protocols)) = protocols
        && !protocols.iter().any(|protocol| protocol == "classic")
    {
        return Err(Error::rejected("Disabling the 'classic' protocol is not supported."));
    }
    match values.get("group.share.assignors") {
        Some(Value::List(assignors)) if assignors.len() != 1 => Err(Error::Rejected(format!(
            "group.share.assignors must contain exactly one assignor, but found {}",
            assignors.len()
        ))),
        _ => Ok(()),
    }
}
