//! The options of `kafka-topics`, and which go together.

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, flag, value};
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to create, delete, describe, or change a topic.",
    example: "kafka-topics --bootstrap-server localhost:9092 --create --topic orders --partitions 3",
    specs: &[
        flag("alter", "Give a topic more partitions. (Settings are altered with kafka-configs.)"),
        flag("create", "Create a topic."),
        flag("delete", "Delete topics."),
        flag("describe", "Show the partitions and settings of topics."),
        flag("list", "Show the names of topics."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: Brokers to begin with: HOST1:PORT1,HOST2:PORT2.",
        ),
        value(
            "command-config",
            "String: command config property file",
            "A file with properties of the admin client.",
        ),
        value("topic", "String: topic", "The topic. All but --create take a regular expression."),
        value("topic-id", "String: topic-id", "The id of a topic to describe."),
        value(
            "partitions",
            "Integer: # of partitions",
            "How many partitions the topic is to have. More partitions change where the records of a key go.",
        ),
        value(
            "replication-factor",
            "Integer: replication factor",
            "How many replicas each partition is to have.",
        ),
        value(
            "replica-assignment",
            "String: broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , ...",
            "The brokers of each partition's replicas.",
        ),
        value(
            "config",
            "String: name=value",
            "A setting of the topic, with --create. May be repeated.",
        ),
        value("delete-config", "String: name", "No longer supported; see kafka-configs."),
        flag("if-exists", "Alter, delete or describe only what is there; succeed if nothing is."),
        flag("if-not-exists", "Create only what is not there; succeed if it is."),
        flag("exclude-internal", "Leave Kafka's own topics out of --list and --describe."),
        flag("under-replicated-partitions", "Describe only partitions with replicas out of sync."),
        flag("unavailable-partitions", "Describe only partitions without a leader."),
        flag(
            "under-min-isr-partitions",
            "Describe only partitions with fewer replicas in sync than min.insync.replicas.",
        ),
        flag(
            "at-min-isr-partitions",
            "Describe only partitions with just min.insync.replicas in sync.",
        ),
        flag("topics-with-overrides", "Describe only topics with settings of their own."),
        value(
            "partition-size-limit-per-response",
            "Integer: maximum number of partitions per response",
            "How many partitions one answer may describe. (default: 2000)",
        ),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

const ACTIONS: [&str; 5] = ["list", "describe", "create", "alter", "delete"];
/// What narrows a description down to some partitions; one at a time.
const FILTERS: [&str; 5] = [
    "under-replicated-partitions",
    "under-min-isr-partitions",
    "at-min-isr-partitions",
    "unavailable-partitions",
    "topics-with-overrides",
];

/// Which action is asked for.
///
/// # Errors
/// What does not go together or is missing.
pub(super) fn check(given: &Given, terminal: &mut Terminal) -> Result<&'static str, Error> {
    let mut actions = ACTIONS.into_iter().filter(|action| given.has(action));
    let (Some(action), None) = (actions.next(), actions.next()) else {
        return Err(Refused(
            "Command must include exactly one action: --list, --describe, --create, --alter or \
             --delete"
                .to_owned(),
        )
        .into());
    };
    if !given.has("bootstrap-server") {
        return Err(Error::Refused("--bootstrap-server must be specified".to_owned()));
    }
    if given.has("delete-config") {
        terminal.complain(
            "delete-config option is no longer supported and deprecated since version 4.0. The \
             config will be fully removed in future releases.",
        );
    }
    match action {
        "describe" if given.has("topic") && given.has("topic-id") => {
            return Err(Refused(
                "Only one of topic and topic-id can be specified with --describe".to_owned(),
            )
            .into());
        }
        "describe" | "list" => {}
        "alter" => {
            given.require(&["topic"])?;
            if given.has("config") {
                return Err(Refused(
                    "Option combination \"[[config], [bootstrap-server]]\" can't be used with \
                     option \"[alter]\" (To alter topic configurations, the kafka-configs tool \
                     can be used.)"
                        .to_owned(),
                )
                .into());
            }
            given.require(&["partitions"])?;
        }
        _ => given.require(&["topic"])?,
    }
    refuse_strangers(given, action)?;
    Ok(action)
}

/// Options that mean nothing for the action are refused, not passed over.
fn refuse_strangers(given: &Given, action: &'static str) -> Result<(), Refused> {
    let only = |option: &'static str, actions: &[&str]| {
        if actions.contains(&action) { Ok(()) } else { given.forbid(action, &[option]) }
    };
    only("config", &["create"])?;
    only("delete-config", &["alter"])?;
    only("partitions", &["create", "alter"])?;
    only("replication-factor", &["create"])?;
    only("replica-assignment", &["create", "alter"])?;
    if action == "create" {
        given.forbid("replica-assignment", &["partitions", "replication-factor"])?;
    }
    FILTERS.into_iter().try_for_each(|filter| only(filter, &["describe"]))?;
    only("topic-id", &["describe"])?;
    for filter in FILTERS.into_iter().rev() {
        for other in FILTERS.into_iter().filter(|other| *other != filter) {
            given.forbid(filter, &[other])?;
        }
    }
    only("if-exists", &["alter", "delete", "describe"])?;
    only("if-not-exists", &["create"])?;
    only("exclude-internal", &["list", "describe"])
}
