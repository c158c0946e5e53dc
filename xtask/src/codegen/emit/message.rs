//! One module per message: its structs, their defaults and their codec.

use super::{NOTE, decode, encode, expr};
use crate::codegen::model::{Kind, Message, Role, Struct, field_name};

/// The module of `message`, whose definition is in `messages/{source}.def`.
pub(crate) fn file(message: &Message, source: &str) -> Result<String, String> {
    let in_message = |error| format!("{}: {error}", message.name);
    let mut body = String::new();
    for (index, owner) in message.structs.iter().enumerate() {
        let top = index == 0;
        body.push_str(&definition(message, owner, top).map_err(in_message)?);
        if !derives_default(owner).map_err(in_message)? {
            body.push_str(&default(message, owner).map_err(in_message)?);
        }
        body.push_str(&format!("impl {} {{\n", owner.name));
        if top {
            body.push_str(&constants(message));
        }
        body.push_str(&decode::function(message, owner, top).map_err(in_message)?);
        body.push_str(&encode::function(message, owner, top).map_err(in_message)?);
        body.push_str("}\n\n");
    }
    let head = format!("//! `{}` of `messages/{source}.def`.\n//!\n//! {NOTE}\n\n", message.name);
    Ok(head + &imports(message, &body) + &body)
}

fn imports(message: &Message, body: &str) -> String {
    let kinds: Vec<&Kind> =
        message.structs.iter().flat_map(|owner| &owner.fields).map(|field| &field.kind).collect();
    let mut names = vec!["Reader", "Writer"];
    for (kind, name) in [(Kind::Records, "Records"), (Kind::String, "Str"), (Kind::Uuid, "Uuid")] {
        if kinds.contains(&&kind) {
            names.push(name);
        }
    }
    if is_ever_flexible(message) {
        names.push("TaggedFields");
    }
    if body.contains("no_tags(") {
        names.push("no_tags");
    }
    let bytes = if kinds.contains(&&Kind::Bytes) { "use bytes::Bytes;\n\n" } else { "" };
    format!(
        "{bytes}use crate::error::{{DecodeError, EncodeError}};\n\
         use crate::primitives::{{{}}};\n\n",
        names.join(", ")
    )
}

/// Whether any version has tagged fields.
pub(crate) fn is_ever_flexible(message: &Message) -> bool {
    expr::flexible(message, message.versions) != "false"
}

fn derives_default(owner: &Struct) -> Result<bool, String> {
    for field in &owner.fields {
        if !expr::default_is_natural(&expr::default(field)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn definition(message: &Message, owner: &Struct, top: bool) -> Result<String, String> {
    let (min, max) = (owner.versions.min, owner.versions.max);
    let versions =
        if min == max { format!("version {min}") } else { format!("versions {min} to {max}") };
    let what = match message.role {
        _ if !top => format!("Part of [`{}`], {versions}.", message.name),
        Role::Record(number) => format!("Record type {number}, {versions}."),
        Role::Key(number) => format!("Key of record type {number}, {versions}."),
        Role::Value(number) => format!("Value of record type {number}, {versions}."),
        Role::Request => format!("Request, {versions}."),
        Role::Response => format!("Response, {versions}."),
        Role::Data => format!("Data, {versions}."),
    };
    let derived = if derives_default(owner)? { ", Default" } else { "" };
    let mut text = format!(
        "/// {what}\n#[derive(Clone, Debug, PartialEq{derived})]\npub struct {} {{\n",
        owner.name
    );
    for field in &owner.fields {
        let name = field_name(&field.name);
        text.push_str(&format!("pub {name}: {},\n", expr::rust_type(field)));
    }
    if is_ever_flexible(message) {
        text.push_str("pub unknown_tagged_fields: TaggedFields,\n");
    }
    text.push_str("}\n\n");
    Ok(text)
}

fn default(message: &Message, owner: &Struct) -> Result<String, String> {
    let mut text =
        format!("impl Default for {} {{\nfn default() -> Self {{\nSelf {{\n", owner.name);
    for field in &owner.fields {
        let name = field_name(&field.name);
        text.push_str(&format!("{name}: {},\n", expr::default(field)?));
    }
    if is_ever_flexible(message) {
        text.push_str("unknown_tagged_fields: TaggedFields::new(),\n");
    }
    text.push_str("}\n}\n}\n\n");
    Ok(text)
}

fn constants(message: &Message) -> String {
    let flexible = match message.flexible_from {
        Some(from) => format!("Some({from})"),
        None => "None".to_owned(),
    };
    format!(
        "/// Its name.\npub const NAME: &'static str = {:?};\n\
         /// Its lowest version.\npub const MIN_VERSION: i16 = {};\n\
         /// Its highest version.\npub const MAX_VERSION: i16 = {};\n\
         /// The first flexible version, if any.\n\
         pub const FLEXIBLE_FROM: Option<i16> = {flexible};\n\n",
        message.name, message.versions.min, message.versions.max
    )
}
