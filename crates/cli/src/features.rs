//! `kafka-features`: the features of a cluster and their levels.

use std::collections::BTreeMap;

use client::{Admin, FeatureChange};
use env::Env;
use metadata::MetadataVersion;
use metadata::features::{default_levels, required_metadata_version};
use wire::Str;

use crate::arguments::{Argument, Arguments, Presence, Subcommand, Takes, optional, required};
use crate::connect::admin;
use crate::error::Error;
use crate::exception::message;
use crate::options::{Given, Refusal};
use crate::terminal::Terminal;

const FEATURE: Argument =
    optional(&["--feature"], Takes::Text, "A feature and its level: feature=level. Repeatable.");
const METADATA: Argument =
    optional(&["--metadata"], Takes::Text, "(DEPRECATED) The metadata.version, such as 4.3-IV0.");
const RELEASE: Argument = optional(
    &["--release-version"],
    Takes::Text,
    "The release whose levels all features are to have, such as 4.3-IV0.",
);
const DRY_RUN: Argument =
    optional(&["--dry-run"], Takes::Nothing, "Ask whether it can be done; change nothing.");
const UNSAFE: Argument =
    optional(&["--unsafe"], Takes::Nothing, "Do it even if metadata may be lost.");
const ONE_OF_SERVERS: Presence = Presence::OneOf(1);

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-features",
    about: "This tool manages feature flags in Kafka.",
    arguments: &[
        optional(&["--command-config"], Takes::Text, "A file with properties of the admin client."),
        Argument {
            flags: &["--bootstrap-server"],
            takes: Takes::Text,
            presence: ONE_OF_SERVERS,
            doc: "Brokers to begin with, as host:port pairs.",
        },
        Argument {
            flags: &["--bootstrap-controller"],
            takes: Takes::Text,
            presence: ONE_OF_SERVERS,
            doc: "Controllers to begin with, as host:port pairs.",
        },
    ],
    commands: &[
        Subcommand {
            name: "describe",
            about: "Shows supported and finalized levels.",
            arguments: &[optional(
                &["--node-id"],
                Takes::Integer,
                "The node to ask; any without it.",
            )],
        },
        Subcommand {
            name: "upgrade",
            about: "Raises levels.",
            arguments: &[METADATA, FEATURE, RELEASE, DRY_RUN],
        },
        Subcommand {
            name: "downgrade",
            about: "Lowers levels.",
            arguments: &[METADATA, FEATURE, RELEASE, UNSAFE, DRY_RUN],
        },
        Subcommand {
            name: "disable",
            about: "Lowers levels to 0.",
            arguments: &[
                optional(&["--feature"], Takes::Text, "A feature. Repeatable."),
                UNSAFE,
                DRY_RUN,
            ],
        },
        Subcommand {
            name: "version-mapping",
            about: "Shows the levels that go with a release.",
            arguments: &[optional(
                &["--release-version"],
                Takes::Text,
                "The release; the newest without it.",
            )],
        },
        Subcommand {
            name: "feature-dependencies",
            about: "Shows what levels of features ask for.",
            arguments: &[required(
                &["--feature"],
                Takes::Text,
                "A feature and its level: feature=level. Repeatable.",
            )],
        },
    ],
    empty_asks_for_help: false,
    help_fails: false,
    refusal: Refusal::After("Command line error: "),
};

