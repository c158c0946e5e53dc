//! `kafka-transactions`: shows transactions and the producers behind them, and ends those that
//! hang.

mod abort;
mod hanging;

use client::{Admin, Error as ClientError, TransactionFilter};
use env::Env;
use wire::{ErrorCode, Str};

use crate::arguments::{Arguments, Subcommand, Takes, optional, required};
use crate::connect::admin;
use crate::error::Error;
use crate::exception::message;
use crate::java::hash_order;
use crate::options::{Given, Refusal};
use crate::table::tabbed;
use crate::terminal::Terminal;

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-transactions.sh",
    about: "Shows the transactions of the cluster and the producers behind them; finds transactions that hang, and ends them.",
    arguments: &[
        optional(&["-v", "--version"], Takes::Nothing, "Shows the version and exits."),
        optional(&["--command-config"], Takes::Text, "A file with properties of the admin client."),
        required(&["--bootstrap-server"], Takes::Text, "Brokers to begin with: host:port."),
    ],
    commands: &[
        Subcommand {
            name: "list",
            about: "list transactions",
            arguments: &[
                optional(
                    &["--duration-filter"],
                    Takes::Long,
                    "Only those that are open for longer than so many milliseconds.",
                ),
                optional(
                    &["--transactional-id-pattern"],
                    Takes::Text,
                    "Only those whose transactional id matches this expression.",
                ),
            ],
        },
        Subcommand {
            name: "describe",
            about: "describe the state of an active transactional-id",
            arguments: &[required(&["--transactional-id"], Takes::Text, "The transactional id.")],
        },
        Subcommand {
            name: "describe-producers",
            about: "describe the states of active producers for a topic partition",
            arguments: &[
                optional(
                    &["--broker-id"],
                    Takes::Integer,
                    "A broker to ask in place of the leader.",
                ),
                required(&["--topic"], Takes::Text, "The topic."),
                required(&["--partition"], Takes::Integer, "The partition."),
            ],
        },
        Subcommand {
            name: "abort",
            about: "abort a hanging transaction (requires administrative privileges)",
            arguments: &[
                required(&["--topic"], Takes::Text, "The topic."),
                required(&["--partition"], Takes::Integer, "The partition."),
                optional(
                    &["--start-offset"],
                    Takes::Long,
                    "Where the transaction begins; enough for brokers since 3.0.",
                ),
                optional(&["--producer-id"], Takes::Long, "The producer id, for older brokers."),
                optional(
                    &["--producer-epoch"],
                    Takes::Short,
                    "The epoch of the producer, for older brokers.",
                ),
                optional(
                    &["--coordinator-epoch"],
                    Takes::Integer,
                    "The epoch of the coordinator, for older brokers.",
                ),
            ],
        },
        Subcommand {
            name: "find-hanging",
            about: "find hanging transactions",
            arguments: &[
                optional(
                    &["--broker-id"],
                    Takes::Integer,
                    "The broker whose partitions to search.",
                ),
                optional(
                    &["--max-transaction-timeout"],
                    Takes::Integer,
                    "Minutes that a transaction may be open (default: 15).",
                ),
                optional(&["--topic"], Takes::Text, "The topic to search; needed for --partition."),
                optional(&["--partition"], Takes::Integer, "The partition to search."),
            ],
        },
        Subcommand {
            name: "forceTerminateTransaction",
            about: "Force abort an ongoing transaction on transactionalId (requires administrative privileges)",
            arguments: &[required(&["--transactionalId"], Takes::Text, "The transactional id.")],
        },
    ],
    empty_asks_for_help: false,
    help_fails: true,
    refusal: Refusal::WithHelp,
};

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let admin = admin(env, given, terminal).await?;
    match given.command.unwrap_or_default() {
        "list" => list(&admin, given, terminal).await,
        "describe" => describe(&admin, env.clock().wall_ms(), given, terminal).await,
        "describe-producers" => describe_producers(&admin, given, terminal).await,
        "abort" => abort::run(&admin, given).await,
        "find-hanging" => {
            Box::pin(hanging::run(&admin, env.clock().wall_ms(), given, terminal)).await
        }
        _ => terminate(&admin, given).await,
    }
}

/// What is said when the cluster does not do as asked.
fn failed(what: &str, because: &str) -> Error {
    Error::Refused(format!("{what}: {because}. Enable debug logging for additional detail."))
}

/// The state as Java's client knows it.
fn state(name: &str) -> &str {
    let known = [
        "Ongoing",
        "PrepareAbort",
        "PrepareCommit",
        "CompleteAbort",
        "CompleteCommit",
        "Empty",
        "PrepareEpochFence",
    ];
    if known.contains(&name) { name } else { "Unknown" }
}

