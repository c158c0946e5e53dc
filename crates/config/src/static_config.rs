//! What a server is started with: settings by name with where each came from.

use std::collections::BTreeMap;
use std::fmt;

use crate::endpoint::parse_host_port;
use crate::environment;
use crate::error::Error;
use crate::properties;

/// Where a static setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Ottla's own defaults for a start without configuration; see [`StaticConfig::without_file`].
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

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    value: String,
    origin: Origin,
}

impl fmt::Debug for Entry {
    /// Without the value: it may be a password, and a configuration may get into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Settings that make one node a cluster of its own, reachable from this machine only. The log
/// directory comes on top. Replication factors are what one node can give; and a group that has
/// been empty does not wait for more members, since whoever starts like this is trying things out.
const WITHOUT_FILE: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"),
    ("controller.listener.names", "CONTROLLER"),
    ("controller.quorum.voters", "1@127.0.0.1:9093"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
];

/// What there is to start a server from, least preferred first.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// Where data goes when nothing says so; used without a properties file only.
    pub log_dir: &'a str,
    /// Path and content of a properties file.
    pub file: Option<(&'a str, &'a [u8])>,
    /// The variables of the environment.
    pub environment: Vec<(String, String)>,
    /// The address of `--listen`.
    pub listen: Option<&'a str>,
    /// What follows each `--override`.
    pub overrides: Vec<&'a str>,
}

impl StaticConfig {
    /// Lays all sources over each other. Without a file the base is that of
    /// [`StaticConfig::without_file`], unless the environment sets `process.roles`: who says that
    /// much there says everything there, as for Apache Kafka's container image.
    ///
    /// # Errors
    /// [`Error::Syntax`] for the first source that cannot be read.
    pub fn from_sources(sources: Sources<'_>) -> Result<Self, Error> {
        let mut of_environment = Self::new();
        of_environment.set_environment(sources.environment);
        let mut config = match sources.file {
            Some((path, content)) => {
                let mut config = Self::new();
                config.set_file(path, content)?;
                config
            }
            None if of_environment.get("process.roles").is_some() => Self::new(),
            None => Self::without_file(sources.log_dir),
        };
        config.entries.append(&mut of_environment.entries);
        if let Some(address) = sources.listen {
            config.listen_on(address)?;
        }
        for argument in sources.overrides {
            config.set_argument(argument)?;
        }
        Ok(config)
    }

    /// An empty configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a server is started with when there is no properties file: one node for this machine
    /// only (`docs/reference/config.md` lists it). Environment and command line go over it.
    pub fn without_file(log_dir: &str) -> Self {
        let mut config = Self::new();
        for (name, value) in built_in() {
            config.set(name, value, Origin::BuiltIn);
        }
        config.set("log.dirs", log_dir, Origin::BuiltIn);
        config
    }

