//! What keys and values are shown as.

use records::RecordView;
use serde_json::Value;
use wire::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use wire::stored::group::{
    group_metadata_key::GroupMetadataKey, group_metadata_value::GroupMetadataValue,
    offset_commit_key::OffsetCommitKey, offset_commit_value::OffsetCommitValue,
};
use wire::{Bytes, DecodeError, Reader};

use super::Error;
use crate::options::Given;

/// How keys and values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// As text.
    Text,
    /// As records of `__consumer_offsets`.
    Offsets,
}

const UNSUPPORTED: [&str; 4] = [
    "transaction-log-decoder",
    "cluster-metadata-decoder",
    "share-group-state-decoder",
    "remote-log-metadata-decoder",
];

impl Decoder {
    /// # Errors
    /// A decoder that there is none of.
    pub(super) fn of(given: &Given) -> Result<Self, Error> {
        if let Some(name) = UNSUPPORTED.iter().find(|name| given.has(name)) {
            return Err(Error::Refused(format!(
                "--{name} is not supported by this release of kafka-dump-log; --print-data-log \
                 shows the records as text"
            )));
        }
        for option in ["key-decoder-class", "value-decoder-class"] {
            if let Some(class) =
                given.one(option)?.filter(|class| !class.ends_with("StringDecoder"))
            {
                return Err(Error::Refused(format!(
                    "Java classes are not loaded: {class}; only \
                     org.apache.kafka.tools.api.StringDecoder is there"
                )));
            }
        }
        Ok(if given.has("offsets-decoder") { Self::Offsets } else { Self::Text })
    }

    /// Whether a decoder was asked for, which means that records are shown.
    pub(super) fn is_asked_for(self) -> bool {
        self != Self::Text
    }

    /// Whether keys and values are shown.
    pub(super) fn is_printing(self, given: &Given) -> bool {
        let implied = ["print-data-log", "key-decoder-class", "value-decoder-class"];
        self.is_asked_for() || implied.iter().any(|name| given.has(name))
    }

    /// Key and value in words.
    pub(super) fn decode(
        self,
        record: &RecordView<'_>,
    ) -> Result<(Option<String>, Option<String>), Error> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match (self, record.key) {
            (Self::Text, _) => Ok((record.key.map(text), record.value.map(text))),
            (Self::Offsets, None) => Err(Error::Refused(format!(
                "Failed to decode message at offset {} using offset topic decoder (message had a \
                 missing key)",
                record.offset
            ))),
            (Self::Offsets, Some(key)) => {
                let unreadable = |error: DecodeError| {
                    Error::Refused(format!("record at offset {}: {error}", record.offset))
                };
                offsets(key, record.value).map_err(unreadable)
            }
        }
    }
}

