//! Reaching a cluster.

use std::time::Duration;

use client::{Admin, ClientConfig, Cluster};
use env::Env;

use crate::error::Error;
use crate::options::Given;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// Pause between attempts while no broker answers.
const PAUSE: Duration = Duration::from_millis(250);

/// How a cluster is reached, by a tool's properties.
///
/// # Errors
/// A property that cannot be read, or a security protocol there is no client for.
pub(crate) fn client_config(
    servers: &str,
    client_id: &str,
    properties: &Properties,
) -> Result<ClientConfig, Error> {
    let protocol = properties.get("security.protocol").unwrap_or("PLAINTEXT");
    if !protocol.eq_ignore_ascii_case("PLAINTEXT") {
        return Err(Error::Refused(format!(
            "security.protocol={protocol} is not supported by this release of the tools; use a \
             PLAINTEXT listener"
        )));
    }
    let client_id = properties.get("client.id").unwrap_or(client_id);
    let mut config = ClientConfig::new(servers, client_id)?;
    if let Some(timeout) = properties.ms("request.timeout.ms")? {
        config.request_timeout = timeout;
    }
    if let Some(timeout) = properties.ms("default.api.timeout.ms")? {
        config.api_timeout = timeout;
    }
    Ok(config)
}

/// A cluster with at least one broker that answers. Brokers that are just being started are
/// waited for within `default.api.timeout.ms`, as Apache Kafka's tools do; unlike them, with a
/// word on what is wrong from the beginning.
///
/// # Errors
/// None answers in time.
pub(crate) async fn connect(
    env: &Env,
    config: ClientConfig,
    terminal: &mut Terminal,
) -> Result<Cluster, Error> {
    let (timeout, began) = (config.api_timeout, env.now());
    let cluster = Cluster::new(env, config);
    let mut told = false;
    loop {
        let error = match cluster.any().await {
            Ok(_) => return Ok(cluster),
            Err(error) => error,
        };
        let waited = env.now().duration_since(began);
        if waited + PAUSE >= timeout {
            return Err(Error::Refused(format!(
                "{error}. Is the broker running, and is --bootstrap-server one of its listeners?"
            )));
        }
        if !told {
            told = true;
            let seconds = timeout.as_secs_f32();
            terminal.complain(format!("WARN {error}; trying again for {seconds} s"));
        }
        env.sleep(PAUSE).await;
    }
}

/// Administration of the cluster that `--bootstrap-server` or `--bootstrap-controller` and
/// `--command-config` lead to.
///
/// # Errors
/// Neither or both are given, the properties cannot be used, or no server answers in time.
pub(crate) async fn admin(
    env: &Env,
    given: &Given,
    terminal: &mut Terminal,
) -> Result<Admin, Error> {
    let properties = Properties::of(env.files(), given.one("command-config")?, &[])?;
    admin_with(env, given, terminal, &properties).await
}

/// As [`admin`], with properties that were read before.
///
/// # Errors
/// As [`admin`].
pub(crate) async fn admin_with(
    env: &Env,
    given: &Given,
    terminal: &mut Terminal,
    properties: &Properties,
) -> Result<Admin, Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    let (servers, controllers) =
        match (given.one("bootstrap-server")?, given.one("bootstrap-controller")?) {
            (Some(servers), None) => (servers, false),
            (None, Some(controllers)) => (controllers, true),
            (Some(_), Some(_)) => {
                return refuse(
                    "You cannot specify both --bootstrap-controller and --bootstrap-server.",
                );
            }
            (None, None) => {
                return refuse(
                    "You must specify either --bootstrap-controller or --bootstrap-server.",
                );
            }
        };
    let mut config = client_config(servers, "adminclient-1", properties)?;
    config.controllers = controllers;
    Ok(Admin::new(&connect(env, config, terminal).await?))
}