/// Kinds of changes, as the request numbers them.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let op = given.command.unwrap_or_default();
    if given.one("bootstrap-server")?.or(given.one("bootstrap-controller")?).is_none() {
        return Err(Error::Refused(
            "Command line error: You must specify either --bootstrap-controller or \
             --bootstrap-server.. Type --help for help."
                .to_owned(),
        ));
    }
    match op {
        "version-mapping" => return version_mapping(given, terminal),
        "feature-dependencies" => return dependencies(given, terminal),
        "describe" => {
            let admin = admin(env, given, terminal).await?;
            return describe(&admin, given, terminal).await;
        }
        _ => {}
    }
    let kind = match op {
        "upgrade" => UPGRADE,
        _ if given.has("unsafe") => UNSAFE_DOWNGRADE,
        _ => SAFE_DOWNGRADE,
    };
    let changes = if op == "disable" { disabled(given) } else { changes(given, kind, terminal) }?;
    if changes.is_empty() {
        return Err(Error::Refused(format!("You must specify at least one feature to {op}")));
    }
    let admin = admin(env, given, terminal).await?;
    update(&admin, (op, kind), changes, given.has("dry-run"), terminal).await
}

fn level_name(feature: &str, level: i16) -> String {
    if feature != MetadataVersion::FEATURE_NAME {
        return level.to_string();
    }
    let version = MetadataVersion::from_level(level);
    version.map_or_else(|| format!("UNKNOWN [{level}]"), |version| version.to_string())
}

async fn describe(admin: &Admin, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let node = given.parsed::<i32>("node-id")?;
    let mut described = admin.describe_features(node).await?;
    described.supported_features.sort_by(|a, b| a.name.cmp(&b.name));
    for feature in &described.supported_features {
        let name = &*feature.name;
        let finalized = described.finalized_features.iter().find(|found| found.name == *name);
        let finalized = finalized.map_or(0, |found| found.max_version_level);
        let epoch = match described.finalized_features_epoch {
            ..0 => "-".to_owned(),
            epoch => epoch.to_string(),
        };
        terminal.say(format!(
            "Feature: {name:40}  SupportedMinVersion: {:15}  SupportedMaxVersion: {:15}  \
             FinalizedVersionLevel: {:15}  Epoch: {epoch}",
            level_name(name, feature.min_version),
            level_name(name, feature.max_version),
            level_name(name, finalized),
        ))?;
    }
    Ok(())
}

/// The version of a release; a refusal lists those up to `newest`.
///
/// # Errors
/// There is none.
pub(crate) fn version_named(name: &str, newest: MetadataVersion) -> Result<MetadataVersion, Error> {
    MetadataVersion::from_name(name).ok_or_else(|| {
        let known = MetadataVersion::MINIMUM.level()..=newest.level();
        let known = known.filter_map(MetadataVersion::from_level);
        let known: Vec<String> = known.map(|version| version.to_string()).collect();
        let known = known.join(", ");
        Error::Refused(format!(
            "Unknown metadata.version '{name}'. Supported metadata.version are: {known}"
        ))
    })
}

/// Reads `feature=level`.
pub(crate) fn parse(text: &str) -> Result<(&str, i16), Error> {
    let Some((name, level)) = text.split_once('=') else {
        let problem = format!("Can't parse feature=level string {text}: equals sign not found.");
        return Err(Error::Refused(problem));
    };
    let (name, level) = (name.trim(), level.trim());
    let unreadable = |_| {
        Error::Refused(format!(
            "Can't parse feature=level string {text}: unable to parse {level} as a short."
        ))
    };
    Ok((name, level.parse().map_err(unreadable)?))
}

type Changes = BTreeMap<String, i16>;

fn changes(given: &Given, kind: i8, terminal: &mut Terminal) -> Result<Changes, Error> {
    let mut changes = Changes::new();
    let (release, metadata) = (given.one("release-version")?, given.one("metadata")?);
    if let Some(release) = release {
        if metadata.is_some() || given.has("feature") {
            return Err(Error::Refused(
                "Can not specify `release-version` with other feature flags.".to_owned(),
            ));
        }
        let version = version_named(release, MetadataVersion::LATEST_TESTING)?;
        changes.insert(MetadataVersion::FEATURE_NAME.to_owned(), version.level());
        // Nothing is raised to 0.
        let others = default_levels(version).filter(|(_, level)| kind != UPGRADE || *level > 0);
        changes.extend(others.map(|(name, level)| (name.to_owned(), level)));
        return Ok(changes);
    }
    if let Some(metadata) = metadata {
        terminal.say(" `metadata` flag is deprecated and may be removed in a future release.")?;
        let version = version_named(metadata, MetadataVersion::LATEST_TESTING)?;
        changes.insert(MetadataVersion::FEATURE_NAME.to_owned(), version.level());
    }
    for text in given.all("feature") {
        let (name, level) = parse(text)?;
        add(&mut changes, name, level)?;
    }
    Ok(changes)
}

