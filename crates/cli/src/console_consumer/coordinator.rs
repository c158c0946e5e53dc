//! Records of `__consumer_offsets`, one JSON object each, as Apache Kafka's formatters of them
//! write it.

use bytes::Bytes;
use client::ConsumedRecord;
use serde_json::Value;
use wire::stored::group::{
    group_metadata_key::GroupMetadataKey, group_metadata_value::GroupMetadataValue,
    offset_commit_key::OffsetCommitKey, offset_commit_value::OffsetCommitValue,
};
use wire::{DecodeError, Reader};

use crate::error::Error;

/// Which records are shown; the numbers are the types in their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Committed offsets: 0 and 1, which differ in name only.
    Offsets,
    /// What classic groups are: 2.
    Groups,
}

/// Shows a record, or nothing if it is of another type.
///
/// # Errors
/// The record cannot be read.
pub(super) fn show(shown: Shown, record: &ConsumedRecord, out: &mut Vec<u8>) -> Result<(), Error> {
    let unreadable = |error: DecodeError| Error::Refused(format!("record: {error}"));
    let Some(key) = &record.key else { return Ok(()) };
    let mut reader = Reader::new(key.clone());
    let kind = reader.i16().map_err(unreadable)?;
    let key = match (shown, kind) {
        (Shown::Offsets, 0 | 1) => offset_key(&mut reader),
        (Shown::Groups, 2) => group_key(&mut reader),
        _ => return Ok(()),
    };
    let key = key.map_err(unreadable)?;
    let value = match &record.value {
        None => "null".to_owned(),
        Some(value) => {
            let (version, data) = value_of(shown, value.clone()).map_err(unreadable)?;
            format!("{{\"version\":{version},\"data\":{data}}}")
        }
    };
    let text = format!("{{\"key\":{{\"type\":{kind},\"data\":{key}}},\"value\":{value}}}");
    out.extend_from_slice(text.as_bytes());
    Ok(())
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

fn offset_key(reader: &mut Reader) -> Result<String, DecodeError> {
    let key = OffsetCommitKey::decode(reader, 0)?;
    let partition = Value::from(key.partition);
    Ok(object(&[("group", text(key.group)), ("topic", text(key.topic)), ("partition", partition)]))
}

fn group_key(reader: &mut Reader) -> Result<String, DecodeError> {
    Ok(object(&[("group", text(GroupMetadataKey::decode(reader, 0)?.group))]))
}

fn value_of(shown: Shown, value: Bytes) -> Result<(i16, String), DecodeError> {
    let mut reader = Reader::new(value);
    let version = reader.i16()?;
    let data = match shown {
        Shown::Offsets => offset_value(&mut reader, version)?,
        Shown::Groups => group_value(&mut reader, version)?,
    };
    Ok((version, data))
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
    let mut fields = vec![
        ("protocolType", text(value.protocol_type)),
        ("generation", Value::from(value.generation)),
        ("protocol", nullable(value.protocol.as_deref())),
        ("leader", nullable(value.leader.as_deref())),
    ];
    if version >= 2 {
        fields.push(("currentStateTimestamp", Value::from(value.current_state_timestamp)));
    }
    let members = value.members.into_iter().map(|member| {
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
        fields.push(("subscription", text(base64(&member.subscription))));
        fields.push(("assignment", text(base64(&member.assignment))));
        object(&fields)
    });
    let members: Vec<String> = members.collect();
    let mut data = object(&fields);
    data.pop();
    Ok(format!("{data},\"members\":[{}]}}", members.join(",")))
}

/// The text of bytes in JSON (RFC 4648, with padding).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
