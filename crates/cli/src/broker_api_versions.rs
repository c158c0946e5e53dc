//! `kafka-broker-api-versions`: which APIs each broker speaks, and in which version this release
//! would speak them.

use std::collections::BTreeMap;

use client::Error as ClientError;
use env::Env;
use wire::ApiKey;
use wire::messages::ApiVersionsResponse;

use crate::connect::admin;
use crate::error::Error;
use crate::exception::shown;
use crate::options::{Given, Options, Refusal, value};
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to retrieve broker version information.",
    example: "kafka-broker-api-versions --bootstrap-server localhost:9092",
    specs: &[
        value(
            "bootstrap-server",
            "String: server(s) to use for bootstrapping",
            "REQUIRED: Brokers to begin with.",
        ),
        value(
            "command-config",
            "String: command config property file",
            "A file with properties of the admin client.",
        ),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["bootstrap-server"])?;
    let admin = admin(env, given, terminal).await?;
    let mut brokers = admin.cluster().metadata(Some(&[])).await?.brokers;
    brokers.sort_by_key(|broker| broker.node_id);
    for broker in brokers {
        let rack = broker.rack.as_deref().unwrap_or("null");
        let (host, port, id) = (&broker.host, broker.port, broker.node_id);
        let node = format!("{host}:{port} (id: {id} rack: {rack} isFenced: false)");
        let versions: Result<ApiVersionsResponse, ClientError> =
            async { Ok(admin.cluster().broker(id).await?.api_versions().clone()) }.await;
        terminal.say(match versions {
            Ok(versions) => format!("{node} -> (\n\t{}\n)", lines(&versions).join(",\n\t")),
            Err(error) => format!("{node} -> ERROR: {}", shown(&error)),
        })?;
    }
    Ok(())
}

/// A line for each API that the broker speaks, or that it might.
fn lines(versions: &ApiVersionsResponse) -> Vec<String> {
    let mut lines = BTreeMap::new();
    for found in &versions.api_keys {
        let range = match (found.min_version, found.max_version) {
            (min, max) if min == max => min.to_string(),
            (min, max) => format!("{min} to {max}"),
        };
        let line = match ApiKey::from_code(found.api_key) {
            None => format!("UNKNOWN({}): {range}", found.api_key),
            Some(api) => {
                let (spec, usable) = (api.spec(), found.max_version);
                let usable = usable.min(spec.stable_max_version());
                let verdict = if found.min_version > spec.stable_max_version() {
                    "[unusable: node too new]".to_owned()
                } else if usable < spec.min_version {
                    "[unusable: node too old]".to_owned()
                } else {
                    format!("[usable: {usable}]")
                };
                format!("{}({}): {range} {verdict}", api.name(), api.code())
            }
        };
        lines.insert(found.api_key, line);
    }
    for api in ApiKey::ALL.iter().filter(|api| api.spec().broker) {
        let absent = || format!("{}({}): UNSUPPORTED", api.name(), api.code());
        lines.entry(api.code()).or_insert_with(absent);
    }
    lines.into_values().collect()
}
