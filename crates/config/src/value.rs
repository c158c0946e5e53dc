//! Values of settings: read from text as Kafka's `ConfigDef` reads them, and written back.

use std::fmt;

use crate::error::Error;
use crate::setting::{DefaultValue, Kind, Setting};

/// The value of a setting, by type. A setting without value is an `Option::None` of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// [`Kind::Boolean`]
    Boolean(bool),
    /// [`Kind::String`]
    String(String),
    /// [`Kind::Int`]
    Int(i32),
    /// [`Kind::Short`]
    Short(i16),
    /// [`Kind::Long`]
    Long(i64),
    /// [`Kind::Double`]
    Double(f64),
    /// [`Kind::List`]
    List(Vec<String>),
    /// [`Kind::Class`]
    Class(String),
    /// [`Kind::Password`]
    Password(Password),
}

/// Text that must not be shown: it prints as `[hidden]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The text itself, for those who check or use it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Value {
    /// Reads `text` as a value of `kind`; blanks around it do not count.
    ///
    /// # Errors
    /// [`Error::Invalid`] with Kafka's words when the text is not of that type.
    pub fn parse(name: &str, text: &str, kind: Kind) -> Result<Value, Error> {
        let trimmed = trim(text);
        let not_a_number =
            || Error::invalid(name, text, format!("Not a number of type {}", kind.name()));
        Ok(match kind {
            Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Kind::Boolean => {
                let reason = "Expected value to be either true or false";
                return Err(Error::invalid(name, text, reason));
            }
            Kind::String => Value::String(trimmed.to_owned()),
            Kind::Int => Value::Int(trimmed.parse().map_err(|_| not_a_number())?),
            Kind::Short => Value::Short(trimmed.parse().map_err(|_| not_a_number())?),
            Kind::Long => Value::Long(trimmed.parse().map_err(|_| not_a_number())?),
            Kind::Double => Value::Double(parse_double(trimmed).ok_or_else(not_a_number)?),
            Kind::List => Value::List(split_list(trimmed)),
            Kind::Class => Value::Class(trimmed.to_owned()),
            Kind::Password => Value::Password(Password(trimmed.to_owned())),
        })
    }

    /// The default of a setting; none if it has no value or must be set.
    pub fn default_of(setting: &Setting) -> Option<Value> {
        match (setting.kind, setting.default) {
            (_, DefaultValue::Null | DefaultValue::Required) => None,
            (_, DefaultValue::Boolean(value)) => Some(Value::Boolean(value)),
            (Kind::Int, DefaultValue::Integer(value)) => i32::try_from(value).ok().map(Value::Int),
            (Kind::Short, DefaultValue::Integer(value)) => {
                i16::try_from(value).ok().map(Value::Short)
            }
            (_, DefaultValue::Integer(value)) => Some(Value::Long(value)),
            (_, DefaultValue::Double(value)) => Some(Value::Double(value)),
            (Kind::List, DefaultValue::Text(text)) => Some(Value::List(split_list(text))),
            (Kind::Class, DefaultValue::Text(text)) => Some(Value::Class(text.to_owned())),
            (_, DefaultValue::Text(text)) => Some(Value::String(text.to_owned())),
        }
    }

    /// The value as a number, for bounds.
    pub(crate) fn number(&self) -> Option<f64> {
        match *self {
            Value::Int(value) => Some(f64::from(value)),
            Value::Short(value) => Some(f64::from(value)),
            // the precision lost above 2^53 is lost in Kafka's comparison as well
            Value::Long(value) => Some(value as f64),
            Value::Double(value) => Some(value),
            _ => None,
        }
    }

    /// The text Kafka's messages show: lists in brackets, passwords hidden.
    pub(crate) fn in_message(&self) -> String {
        match self {
            Value::List(items) => format!("[{}]", items.join(", ")),
            other => other.to_string(),
        }
    }
}

/// The text `DescribeConfigs` carries: `ConfigDef.convertToString`. Passwords print as `[hidden]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => value.fmt(f),
            Value::Int(value) => value.fmt(f),
            Value::Short(value) => value.fmt(f),
            Value::Long(value) => value.fmt(f),
            Value::Double(value) => f.write_str(&java_double(*value)),
            Value::List(items) => f.write_str(&items.join(",")),
            // nested classes are shown by their canonical name
            Value::Class(name) => f.write_str(&name.replace('$', ".")),
            Value::String(text) => f.write_str(text),
            Value::Password(_) => f.write_str("[hidden]"),
        }
    }
}

/// Cuts off what Java's `String.trim` does: everything up to the blank, at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// Splits at commas together with the blanks around them. Empty text is an empty list; an empty
/// item stays, for the validator to complain about.
fn split_list(trimmed: &str) -> Vec<String> {
    if trimmed.is_empty() {
        return Vec::new();
    }
    let blank = |c| matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    trimmed.split(',').map(|item| item.trim_matches(blank).to_owned()).collect()
}

/// Reads what Java's `Double.parseDouble` reads, except hexadecimal notation.
fn parse_double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity") {
        return text.parse().ok();
    }
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    // Rust alone would also take `inf` and `nan`
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if digits.chars().all(numeric) { digits.parse().ok() } else { None }
}

/// Writes a number as Java's `Double.toString`: at least one decimal, and scientific notation
/// from 10⁷ and below 10⁻³.
pub(crate) fn java_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:E}");
    match scientific.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => scientific,
    }
}
