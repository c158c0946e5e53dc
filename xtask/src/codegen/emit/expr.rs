//! Small expressions: version conditions, types, defaults.

use crate::codegen::model::{Field, Kind, Message, Struct, Versions};

/// Whether `v`, known to be one of `outer`, is one of `inner`. `None` when it always is.
pub(crate) fn condition(inner: Versions, outer: Versions) -> Option<String> {
    let Versions { min, max } = inner;
    match (min <= outer.min, max >= outer.max) {
        (true, true) => None,
        (false, true) => Some(format!("v >= {min}")),
        (true, false) => Some(format!("v <= {max}")),
        (false, false) if min == max => Some(format!("v == {min}")),
        (false, false) => Some(format!("({min}..={max}).contains(&v)")),
    }
}

/// The opposite of [`condition`].
pub(crate) fn negated(inner: Versions, outer: Versions) -> Option<String> {
    let Versions { min, max } = inner;
    match (min <= outer.min, max >= outer.max) {
        (true, true) => None,
        (false, true) => Some(format!("v < {min}")),
        (true, false) => Some(format!("v > {max}")),
        (false, false) if min == max => Some(format!("v != {min}")),
        (false, false) => Some(format!("!({min}..={max}).contains(&v)")),
    }
}

/// Whether a struct's versions are flexible: `true`, `false`, or a variable.
pub(crate) fn flexible(message: &Message, versions: Versions) -> &'static str {
    match message.flexible_from {
        Some(from) if from <= versions.min => "true",
        Some(from) if from <= versions.max => "flexible",
        _ => "false",
    }
}

/// The statement that sets the variable of [`flexible`].
pub(crate) fn set_flexible(message: &Message, versions: Versions) -> String {
    match (flexible(message, versions), message.flexible_from) {
        ("flexible", Some(from)) => format!("let flexible = v >= {from};\n"),
        _ => String::new(),
    }
}

/// The field's type.
pub(crate) fn rust_type(field: &Field) -> String {
    let mut ty = field.kind.rust().to_owned();
    if field.array {
        ty = format!("Vec<{ty}>");
    }
    if field.nullable.is_some() { format!("Option<{ty}>") } else { ty }
}

/// The field's default.
pub(crate) fn default(field: &Field) -> Result<String, String> {
    let given = field.default.as_deref();
    if given == Some("null") {
        return match field.nullable {
            Some(_) => Ok("None".to_owned()),
            None => Err(format!("{} defaults to null, but is never null", field.name)),
        };
    }
    let plain = match (&field.kind, given) {
        (_, None) if field.array => "Vec::new()".to_owned(),
        // Kafka's record data is null unless set.
        (Kind::Records, None) if field.nullable.is_some() => return Ok("None".to_owned()),
        (Kind::String, None) => "Str::new()".to_owned(),
        (Kind::String, Some(text)) => format!("Str::from_static({text:?})"),
        (Kind::Bytes, None) => "Bytes::new()".to_owned(),
        (Kind::Records, None) => "Records::default()".to_owned(),
        (Kind::Uuid, None) => "Uuid::ZERO".to_owned(),
        (Kind::Struct(name), None) => format!("{name}::default()"),
        (Kind::Bool, None) => "false".to_owned(),
        (Kind::Float64, None) => "0.0".to_owned(),
        (_, None) => "0".to_owned(),
        (Kind::Bool, Some(value @ ("true" | "false"))) => value.to_owned(),
        (Kind::Float64, Some(value)) if value.parse::<f64>().is_ok() => format!("{value}_f64"),
        (_, Some(value)) if value.parse::<i64>().is_ok() => value.to_owned(),
        (_, Some(value)) => return Err(format!("{}: bad default {value}", field.name)),
    };
    Ok(if field.nullable.is_some() { format!("Some({plain})") } else { plain })
}

/// Whether `#[derive(Default)]` gives the same.
pub(crate) fn default_is_natural(default: &str) -> bool {
    matches!(default, "0" | "0.0" | "false" | "None" | "Uuid::ZERO")
        || (default.ends_with("::new()") || default.ends_with("::default()"))
            && !default.starts_with("Some")
}

/// Whether the field of `self` differs from its default.
pub(crate) fn is_set(field: &Field, name: &str) -> Result<String, String> {
    let default = default(field)?;
    let this = format!("self.{name}");
    Ok(match default.as_str() {
        "false" => this,
        "true" => format!("!{this}"),
        "None" => format!("{this}.is_some()"),
        "Uuid::ZERO" => format!("!{this}.is_zero()"),
        "Vec::new()" | "Str::new()" | "Bytes::new()" | "Records::default()" => {
            format!("!{this}.is_empty()")
        }
        "Some(Vec::new())" | "Some(Str::new())" | "Some(Bytes::new())" => {
            format!("{this}.as_ref().is_none_or(|x| !x.is_empty())")
        }
        some if some.starts_with("Some(") => format!("{this} != {some}"),
        other => format!("{this} != {other}"),
    })
}

/// The fewest bytes a struct takes in any of its versions.
pub(crate) fn smallest(message: &Message, owner: &Struct) -> Result<usize, String> {
    (owner.versions.min..=owner.versions.max)
        .map(|version| smallest_in(message, owner, version))
        .try_fold(usize::MAX, |least, size| Ok(least.min(size?)))
        .map(|least| least.max(1))
}

fn smallest_in(message: &Message, owner: &Struct, version: i16) -> Result<usize, String> {
    let flexible = message.flexible_from.is_some_and(|from| version >= from);
    let mut total = usize::from(flexible);
    for field in &owner.fields {
        let there = field.versions.min <= version && version <= field.versions.max;
        if there && field.tag.is_none() {
            total += smallest_field(message, field, version, flexible && !field.inflexible)?;
        }
    }
    Ok(total)
}

fn smallest_field(
    message: &Message,
    field: &Field,
    version: i16,
    flexible: bool,
) -> Result<usize, String> {
    if field.array {
        return Ok(if flexible { 1 } else { 4 });
    }
    Ok(match &field.kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 | Kind::Uint32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::String | Kind::Bytes | Kind::Records if flexible => 1,
        Kind::String => 2,
        Kind::Bytes | Kind::Records => 4,
        Kind::Struct(_) if field.nullable.is_some() => 1,
        Kind::Struct(name) => smallest_in(message, find(message, name)?, version)?,
    })
}

/// The struct called `name`.
pub(crate) fn find<'a>(message: &'a Message, name: &str) -> Result<&'a Struct, String> {
    message.find(name).ok_or_else(|| format!("{}: no struct {name}", message.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_only_what_is_not_known() {
        let versions = |min, max| Versions { min, max };
        let outer = versions(4, 18);
        let said = |inner| condition(inner, outer).unwrap_or_default();
        assert_eq!(said(versions(0, 18)), "");
        assert_eq!(said(versions(7, 18)), "v >= 7");
        assert_eq!(said(versions(4, 14)), "v <= 14");
        assert_eq!(said(versions(6, 6)), "v == 6");
        assert_eq!(said(versions(6, 9)), "(6..=9).contains(&v)");
        assert_eq!(negated(versions(7, 18), outer).as_deref(), Some("v < 7"));
        assert_eq!(negated(outer, outer), None);
    }
}
