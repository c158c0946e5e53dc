//! The options of `kafka-configs`, and which go together.

use super::Error;
use super::entity::Entities;
use crate::options::{Given, Options, Refusal, Refused, flag, value};

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group",
    example: "kafka-configs --bootstrap-server localhost:9092 --alter --topic orders --add-config retention.ms=3600000",
    specs: &[
        value(
            "add-config",
            "String",
            "Settings to add: k1=v1,k2=[v1,v2]. For users, clients and addresses these are quotas (producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate, connection_creation_rate), for users also SCRAM-SHA-256=[iterations=8192,password=secret] and SCRAM-SHA-512.",
        ),
        value("add-config-file", "String", "A properties file with settings to add."),
        flag("all", "With --describe: static settings and defaults too."),
        flag("alter", "Change settings."),
        value(
            "bootstrap-controller",
            "String: controller to connect to",
            "Controllers to begin with.",
        ),
        value("bootstrap-server", "String: server to connect to", "Brokers to begin with."),
        value("broker", "String", "The id of a broker."),
        flag("broker-defaults", "The default of all brokers."),
        value("broker-logger", "String", "The id of a broker whose loggers are meant."),
        value("client", "String", "The id of a client."),
        flag("client-defaults", "The default of all clients."),
        value("client-metrics", "String", "The name of a client metrics subscription."),
        value(
            "command-config",
            "String: command config property file",
            "A file with properties of the admin client.",
        ),
        value("delete-config", "String", "Settings to take away: k1,k2."),
        flag("describe", "Show settings."),
        flag("entity-default", "The default entity of clients, users, brokers or ips."),
        value("entity-name", "String", "The name of the entity."),
        value(
            "entity-type",
            "String",
            "What the entity is: topics, clients, users, brokers, broker-loggers, ips, client-metrics or groups.",
        ),
        value("group", "String", "The id of a group."),
        value("ip", "String", "An address."),
        flag("ip-defaults", "The default of all addresses."),
        value("topic", "String", "The name of a topic."),
        value("user", "String", "The name of a user."),
        flag("user-defaults", "The default of all users."),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// Whose settings are meant.
///
/// # Errors
/// What does not go together or is missing.
pub(super) fn check(given: &Given) -> Result<Entities, Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    if given.has("alter") == given.has("describe") {
        let problem = "Command must include exactly one action: --describe, --alter";
        return Err(Refused(problem.to_owned()).into());
    }
    given.forbid_with("describe", &["add-config", "delete-config"])?;
    match (given.has("bootstrap-server"), given.has("bootstrap-controller")) {
        (false, false) => {
            return refuse(
                "Either --bootstrap-server or --bootstrap-controller must be specified.",
            );
        }
        (true, true) => {
            return refuse(
                "Only one of --bootstrap-server or --bootstrap-controller can be specified",
            );
        }
        _ => {}
    }
    let entities = Entities::of(given)?;
    entities.check_names(given)?;
    if given.has("alter") {
        if given.has("add-config") && given.has("add-config-file") {
            return refuse("Only one of --add-config or --add-config-file must be specified");
        }
        let changes = ["add-config", "add-config-file", "delete-config"];
        if !changes.iter().any(|change| given.has(change)) {
            return refuse(
                "At least one of --add-config, --add-config-file, or --delete-config must be \
                 specified with --alter",
            );
        }
        if entities.kinds.len() != entities.names.len() {
            return refuse("An entity name must be specified for every entity type");
        }
    }
    Ok(entities)
}
