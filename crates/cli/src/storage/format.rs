//! `format`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use env::Env;
use log::MetaProperties;
use log::meta_properties::META_PROPERTIES_FILE;
use metadata::MetadataVersion;
use metadata::features::{default_levels, reason_not_allowed};
use quorum_node::bootstrap::feature_records;
use quorum_node::{Endpoint, FormatOptions, InitialVoters};
use wire::Uuid;

use super::directories::{Directories, identity};
use super::new_id;
use crate::error::Error;
use crate::features::{parse as parse_feature, version_named};
use crate::java::hash_order;
use crate::metadata_quorum;
use crate::options::Given;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The feature behind the version of the quorum itself, which no record of the cluster holds.
const KRAFT_VERSION: &str = "kraft.version";

fn refuse<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(text.into()))
}

/// Makes the directories ready.
pub(super) fn run(
    env: &Env,
    given: &Given,
    configuration: &Properties,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    if given.has("add-scram") {
        return refuse(
            "--add-scram is not supported by this release of kafka-storage, which does not hash \
             passwords; add credentials with Apache Kafka's kafka-configs once the cluster runs",
        );
    }
    let node_id = configuration.parsed::<i32>("node.id")?.filter(|id| *id >= 0);
    let Some(node_id) = node_id else {
        return refuse("You must specify a valid non-negative node ID.");
    };
    let cluster_id = given.one("cluster-id")?.unwrap_or_default();
    let voters = voters(given, configuration)?;
    let (version, levels) = levels(given)?;
    let directories = Directories::of(configuration);
    let Some(fresh) = fresh(env, given, &directories, cluster_id, node_id, terminal)? else {
        return Ok(());
    };
    tell_bootstrap(&levels, version, terminal)?;
    let kind = |dir: &str| match (&voters, dir == directories.metadata) {
        (_, false) => "data directory",
        (InitialVoters::Static, true) => "metadata directory",
        (InitialVoters::None, true) => "dynamic metadata directory",
        (InitialVoters::Standalone(_) | InitialVoters::Voters(_), true) => {
            "dynamic metadata voter directory"
        }
    };
    let own = match &voters {
        InitialVoters::Voters(voters) => voters.iter().find(|(id, ..)| *id == node_id),
        _ => None,
    };
    let mut metadata_directory_id = own.map_or_else(|| new_id(env), |(_, id, _)| *id);
    for dir in &fresh {
        let kind = kind(dir);
        terminal.say(format!("Formatting {kind} {dir} with metadata.version {version}."))?;
    }
    for dir in &directories.all {
        let is_metadata = *dir == directories.metadata;
        if let Some(meta) = identity(env.files(), dir)? {
            if is_metadata {
                metadata_directory_id = meta.directory_id.unwrap_or(metadata_directory_id);
            }
            continue;
        }
        let id = if is_metadata { metadata_directory_id } else { new_id(env) };
        let meta = MetaProperties::new(cluster_id, node_id, id);
        env.files().create_dir_all(dir)?;
        let path = format!("{dir}/{META_PROPERTIES_FILE}");
        env.files().write_atomically(path, &meta.encode())?;
    }
    let features: Vec<(&str, i16)> =
        levels.iter().map(|(name, level)| (name.as_str(), *level)).collect();
    let failed = |error: String| Error::Refused(error);
    let options = FormatOptions {
        node_id,
        log_dirs: directories.all.iter().map(PathBuf::from).collect(),
        metadata_log_dir: PathBuf::from(&directories.metadata),
        metadata_directory_id,
        initial_voters: voters,
        bootstrap_records: feature_records(&features).map_err(|error| failed(error.to_string()))?,
    };
    quorum_node::format(env, &options).map_err(|error| failed(error.to_string()))?;
    Ok(())
}

/// The directories that are to be made ready; `None` if there is nothing to do.
fn fresh(
    env: &Env,
    given: &Given,
    directories: &Directories,
    cluster_id: &str,
    node_id: i32,
    terminal: &mut Terminal,
) -> Result<Option<Vec<String>>, Error> {
    let mut fresh = Vec::new();
    for dir in &directories.all {
        let Some(meta) = identity(env.files(), dir)? else {
            fresh.push(dir.clone());
            continue;
        };
        let mismatch = |key: &str, expected: &str, found: &str| {
            refuse(format!(
                "Invalid {key} in: {dir}/{META_PROPERTIES_FILE}. Expected {expected}, but read \
                 {found}"
            ))
        };
        let found = meta.cluster_id.unwrap_or_default();
        if found != cluster_id {
            return mismatch("cluster.id", cluster_id, &found);
        }
        if let Some(found) = meta.node_id.filter(|found| *found != node_id) {
            return mismatch("node.id", &node_id.to_string(), &found.to_string());
        }
        if !given.has("ignore-formatted") {
            return refuse(format!(
                "Log directory {dir} is already formatted. Use --ignore-formatted to ignore this \
                 directory and format the others."
            ));
        }
    }
    if fresh.is_empty() {
        terminal.say("All of the log directories are already formatted.")?;
        return Ok(None);
    }
    Ok(Some(hash_order(fresh, |dir| dir)))
}

