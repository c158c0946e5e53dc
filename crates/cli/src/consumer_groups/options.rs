//! The options of `kafka-consumer-groups`, and which go together.

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, Spec, Takes, flag, value};
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.",
    example: "kafka-consumer-groups --bootstrap-server localhost:9092 --describe --group readers",
    specs: &[
        flag("all-groups", "All consumer groups."),
        flag("all-topics", "All topics the group has offsets of, with --reset-offsets."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED but for --validate-regex: Brokers to begin with.",
        ),
        value(
            "by-duration",
            "String: duration",
            "Reset to the first record of this time span before now: PnDTnHnMnS.",
        ),
        value(
            "command-config",
            "String: command config property file",
            "A file with properties of the admin client.",
        ),
        flag("delete", "Delete groups with all they have."),
        flag("delete-offsets", "Delete offsets of a group; of topics, or of partitions of them."),
        flag("describe", "Describe groups."),
        flag("dry-run", "With --reset-offsets: show what would be done."),
        flag("execute", "With --reset-offsets: do it."),
        flag("export", "With --reset-offsets: show the offsets as CSV."),
        value("from-file", "String: path to CSV file", "Reset to the offsets of a CSV file."),
        value("group", "String: consumer group", "The group. May be repeated."),
        flag("list", "List consumer groups."),
        flag("members", "With --describe: the members."),
        flag("offsets", "With --describe: the offsets, which is what is shown without it too."),
        flag("reset-offsets", "Set offsets of a group without members."),
        value(
            "shift-by",
            "Long: number-of-offsets",
            "Reset by so many records, forwards or (negative) backwards.",
        ),
        Spec {
            name: "state",
            takes: Takes::Optionally("String"),
            doc: "With --describe: the state of the group. With --list: states too, or only groups in those named, as stable,empty.",
        },
        value(
            "timeout",
            "Long: timeout (ms)",
            "How long to try, in milliseconds. (default: 30000)",
        ),
        flag("to-current", "Reset to where the group is."),
        value(
            "to-datetime",
            "String: datetime",
            "Reset to the first record from a time on: YYYY-MM-DDThh:mm:ss.sss.",
        ),
        flag("to-earliest", "Reset to the beginning."),
        flag("to-latest", "Reset to the end."),
        value("to-offset", "Long: offset", "Reset to an offset."),
        value(
            "topic",
            "String: topic",
            "The topic, or partitions of it as topic:0,1. May be repeated.",
        ),
        Spec {
            name: "type",
            takes: Takes::Optionally("String"),
            doc: "With --list: types too, or only groups of those named, as classic,consumer.",
        },
        value(
            "validate-regex",
            "String: regex",
            "Check a regular expression as brokers read it, for subscriptions.",
        ),
        flag("verbose", "With --describe: more columns."),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

const ACTIONS: [&str; 6] =
    ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// What offsets are reset to; Apache Kafka's tool lists it in an order that changes from run to run.
const SCENARIOS: [&str; 8] = [
    "by-duration",
    "from-file",
    "shift-by",
    "to-current",
    "to-datetime",
    "to-earliest",
    "to-latest",
    "to-offset",
];
/// The same in the order in which it looks for clashes.
const SCENARIOS_CHECKED: [&str; 8] = [
    "to-offset",
    "to-datetime",
    "by-duration",
    "to-earliest",
    "to-latest",
    "to-current",
    "shift-by",
    "from-file",
];

fn usage<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Usage(Refused(text.into())))
}

/// That none of the scenarios is given.
pub(super) fn no_scenario<T>() -> Result<T, Error> {
    let all: Vec<String> = SCENARIOS.iter().map(|name| format!("[{name}]")).collect();
    let all = all.join(", ");
    usage(format!("Option '[reset-offsets]' requires one of the following scenarios: [{all}]"))
}

/// Which action is asked for.
///
/// # Errors
/// What does not go together or is missing.
pub(super) fn check(given: &Given, terminal: &mut Terminal) -> Result<&'static str, Error> {
    available(given)?;
    if !given.has("validate-regex") {
        given.require(&["bootstrap-server"])?;
    }
    let has_group = given.has("group") || given.has("all-groups");
    if given.has("describe") {
        describe(given, has_group)?;
    }
    if given.has("delete") {
        if !has_group {
            return usage("Option [delete] takes one of these options: [all-groups], [group]");
        }
        if given.has("topic") {
            return usage(
                "The consumer does not support topic-specific offset deletion from a consumer \
                 group.",
            );
        }
    }
    if given.has("delete-offsets") && !(given.has("group") && given.has("topic")) {
        return usage("Option [delete-offsets] takes the following options: [group], [topic]");
    }
    if given.has("reset-offsets") {
        reset(given, has_group, terminal)?;
    }
    given.forbid_with("group", &["all-groups"])?;
    given.forbid_with("group", &["list"])?;
    given.forbid_with("topic", &["list", "describe"])?;
    let mut actions = ACTIONS.into_iter().filter(|action| given.has(action));
    match (actions.next(), actions.next()) {
        (Some(action), None) => Ok(action),
        _ => usage(
            "Command must include exactly one action: --list, --describe, --delete, \
             --reset-offsets, --delete-offsets, --validate-regex",
        ),
    }
}

/// Options that go with some actions only.
fn available(given: &Given) -> Result<(), Error> {
    let describes = given.has("describe");
    let lists = given.has("list");
    let depending = [
        ("members", describes),
        ("verbose", describes),
        ("offsets", describes),
        ("state", describes || lists),
        ("type", lists),
    ];
    let lacking = depending.into_iter().filter(|(name, fits)| given.has(name) && !fits);
    let lacking: Vec<&str> = lacking.map(|(name, _)| name).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking = lacking.join(", ");
    Err(Error::Refused(format!(
        "Option(s) [{lacking}] are unavailable given other options on the command line"
    )))
}

fn describe(given: &Given, has_group: bool) -> Result<(), Error> {
    if !has_group {
        return usage("Option [describe] takes one of these options: [all-groups], [group]");
    }
    let parts = ["members", "offsets", "state"];
    if parts.iter().filter(|part| given.has(part)).count() > 1 {
        return usage(
            "Option [describe] takes at most one of these options: [members], [offsets], [state]",
        );
    }
    if !given.all("state").is_empty() {
        return usage("Option [describe] does not take a value for [state]");
    }
    Ok(())
}

fn reset(given: &Given, has_group: bool, terminal: &mut Terminal) -> Result<(), Error> {
    match (given.has("dry-run"), given.has("execute")) {
        (true, true) => {
            return usage("Option [reset-offsets] only accepts one of [execute] and [dry-run]");
        }
        (false, false) => terminal.complain(
            "WARN: No action will be performed as the --execute option is missing. In version 5.0, \
             this command will require either --dry-run or --execute to be specified. You should \
             add the --dry-run option explicitly if you are scripting this command and want to \
             keep the current default behavior without prompting.",
        ),
        _ => {}
    }
    if !has_group {
        return usage("Option [reset-offsets] takes one of these options: [all-groups], [group]");
    }
    for scenario in SCENARIOS_CHECKED {
        let others = SCENARIOS.into_iter().filter(|other| *other != scenario);
        given.forbid_with(scenario, &others.collect::<Vec<_>>())?;
    }
    Ok(())
}
