//! Showing keys, values and headers by the deserializers that come with Kafka.

use std::fmt::Write as _;

use crate::error::Error;

/// Characters of a UUID as Java writes it.
const UUID_TEXT: usize = 36;

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Deserializer {
    /// As they are.
    #[default]
    Bytes,
    Boolean,
    Short,
    Integer,
    Long,
    Float,
    Double,
    Uuid,
}

impl Deserializer {
    /// The deserializer of a class of `org.apache.kafka.common.serialization`.
    ///
    /// # Errors
    /// There is none like it here.
    pub(super) fn of_class(class: &str) -> Result<Self, Error> {
        let name = class.strip_prefix("org.apache.kafka.common.serialization.");
        Ok(match name.and_then(|name| name.strip_suffix("Deserializer")).unwrap_or_default() {
            "String" | "ByteArray" | "Bytes" | "ByteBuffer" => Self::Bytes,
            "Boolean" => Self::Boolean,
            "Short" => Self::Short,
            "Integer" => Self::Integer,
            "Long" => Self::Long,
            "Float" => Self::Float,
            "Double" => Self::Double,
            "UUID" => Self::Uuid,
            _ => {
                return Err(Error::Refused(format!(
                    "{class} is a Java class that this tool cannot load; it has those of \
                     org.apache.kafka.common.serialization"
                )));
            }
        })
    }

    /// Shows bytes.
    ///
    /// # Errors
    /// They are not what the deserializer reads.
    pub(super) fn show(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let mut text = String::new();
        let wrote = match self {
            Self::Bytes => {
                out.extend_from_slice(bytes);
                return Ok(());
            }
            Self::Boolean => match bytes {
                [0] => write!(text, "false"),
                [1] => write!(text, "true"),
                _ => return Err(wrong_size("BooleanDeserializer", 1)),
            },
            Self::Short => write!(text, "{}", i16::from_be_bytes(exactly(bytes, "Short")?)),
            Self::Integer => write!(text, "{}", i32::from_be_bytes(exactly(bytes, "Integer")?)),
            Self::Long => write!(text, "{}", i64::from_be_bytes(exactly(bytes, "Long")?)),
            Self::Float => write!(text, "{:?}", f32::from_be_bytes(exactly(bytes, "Float")?)),
            Self::Double => write!(text, "{:?}", f64::from_be_bytes(exactly(bytes, "Double")?)),
            // The text of the UUID is what was serialized.
            Self::Uuid => match String::from_utf8(bytes.to_vec()) {
                Ok(uuid) if uuid.len() == UUID_TEXT => write!(text, "{uuid}"),
                _ => return Err(wrong_size("UUIDDeserializer", UUID_TEXT)),
            },
        };
        // Writing to a String does not fail.
        let _ = wrote;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn exactly<const N: usize>(bytes: &[u8], name: &str) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| wrong_size(&format!("{name}Deserializer"), N))
}

fn wrong_size(name: &str, size: usize) -> Error {
    Error::Refused(format!("Size of data received by {name} is not {size}"))
}
