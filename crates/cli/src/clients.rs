//! Producers and consumers as properties describe them, with the names of the Java clients.

use std::time::Duration;

use client::{Acks, ConsumerConfig, Isolation, OffsetReset, ProducerConfig};
use records::{Codec, Compression};
use wire::Str;

use crate::error::Error;
use crate::properties::Properties;

/// A producer's settings from its properties.
///
/// # Errors
/// A property that cannot be read.
pub(crate) fn producer_config(properties: &Properties) -> Result<ProducerConfig, Error> {
    let defaults = ProducerConfig::default();
    let acks = [("all", Acks::All), ("-1", Acks::All), ("0", Acks::None), ("1", Acks::Leader)];
    let codecs = [
        ("none", Compression::None),
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
    ];
    let compression = properties.word("compression.type", &codecs)?.unwrap_or_default();
    let level = properties.parsed(&format!("compression.{}.level", compression.name()))?;
    let acks = properties.word("acks", &acks)?.unwrap_or_default();
    let idempotent = properties.flag("enable.idempotence")?;
    if idempotent == Some(true) && acks != Acks::All {
        let text = "Must set acks to all in order to use the idempotent producer. Otherwise we \
                    cannot guarantee idempotence.";
        return Err(Error::Refused(text.to_owned()));
    }
    let ms = |name, default| Ok::<_, Error>(properties.ms(name)?.unwrap_or(default));
    let bytes = |name, default| Ok::<_, Error>(properties.parsed(name)?.unwrap_or(default));
    Ok(ProducerConfig {
        acks,
        codec: Codec { compression, level },
        batch_size: bytes("batch.size", defaults.batch_size)?,
        linger: ms("linger.ms", defaults.linger)?,
        buffer_memory: bytes("buffer.memory", defaults.buffer_memory)?,
        request_size_max: bytes("max.request.size", defaults.request_size_max)?,
        block_max: ms("max.block.ms", defaults.block_max)?,
        delivery_timeout: ms("delivery.timeout.ms", defaults.delivery_timeout)?,
        retries_max: properties.parsed("retries")?.unwrap_or(defaults.retries_max),
        retry_backoff: ms("retry.backoff.ms", defaults.retry_backoff)?,
        idempotent: idempotent.unwrap_or(acks == Acks::All),
        in_flight_max: bytes("max.in.flight.requests.per.connection", defaults.in_flight_max)?,
        transactional_id: properties.get("transactional.id").map(Str::copy_from),
        transaction_timeout: ms("transaction.timeout.ms", defaults.transaction_timeout)?,
        metadata_age_max: ms("metadata.max.age.ms", defaults.metadata_age_max)?,
    })
}

/// A consumer's settings from its properties.
///
/// # Errors
/// A property that cannot be read.
pub(crate) fn consumer_config(properties: &Properties) -> Result<ConsumerConfig, Error> {
    let defaults = ConsumerConfig::default();
    let resets = [
        ("latest", OffsetReset::Latest),
        ("earliest", OffsetReset::Earliest),
        ("none", OffsetReset::None),
    ];
    let levels = [
        ("read_committed", Isolation::ReadCommitted),
        ("read_uncommitted", Isolation::ReadUncommitted),
    ];
    let text = |name| properties.get(name).map(Str::copy_from);
    let ms = |name, default| Ok::<_, Error>(properties.ms(name)?.unwrap_or(default));
    let bytes = |name, default| Ok::<_, Error>(properties.parsed(name)?.unwrap_or(default));
    let flag = |name, default| Ok::<_, Error>(properties.flag(name)?.unwrap_or(default));
    let interval = ms("auto.commit.interval.ms", Duration::from_secs(5))?;
    let auto_commit = flag("enable.auto.commit", true)?;
    Ok(ConsumerConfig {
        group_id: text("group.id"),
        group_instance_id: text("group.instance.id"),
        offset_reset: properties.word("auto.offset.reset", &resets)?.unwrap_or_default(),
        isolation: properties.word("isolation.level", &levels)?.unwrap_or_default(),
        auto_commit_interval: auto_commit.then_some(interval),
        session_timeout: ms("session.timeout.ms", defaults.session_timeout)?,
        heartbeat_interval: ms("heartbeat.interval.ms", defaults.heartbeat_interval)?,
        poll_interval_max: ms("max.poll.interval.ms", defaults.poll_interval_max)?,
        poll_records_max: properties
            .parsed("max.poll.records")?
            .unwrap_or(defaults.poll_records_max)
            .max(1),
        fetch_wait_max: ms("fetch.max.wait.ms", defaults.fetch_wait_max)?,
        fetch_bytes_min: bytes("fetch.min.bytes", defaults.fetch_bytes_min)?,
        fetch_bytes_max: bytes("fetch.max.bytes", defaults.fetch_bytes_max)?,
        partition_bytes_max: bytes("max.partition.fetch.bytes", defaults.partition_bytes_max)?,
        decompressed_bytes_max: defaults.decompressed_bytes_max,
        check_crcs: flag("check.crcs", true)?,
        may_create_topics: flag("allow.auto.create.topics", true)?,
        metadata_age_max: ms("metadata.max.age.ms", defaults.metadata_age_max)?,
        retry_backoff: ms("retry.backoff.ms", defaults.retry_backoff)?,
    })
}
