//! The levels of this process's loggers, which change while it runs (resource BROKER_LOGGER).
//!
//! Logger names are those of modules, with `::` between their parts. A logger without a level of
//! its own has that of the nearest one above it, at last that of [`ROOT`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::Operation;
use wire::ErrorCode;

use crate::broker_settings::Refused;

/// The logger above all others.
pub const ROOT: &str = "root";

/// What of a logger is written: everything that is at least as grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing. It is not asked for by this name, but a node may be started with it.
    Off,
    /// Nothing either: nothing here is graver than an error.
    Fatal,
    /// Somebody must look at it.
    Error,
    /// Something odd, after which work goes on.
    Warn,
    /// What happens once in a while.
    Info,
    /// What happens all the time.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The levels that may be asked for, as Apache Kafka lists them.
    const SETTABLE: [Self; 6] =
        [Self::Debug, Self::Error, Self::Fatal, Self::Info, Self::Trace, Self::Warn];

    /// Its name in Apache Kafka.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }

    fn asked_for(name: &str) -> Option<Self> {
        Self::SETTABLE.into_iter().find(|level| level.name() == name)
    }
}

/// Which levels loggers have of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevels {
    /// The level of [`ROOT`].
    pub root: LogLevel,
    /// Those of others, by name.
    pub own: BTreeMap<String, LogLevel>,
}

/// Where log lines go through; the binary has it.
pub trait LogOutput: Send + Sync + fmt::Debug {
    /// The names of loggers there are, [`ROOT`] left out.
    fn names(&self) -> BTreeSet<String>;

    /// Puts levels in force.
    fn set_levels(&self, levels: &LogLevels);
}

#[derive(Debug)]
struct Nothing;

impl LogOutput for Nothing {
    fn names(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn set_levels(&self, _: &LogLevels) {}
}

/// A change asked for: name, operation, value.
pub(crate) type LevelChange<'a> = (&'a str, Option<Operation>, &'a str);

/// The loggers of this process.
#[derive(Debug)]
pub struct Loggers {
    output: Arc<dyn LogOutput>,
    levels: Mutex<LogLevels>,
}

impl Loggers {
    /// Loggers that write through `output`, with the levels that are in force there.
    pub fn new(output: Arc<dyn LogOutput>, levels: LogLevels) -> Arc<Self> {
        Arc::new(Self { output, levels: Mutex::new(levels) })
    }

    /// Those of a process that logs nothing: the root logger alone.
    pub fn none() -> Arc<Self> {
        Self::new(Arc::new(Nothing), LogLevels { root: LogLevel::Off, own: BTreeMap::new() })
    }

    /// All loggers and the levels that hold for them.
    pub(crate) fn describe(&self) -> BTreeMap<String, LogLevel> {
        let levels = self.levels();
        let names = self.output.names().into_iter().chain(levels.own.keys().cloned());
        let mut described: BTreeMap<String, LogLevel> = names
            .map(|name| {
                let level = levels.of(&name);
                (name, level)
            })
            .collect();
        described.insert(ROOT.to_owned(), levels.root);
        described
    }