async fn list(admin: &Admin, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let filter = TransactionFilter {
        producer_ids: Vec::new(),
        duration_ms: given.parsed("duration-filter")?,
        pattern: given.one("transactional-id-pattern")?.map(Str::copy_from),
    };
    let listed = admin.list_transactions(&filter).await;
    let listed = listed.map_err(|error| failed("Failed to list transactions", &message(&error)))?;
    let mut rows = Vec::new();
    for (broker, transactions) in listed {
        for listed in transactions {
            rows.push(vec![
                listed.transactional_id.to_string(),
                broker.to_string(),
                listed.producer_id.to_string(),
                state(&listed.transaction_state).to_owned(),
            ]);
        }
    }
    tabbed(terminal, &["TransactionalId", "Coordinator", "ProducerId", "TransactionState"], &rows)
}

async fn describe(
    admin: &Admin,
    now: i64,
    given: &Given,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let id = Str::copy_from(given.one("transactional-id")?.unwrap_or_default());
    let (coordinator, described) = admin.describe_transaction(&id).await.map_err(|error| {
        let what = format!("Failed to describe transaction state of transactional-id `{id}`");
        let because = match error {
            ClientError::Refused { code: ErrorCode::TransactionalIdNotFound, .. } => format!(
                "DescribeTransactions request for transactionalId `{id}` failed because the ID \
                 could not be found"
            ),
            other => message(&other),
        };
        failed(&what, &because)
    })?;
    let begin = Some(described.transaction_start_time_ms).filter(|begin| *begin >= 0);
    let or_none =
        |value: Option<i64>| value.map_or_else(|| "None".to_owned(), |value| value.to_string());
    let partitions = described.topics.into_iter().flat_map(|topic| {
        let name = topic.topic;
        topic.partitions.into_iter().map(move |index| (name.clone(), index))
    });
    let partitions = hash_order(partitions.collect(), |at: &(Str, i32)| at).into_iter();
    let partitions: Vec<String> = partitions.map(|(topic, at)| format!("{topic}-{at}")).collect();
    let row = vec![
        coordinator.to_string(),
        id.to_string(),
        described.producer_id.to_string(),
        described.producer_epoch.to_string(),
        state(&described.transaction_state).to_owned(),
        described.transaction_timeout_ms.to_string(),
        or_none(begin),
        or_none(begin.map(|begin| now - begin)),
        partitions.join(","),
    ];
    let header = [
        "CoordinatorId",
        "TransactionalId",
        "ProducerId",
        "ProducerEpoch",
        "TransactionState",
        "TransactionTimeoutMs",
        "CurrentTransactionStartTimeMs",
        "TransactionDurationMs",
        "TopicPartitions",
    ];
    tabbed(terminal, &header, &[row])
}

/// The partition that the options name.
fn partition(given: &Given) -> Result<(Str, i32), Error> {
    let topic = Str::copy_from(given.one("topic")?.unwrap_or_default());
    Ok((topic, given.parsed("partition")?.unwrap_or_default()))
}

async fn describe_producers(
    admin: &Admin,
    given: &Given,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let at = partition(given)?;
    let broker = given.parsed::<i32>("broker-id")?;
    let of = format!("partition {}-{}", at.0, at.1);
    let failed_to = |error: ClientError| {
        let on = broker.map_or_else(|| "leader".to_owned(), |id| format!("broker {id}"));
        let because = match (&error, broker) {
            (ClientError::Refused { code: ErrorCode::NotLeaderOrFollower, .. }, Some(id)) => {
                format!("Failed to describe active producers for {of} on brokerId {id}")
            }
            (other, _) => message(other),
        };
        failed(&format!("Failed to describe producers for {of} on {on}"), &because)
    };
    let found = admin.describe_producers(std::slice::from_ref(&at), broker).await;
    let found = found.map_err(failed_to)?.remove(&at);
    let unknown = || ClientError::refused(ErrorCode::UnknownTopicOrPartition.code(), None);
    let producers = found.unwrap_or_else(|| Err(unknown())).map_err(failed_to)?;
    let rows = producers.into_iter().map(|producer| {
        let begin = Some(producer.current_txn_start_offset).filter(|begin| *begin >= 0);
        vec![
            producer.producer_id.to_string(),
            producer.producer_epoch.to_string(),
            producer.coordinator_epoch.max(-1).to_string(),
            producer.last_sequence.to_string(),
            producer.last_timestamp.to_string(),
            begin.map_or_else(|| "None".to_owned(), |begin| begin.to_string()),
        ]
    });
    let header = [
        "ProducerId",
        "ProducerEpoch",
        "LatestCoordinatorEpoch",
        "LastSequence",
        "LastTimestamp",
        "CurrentTransactionStartOffset",
    ];
    tabbed(terminal, &header, &rows.collect::<Vec<_>>())
}

async fn terminate(admin: &Admin, given: &Given) -> Result<(), Error> {
    let id = Str::copy_from(given.one("transactionalId")?.unwrap_or_default());
    let what = format!("Failed to force terminate transactionalId `{id}`");
    admin.fence_producer(&id).await.map_err(|error| failed(&what, &message(&error)))
}