/// The features a new cluster starts with, in the order of their records, and its version.
fn levels(given: &Given) -> Result<(MetadataVersion, Vec<(String, i16)>), Error> {
    let mut version = match given.one("release-version")? {
        Some(name) => version_named(name, MetadataVersion::LATEST)?,
        None => MetadataVersion::LATEST,
    };
    let mut asked = BTreeMap::new();
    for text in given.all("feature") {
        let (name, level) = parse_feature(text)?;
        if name == MetadataVersion::FEATURE_NAME {
            let unknown =
                || Error::Refused(format!("No feature:{name} with feature level {level}"));
            version = MetadataVersion::from_level(level).ok_or_else(unknown)?;
        } else {
            asked.insert(name.to_owned(), level);
        }
    }
    let mut others: BTreeMap<String, i16> = default_levels(version)
        .filter(|(name, _)| *name != KRAFT_VERSION)
        .map(|(name, level)| (name.to_owned(), level))
        .collect();
    for (name, level) in asked.into_iter().filter(|(name, _)| name != KRAFT_VERSION) {
        let mut known: Vec<&str> = default_levels(version).map(|(known, _)| known).collect();
        if !known.contains(&name.as_str()) {
            known.sort_unstable();
            let known = known.join(", ");
            return refuse(format!("Unsupported feature: {name}. Supported features are: {known}"));
        }
        if let Some(reason) = reason_not_allowed(&name, level, version) {
            return refuse(reason);
        }
        others.insert(name, level);
    }
    let first = (MetadataVersion::FEATURE_NAME.to_owned(), version.level());
    let others = others.into_iter().filter(|(_, level)| *level > 0);
    Ok((version, std::iter::once(first).chain(others).collect()))
}

fn tell_bootstrap(
    levels: &[(String, i16)],
    version: MetadataVersion,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let record = |(name, level): &(String, i16)| {
        format!(
            "ApiMessageAndVersion(FeatureLevelRecord(name='{name}', featureLevel={level}) at \
             version 0)"
        )
    };
    let records: Vec<String> = levels.iter().map(record).collect();
    let (records, level) = (records.join(", "), version.level());
    terminal.say(format!(
        "Bootstrap metadata: BootstrapMetadata(records=[{records}], metadataVersionLevel={level}, \
         source=format command)"
    ))?;
    Ok(())
}

/// How the first voters are told.
fn voters(given: &Given, configuration: &Properties) -> Result<InitialVoters, Error> {
    let is_controller =
        configuration.get("process.roles").unwrap_or_default().contains("controller");
    let is_static =
        configuration.get("controller.quorum.voters").is_some_and(|text| !text.trim().is_empty());
    let ways = ["standalone", "no-initial-controllers", "initial-controllers"];
    let way = ways.into_iter().find(|way| given.has(way));
    match (is_static, way) {
        (true, None | Some("no-initial-controllers")) => Ok(InitialVoters::Static),
        (true, Some(_)) => refuse(
            "You cannot specify controller.quorum.voters and format the node with \
             --initial-controllers or --standalone. If you want to use dynamic quorum, please \
             remove controller.quorum.voters and specify controller.quorum.bootstrap.servers \
             instead.",
        ),
        (false, Some("standalone")) if is_controller => {
            let own = metadata_quorum::endpoints(configuration)?;
            let endpoint = |(name, host, port)| Endpoint { name, host, port };
            Ok(InitialVoters::Standalone(own.into_iter().map(endpoint).collect()))
        }
        (false, Some("initial-controllers")) => {
            let text = given.one("initial-controllers")?.unwrap_or_default();
            let listener = configuration.get("controller.listener.names").unwrap_or("CONTROLLER");
            let listener = listener.split(',').next().unwrap_or(listener).trim();
            let all = text.split(',').map(|voter| parse_voter(voter.trim(), listener));
            Ok(InitialVoters::Voters(all.collect::<Result<_, _>>()?))
        }
        (false, None) if is_controller => refuse(
            "Because controller.quorum.voters is not set on this controller, you must specify one \
             of the following: --standalone, --initial-controllers, or --no-initial-controllers.",
        ),
        (false, _) => Ok(InitialVoters::None),
    }
}

/// Reads `id@host:port:directory.id`.
fn parse_voter(text: &str, listener: &str) -> Result<(i32, Uuid, Endpoint), Error> {
    let read = || {
        let (id, rest) = text.split_once('@')?;
        let (address, directory) = rest.rsplit_once(':')?;
        let (host, port) = address.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let endpoint = Endpoint {
            name: listener.to_uppercase(),
            host: host.to_owned(),
            port: port.parse().ok()?,
        };
        Some((id.parse().ok()?, directory.parse().ok()?, endpoint))
    };
    read().ok_or_else(|| {
        Error::Refused(format!("the initial controller '{text}' is not id@host:port:directory.id"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_controllers_have_an_id_an_address_and_a_directory() {
        let text = "3@[::1]:9093:Jo7n3XQhSZ6_cFj5QxmBZA";
        let (id, directory, endpoint) = parse_voter(text, "controller").unwrap();
        assert_eq!((id, &*endpoint.host, endpoint.port), (3, "::1", 9093));
        assert_eq!(directory.to_string(), "Jo7n3XQhSZ6_cFj5QxmBZA");
        for bad in ["", "3@host:1", "x@host:1:Jo7n3XQhSZ6_cFj5QxmBZA", "3@host:x:y"] {
            assert!(parse_voter(bad, "c").is_err(), "{bad}");
        }
    }
}
