//! Test code: fills every message with values that follow from the names of its fields.
//!
//! `Golden.java` beside the generated file fills Kafka's own classes by the same rules, in the same
//! order: fields as they are encoded, tagged ones last.

use super::message::is_ever_flexible;
use super::{NOTE, expr};
use crate::codegen::Area;
use crate::codegen::model::{Api, Field, Kind, Message, Struct, field_name, snake_case};

/// The one file of the test code.
pub(crate) fn file(apis: &[Api], areas: &[Area]) -> Result<String, String> {
    let mut text = format!(
        "//! Fills messages for tests.\n//!\n//! {NOTE}\n\n\
         use wire::*;\n\nuse super::fill::{{Case, Fill, Filled}};\n\n"
    );
    let mut cases = String::new();
    let mut add = |path: &str, message: &Message| -> Result<(), String> {
        let path = format!("{path}::{}", snake_case(&message.name));
        for owner in &message.structs {
            text.push_str(&filled(message, owner, &path)?);
        }
        cases.push_str(&format!("    Case::of::<{path}::{}>(),\n", message.name));
        Ok(())
    };
    for api in apis {
        add("messages", &api.request)?;
        add("messages", &api.response)?;
    }
    for area in areas {
        for message in &area.messages {
            add(&area.file.replace('/', "::"), message)?;
        }
    }
    Ok(format!(
        "{text}/// Every message and stored record.\npub(crate) const CASES: &[Case] = &[\n{cases}];\n"
    ))
}

fn filled(message: &Message, owner: &Struct, path: &str) -> Result<String, String> {
    let mut body = String::new();
    let mut names = Vec::new();
    let mut tagged: Vec<&Field> = Vec::new();
    for field in &owner.fields {
        names.push(field_name(&field.name));
        if field.tag.is_some() {
            tagged.push(field);
        } else {
            body.push_str(&statement(owner, field, path)?);
        }
    }
    tagged.sort_by_key(|field| field.tag);
    for field in tagged {
        body.push_str(&statement(owner, field, path)?);
    }
    if is_ever_flexible(message) {
        names.push("unknown_tagged_fields".to_owned());
        let value = match (expr::flexible(message, owner.versions), message.flexible_from) {
            ("flexible", Some(from)) => {
                format!("if v >= {from} {{ f.tags() }} else {{ TaggedFields::new() }}")
            }
            ("true", _) => "f.tags()".to_owned(),
            _ => "TaggedFields::new()".to_owned(),
        };
        body.push_str(&format!("let unknown_tagged_fields = {value};\n"));
    }
    let v = if super::decode::uses_version(&body) { "v" } else { "_v" };
    let f = if body.contains("f.") { "f" } else { "_f" };
    Ok(format!(
        "impl Filled for {path}::{} {{\nfn fill({f}: &mut Fill, {v}: i16) -> Self {{\n\
         {body}Self {{ {} }}\n}}\n}}\n\n",
        owner.name,
        names.join(", ")
    ))
}

fn statement(owner: &Struct, field: &Field, path: &str) -> Result<String, String> {
    let name = field_name(&field.name);
    let mut value = value(field, path);
    let default = expr::default(field)?;
    let default = match &field.kind {
        Kind::Struct(_) => {
            default.replace(field.kind.rust(), &format!("{path}::{}", field.kind.rust()))
        }
        _ => default,
    };
    if field.tag.is_some() {
        let key = snake_case(&field.name);
        value = format!("if f.present({key:?}) {{ {value} }} else {{ {default} }}");
    }
    Ok(match expr::condition(field.versions, owner.versions) {
        None => format!("let {name} = {value};\n"),
        Some(condition) => {
            format!("let {name} = if {condition} {{ {value} }} else {{ {default} }};\n")
        }
    })
}

fn value(field: &Field, path: &str) -> String {
    let name = snake_case(&field.name);
    let plain = match &field.kind {
        Kind::Struct(ty) if field.array => format!("f.structs::<{path}::{ty}>({name:?}, v)"),
        Kind::Struct(ty) => format!("{path}::{ty}::fill(f, v)"),
        _ if field.array => format!("f.array({name:?})"),
        kind => format!("f.{}({name:?})", kind.method()),
    };
    let Some(nullable) = field.nullable else { return plain };
    let maybe = format!("if f.null({name:?}) {{ None }} else {{ Some({plain}) }}");
    match expr::condition(nullable, field.versions) {
        None => maybe,
        Some(condition) => {
            format!("if ({condition}) && f.null({name:?}) {{ None }} else {{ Some({plain}) }}")
        }
    }
}
