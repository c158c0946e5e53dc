//! JSON files that users write, read with the refusals of Apache Kafka's tools.

use serde_json::Value;

use crate::error::Error;

/// A file, as text.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read_text(files: &env::Files, path: &str) -> Result<String, Error> {
    let unreadable = |_| Error::Refused(format!("Unable to read file {path}"));
    let content = files.read(path).map_err(unreadable)?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// A field of an object.
///
/// # Errors
/// It is not there, or this is no object.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Error> {
    let object = value.as_object().ok_or_else(|| {
        Error::Refused(format!("Expected JSON object, received {}", kind_and_text(value)))
    })?;
    object.get(name).ok_or_else(|| Error::Refused(format!("No such field exists: `{name}`")))
}

/// An array.
///
/// # Errors
/// It is none.
pub(crate) fn array(value: &Value) -> Result<&Vec<Value>, Error> {
    value.as_array().ok_or_else(|| {
        Error::Refused(format!("Expected JSON array, received {}", kind_and_text(value)))
    })
}

/// A text.
///
/// # Errors
/// It is none.
pub(crate) fn text(value: &Value) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| wrong("String", value))
}

/// A number of 32 bits.
///
/// # Errors
/// It is none.
pub(crate) fn integer(value: &Value) -> Result<i32, Error> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| wrong("Integer", value))
}

/// A number of 64 bits.
///
/// # Errors
/// It is none.
pub(crate) fn long(value: &Value) -> Result<i64, Error> {
    value.as_i64().ok_or_else(|| wrong("Long", value))
}

fn wrong(wanted: &str, value: &Value) -> Error {
    Error::Refused(format!("Expected `{wanted}` value, received {value}"))
}

fn kind_and_text(value: &Value) -> String {
    value.to_string()
}
