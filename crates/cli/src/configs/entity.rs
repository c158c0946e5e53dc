//! What settings belong to.

use super::Error;
use crate::options::Given;

/// A kind of entity, with the words Apache Kafka's tool has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Topics,
    Clients,
    Users,
    Brokers,
    Ips,
    ClientMetrics,
    Groups,
    BrokerLoggers,
}

/// In the order in which a refusal lists them.
const ALL: [(Kind, &str); 8] = [
    (Kind::Topics, "topics"),
    (Kind::Clients, "clients"),
    (Kind::Users, "users"),
    (Kind::Brokers, "brokers"),
    (Kind::Ips, "ips"),
    (Kind::ClientMetrics, "client-metrics"),
    (Kind::Groups, "groups"),
    (Kind::BrokerLoggers, "broker-loggers"),
];
/// The short options, in the order in which they count.
const SHORT: [(&str, Kind); 8] = [
    ("topic", Kind::Topics),
    ("client", Kind::Clients),
    ("user", Kind::Users),
    ("broker", Kind::Brokers),
    ("broker-logger", Kind::BrokerLoggers),
    ("ip", Kind::Ips),
    ("client-metrics", Kind::ClientMetrics),
    ("group", Kind::Groups),
];
const SHORT_DEFAULTS: [(&str, Kind); 4] = [
    ("client-defaults", Kind::Clients),
    ("user-defaults", Kind::Users),
    ("broker-defaults", Kind::Brokers),
    ("ip-defaults", Kind::Ips),
];

impl Kind {
    /// Its plural, as `--entity-type` takes it.
    pub(super) fn word(self) -> &'static str {
        ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| *word)
    }

    /// Without the last letter, as one of them is called.
    pub(super) fn singular(self) -> &'static str {
        let word = self.word();
        &word[..word.len() - 1]
    }

    /// The kind of resource, for those that are resources in requests.
    pub(super) fn resource(self) -> Option<i8> {
        match self {
            Self::Topics => Some(2),
            Self::Brokers => Some(4),
            Self::BrokerLoggers => Some(8),
            Self::ClientMetrics => Some(16),
            Self::Groups => Some(32),
            Self::Clients | Self::Users | Self::Ips => None,
        }
    }

    fn has_default(self) -> bool {
        matches!(self, Self::Users | Self::Clients | Self::Brokers | Self::Ips)
    }
}

/// The entities of a command line: one kind, or users and clients; names in the same order, empty
/// for a default.
#[derive(Debug, Clone)]
pub(super) struct Entities {
    pub(super) kinds: Vec<Kind>,
    pub(super) names: Vec<String>,
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(text.into()))
}

impl Entities {
    /// # Errors
    /// The options do not say whose settings are meant.
    pub(super) fn of(given: &Given) -> Result<Self, Error> {
        let mut words: Vec<&str> = given.all("entity-type").iter().map(String::as_str).collect();
        let short = || SHORT.iter().chain(&SHORT_DEFAULTS).filter(|(name, _)| given.has(name));
        words.extend(short().map(|(_, kind)| kind.word()));
        let doubles = words.iter().enumerate().filter(|(at, word)| words[..*at].contains(word));
        let doubles: Vec<&str> = doubles.map(|(_, word)| *word).collect();
        if !doubles.is_empty() {
            let doubles = doubles.join(",");
            return refuse(format!("Duplicate entity type(s) specified: {doubles}"));
        }
        let mut kinds = Vec::new();
        for word in &words {
            let Some((kind, _)) = ALL.iter().find(|(_, known)| known == word) else {
                let all: Vec<&str> = ALL.iter().map(|(_, known)| *known).collect();
                let all = all.join(", ");
                return refuse(format!(
                    "Invalid entity type {word}, the entity type must be one of {all} with a \
                     --bootstrap-server or --bootstrap-controller argument"
                ));
            };
            kinds.push(*kind);
        }
        let pair = [Kind::Users, Kind::Clients];
        if kinds.is_empty() {
            return refuse("At least one entity type must be specified");
        }
        if kinds.len() > 1 && !pair.iter().all(|kind| kinds.contains(kind)) {
            return refuse("Only 'users' and 'clients' entity types may be specified together");
        }
        let long = ["entity-type", "entity-name", "entity-default"];
        if long.iter().any(|name| given.has(name)) && short().next().is_some() {
            return refuse(
                "--entity-{type,name,default} should not be used in conjunction with specific \
                 entity flags",
            );
        }
        let mut named = given.all("entity-name").iter().cloned();
        let mut names: Vec<String> = Vec::new();
        for option in &given.order {
            match *option {
                "entity-name" => names.extend(named.next()),
                "entity-default" => names.push(String::new()),
                _ => {}
            }
        }
        for (option, _) in SHORT.iter().filter(|(name, _)| given.has(name)) {
            names.extend(
                given.one(option).map_err(|refused| Error::Refused(refused.0))?.map(str::to_owned),
            );
        }
        let defaults = SHORT_DEFAULTS.iter().filter(|(name, _)| given.has(name));
        names.extend(defaults.map(|_| String::new()));
        Ok(Self { kinds, names })
    }

    pub(super) fn first(&self) -> Kind {
        self.kinds.first().copied().unwrap_or(Kind::Topics)
    }

    /// # Errors
    /// Names that are none, or too few or too many.
    pub(super) fn check_names(&self, given: &Given) -> Result<(), Error> {
        let kind = self.first();
        let words: Vec<&str> = self.kinds.iter().map(|kind| kind.word()).collect();
        let words = words.join(",");
        let is_named = self.names.iter().any(|name| !name.is_empty());
        let numbered = matches!(kind, Kind::Brokers | Kind::BrokerLoggers);
        for name in self.names.iter().filter(|name| !name.is_empty()) {
            if numbered && name.parse::<i32>().is_err() {
                return refuse(format!(
                    "The entity name for {words} must be a valid integer broker id, but it is: \
                     {name}"
                ));
            }
        }
        if given.has("describe") {
            if !self.kinds.iter().any(|kind| kind.has_default()) && given.has("entity-default") {
                return refuse(format!(
                    "--entity-default must not be specified with --describe of {words}"
                ));
            }
            if kind == Kind::BrokerLoggers && !is_named {
                return refuse(format!(
                    "An entity name must be specified with --describe of {words}"
                ));
            }
            return Ok(());
        }
        if self.kinds.iter().any(|kind| kind.has_default()) {
            if self.names.is_empty() {
                return refuse(
                    "An entity-name or default entity must be specified with --alter of users, \
                     clients, brokers or ips",
                );
            }
        } else if !is_named {
            return refuse(format!("An entity name must be specified with --alter of {words}"));
        }
        Ok(())
    }
}
