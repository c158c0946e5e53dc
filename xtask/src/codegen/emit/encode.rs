//! The function that writes a struct.

use super::decode::uses_version;
use super::expr;
use super::message::is_ever_flexible;
use crate::codegen::model::{Field, Kind, Message, Struct, Versions, field_name};

/// `fn encode` of `owner`; `top` for the message itself.
pub(crate) fn function(message: &Message, owner: &Struct, top: bool) -> Result<String, String> {
    let mut body = String::new();
    let flexible = expr::flexible(message, owner.versions);
    for field in &owner.fields {
        if field.tag.is_none() {
            body.push_str(&statement(owner, field, flexible)?);
        } else {
            body.push_str(&unsupported(owner, field)?);
        }
    }
    body.push_str(&tags(message, owner, flexible)?);
    let v = if top || uses_version(&body) || flexible == "flexible" { "v" } else { "_v" };
    let w = if body.contains("w.") || body.contains("(w, ") { "w" } else { "_w" };
    let mut text = format!(
        "/// Writes it, in the version given.\n\
         pub fn encode(&self, {w}: &mut Writer, {v}: i16) -> Result<(), EncodeError> {{\n"
    );
    if top {
        text.push_str(
            "if !(Self::MIN_VERSION..=Self::MAX_VERSION).contains(&v) {\n\
             return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version: v });\n\
             }\n",
        );
    }
    text.push_str(&expr::set_flexible(message, owner.versions));
    text.push_str(&body);
    text.push_str("Ok(())\n}\n");
    Ok(text)
}

fn statement(owner: &Struct, field: &Field, flexible: &str) -> Result<String, String> {
    let flexible = if field.inflexible { "false" } else { flexible };
    let mut write = String::new();
    if field.nullable.is_some()
        && let Some(versions) = field.not_nullable()
        && let Some(condition) = expr::condition(versions, field.versions)
    {
        let name = field_name(&field.name);
        write.push_str(&format!(
            "if {condition} && self.{name}.is_none() {{\n\
             return Err(EncodeError::null({:?}, {name:?}, v));\n}}\n",
            owner.name
        ));
    }
    write.push_str(&value(field, flexible));
    let Some(condition) = expr::condition(field.versions, owner.versions) else {
        return Ok(write);
    };
    let mut text = format!("if {condition} {{\n{write}}}");
    if field.ignorable {
        text.push('\n');
        return Ok(text);
    }
    text.push_str(&format!(
        " else if {} {{\n{}}}\n",
        expr::is_set(field, &field_name(&field.name))?,
        refuse(owner, field)
    ));
    Ok(text)
}

fn refuse(owner: &Struct, field: &Field) -> String {
    format!("return Err(EncodeError::field({:?}, {:?}, v));\n", owner.name, field_name(&field.name))
}

/// Refuses a tagged field that is set and that the version does not have.
fn unsupported(owner: &Struct, field: &Field) -> Result<String, String> {
    match expr::negated(field.versions, owner.versions) {
        Some(condition) if !field.ignorable => Ok(format!(
            "if {condition} && {} {{\n{}}}\n",
            expr::is_set(field, &field_name(&field.name))?,
            refuse(owner, field)
        )),
        _ => Ok(String::new()),
    }
}

/// The statements that write a field.
fn value(field: &Field, flexible: &str) -> String {
    let name = format!("self.{}", field_name(&field.name));
    let is_nullable = field.nullable.is_some();
    let nullable = if is_nullable { "nullable_" } else { "" };
    match &field.kind {
        Kind::Struct(_) if field.array && is_nullable => format!(
            "w.nullable_array_length({name}.as_ref().map(Vec::len), {flexible})?;\n\
             for element in {name}.iter().flatten() {{\nelement.encode(w, v)?;\n}}\n"
        ),
        Kind::Struct(_) if field.array => format!(
            "w.array_length({name}.len(), {flexible})?;\n\
             for element in &{name} {{\nelement.encode(w, v)?;\n}}\n"
        ),
        // Behind a tag Kafka writes another mark of what is there.
        Kind::Struct(_) if is_nullable && field.tag.is_some() => format!(
            "match &{name} {{\nSome(some) => {{\nw.uvarint(1);\nsome.encode(w, v)?;\n}}\n\
             None => w.uvarint(0),\n}}\n"
        ),
        Kind::Struct(_) if is_nullable => format!(
            "match &{name} {{\nSome(some) => {{\nw.i8(1);\nsome.encode(w, v)?;\n}}\n\
             None => w.i8(-1),\n}}\n"
        ),
        Kind::Struct(_) => format!("{name}.encode(w, v)?;\n"),
        _ if field.array && is_nullable => {
            format!("w.nullable_array({name}.as_deref(), {flexible})?;\n")
        }
        _ if field.array => format!("w.array(&{name}, {flexible})?;\n"),
        kind if kind.has_length() && is_nullable => {
            format!("w.{nullable}{}({name}.as_ref(), {flexible})?;\n", kind.method())
        }
        kind if kind.has_length() => format!("w.{}(&{name}, {flexible})?;\n", kind.method()),
        kind => format!("w.{}({name});\n", kind.method()),
    }
}

fn tags(message: &Message, owner: &Struct, flexible: &str) -> Result<String, String> {
    if !is_ever_flexible(message) {
        return Ok(String::new());
    }
    let write = match flexible {
        "false" => return Ok("no_tags(&self.unknown_tagged_fields)?;\n".to_owned()),
        _ => tagged(message, owner)?,
    };
    Ok(if flexible == "flexible" {
        format!("if flexible {{\n{write}}} else {{\nno_tags(&self.unknown_tagged_fields)?;\n}}\n")
    } else {
        write
    })
}

fn tagged(message: &Message, owner: &Struct) -> Result<String, String> {
    let mut tagged: Vec<&Field> = owner.fields.iter().filter(|f| f.tag.is_some()).collect();
    if tagged.is_empty() {
        return Ok("w.tagged_fields(&self.unknown_tagged_fields);\n".to_owned());
    }
    tagged.sort_by_key(|field| field.tag);
    let from = message.flexible_from.unwrap_or_default().max(owner.versions.min);
    let flexible_versions = Versions { min: from, max: owner.versions.max };
    let mut text = "let mut tags = w.begin_tags();\n".to_owned();
    for field in tagged {
        if field.kind == Kind::Records {
            return Err(format!("{}: record data cannot be tagged", field.name));
        }
        let condition = expr::condition(field.versions, flexible_versions)
            .map(|condition| format!("{condition} && "))
            .unwrap_or_default();
        text.push_str(&format!(
            "if {condition}{} {{\nw.tag(&mut tags, {}, &self.unknown_tagged_fields)?;\n{}\
             w.end_tag(&tags);\n}}\n",
            expr::is_set(field, &field_name(&field.name))?,
            field.tag.unwrap_or_default(),
            value(field, "true"),
        ));
    }
    text.push_str("w.end_tags(tags, &self.unknown_tagged_fields);\n");
    Ok(text)
}
