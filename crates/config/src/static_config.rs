//! What a server is started with: settings by name with where each came from.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Error;

/// Where a static setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Ottla's own defaults for a start without configuration; see
    /// [`StaticConfig::without_file`].
    BuiltIn,
    /// A properties file: its path and the line.
    File(String, usize),
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::BuiltIn => f.write_str("built-in default"),
            Origin::File(path, line) => write!(f, "{path} line {line}"),
            Origin::Environment(variable) => write!(f, "environment variable {variable}"),
            Origin::CommandLine => f.write_str("command line"),
        }
    }
}

/// The static configuration of a server: layers laid over each other, the last one wins.
///
/// Names that are not in the table are kept: plugins, listeners and authorizers have names of
/// their own (kafka-configs, preface).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticConfig {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    value: String,
    origin: Origin,
}

impl StaticConfig {
    /// An empty configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one value over whatever was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.entries.insert(name.into(), Entry { value: value.into(), origin });
    }

    /// Sets what a `--override key=value` argument says.
    ///
    /// # Errors
    /// [`Error::Syntax`] if there is no `=` in it.
    pub fn set_argument(&mut self, argument: &str) -> Result<(), Error> {
        match argument.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                self.set(name.trim(), value, Origin::CommandLine);
                Ok(())
            }
            _ => Err(Error::Syntax {
                origin: format!("--override {argument}"),
                reason: "expected key=value".to_owned(),
            }),
        }
    }

    /// The value set for `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.value.as_str())
    }

    /// Where the value of `name` came from.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.entries.get(name).map(|entry| &entry.origin)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.value.as_str()))
    }

    /// The value of `name`, or of the name it shares its meaning with: `broker.id` and `node.id`.
    pub(crate) fn value_or_synonym(&self, name: &str) -> Option<&str> {
        let synonym = match name {
            "node.id" => "broker.id",
            "broker.id" => "node.id",
            other => return self.get(other),
        };
        self.get(name).or_else(|| self.get(synonym))
    }
}
