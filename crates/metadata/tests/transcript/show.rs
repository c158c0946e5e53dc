//! Records and partitions as one line each.

use std::fmt::Write;

use metadata::{BrokerRegistration, Image, Partition};
use wire::Uuid;
use wire::stored::metadata::{
    BrokerRegistrationChangeRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
};

pub(crate) fn ids(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// Directories are called by letters: their ids are 16 times the letter.
pub(crate) fn directories(ids: &[Uuid]) -> String {
    let one = |id: &Uuid| match *id {
        metadata::directory::MIGRATING => "migrating".to_owned(),
        metadata::directory::UNASSIGNED => "unassigned".to_owned(),
        metadata::directory::LOST => "lost".to_owned(),
        id => char::from(id.0[0]).to_string(),
    };
    ids.iter().map(one).collect::<Vec<_>>().join(",")
}

fn partition_name(image: &Image, topic: Uuid, index: i32) -> String {
    let name = image.topics.by_id(topic).map(|topic| topic.name.to_string());
    format!("{}-{index}", name.unwrap_or_else(|| format!("{topic}")))
}

pub(crate) fn record(image: &Image, record: &MetadataRecord) -> String {
    match record {
        MetadataRecord::Topic(r) => format!("Topic {} {}", r.name, r.topic_id.0[0]),
        MetadataRecord::RemoveTopic(r) => format!("RemoveTopic {}", r.topic_id.0[0]),
        MetadataRecord::Partition(r) => new_partition(r),
        MetadataRecord::PartitionChange(r) => partition_change(image, r),
        MetadataRecord::Config(r) => {
            let value = r.value.as_ref().map_or("(deleted)", |value| value.as_str());
            format!("Config {} {:?} {}={value}", r.resource_type, r.resource_name, r.name)
        }
        MetadataRecord::RegisterBroker(r) => {
            let mut line = format!("RegisterBroker {} epoch={}", r.broker_id, r.broker_epoch);
            let _ = write!(line, " fenced={} dirs={}", r.fenced, directories(&r.log_dirs));
            line
        }
        MetadataRecord::BrokerRegistrationChange(r) => broker_change(r),
        MetadataRecord::UnregisterBroker(r) => format!("UnregisterBroker {}", r.broker_id),
        MetadataRecord::RegisterController(r) => format!("RegisterController {}", r.controller_id),
        MetadataRecord::FeatureLevel(r) => format!("FeatureLevel {}={}", r.name, r.feature_level),
        MetadataRecord::ProducerIds(r) => {
            format!("ProducerIds next={} broker={}", r.next_producer_id, r.broker_id)
        }
        MetadataRecord::ClearElr(r) => format!("ClearElr {:?}", r.topic_name),
        MetadataRecord::BeginTransaction(r) => format!("Begin {:?}", r.name),
        MetadataRecord::EndTransaction(_) => "End".to_owned(),
        MetadataRecord::AbortTransaction(r) => format!("Abort {:?}", r.reason),
        MetadataRecord::NoOp(_) => "NoOp".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The topic is created in the same breath, so it has no name yet.
fn new_partition(r: &PartitionRecord) -> String {
    format!(
        "Partition {}-{} replicas={} dirs={} isr={} leader={}",
        r.topic_id.0[0],
        r.partition_id,
        ids(&r.replicas),
        directories(&r.directories),
        ids(&r.isr),
        r.leader
    )
}

fn partition_change(image: &Image, r: &PartitionChangeRecord) -> String {
    let mut line = format!("PartitionChange {}", partition_name(image, r.topic_id, r.partition_id));
    let lists = [
        ("replicas", &r.replicas),
        ("removing", &r.removing_replicas),
        ("adding", &r.adding_replicas),
        ("isr", &r.isr),
        ("elr", &r.eligible_leader_replicas),
        ("lastElr", &r.last_known_elr),
    ];
    for (name, list) in lists {
        if let Some(list) = list {
            let _ = write!(line, " {name}={}", ids(list));
        }
    }
    if let Some(list) = &r.directories {
        let _ = write!(line, " dirs={}", directories(list));
    }
    if r.leader != -2 {
        let _ = write!(line, " leader={}", r.leader);
    }
    if r.leader_recovery_state != -1 {
        let _ = write!(line, " recovering={}", r.leader_recovery_state);
    }
    line
}

fn broker_change(r: &BrokerRegistrationChangeRecord) -> String {
    let mut line = format!("BrokerChange {}", r.broker_id);
    line.push_str(match r.fenced {
        1 => " fenced",
        -1 => " unfenced",
        _ => "",
    });
    if r.in_controlled_shutdown == 1 {
        line.push_str(" shutting-down");
    }
    if !r.log_dirs.is_empty() {
        let _ = write!(line, " dirs={}", directories(&r.log_dirs));
    }
    if let Some(cordoned) = &r.cordoned_log_dirs {
        let _ = write!(line, " cordoned={}", directories(cordoned));
    }
    line
}

pub(crate) fn partition(name: &str, index: i32, p: &Partition) -> String {
    let mut line = format!(
        "{name}-{index} leader={} epoch={}/{} replicas={} isr={}",
        p.leader,
        p.leader_epoch,
        p.partition_epoch,
        ids(&p.replicas),
        ids(&p.isr)
    );
    let lists = [
        ("elr", &p.eligible_leader_replicas),
        ("lastElr", &p.last_known_elr),
        ("removing", &p.removing_replicas),
        ("adding", &p.adding_replicas),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = write!(line, " {name}={}", ids(list));
    }
    let _ = write!(line, " dirs={}", directories(&p.directories));
    if p.leader_recovery_state.value() == 1 {
        line.push_str(" recovering");
    }
    line
}

pub(crate) fn broker(b: &BrokerRegistration) -> String {
    let mut line = format!("broker {} epoch={}", b.id, b.epoch);
    if b.fenced {
        line.push_str(" fenced");
    }
    if b.in_controlled_shutdown {
        line.push_str(" shutting-down");
    }
    let _ = write!(line, " dirs={}", directories(&b.directories));
    line
}
