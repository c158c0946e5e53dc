//! The enum over all stored records of one kind.

use super::NOTE;
use crate::codegen::model::{Message, Role};

/// The module of the enum called `name`.
pub(crate) fn union(name: &str, messages: &[&Message]) -> Result<String, String> {
    if messages.iter().all(|message| matches!(message.role, Role::Record(_))) {
        return Ok(framed(name, messages));
    }
    keyed(name, messages)
}

/// Records that carry their type and version in front of them.
fn framed(name: &str, messages: &[&Message]) -> String {
    let rows: Vec<(u16, &str, &Message)> = messages
        .iter()
        .map(|message| {
            let Role::Record(number) = message.role else { unreachable!("checked by union") };
            (number, message.name.trim_end_matches("Record"), *message)
        })
        .collect();
    let mut text = format!(
        "//! All records of this kind as one type.\n//!\n//! {NOTE}\n\nuse bytes::Bytes;\n\n\
         use super::*;\nuse crate::error::{{DecodeError, EncodeError}};\n\
         use crate::primitives::{{Reader, Writer}};\nuse crate::record_frame;\n\n\
         /// A record of any type.\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n"
    );
    for (_, variant, message) in &rows {
        text.push_str(&format!("{variant}({}),\n", message.name));
    }
    let arms = |pattern: &str, value: &dyn Fn(u16, &Message) -> String| -> String {
        rows.iter()
            .map(|(number, variant, message)| {
                format!("Self::{variant}({pattern}) => {},\n", value(*number, message))
            })
            .collect()
    };
    text.push_str(&format!(
        "}}\n\nimpl {name} {{\n\
         /// Its type.\npub fn record_type(&self) -> u16 {{\nmatch self {{\n{}}}\n}}\n\n\
         /// The highest version of its type.\npub fn max_version(&self) -> i16 {{\nmatch self {{\n{}}}\n}}\n\n\
         /// Writes frame and record, in the version given.\n\
         pub fn encode(&self, v: i16) -> Result<Bytes, EncodeError> {{\n\
         let mut w = Writer::contiguous();\n\
         record_frame::write(&mut w, self.record_type(), v)?;\n\
         match self {{\n{}}}\nOk(w.into_bytes())\n}}\n\n\
         /// Reads frame and record, which are to be all of `bytes`: it and its version.\n\
         pub fn decode(bytes: Bytes) -> Result<(Self, i16), DecodeError> {{\n\
         let mut r = Reader::new(bytes);\n\
         let (record_type, v) = record_frame::read(&mut r)?;\n\
         let record = match record_type {{\n",
        arms("_", &|number, _| number.to_string()),
        arms("_", &|_, message| format!("{}::MAX_VERSION", message.name)),
        arms("record", &|_, _| "record.encode(&mut w, v)?".to_owned()),
    ));
    for (number, variant, message) in &rows {
        text.push_str(&format!(
            "{number} => Self::{variant}({}::decode(&mut r, v)?),\n",
            message.name
        ));
    }
    text.push_str(&format!(
        "_ => return Err(DecodeError::UnknownRecordType {{ kind: {name:?}, record_type }}),\n}};\n\
         r.finish()?;\nOk((record, v))\n}}\n}}\n\n"
    ));
    for (_, variant, message) in &rows {
        text.push_str(&format!(
            "impl From<{0}> for {name} {{\nfn from(record: {0}) -> Self {{\n\
             Self::{variant}(record)\n}}\n}}\n\n",
            message.name
        ));
    }
    text
}

/// Records whose type is in the key and whose version is in the value.
fn keyed(name: &str, messages: &[&Message]) -> Result<String, String> {
    let mut rows = Vec::new();
    for pair in messages.chunks(2) {
        let [key, value] = pair else { return Err(format!("{name}: a key without a value")) };
        let (Role::Key(number), Role::Value(other)) = (key.role, value.role) else {
            return Err(format!("{name}: want key and value in turn at {}", key.name));
        };
        let variant = key.name.trim_end_matches("Key");
        if number != other || value.name != format!("{variant}Value") {
            return Err(format!("{name}: {} and {} are no pair", key.name, value.name));
        }
        rows.push((number, variant));
    }
    let mut text = format!(
        "//! All records of this kind as one type.\n//!\n//! {NOTE}\n\nuse bytes::Bytes;\n\n\
         use super::*;\nuse crate::error::{{DecodeError, EncodeError}};\n\
         use crate::primitives::Reader;\nuse crate::record_frame::{{key, optional_value, read_optional_value}};\n\n\
         /// Key and value of a record of any type; without a value it is a tombstone.\n\
         #[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n"
    );
    for (_, variant) in &rows {
        text.push_str(&format!(
            "{variant} {{ key: {variant}Key, value: Option<{variant}Value> }},\n"
        ));
    }
    let arms = |pattern: &str, value: &dyn Fn(u16, &str) -> String| -> String {
        rows.iter()
            .map(|(number, variant)| {
                format!("Self::{variant} {{ {pattern} }} => {},\n", value(*number, variant))
            })
            .collect()
    };
    text.push_str(&format!(
        "}}\n\nimpl {name} {{\n\
         /// Its type.\npub fn record_type(&self) -> u16 {{\nmatch self {{\n{}}}\n}}\n\n\
         /// The highest version of its value.\npub fn max_value_version(&self) -> i16 {{\nmatch self {{\n{}}}\n}}\n\n\
         /// Key and value, the value in the version given.\n\
         pub fn encode(&self, v: i16) -> Result<(Bytes, Option<Bytes>), EncodeError> {{\n\
         match self {{\n{}}}\n}}\n\n\
         /// Reads key and value. Bytes behind the fields are passed over, as Kafka does.\n\
         pub fn decode(key: Bytes, value: Option<Bytes>) -> Result<Self, DecodeError> {{\n\
         let mut r = Reader::new(key);\n\
         Ok(match r.u16()? {{\n",
        arms("..", &|number, _| number.to_string()),
        arms("..", &|_, variant| format!("{variant}Value::MAX_VERSION")),
        arms("key: k, value", &|number, _| format!(
            "Ok((key({number}, |w| k.encode(w, 0))?, \
             optional_value(value.as_ref(), v, |value, w| value.encode(w, v))?))"
        )),
    ));
    for (number, variant) in &rows {
        text.push_str(&format!(
            "{number} => Self::{variant} {{\nkey: {variant}Key::decode(&mut r, 0)?,\n\
             value: read_optional_value(value, {variant}Value::decode)?,\n}},\n"
        ));
    }
    text.push_str(&format!(
        "record_type => return Err(DecodeError::UnknownRecordType {{ kind: {name:?}, \
         record_type: record_type.into() }}),\n}})\n}}\n}}\n"
    ));
    Ok(text)
}