    /// Changes levels, all or none; `validate_only` changes none and tells what would be refused.
    pub(crate) fn alter(
        &self,
        changes: &[LevelChange<'_>],
        validate_only: bool,
    ) -> Result<(), Refused> {
        let mut names = self.output.names();
        let mut levels = self.levels();
        names.extend(levels.own.keys().cloned());
        let altered = levels.altered(&names, changes)?;
        if !validate_only {
            self.output.set_levels(&altered);
            *levels = altered;
            drop(levels);
            for (name, operation, value) in changes {
                match operation {
                    Some(Operation::Set) => {
                        tracing::warn!("the log level of {name} is now {value}")
                    }
                    _ => tracing::warn!("the log level of {name} is not set any more"),
                }
            }
        }
        Ok(())
    }

    fn levels(&self) -> MutexGuard<'_, LogLevels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogLevels {
    /// The level that holds for a logger.
    fn of(&self, name: &str) -> LogLevel {
        let mut name = name;
        loop {
            if let Some(level) = self.own.get(name) {
                return *level;
            }
            match name.rsplit_once("::") {
                Some((above, _)) => name = above,
                None => return self.root,
            }
        }
    }

    /// The levels after changes to the loggers `names` and [`ROOT`].
    fn altered(
        &self,
        names: &BTreeSet<String>,
        changes: &[LevelChange<'_>],
    ) -> Result<Self, Refused> {
        let mut altered = self.clone();
        let check_exists = |name: &str| match name == ROOT || names.contains(name) {
            true => Ok(()),
            false => Err((ErrorCode::InvalidConfig, format!("Logger {name} does not exist!"))),
        };
        for &(name, operation, value) in changes {
            match operation {
                Some(Operation::Set) => {
                    check_exists(name)?;
                    let level =
                        LogLevel::asked_for(value).ok_or_else(|| not_a_level(name, value))?;
                    match name {
                        ROOT => altered.root = level,
                        _ => drop(altered.own.insert(name.to_owned(), level)),
                    }
                }
                Some(Operation::Delete) => {
                    check_exists(name)?;
                    if name == ROOT {
                        return Err(invalid_request(format!(
                            "Removing the log level of the {ROOT} logger is not allowed"
                        )));
                    }
                    altered.own.remove(name);
                }
                Some(Operation::Append) => return Err(not_allowed("APPEND operation")),
                Some(Operation::Subtract) => return Err(not_allowed("SUBTRACT operation")),
                None => return Err(not_allowed("An unknown operation")),
            }
        }
        Ok(altered)
    }
}

fn not_a_level(name: &str, value: &str) -> Refused {
    let valid = LogLevel::SETTABLE.map(LogLevel::name).join(", ");
    let text = format!(
        "Cannot set the log level of {name} to {value} as it is not a supported log level. Valid \
         log levels are {valid}"
    );
    (ErrorCode::InvalidConfig, text)
}

fn not_allowed(operation: &str) -> Refused {
    invalid_request(format!("{operation} is not allowed for the BROKER_LOGGER resource"))
}

fn invalid_request(text: String) -> Refused {
    (ErrorCode::InvalidRequest, text)
}

/// Loggers belong to one node: the resource is named by its id.
pub(crate) fn check_node(node_id: i32, name: &str) -> Result<(), Refused> {
    match name.parse::<i32>() {
        Err(_) => Err(invalid_request(format!("Node id must be an integer, but it is: {name}"))),
        Ok(id) if id != node_id => Err(invalid_request(format!(
            "Unexpected node id. Expected {node_id}, but received {name}"
        ))),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Output(Mutex<Option<LogLevels>>);

    impl LogOutput for Output {
        fn names(&self) -> BTreeSet<String> {
            ["log", "log::roll", "net"].map(str::to_owned).into()
        }

        fn set_levels(&self, levels: &LogLevels) {
            *self.0.lock().unwrap() = Some(levels.clone());
        }
    }

    fn loggers() -> (Arc<Output>, Arc<Loggers>) {
        let output = Arc::new(Output(Mutex::default()));
        let levels = LogLevels { root: LogLevel::Info, own: BTreeMap::new() };
        (output.clone(), Loggers::new(output, levels))
    }

    fn set<'a>(name: &'a str, value: &'a str) -> LevelChange<'a> {
        (name, Some(Operation::Set), value)
    }

    fn shown(loggers: &Loggers) -> String {
        let described = loggers.describe().into_iter();
        let lines = described.map(|(name, level)| format!("{name}={}", level.name()));
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_logger_has_the_level_of_the_nearest_one_above_it() {
        let (output, loggers) = loggers();
        assert_eq!(shown(&loggers), "log=INFO log::roll=INFO net=INFO root=INFO");
        loggers.alter(&[set("log", "TRACE"), set("root", "WARN")], false).unwrap();
        assert_eq!(shown(&loggers), "log=TRACE log::roll=TRACE net=WARN root=WARN");
        let own = [("log".to_owned(), LogLevel::Trace)].into();
        let in_force = output.0.lock().unwrap().clone();
        assert_eq!(in_force, Some(LogLevels { root: LogLevel::Warn, own }));
        loggers
            .alter(&[("log", Some(Operation::Delete), ""), set("log::roll", "FATAL")], false)
            .unwrap();
        assert_eq!(shown(&loggers), "log=WARN log::roll=FATAL net=WARN root=WARN");
    }

    #[test]
    fn what_apache_kafka_refuses_is_refused_in_its_words() {
        let (output, loggers) = loggers();
        let refused = |change: LevelChange<'_>| loggers.alter(&[change], false).unwrap_err();
        let not_a_level = "Cannot set the log level of net to debug as it is not a supported log \
                           level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN";
        assert_eq!(refused(set("net", "debug")), (ErrorCode::InvalidConfig, not_a_level.into()));
        assert_eq!(refused(set("net", "OFF")).0, ErrorCode::InvalidConfig);
        let unknown = (ErrorCode::InvalidConfig, "Logger no.such does not exist!".to_owned());
        assert_eq!(refused(set("no.such", "INFO")), unknown);
        assert_eq!(refused(("no.such", Some(Operation::Delete), "")), unknown);
        let root = "Removing the log level of the root logger is not allowed";
        let remove_root = ("root", Some(Operation::Delete), "");
        assert_eq!(refused(remove_root), (ErrorCode::InvalidRequest, root.into()));
        let append = "APPEND operation is not allowed for the BROKER_LOGGER resource";
        let change = ("root", Some(Operation::Append), "INFO");
        assert_eq!(refused(change), (ErrorCode::InvalidRequest, append.into()));
        assert_eq!(refused(("root", None, "INFO")).0, ErrorCode::InvalidRequest);
        // One bad change keeps the others from being made.
        loggers.alter(&[set("net", "DEBUG"), set("no.such", "DEBUG")], false).unwrap_err();
        loggers.alter(&[set("net", "DEBUG")], true).unwrap();
        assert_eq!(shown(&loggers), "log=INFO log::roll=INFO net=INFO root=INFO");
        assert_eq!(*output.0.lock().unwrap(), None);
    }

    #[test]
    fn loggers_are_those_of_one_node() {
        assert_eq!(check_node(1, "1"), Ok(()));
        let other = "Unexpected node id. Expected 1, but received 2".to_owned();
        assert_eq!(check_node(1, "2"), Err((ErrorCode::InvalidRequest, other)));
        let text = "Node id must be an integer, but it is: x".to_owned();
        assert_eq!(check_node(1, "x"), Err((ErrorCode::InvalidRequest, text)));
    }
}
