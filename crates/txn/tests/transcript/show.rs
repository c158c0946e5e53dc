//! Effects as text.

use txn::{
    Error, Markers, ProducerIdAndEpoch, Record, Response, TopicPartition, Transaction,
    TransactionVersion,
};

pub(crate) fn response(response: &Response) -> String {
    match response {
        Response::InitProducerId(result) | Response::EndTxn(result) => match result {
            Ok(told) => format!("ok {}", producer(*told)),
            Err(error) => name(error),
        },
        Response::AddPartitions(result) => match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => name(error),
        },
        Response::VerifyPartitions(Ok(verified)) => {
            let words = verified.iter().map(|(at, is_part)| format!("{}={is_part}", place(at)));
            words.collect::<Vec<_>>().join(" ")
        }
        Response::VerifyPartitions(Err(error)) | Response::DescribeTransaction(Err(error)) => {
            name(error)
        }
        Response::DescribeTransaction(Ok(it)) => format!(
            "{} {} timeout={} start={} {}",
            it.status.name(),
            producer(it.producer),
            it.timeout_ms,
            it.start_ms,
            places(&it.partitions)
        ),
        Response::ListTransactions(listed) => {
            let words = listed.iter().map(|it| {
                format!("{}:{}:{}", it.transactional_id, it.producer_id, it.status.name())
            });
            words.collect::<Vec<_>>().join(" ")
        }
        Response::MarkersWritten(()) | Response::ProducerIdAllocated(()) => "ok".to_owned(),
        Response::AwaitSettled(is_settled) => format!("settled={is_settled}"),
        Response::VersionChanged(()) => "ok".to_owned(),
    }
}

pub(crate) fn record(record: &Record) -> String {
    let id = &record.transactional_id;
    match record.value.as_deref() {
        None => format!("write {id} tombstone"),
        Some(value) => format!("write {id} {}", transaction(value)),
    }
}

fn transaction(it: &Transaction) -> String {
    let mut line = format!("{} {}", it.status.name(), producer(it.producer()));
    let optional = [
        ("previous", it.previous_producer_id, -1),
        ("next", it.next_producer_id, -1),
        ("start", it.start_ms, -1),
    ];
    for (key, value, default) in optional {
        if value != default {
            line += &format!(" {key}={value}");
        }
    }
    if it.client_version != TransactionVersion::V0 {
        line += &format!(" version={}", it.client_version.level());
    }
    (line + " " + &places(it.partitions.iter())).trim_end().to_owned()
}

pub(crate) fn markers(it: &Markers) -> String {
    let end = if it.commits { "commit" } else { "abort" };
    let (id, producer) = (&it.transactional_id, producer(it.producer));
    let version = it.version.level();
    format!("markers {id} {producer} {end} version={version} {}", places(it.partitions.iter()))
}

fn places<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> String {
    partitions.into_iter().map(place).collect::<Vec<_>>().join(" ")
}

fn place(at: &TopicPartition) -> String {
    format!("{}-{}", at.topic, at.partition)
}

fn producer(producer: ProducerIdAndEpoch) -> String {
    format!("{}/{}", producer.id, producer.epoch)
}

/// The variant's name as Kafka writes error codes.
fn name(error: &Error) -> String {
    let mut name = String::new();
    for letter in format!("{error:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}
