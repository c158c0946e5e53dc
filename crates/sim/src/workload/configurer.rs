//! Somebody who changes settings that must not matter to what is kept.

use client::{Admin, ConfigChange, TOPIC_RESOURCE};
use wire::Str;

use super::Client;
use crate::history::Event;
use crate::plan::one_of;

/// Changes settings until the run stops.
pub(super) async fn run(client: Client, topic: usize) {
    let random = &client.random;
    let admin = Admin::new(&client.cluster);
    let name = Str::copy_from(&client.topic(topic).name);
    while !client.stopped() {
        let (setting, values): (_, &[&'static str]) = match random.below(5) {
            0 => ("internal.segment.bytes", &["1500", "5000", "50000", "1000000000"]),
            1 => ("segment.ms", &["2000", "20000", "604800000"]),
            2 => ("index.interval.bytes", &["50", "500", "4096"]),
            3 => ("flush.ms", &["500", "5000"]),
            _ => ("max.message.bytes", &["2000", "1048588"]),
        };
        let value = one_of(random, values);
        let change = vec![(Str::from(setting), ConfigChange::Set(Str::from(value)))];
        match admin.alter_configs(TOPIC_RESOURCE, &name, change).await {
            Ok(()) => {
                client.add(Event::Note(format!("{name}: {setting}={value}")));
                client.add(Event::Progress("configured"));
            }
            Err(error) => client.add(Event::Note(format!("{setting}={value}: {error}"))),
        }
        client.pause(4_000).await;
    }
    // Whatever the producers send has room again.
    for _ in 0..5 {
        let change = ConfigChange::Set(Str::from("1048588"));
        let change = vec![(Str::from("max.message.bytes"), change)];
        if admin.alter_configs(TOPIC_RESOURCE, &name, change).await.is_ok() {
            break;
        }
    }
}
