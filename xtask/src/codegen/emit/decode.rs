//! The function that reads a struct.

use super::expr;
use super::message::is_ever_flexible;
use crate::codegen::model::{Field, Kind, Message, Struct, Versions, field_name};

/// `fn decode` of `owner`; `top` for the message itself.
pub(crate) fn function(message: &Message, owner: &Struct, top: bool) -> Result<String, String> {
    let mut body = String::new();
    let flexible = expr::flexible(message, owner.versions);
    for field in owner.fields.iter().filter(|field| field.tag.is_none()) {
        body.push_str(&statement(message, owner, field, flexible)?);
    }
    body.push_str(&tags(message, owner, flexible)?);
    let mut names: Vec<String> = owner.fields.iter().map(|field| field_name(&field.name)).collect();
    if is_ever_flexible(message) {
        names.push("unknown_tagged_fields".to_owned());
    }
    body.push_str(&format!("Ok(Self {{ {} }})\n", names.join(", ")));
    let v = if top || uses_version(&body) || flexible == "flexible" { "v" } else { "_v" };
    let r = if body.contains("r.") || body.contains("(r, ") { "r" } else { "_r" };
    let mut text = format!(
        "/// Reads one, in the version given.\n\
         pub fn decode({r}: &mut Reader, {v}: i16) -> Result<Self, DecodeError> {{\n"
    );
    if top {
        text.push_str(
            "if !(Self::MIN_VERSION..=Self::MAX_VERSION).contains(&v) {\n\
             return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version: v.into() });\n\
             }\n",
        );
    }
    text.push_str(&expr::set_flexible(message, owner.versions));
    text.push_str(&body);
    text.push_str("}\n\n");
    Ok(text)
}

/// Whether the code mentions the variable `v`.
pub(crate) fn uses_version(code: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "v")
}

fn statement(
    message: &Message,
    owner: &Struct,
    field: &Field,
    flexible: &str,
) -> Result<String, String> {
    let name = field_name(&field.name);
    let flexible = if field.inflexible { "false" } else { flexible };
    let value = value(message, field, flexible)?;
    let mut text = match expr::condition(field.versions, owner.versions) {
        None => format!("let {name} = {value};\n"),
        Some(condition) => {
            let default = expr::default(field)?;
            format!("let {name} = if {condition} {{ {value} }} else {{ {default} }};\n")
        }
    };
    if field.nullable.is_some()
        && let Some(versions) = field.not_nullable()
        && let Some(condition) = expr::condition(versions, owner.versions)
    {
        text.push_str(&format!("r.not_null({condition} && {name}.is_none())?;\n"));
    }
    Ok(text)
}

/// The expression that reads a field.
fn value(message: &Message, field: &Field, flexible: &str) -> Result<String, String> {
    let nullable = if field.nullable.is_some() { "nullable_" } else { "" };
    Ok(match &field.kind {
        Kind::Struct(name) if field.array => {
            let smallest = expr::smallest(message, expr::find(message, name)?)?;
            format!("r.{nullable}structs({flexible}, {smallest}, v, {name}::decode)?")
        }
        Kind::Struct(name) if field.nullable.is_some() && field.tag.is_some() => {
            format!("if r.uvarint()? > 0 {{ Some({name}::decode(r, v)?) }} else {{ None }}")
        }
        Kind::Struct(name) if field.nullable.is_some() => {
            format!("if r.present()? {{ Some({name}::decode(r, v)?) }} else {{ None }}")
        }
        Kind::Struct(name) => format!("{name}::decode(r, v)?"),
        _ if field.array => format!("r.{nullable}array({flexible})?"),
        kind if kind.has_length() => format!("r.{nullable}{}({flexible})?", kind.method()),
        kind => format!("r.{}()?", kind.method()),
    })
}

fn tags(message: &Message, owner: &Struct, flexible: &str) -> Result<String, String> {
    if !is_ever_flexible(message) {
        return Ok(String::new());
    }
    let tagged: Vec<&Field> = owner.fields.iter().filter(|field| field.tag.is_some()).collect();
    if tagged.is_empty() {
        let value = match flexible {
            "true" => "r.tagged_fields()?".to_owned(),
            "false" => "TaggedFields::new()".to_owned(),
            _ => "if flexible { r.tagged_fields()? } else { TaggedFields::new() }".to_owned(),
        };
        return Ok(format!("let unknown_tagged_fields = {value};\n"));
    }
    let from = message.flexible_from.unwrap_or_default().max(owner.versions.min);
    let flexible_versions = Versions { min: from, max: owner.versions.max };
    let mut text = String::new();
    let mut arms = String::new();
    for field in tagged {
        let name = field_name(&field.name);
        text.push_str(&format!("let mut {name} = {};\n", expr::default(field)?));
        let guard = expr::condition(field.versions, flexible_versions)
            .map(|condition| format!(" if {condition}"))
            .unwrap_or_default();
        let tag = field.tag.unwrap_or_default();
        arms.push_str(&format!("{tag}{guard} => {name} = {},\n", value(message, field, "true")?));
    }
    text.push_str("let mut unknown_tagged_fields = TaggedFields::new();\n");
    let open = if flexible == "flexible" { "if flexible {\n" } else { "" };
    let close = if flexible == "flexible" { "}\n" } else { "" };
    text.push_str(&format!(
        "{open}for _ in 0..r.tag_count()? {{\n\
         let (tag, end) = r.tag()?;\n\
         match tag {{\n{arms}_ => unknown_tagged_fields.push(tag, r.tag_value(end)?),\n}}\n\
         r.end_tag(tag, end)?;\n}}\n{close}"
    ));
    Ok(text)
}
