//! The options of `kafka-reassign-partitions`, and which go together.

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, flag, value};

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to move topic partitions between replicas.",
    example: "kafka-reassign-partitions --bootstrap-server localhost:9092 --execute --reassignment-json-file plan.json",
    specs: &[
        flag("additional", "Execute beside reassignments that are under way."),
        value(
            "bootstrap-controller",
            "String: bootstrap controller to connect to",
            "Controllers to begin with.",
        ),
        value(
            "bootstrap-server",
            "String: Server(s) to use for bootstrapping",
            "Brokers to begin with.",
        ),
        value(
            "broker-list",
            "String: brokerlist",
            "The brokers that partitions are to be moved to, as 0,1,2; for --generate.",
        ),
        flag("cancel", "Cancel reassignments."),
        value(
            "command-config",
            "String: Admin client property file",
            "A file with properties of the admin client.",
        ),
        flag("disable-rack-aware", "Do not regard racks."),
        flag(
            "disallow-replication-factor-change",
            "Refuse a reassignment that changes how many replicas there are.",
        ),
        flag("execute", "Start reassignments."),
        flag("generate", "Propose a reassignment of topics to brokers, and change nothing."),
        flag("list", "List reassignments that are under way."),
        flag("preserve-throttles", "Leave throttles as they are."),
        value(
            "reassignment-json-file",
            "String: manual assignment json file path",
            "A file with the reassignment: {\"version\": 1, \"partitions\": [{\"topic\": \"orders\", \"partition\": 1, \"replicas\": [1, 2], \"log_dirs\": [\"any\", \"/data\"]}]}; log_dirs may be left out.",
        ),
        value(
            "replica-alter-log-dirs-throttle",
            "Long: replicaAlterLogDirsThrottle",
            "How fast replicas are moved between log directories, in bytes per second. (default: -1)",
        ),
        value(
            "throttle",
            "Long: throttle",
            "How fast partitions are moved between brokers, in bytes per second. (default: -1)",
        ),
        value(
            "timeout",
            "Long: timeout",
            "How long the start of a move between log directories may take, in milliseconds. (default: 10000)",
        ),
        value(
            "topics-to-move-json-file",
            "String: topics to reassign json file path",
            "A file with topics for --generate: {\"topics\": [{\"topic\": \"orders\"}], \"version\": 1}",
        ),
        flag("verify", "Show how far a reassignment is, and take throttles away when it is done."),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

const ACTIONS: [&str; 5] = ["generate", "execute", "verify", "cancel", "list"];

/// What each action needs, and what else it takes.
fn arguments(
    action: &str,
    connection: &'static str,
) -> (&'static [&'static str], Vec<&'static str>) {
    const PLAN: &[&str] = &["reassignment-json-file"];
    match action {
        "verify" => (PLAN, vec!["bootstrap-server", "command-config", "preserve-throttles"]),
        "generate" => (
            &["topics-to-move-json-file", "broker-list"],
            vec!["bootstrap-server", "command-config", "disable-rack-aware"],
        ),
        "execute" => (
            PLAN,
            vec![
                "additional",
                "bootstrap-server",
                "command-config",
                "throttle",
                "replica-alter-log-dirs-throttle",
                "timeout",
                "disallow-replication-factor-change",
            ],
        ),
        "cancel" => (PLAN, vec![connection, "command-config", "preserve-throttles", "timeout"]),
        _ => (&[], vec![connection, "command-config"]),
    }
}

/// Which action is asked for.
///
/// # Errors
/// What does not go together or is missing.
pub(super) fn check(given: &Given) -> Result<&'static str, Error> {
    let usage = |text: String| Err(Error::Usage(Refused(text)));
    let mut actions = ACTIONS.into_iter().filter(|action| given.has(action));
    let (Some(action), None) = (actions.next(), actions.next()) else {
        let all: Vec<String> = ACTIONS.iter().map(|action| format!("--{action}")).collect();
        let all = all.join(", ");
        return usage(format!("Command must include exactly one action: {all}"));
    };
    let connection = match (given.has("bootstrap-server"), given.has("bootstrap-controller")) {
        (true, true) => {
            return usage(
                "Please don't specify both --bootstrap-server and --bootstrap-controller".into(),
            );
        }
        (false, false) => {
            return usage(
                "Please specify either --bootstrap-server or --bootstrap-controller".into(),
            );
        }
        (true, false) => "bootstrap-server",
        (false, true) => "bootstrap-controller",
    };
    let (required, permitted) = arguments(action, connection);
    given.require(required)?;
    for option in &given.order {
        if *option != action && !required.contains(option) && !permitted.contains(option) {
            return usage(format!(
                "Option \"[{option}]\" can't be used with action \"[{action}]\""
            ));
        }
    }
    for number in ["throttle", "replica-alter-log-dirs-throttle", "timeout"] {
        given.parsed::<i64>(number)?;
    }
    Ok(action)
}
