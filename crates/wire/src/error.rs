//! Why bytes could not be read, or a message could not be written.

/// Bytes are not the message they should be. The connection or file they came from is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("{wanted} bytes wanted at byte {position}, {remaining} left")]
    Truncated {
        /// Bytes the field needs.
        wanted: usize,
        /// Bytes there are.
        remaining: usize,
        /// Where in the frame.
        position: usize,
    },
    /// A length below the null marker, or one that the type does not allow.
    #[error("length {length} is not possible at byte {position}")]
    InvalidLength {
        /// The length as read.
        length: i64,
        /// Where in the frame.
        position: usize,
    },
    /// A null where the version at hand allows none.
    #[error("null before byte {position}, where null is not allowed")]
    UnexpectedNull {
        /// Where in the frame.
        position: usize,
    },
    /// An array claims more elements than the rest of the frame can hold.
    #[error("{count} elements claimed at byte {position}, {remaining} bytes left")]
    ArrayTooLong {
        /// Elements claimed.
        count: usize,
        /// Bytes there are.
        remaining: usize,
        /// Where in the frame.
        position: usize,
    },
    /// The arrays of this message would take more memory than a frame of this size is granted.
    #[error("arrays need more memory than a frame of {frame} bytes is granted")]
    OverBudget {
        /// Length of the frame.
        frame: usize,
    },
    /// A string is not UTF-8.
    #[error("string before byte {position} is not UTF-8")]
    InvalidUtf8 {
        /// Where in the frame.
        position: usize,
    },
    /// A variable-length integer does not end within its type.
    #[error("variable-length integer before byte {position} is too long")]
    InvalidVarint {
        /// Where in the frame.
        position: usize,
    },
    /// A tagged field does not have the size it states.
    #[error("tagged field {tag} does not have the size it states")]
    TagSize {
        /// The tag.
        tag: u32,
    },
    /// Bytes are left after the message.
    #[error("{count} bytes left over after the message")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The message does not have this version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// The version asked for.
        version: i32,
    },
    /// No API has this key.
    #[error("unknown api key {0}")]
    UnknownApiKey(i16),
    /// No stored record of this kind has this type.
    #[error("unknown {kind} record type {record_type}")]
    UnknownRecordType {
        /// The kind of record, such as `metadata`.
        kind: &'static str,
        /// The type as read.
        record_type: u32,
    },
    /// A stored record is framed in a way this release does not know.
    #[error("unknown record frame version {0}")]
    UnknownFrameVersion(u32),
}

/// A message cannot be written in the version asked for. The program that built it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The message does not have this version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field that matters is set, and this version cannot carry it.
    #[error("{structure}.{field} is set, but version {version} does not have it")]
    UnsupportedField {
        /// The struct's name.
        structure: &'static str,
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is null, and this version does not allow it.
    #[error("{structure}.{field} is null, but version {version} does not allow it")]
    UnexpectedNull {
        /// The struct's name.
        structure: &'static str,
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A string, byte or array field is longer than its length prefix can say.
    #[error("length {0} is more than the field can state")]
    TooLong(usize),
    /// Unknown tagged fields are set, and this version is not flexible.
    #[error("tagged fields are set, but the version is not flexible")]
    TagsNotSupported,
    /// An unknown tagged field has the tag of a known one.
    #[error("tag {0} is a known field and cannot be set as an unknown one")]
    TagTaken(u32),
}

impl EncodeError {
    pub(crate) fn field(structure: &'static str, field: &'static str, version: i16) -> Self {
        Self::UnsupportedField { structure, field, version }
    }

    pub(crate) fn null(structure: &'static str, field: &'static str, version: i16) -> Self {
        Self::UnexpectedNull { structure, field, version }
    }
}
