//! Settings of clients: from files, from `key=value` options, and what of them is used.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use crate::error::Error;

/// Settings by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Those of a properties file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn load(files: &env::Files, path: &str) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::File { path: path.to_owned(), reason };
        let content = files.read(path).map_err(|error| unreadable(error.to_string()))?;
        let parsed =
            config::properties::parse(&content).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self(parsed.into_iter().map(|property| (property.name, property.value)).collect()))
    }

    /// Those of a file, if there is one, and over them pairs given one by one.
    ///
    /// # Errors
    /// As [`Properties::load`] and [`Properties::add`].
    pub(crate) fn of(
        files: &env::Files,
        path: Option<&str>,
        pairs: &[String],
    ) -> Result<Self, Error> {
        let mut properties = match path {
            Some(path) => Self::load(files, path)?,
            None => Self::default(),
        };
        pairs.iter().for_each(|pair| properties.add(pair));
        Ok(properties)
    }

    /// Adds a `key=value` pair; without a value it is empty.
    pub(crate) fn add(&mut self, pair: &str) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        self.set(name, value);
    }

    /// Sets one.
    pub(crate) fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// Sets one that has no value yet.
    pub(crate) fn set_default(&mut self, name: &str, value: impl ToString) {
        if !self.has(name) {
            self.set(name, value);
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A value that is no text.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        let invalid = |value: &str| {
            let wanted = if value.contains('.') { "a whole number" } else { "a number in range" };
            Error::invalid(name, value, &format!("Not {wanted}"))
        };
        let value = self.get(name).map(str::trim);
        value.map(|value| value.parse().map_err(|_| invalid(value))).transpose()
    }

    /// A flag.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let flag = |value: &str| match value.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Error::invalid(name, value, "Expected value to be either true or false")),
        };
        self.get(name).map(flag).transpose()
    }

    /// As Java's `Boolean.parseBoolean` reads it: whatever is not `true` is false.
    pub(crate) fn lenient_flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// A time in milliseconds.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn ms(&self, name: &str) -> Result<Option<Duration>, Error> {
        Ok(self.parsed::<u64>(name)?.map(Duration::from_millis))
    }

    /// One of some words.
    ///
    /// # Errors
    /// It is none of them.
    pub(crate) fn word<T: Copy>(
        &self,
        name: &str,
        allowed: &[(&str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let found = allowed.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
        found.map(|(_, meant)| Some(*meant)).ok_or_else(|| {
            Error::invalid(name, value, &format!("String must be one of: {}", words.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_type_and_refused_with_what_is_allowed() {
        let mut properties = Properties::default();
        for pair in ["acks=7", "linger.ms=x", "a=b=c", "bare", "on=TRUE"] {
            properties.add(pair);
        }
        assert_eq!(properties.get("a"), Some("b=c"));
        assert_eq!(properties.get("bare"), Some(""));
        assert_eq!(properties.flag("on").unwrap(), Some(true));
        assert!(properties.ms("linger.ms").is_err());
        let refused = properties.word("acks", &[("all", 1), ("0", 0)]).unwrap_err().to_string();
        assert_eq!(
            refused,
            "Invalid value 7 for configuration acks: String must be one of: all, 0"
        );
    }
}
