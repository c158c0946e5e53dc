//! Log segments and snapshots: batches and records.

use env::{File, OpenOptions};
use records::{BatchView, RecordView, TimestampType, increment_sequence};
use wire::stored::raft::voters_record::VotersRecord;
use wire::{Bytes, ControlRecord};

use super::{Context, Error, cannot_read, unreadable};

/// How much is read from a file at a time, in bytes.
const CHUNK: usize = 1 << 20;
/// The most that the records of a batch may take uncompressed.
const UNCOMPRESSED_MAX: usize = 1 << 30;

/// The batches of a file, one after the other, from a position on.
pub(super) struct Batches {
    file: File,
    path: String,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    position: u64,
    /// How much of the file is looked at.
    end: u64,
    /// How much of the buffer was given out.
    taken: usize,
}

impl Batches {
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn open(
        context: &Context<'_>,
        path: &str,
        position: u64,
        max_bytes: u64,
    ) -> Result<Self, Error> {
        let failed = cannot_read(path);
        let file = context.env.files().open(path, OpenOptions::read()).map_err(&failed)?;
        let end = file.len().map_err(&failed)?.min(max_bytes);
        Ok(Self { file, path: path.to_owned(), buffer: Vec::new(), position, end, taken: 0 })
    }

    /// Where the next batch begins.
    pub(super) fn at(&self) -> u64 {
        self.position + self.taken as u64
    }

    /// The next whole batch.
    ///
    /// # Errors
    /// The file cannot be read, or what is there is no batch.
    pub(super) fn next(&mut self) -> Result<Option<BatchView<'_>>, Error> {
        self.buffer.drain(..self.taken);
        self.position += self.taken as u64;
        self.taken = 0;
        let size = loop {
            let found = BatchView::first(&self.buffer).map_err(|error| {
                unreadable(&self.path, format!("at {}: {error}", self.position))
            })?;
            if let Some(batch) = found {
                break batch.size();
            }
            let from = self.position + self.buffer.len() as u64;
            let left = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
            if left == 0 {
                return Ok(None);
            }
            let filled = self.buffer.len();
            self.buffer.resize(filled + left.min(CHUNK), 0);
            let read = self.file.read_at(&mut self.buffer[filled..], from);
            let read = read.map_err(cannot_read(&self.path))?;
            self.buffer.truncate(filled + read);
            if read == 0 {
                return Ok(None);
            }
        };
        self.taken = size;
        BatchView::first(&self.buffer).map_err(|error| unreadable(&self.path, error))
    }
}

/// Shows a segment or a snapshot.
pub(super) fn dump(context: &mut Context<'_>, path: &str, name: &str) -> Result<(), Error> {
    context.terminal.say(begin(path, name)?)?;
    let given = context.given;
    let max_bytes = given.parsed::<i32>("max-bytes")?;
    let limit = max_bytes.map_or(u64::MAX, |max| u64::try_from(max).unwrap_or(0));
    let implies = ["print-data-log", "skip-record-metadata", "deep-iteration"];
    let is_deep = context.decoder.is_asked_for() || implies.iter().any(|name| given.has(name));
    let mut batches = Batches::open(context, path, 0, limit)?;
    let mut last_offset = -1;
    loop {
        let at = batches.at();
        let Some(batch) = batches.next()? else { break };
        context.terminal.say(batch_line(&batch, at))?;
        if !is_deep {
            continue;
        }
        let unreadable = |error| unreadable(path, format!("at {at}: {error}"));
        let records = batch.records(UNCOMPRESSED_MAX).map_err(unreadable)?;
        for record in &records {
            let record = record.map_err(unreadable)?;
            if last_offset != -1 && record.offset != last_offset + 1 {
                let gaps = context.problems.gaps.entry(path.to_owned()).or_default();
                gaps.push((last_offset, record.offset));
            }
            last_offset = record.offset;
            let line = record_line(context, &batch, &record)?;
            context.terminal.say(line)?;
        }
    }
    let rest = batches.end - batches.at().min(batches.end);
    if rest > 0 && max_bytes.is_none() {
        context.terminal.say(format!("Found {rest} invalid bytes at the end of {name}"))?;
    }
    Ok(())
}

fn begin(path: &str, name: &str) -> Result<String, Error> {
    let stem = name.split('.').next().unwrap_or_default();
    if name == "bootstrap.checkpoint" {
        return Ok("KRaft bootstrap snapshot".to_owned());
    }
    if name.ends_with(".log") {
        let offset = stem.parse::<i64>().map_err(|error| unreadable(path, error))?;
        return Ok(format!("Log starting offset: {offset}"));
    }
    let parsed = stem.split_once('-').and_then(|(offset, epoch)| {
        Some((offset.parse::<i64>().ok()?, epoch.parse::<i32>().ok()?))
    });
    let (offset, epoch) = parsed.ok_or_else(|| unreadable(path, "not the name of a snapshot"))?;
    Ok(format!("Snapshot end offset: {offset}, epoch: {epoch}"))
}