fn disabled(given: &Given) -> Result<Changes, Error> {
    let mut changes = Changes::new();
    given.all("feature").iter().try_for_each(|name| add(&mut changes, name, 0))?;
    Ok(changes)
}

fn add(changes: &mut Changes, name: &str, level: i16) -> Result<(), Error> {
    match changes.insert(name.to_owned(), level) {
        None => Ok(()),
        Some(_) => Err(Error::Refused(format!("Feature {name} was specified more than once."))),
    }
}

async fn update(
    admin: &Admin,
    (op, kind): (&str, i8),
    changes: Changes,
    is_dry_run: bool,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let change = |(name, level): (&String, &i16)| FeatureChange {
        feature: Str::copy_from(name),
        level: *level,
        kind,
    };
    let asked: Vec<FeatureChange> = changes.iter().map(change).collect();
    let results = admin.update_features(&asked, is_dry_run).await?;
    let (count, mut failures) = (results.len(), 0);
    for (change, (name, result)) in asked.iter().zip(results) {
        let level = change.level;
        match result {
            Ok(()) => {
                let verb = if is_dry_run { "can be" } else { "was" };
                terminal.say(match op {
                    "disable" => format!("{name} {verb} disabled."),
                    _ => format!("{name} {verb} {op}d to {level}."),
                })?;
            }
            Err(error) => {
                failures += 1;
                let verb = if is_dry_run { "Can not" } else { "Could not" };
                let error = message(&error);
                terminal.say(match op {
                    "disable" => format!("{verb} disable {name}. {error}"),
                    _ => format!("{verb} {op} {name} to {level}. {error}"),
                })?;
            }
        }
    }
    if failures > 0 {
        return Err(Error::Refused(format!("{failures} out of {count} operation(s) failed.")));
    }
    Ok(())
}

/// Shows the levels that go with a release.
///
/// # Errors
/// There is no such release.
pub(crate) fn version_mapping(given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let newest = MetadataVersion::LATEST.to_string();
    let name = given.one("release-version")?.unwrap_or(&newest);
    let version = version_named(name, MetadataVersion::LATEST_TESTING)?;
    terminal.say(format!("metadata.version={} ({name})", version.level()))?;
    for (feature, level) in default_levels(version) {
        terminal.say(format!("{feature}={level}"))?;
    }
    Ok(())
}

/// Shows what levels of features ask for.
///
/// # Errors
/// There is no such level.
pub(crate) fn dependencies(given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    for text in given.all("feature") {
        let (name, level) = parse(text)?;
        if name == MetadataVersion::FEATURE_NAME {
            let unknown = || Error::Refused(format!("Unknown metadata.version {level}"));
            let version = MetadataVersion::from_level(level).ok_or_else(unknown)?;
            terminal.say(format!("{name}={level} ({version}) has no dependencies."))?;
            continue;
        }
        match required_metadata_version(name, level) {
            None => return Err(Error::Refused(format!("Unknown feature: {name}"))),
            Some(None) => {
                let problem = format!("No feature:{name} with feature level {level}");
                return Err(Error::Refused(problem));
            }
            Some(Some(None)) => terminal.say(format!("{name}={level} has no dependencies."))?,
            Some(Some(Some(version))) => {
                terminal.say(format!("{name}={level} requires:"))?;
                terminal.say(format!("    metadata.version={} ({version})", version.level()))?;
            }
        }
    }
    Ok(())
}