    /// Sets one value over whatever was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.entries.insert(name.into(), Entry { value: value.into(), origin });
    }

    /// Sets what a properties file says; of a name that stands in it twice, the last value.
    ///
    /// # Errors
    /// [`Error::Syntax`] if it has a malformed escape.
    pub fn set_file(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        let properties = properties::parse(content).map_err(|error| Error::Syntax {
            origin: path.to_owned(),
            reason: error.to_string(),
        })?;
        for property in properties {
            let origin = Origin::File(path.to_owned(), property.line);
            self.set(property.name, property.value, origin);
        }
        Ok(())
    }

    /// Sets what the environment says (deployment §1).
    pub fn set_environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        for (variable, value) in variables {
            if let Some(name) = environment::setting_name(&variable) {
                self.set(name, value, Origin::Environment(variable));
            }
        }
    }

    /// Sets what a `--override key=value` argument says.
    ///
    /// # Errors
    /// [`Error::Syntax`] if it is not of that form.
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

    /// Moves the client listener to `address`: a host, a port, or `host:port`. The controller
    /// listener stays where it is.
    ///
    /// # Errors
    /// [`Error::Syntax`] if it is not an address.
    pub fn listen_on(&mut self, address: &str) -> Result<(), Error> {
        let syntax = || Error::Syntax {
            origin: format!("--listen {address}"),
            reason: "expected a host, a port, or host:port".to_owned(),
        };
        let full = match address {
            port if port.parse::<u16>().is_ok() => format!("127.0.0.1:{port}"),
            bare if bare.starts_with('[') && bare.ends_with(']') => format!("{bare}:9092"),
            bare if bare.matches(':').count() > 1 && !bare.starts_with('[') => {
                format!("[{bare}]:9092")
            }
            bare if !bare.contains(':') => format!("{bare}:9092"),
            full => full.to_owned(),
        };
        let mut address = parse_host_port(&full).ok_or_else(syntax)?;
        // every interface: then the machine's own name is what clients are told
        if matches!(address.host.as_str(), "0.0.0.0" | "::") {
            address.host.clear();
        }
        let controller = self.get("listeners").into_iter().flat_map(|text| text.split(','));
        let controller = controller.map(str::trim).find(|text| text.starts_with("CONTROLLER://"));
        let controller = controller.map(|text| format!(",{text}")).unwrap_or_default();
        let listeners = format!("PLAINTEXT://{address}{controller}");
        self.set("listeners", listeners, Origin::CommandLine);
        Ok(())
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

/// The settings of [`StaticConfig::without_file`], except for the log directory.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    WITHOUT_FILE.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerConfig;

    #[test]
    fn a_node_starts_without_any_configuration() {
        let config = ServerConfig::new(StaticConfig::without_file("/data")).unwrap();
        assert_eq!(config.log_manager.dirs(), ["/data"]);
        assert!(config.listeners.bound.iter().all(|e| e.host.as_deref() == Some("127.0.0.1")));
        assert_eq!(config.group_coordinator.offsets_topic_replication_factor, 1);
    }

    #[test]
    fn later_layers_win_and_say_where_they_come_from() {
        let mut config = StaticConfig::new();
        config.set_file("server.properties", b"# comment\nnum.partitions=2\nnode.id=7\n").unwrap();
        let variable = ("KAFKA_NUM_PARTITIONS".to_owned(), "3".to_owned());
        config.set_environment([variable, ("HOME".to_owned(), "/root".to_owned())]);
        assert_eq!(config.get("num.partitions"), Some("3"));
        config.set_argument("num.partitions=4=5").unwrap();
        assert_eq!(config.get("num.partitions"), Some("4=5"));
        let origin = |name| config.origin(name).unwrap().to_string();
        assert_eq!(origin("node.id"), "server.properties line 3");
        assert_eq!(origin("num.partitions"), "command line");
        assert!(config.clone().set_argument("num.partitions").is_err());
    }

    #[test]
    fn sources_lie_over_each_other() {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let partitions = |sources| {
            let config = StaticConfig::from_sources(sources).unwrap();
            config.get("num.partitions").map(str::to_owned)
        };
        let mut sources = Sources { log_dir: "/data", ..Sources::default() };
        assert_eq!(partitions(sources.clone()), None);
        sources.file = Some(("server.properties", b"num.partitions=2"));
        assert_eq!(partitions(sources.clone()).as_deref(), Some("2"));
        sources.environment = vec![variable("KAFKA_NUM_PARTITIONS", "3")];
        assert_eq!(partitions(sources.clone()).as_deref(), Some("3"));
        sources.overrides = vec!["num.partitions=4"];
        assert_eq!(partitions(sources).as_deref(), Some("4"));
    }

    #[test]
    fn a_node_told_its_roles_by_the_environment_gets_no_built_in_settings() {
        let roles = ("KAFKA_PROCESS_ROLES".to_owned(), "broker".to_owned());
        let other = ("KAFKA_HOME".to_owned(), "/opt/kafka".to_owned());
        let sources = |environment| Sources { environment, ..Sources::default() };
        let config = StaticConfig::from_sources(sources(vec![other])).unwrap();
        assert_eq!(config.get("process.roles"), Some("broker,controller"));
        let config = StaticConfig::from_sources(sources(vec![roles])).unwrap();
        assert_eq!(config.iter().collect::<Vec<_>>(), [("process.roles", "broker")]);
    }

    #[test]
    fn unknown_names_are_kept() {
        let mut config = StaticConfig::without_file("/data");
        config.set("my.plugin.key", "x", Origin::CommandLine);
        let config = ServerConfig::new(config).unwrap();
        assert_eq!(config.static_config().get("my.plugin.key"), Some("x"));
    }

    #[test]
    fn listen_opens_the_client_listener_only() {
        #[track_caller]
        fn check(address: &str, expected: &str) {
            let mut config = StaticConfig::without_file("/data");
            config.listen_on(address).unwrap();
            let listeners = format!("{expected},CONTROLLER://127.0.0.1:9093");
            assert_eq!(config.get("listeners"), Some(listeners.as_str()), "{address}");
            ServerConfig::new(config).unwrap();
        }
        check("0.0.0.0", "PLAINTEXT://:9092");
        check("0.0.0.0:19092", "PLAINTEXT://:19092");
        check("19092", "PLAINTEXT://127.0.0.1:19092");
        check("kafka.example:19092", "PLAINTEXT://kafka.example:19092");
        check("::1", "PLAINTEXT://[::1]:9092");
        check("[::1]:19092", "PLAINTEXT://[::1]:19092");
        assert!(StaticConfig::new().listen_on("a b").is_err());
        assert!(StaticConfig::new().listen_on("a:b").is_err());
    }
}