fn time_name(kind: TimestampType) -> &'static str {
    match kind {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

fn batch_line(batch: &BatchView<'_>, position: u64) -> String {
    let mut line = if batch.is_v2() {
        let horizon = batch
            .delete_horizon_ms()
            .map_or_else(|| "OptionalLong.empty".to_owned(), |ms| format!("OptionalLong[{ms}]"));
        format!(
            "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} \
             producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} \
             isControl: {} deleteHorizonMs: {horizon}",
            batch.base_offset(),
            batch.last_offset(),
            batch.record_count().map_or_else(|| "null".to_owned(), |count| count.to_string()),
            batch.base_sequence(),
            batch.last_sequence(),
            batch.producer_id(),
            batch.producer_epoch(),
            batch.partition_leader_epoch(),
            batch.is_transactional(),
            batch.is_control(),
        )
    } else {
        format!("offset: {}", batch.last_offset())
    };
    line += &format!(
        " position: {position} {}: {} size: {} magic: {} compresscodec: {} crc: {} isvalid: {}",
        time_name(batch.timestamp_type()),
        batch.max_timestamp(),
        batch.size(),
        batch.magic(),
        batch.compression().map_or("unknown", |compression| compression.name()),
        batch.crc(),
        batch.verify_crc().is_ok(),
    );
    line
}

fn record_line(
    context: &Context<'_>,
    batch: &BatchView<'_>,
    record: &RecordView<'_>,
) -> Result<String, Error> {
    let mut line = String::new();
    let mut prefix = "| ";
    if !context.given.has("skip-record-metadata") {
        let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
        line = format!(
            "| offset: {} {}: {} keySize: {} valueSize: {}",
            record.offset,
            time_name(batch.timestamp_type()),
            record.timestamp,
            size(record.key),
            size(record.value)
        );
        prefix = " ";
        if batch.is_v2() {
            let sequence = match batch.base_sequence() {
                ..0 => -1,
                base => {
                    let delta = record.offset - batch.base_offset();
                    increment_sequence(base, i32::try_from(delta).unwrap_or(0))
                }
            };
            let keys: Vec<_> =
                record.headers().map(|(key, _)| String::from_utf8_lossy(key)).collect();
            line += &format!(" sequence: {sequence} headerKeys: [{}]", keys.join(","));
        }
        if batch.is_control() {
            line += &control(record);
        }
    }
    if context.decoder.is_printing(context.given) && !batch.is_control() {
        let (key, value) = context.decoder.decode(record)?;
        if let Some(key) = key {
            line += &format!("{prefix}key: {key}");
            prefix = " ";
        }
        if let Some(value) = value {
            // One space too many, or none, is how Apache Kafka's tool shows a value alone.
            let prefix = if prefix == "| " { "| " } else { " " };
            line += &format!("{prefix}payload: {value}");
        }
    }
    Ok(line)
}

fn control(record: &RecordView<'_>) -> String {
    let bytes = |bytes: Option<&[u8]>| Bytes::copy_from_slice(bytes.unwrap_or_default());
    let (key, value) = (bytes(record.key), bytes(record.value));
    match ControlRecord::decode(&key, value) {
        Ok(ControlRecord::Abort(marker)) => {
            format!(" endTxnMarker: ABORT coordinatorEpoch: {}", marker.coordinator_epoch)
        }
        Ok(ControlRecord::Commit(marker)) => {
            format!(" endTxnMarker: COMMIT coordinatorEpoch: {}", marker.coordinator_epoch)
        }
        Ok(ControlRecord::SnapshotHeader(header)) => format!(
            " SnapshotHeader {{\"version\":{},\"lastContainedLogTimestamp\":{}}}",
            header.version, header.last_contained_log_timestamp
        ),
        Ok(ControlRecord::SnapshotFooter(footer)) => {
            format!(" SnapshotFooter {{\"version\":{}}}", footer.version)
        }
        Ok(ControlRecord::KRaftVersion(found)) => format!(
            " KRaftVersion {{\"version\":{},\"kRaftVersion\":{}}}",
            found.version, found.kraft_version
        ),
        Ok(ControlRecord::Voters(voters)) => voters_line(&voters),
        Ok(ControlRecord::LeaderChange(_)) => " controlType: LEADER_CHANGE(2)".to_owned(),
        Ok(ControlRecord::Unknown { record_type }) => {
            format!(" controlType: UNKNOWN({record_type})")
        }
        Err(error) => format!(" controlType: unreadable ({error})"),
    }
}

fn voters_line(record: &VotersRecord) -> String {
    let voters = record.voters.iter().map(|voter| {
        let endpoints = voter.endpoints.iter().map(|at| {
            let text = |text: &str| serde_json::Value::from(text);
            let (name, host) = (text(&at.name), text(&at.host));
            format!("{{\"name\":{name},\"host\":{host},\"port\":{}}}", at.port)
        });
        let endpoints = endpoints.collect::<Vec<_>>().join(",");
        let feature = &voter.kraft_version_feature;
        format!(
            "{{\"voterId\":{},\"voterDirectoryId\":\"{}\",\"endpoints\":[{endpoints}],\
             \"kRaftVersionFeature\":{{\"minSupportedVersion\":{},\"maxSupportedVersion\":{}}}}}",
            voter.voter_id,
            voter.voter_directory_id,
            feature.min_supported_version,
            feature.max_supported_version
        )
    });
    let voters = voters.collect::<Vec<_>>().join(",");
    format!(" KRaftVoters {{\"version\":{},\"voters\":[{voters}]}}", record.version)
}
