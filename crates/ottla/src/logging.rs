//! Log lines go to stderr, through a filter that may be changed while the node runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use broker::{LogLevel, LogLevels, LogOutput, Loggers};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::error::StartError;

/// The crates of this program that write log lines. Their modules become known as they do.
const CRATES: [&str; 12] = [
    "broker",
    "client",
    "controller",
    "coordination",
    "env",
    "log",
    "net",
    "ottla",
    "quorum_node",
    "replication",
    "cli",
    "web",
];

/// What is logged when nothing is said.
const DEFAULT_FILTER: &str = "info";

/// Starts logging as `filter` says, or else `RUST_LOG`. Happens once in a process.
///
/// # Errors
/// `filter` has a word that is no level: taken for the name of a module, as in `RUST_LOG`, a
/// mistyped level would silence everything.
pub(crate) fn start(filter: Option<&str>) -> Result<Arc<Loggers>, StartError> {
    if let Some(word) = filter.and_then(misspelt) {
        return Err(StartError::LogFilter { word: word.to_owned() });
    }
    let from_environment = std::env::var("RUST_LOG").ok();
    let filter = filter.or(from_environment.as_deref()).filter(|filter| !filter.is_empty());
    let filter = Filter::parse(filter.unwrap_or(DEFAULT_FILTER));
    let (layer, handle) = reload::Layer::new(filter.env_filter(&filter.levels));
    let seen = Seen::default();
    tracing_subscriber::registry()
        .with(layer)
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())),
        )
        // The outermost one, since it is told of every module before any filter.
        .with(seen.clone())
        .init();
    let levels = filter.levels.clone();
    Ok(Loggers::new(Arc::new(Output { handle, filter, seen }), levels))
}

/// The first directive that cannot be meant.
fn misspelt(filter: &str) -> Option<&str> {
    let directives = filter.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    directives.into_iter().find(|directive| match directive.rsplit_once('=') {
        // Spans with several fields are left to tracing-subscriber.
        _ if directive.contains(['[', ']', '{', '}']) => false,
        Some((name, text)) => !is_name(name) || level(text).is_none(),
        None => level(directive).is_none(),
    })
}

/// A filter taken apart into levels, and what is more than a level.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    levels: LogLevels,
    /// Directives about spans and fields. They stay as they are.
    others: Vec<String>,
}

impl Filter {
    fn parse(text: &str) -> Self {
        // What tracing-subscriber takes for what no directive speaks of.
        let mut filter = Self {
            levels: LogLevels { root: LogLevel::Error, own: BTreeMap::new() },
            others: Vec::new(),
        };
        for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
            match directive.split_once('=') {
                None if level(directive).is_some() => {
                    filter.levels.root = level(directive).unwrap_or(LogLevel::Error);
                }
                Some((name, text)) if is_name(name) && level(text).is_some() => {
                    let level = level(text).unwrap_or(LogLevel::Error);
                    filter.levels.own.insert(name.to_owned(), level);
                }
                _ => filter.others.push(directive.to_owned()),
            }
        }
        filter
    }

    /// The filter with other levels.
    fn env_filter(&self, levels: &LogLevels) -> EnvFilter {
        let root = [directive(levels.root).to_owned()].into_iter();
        let own = levels.own.iter().map(|(name, level)| format!("{name}={}", directive(*level)));
        let all: Vec<String> = root.chain(own).chain(self.others.iter().cloned()).collect();
        EnvFilter::new(all.join(","))
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// A level as a filter says it.
fn level(text: &str) -> Option<LogLevel> {
    Some(match text.to_ascii_lowercase().as_str() {
        "off" | "0" => LogLevel::Off,
        "error" | "1" => LogLevel::Error,
        "warn" | "2" => LogLevel::Warn,
        "info" | "3" => LogLevel::Info,
        "debug" | "4" => LogLevel::Debug,
        "trace" | "5" => LogLevel::Trace,
        _ => return None,
    })
}

fn directive(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Off | LogLevel::Fatal => "off",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// The filter in force.
struct Output {
    handle: reload::Handle<EnvFilter, Registry>,
    filter: Filter,
    seen: Seen,
}

impl LogOutput for Output {
    fn names(&self) -> BTreeSet<String> {
        let crates = CRATES.iter().map(|name| (*name).to_owned());
        crates.chain(self.seen.lock().iter().map(|name| (*name).to_owned())).collect()
    }

    fn set_levels(&self, levels: &LogLevels) {
        if let Err(error) = self.handle.reload(self.filter.env_filter(levels)) {
            tracing::error!("log levels cannot be changed: {error}");
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("filter", &self.filter).finish_non_exhaustive()
    }
}

/// The modules that have come to a log line so far; as many as there are in the program at most.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<BTreeSet<&'static str>>>);

impl Seen {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Seen {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // A logger is named by one word of characters that a filter can hold.
        if is_name(metadata.target()) {
            self.lock().insert(metadata.target());
        }
        Interest::always()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_taken_apart_and_put_together() {
        let filter = Filter::parse("warn, quorum_node=DEBUG,log::roll=off,net[conn{id=1}]=trace");
        let own = [("quorum_node", LogLevel::Debug), ("log::roll", LogLevel::Off)];
        let own = own.map(|(name, level)| (name.to_owned(), level)).into();
        assert_eq!(filter.levels, LogLevels { root: LogLevel::Warn, own });
        assert_eq!(filter.others, ["net[conn{id=1}]=trace"]);
        let mut levels = filter.levels.clone();
        levels.own.insert("net".to_owned(), LogLevel::Fatal);
        let text = filter.env_filter(&levels).to_string();
        let mut directives: Vec<&str> = text.split(',').collect();
        directives.sort_unstable();
        let expected =
            ["log::roll=off", "net=off", "net[conn{id=1}]=trace", "quorum_node=debug", "warn"];
        assert_eq!(directives, expected);
    }

    #[test]
    fn what_is_no_level_is_refused() {
        for good in ["", "debug", "warn,net=INFO", "info, log::roll=off,net[conn{id=1,a=2}]=trace"]
        {
            assert_eq!(misspelt(good), None, "{good}");
        }
        for (bad, word) in [("debgu", "debgu"), ("info,net=loud", "net=loud"), ("net", "net")] {
            assert_eq!(misspelt(bad), Some(word), "{bad}");
        }
    }

    #[test]
    fn what_a_filter_does_not_speak_of_is_logged_from_errors_on() {
        assert_eq!(Filter::parse("net=info").levels.root, LogLevel::Error);
        assert_eq!(Filter::parse("INFO").levels.root, LogLevel::Info);
    }

    #[test]
    fn every_crate_above_the_machines_is_known_by_its_name() {
        let layers = include_str!("../../../layers.txt");
        let from_engines = layers.split("floor engines").nth(1).unwrap();
        // What stands beside the program is not part of it.
        let program = from_engines.split("floor side").next().unwrap();
        let crates = program.lines().skip(1).filter(|line| line.starts_with("    "));
        for name in crates.map(|line| line.split_whitespace().next().unwrap().replace('-', "_")) {
            assert!(CRATES.contains(&name.as_str()), "{name} is not among the loggers");
        }
    }
}
