//! Which topic names exist.

use super::error::{Error, Reason, Result};

/// The longest topic name, in UTF-16 units.
const NAME_LEN_MAX: usize = 249;

/// Checks a topic name (kafka-semantics 85).
///
/// # Errors
/// `InvalidTopic` with Kafka's text.
pub fn validate_topic_name(name: &str) -> Result<()> {
    let fault = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." => "'.' is not allowed".to_owned(),
        ".." => "'..' is not allowed".to_owned(),
        name if name.encode_utf16().count() > NAME_LEN_MAX => {
            format!("the length of '{name}' is longer than the max allowed length {NAME_LEN_MAX}")
        }
        name if !name.bytes().all(is_legal) => format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' \
             and '-'"
        ),
        _ => return Ok(()),
    };
    Err(Error::new(Reason::InvalidTopic, format!("Topic name is invalid: {fault}")))
}

fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Whether the name can collide with another one in metrics, where `.` and `_` are the same.
pub(super) fn has_collision_characters(name: &str) -> bool {
    name.contains(['.', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Message;

    #[test]
    fn kafka_semantics_85_names() {
        for name in ["a", "a.b_c-D9", &"x".repeat(249), "...", "__consumer_offsets"] {
            assert_eq!(validate_topic_name(name), Ok(()));
        }
        let check = |name: &str, expected: &str| {
            let error = validate_topic_name(name).unwrap_err();
            assert_eq!(error.reason, Reason::InvalidTopic);
            let expected = format!("Topic name is invalid: {expected}");
            assert_eq!(error.message, Message::Text(expected.into()));
        };
        check("", "the empty string is not allowed");
        check(".", "'.' is not allowed");
        check("..", "'..' is not allowed");
        let long = "x".repeat(250);
        check(&long, &format!("the length of '{long}' is longer than the max allowed length 249"));
        check(
            "a b",
            "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and \
             '-'",
        );
    }
}
