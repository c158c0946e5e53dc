//! A string that shares the bytes of the frame it came from.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

/// A UTF-8 string as a reference-counted slice: cloning it copies no characters.
///
/// A decoded `Str` keeps the whole frame alive; use [`Str::detach`] for one that outlives its
/// request.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Str(Bytes);

impl Str {
    /// The empty string.
    pub const fn new() -> Self {
        Self(Bytes::new())
    }

    /// A string that lives as long as the program.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// A string with memory of its own.
    pub fn copy_from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// The same text in memory of its own, so that the frame it came from can be freed.
    pub fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Takes bytes that must be UTF-8.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, std::str::Utf8Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }

    /// The text.
    #[inline]
    #[allow(unsafe_code, reason = "checked once when built instead of at every use")]
    pub fn as_str(&self) -> &str {
        // SAFETY: every constructor takes a `str` or has checked the bytes.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    /// The text's bytes, shared.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl From<&'static str> for Str {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(Bytes::from(text.into_bytes()))
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Str> for str {
    fn eq(&self, other: &Str) -> bool {
        self == other.as_str()
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn compares_hashes_and_orders_as_its_text() {
        let text = Str::from("topic");
        assert_eq!(text, "topic");
        assert_eq!(text, Str::copy_from("topic"));
        assert_eq!(text.detach(), text);
        assert_eq!(format!("{text} {text:?}"), "topic \"topic\"");
        assert!(HashSet::from([text.clone()]).contains("topic"));
        assert!(BTreeSet::from([text]).contains("topic"));
    }

    #[test]
    fn refuses_bytes_that_are_not_utf8() {
        assert!(Str::from_utf8(Bytes::from_static(b"\xc3\x28")).is_err());
        assert_eq!(Str::from_utf8(Bytes::from_static("é".as_bytes())).expect("utf-8"), "é");
    }
}
