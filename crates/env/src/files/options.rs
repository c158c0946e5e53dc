//! How a file is opened.

/// How [`Files::open`](super::Files::open) opens a file: five ways, one constructor each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    pub(super) write: bool,
    pub(super) create: bool,
    pub(super) create_new: bool,
    pub(super) truncate: bool,
}

impl OpenOptions {
    const READ: Self = Self { write: false, create: false, create_new: false, truncate: false };

    /// An existing file, for reading only.
    #[must_use]
    pub const fn read() -> Self {
        Self::READ
    }

    /// An existing file, for reading and writing.
    #[must_use]
    pub const fn write() -> Self {
        Self { write: true, ..Self::READ }
    }

    /// For reading and writing; created when missing, kept as it is otherwise.
    #[must_use]
    pub const fn create() -> Self {
        Self { write: true, create: true, ..Self::READ }
    }

    /// For reading and writing; an error when there is such a file already.
    #[must_use]
    pub const fn create_new() -> Self {
        Self { write: true, create_new: true, ..Self::READ }
    }

    /// For reading and writing; created when missing, emptied otherwise.
    #[must_use]
    pub const fn truncate() -> Self {
        Self { write: true, create: true, truncate: true, ..Self::READ }
    }
}