/// An object with its fields in this order.
fn object(fields: &[(&str, Value)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn text(text: impl AsRef<str>) -> Value {
    Value::from(text.as_ref())
}

fn nullable(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

fn offsets(
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(Option<String>, Option<String>), DecodeError> {
    let mut reader = Reader::new(Bytes::copy_from_slice(key));
    let kind = reader.i16()?;
    let data = match kind {
        0 | 1 => {
            let key = OffsetCommitKey::decode(&mut reader, 0)?;
            let partition = Value::from(key.partition);
            object(&[
                ("group", text(key.group)),
                ("topic", text(key.topic)),
                ("partition", partition),
            ])
        }
        2 => object(&[("group", text(GroupMetadataKey::decode(&mut reader, 0)?.group))]),
        _ => {
            let key = format!("Unknown record type {kind} at offset, skipping...");
            return Ok((Some(key), None));
        }
    };
    let key = format!("{{\"type\":\"{kind}\",\"data\":{data}}}");
    let Some(value) = value else { return Ok((Some(key), Some("<DELETE>".to_owned()))) };
    let mut reader = Reader::new(Bytes::copy_from_slice(value));
    let version = reader.i16()?;
    let data = match kind {
        2 => group_value(&mut reader, version)?,
        _ => offset_value(&mut reader, version)?,
    };
    Ok((Some(key), Some(format!("{{\"version\":\"{version}\",\"data\":{data}}}"))))
}

fn offset_value(reader: &mut Reader, version: i16) -> Result<String, DecodeError> {
    let value = OffsetCommitValue::decode(reader, version)?;
    let mut fields = vec![("offset", Value::from(value.offset))];
    if version >= 3 {
        fields.push(("leaderEpoch", Value::from(value.leader_epoch)));
    }
    fields.push(("metadata", text(value.metadata)));
    fields.push(("commitTimestamp", Value::from(value.commit_timestamp)));
    if version == 1 {
        fields.push(("expireTimestamp", Value::from(value.expire_timestamp)));
    }
    if version >= 4 {
        fields.push(("topicId", text(value.topic_id.to_string())));
    }
    Ok(object(&fields))
}

fn group_value(reader: &mut Reader, version: i16) -> Result<String, DecodeError> {
    let value = GroupMetadataValue::decode(reader, version)?;
    let is_consumer = &*value.protocol_type == "consumer";
    let mut fields = vec![
        ("protocolType", text(value.protocol_type)),
        ("generation", Value::from(value.generation)),
        ("protocol", nullable(value.protocol.as_deref())),
        ("leader", nullable(value.leader.as_deref())),
    ];
    if version >= 2 {
        fields.push(("currentStateTimestamp", Value::from(value.current_state_timestamp)));
    }
    let mut members = Vec::new();
    for member in value.members {
        let mut fields = vec![("memberId", text(member.member_id))];
        if version >= 3 {
            fields.push(("groupInstanceId", nullable(member.group_instance_id.as_deref())));
        }
        fields.push(("clientId", text(member.client_id)));
        fields.push(("clientHost", text(member.client_host)));
        if version >= 1 {
            fields.push(("rebalanceTimeout", Value::from(member.rebalance_timeout)));
        }
        fields.push(("sessionTimeout", Value::from(member.session_timeout)));
        let mut shown = object(&fields);
        shown.pop();
        let (subscription, assignment) = if is_consumer {
            (subscription(member.subscription)?, assignment(member.assignment)?)
        } else {
            (String::from("null"), String::from("null"))
        };
        members
            .push(format!("{shown},\"subscription\":{subscription},\"assignment\":{assignment}}}"));
    }
    let mut data = object(&fields);
    data.pop();
    Ok(format!("{data},\"members\":[{}]}}", members.join(",")))
}

fn user_data(bytes: Option<&Bytes>) -> String {
    bytes.map_or_else(
        || "null".to_owned(),
        |bytes| format!("\"{}\"", crate::console_consumer::base64(bytes)),
    )
}

/// Topics with their partitions, as `[{"topic":"t","partitions":[0]}]`.
fn partitions<'a>(topics: impl Iterator<Item = (&'a str, &'a [i32])>) -> String {
    let topics = topics.map(|(topic, partitions)| {
        let partitions: Vec<String> = partitions.iter().map(i32::to_string).collect();
        format!("{{\"topic\":{},\"partitions\":[{}]}}", text(topic), partitions.join(","))
    });
    format!("[{}]", topics.collect::<Vec<_>>().join(","))
}

fn subscription(bytes: Bytes) -> Result<String, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, ConsumerProtocolSubscription::MAX_VERSION);
    let read = ConsumerProtocolSubscription::decode(&mut reader, version)?;
    let topics: Vec<String> = read.topics.iter().map(|topic| text(topic).to_string()).collect();
    let user = user_data(read.user_data.as_ref());
    let mut shown = format!("{{\"topics\":[{}],\"userData\":{user}", topics.join(","));
    if version >= 1 {
        let owned = read.owned_partitions.iter();
        let owned = owned.map(|topic| (&*topic.topic, &topic.partitions[..]));
        shown += &format!(",\"ownedPartitions\":{}", partitions(owned));
    }
    if version >= 2 {
        shown += &format!(",\"generationId\":{}", read.generation_id);
    }
    if version >= 3 {
        shown += &format!(",\"rackId\":{}", nullable(read.rack_id.as_deref()));
    }
    Ok(shown + "}")
}

fn assignment(bytes: Bytes) -> Result<String, DecodeError> {
    if bytes.is_empty() {
        return Ok("null".to_owned());
    }
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, ConsumerProtocolAssignment::MAX_VERSION);
    let read = ConsumerProtocolAssignment::decode(&mut reader, version)?;
    let assigned = read.assigned_partitions.iter();
    let assigned = assigned.map(|topic| (&*topic.topic, &topic.partitions[..]));
    let (assigned, user) = (partitions(assigned), user_data(read.user_data.as_ref()));
    Ok(format!("{{\"assignedPartitions\":{assigned},\"userData\":{user}}}"))
}
