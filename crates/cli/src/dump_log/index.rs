//! Indexes of segments, and snapshots of producers.

use super::segment::Batches;
use super::{Context, Error, cannot_read, unreadable};

/// Sizes of entries, in bytes.
const OFFSET_ENTRY: usize = 8;
const TIME_ENTRY: usize = 12;
/// The most that the records of a batch may take uncompressed.
const UNCOMPRESSED_MAX: usize = 1 << 30;

/// The offset a file is named after, and the path of its neighbour with another suffix.
fn names(path: &str, name: &str, suffix: &str) -> Result<(i64, String), Error> {
    let stem = name.split('.').next().unwrap_or_default();
    let base = stem.parse::<i64>().map_err(|error| unreadable(path, error))?;
    let folder = &path[..path.len() - name.len()];
    Ok((base, format!("{folder}{stem}.{suffix}")))
}

/// Offsets and positions. In a file that was not closed zeros follow the last entry.
fn offset_entries(bytes: &[u8], base: i64) -> Vec<(i64, u32)> {
    let (entries, _) = bytes.as_chunks::<OFFSET_ENTRY>();
    let entry = |entry: &[u8; OFFSET_ENTRY]| {
        let [o0, o1, o2, o3, p0, p1, p2, p3] = *entry;
        let offset = i64::from(u32::from_be_bytes([o0, o1, o2, o3]));
        (base + offset, u32::from_be_bytes([p0, p1, p2, p3]))
    };
    let entries = entries.iter().map(entry).enumerate();
    let used = entries.take_while(|(at, (offset, _))| *at == 0 || *offset != base);
    used.map(|(_, entry)| entry).collect()
}

fn time_entries(bytes: &[u8], base: i64) -> Vec<(i64, i64)> {
    let (entries, _) = bytes.as_chunks::<TIME_ENTRY>();
    let entry = |entry: &[u8; TIME_ENTRY]| {
        let [t0, t1, t2, t3, t4, t5, t6, t7, o0, o1, o2, o3] = *entry;
        let timestamp = i64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
        (timestamp, base + i64::from(u32::from_be_bytes([o0, o1, o2, o3])))
    };
    let entries = entries.iter().map(entry).enumerate();
    let used = entries.take_while(|(at, (_, offset))| *at == 0 || *offset != base);
    used.map(|(_, entry)| entry).collect()
}

/// Shows an offset index and compares it with its log.
pub(super) fn offsets(context: &mut Context<'_>, path: &str, name: &str) -> Result<(), Error> {
    let (base, log) = names(path, name, "log")?;
    let bytes = context.env.files().read(path).map_err(cannot_read(path))?;
    let entries = offset_entries(&bytes, base);
    if bytes.len() < OFFSET_ENTRY {
        context.terminal.say(format!("{path} is empty."))?;
        return Ok(());
    }
    if context.given.has("index-sanity-check") {
        let last = entries.last().map_or(base, |(offset, _)| *offset);
        return sane(context, path, bytes.len() % OFFSET_ENTRY == 0 && last >= base);
    }
    for (offset, position) in entries {
        let mut batches = Batches::open(context, &log, u64::from(position), u64::MAX)?;
        let found = batches.next()?.map_or(-1, |batch| batch.last_offset());
        if found != offset {
            let found = (offset, found);
            context.problems.mismatches.entry(path.to_owned()).or_default().push(found);
        }
        if !context.given.has("verify-index-only") {
            context.terminal.say(format!("offset: {offset} position: {position}"))?;
        }
    }
    Ok(())
}

/// Shows a time index and compares it with its log.
pub(super) fn timestamps(context: &mut Context<'_>, path: &str, name: &str) -> Result<(), Error> {
    let (base, log) = names(path, name, "log")?;
    let (_, index) = names(path, name, "index")?;
    let bytes = context.env.files().read(path).map_err(cannot_read(path))?;
    if context.given.has("index-sanity-check") {
        return sane(context, path, bytes.len() % TIME_ENTRY == 0);
    }
    let offsets = context.env.files().read(&index).unwrap_or_default();
    let offsets = offset_entries(&offsets, base);
    let mut before = -1;
    for (timestamp, offset) in time_entries(&bytes, base) {
        let below = offsets.iter().rev().find(|(indexed, _)| *indexed <= offset);
        let position = below.map_or(0, |(_, position)| u64::from(*position));
        check_time(context, path, &log, (timestamp, offset), (position, before))?;
        if !context.given.has("verify-index-only") {
            context.terminal.say(format!("timestamp: {timestamp} offset: {offset}"))?;
        }
        before = timestamp;
    }
    Ok(())
}

fn check_time(
    context: &mut Context<'_>,
    path: &str,
    log: &str,
    (timestamp, offset): (i64, i64),
    (position, before): (u64, i64),
) -> Result<(), Error> {
    let mut batches = Batches::open(context, log, position, u64::MAX)?;
    let mut found = None;
    while let Some(batch) = batches.next()? {
        if batch.last_offset() < offset {
            continue;
        }
        let unreadable = |error| unreadable(log, error);
        let records = batch.records(UNCOMPRESSED_MAX).map_err(unreadable)?;
        let mut newest = -1;
        for record in &records {
            newest = newest.max(record.map_err(unreadable)?.timestamp);
        }
        found = Some((batch.last_offset(), newest));
        break;
    }
    let problems = &mut context.problems;
    let file = path.to_owned();
    match found {
        Some((last, newest)) if last == offset => {
            if newest != timestamp {
                problems.timestamps.entry(file.clone()).or_default().push((timestamp, newest));
            }
            if before >= timestamp {
                problems.out_of_order.entry(file).or_default().push((timestamp, before));
            }
        }
        other => {
            let last = other.map_or(-1, |(last, _)| last);
            problems.not_found.entry(file).or_default().push((offset, last));
        }
    }
    Ok(())
}

fn sane(context: &mut Context<'_>, path: &str, is_sane: bool) -> Result<(), Error> {
    if !is_sane {
        return Err(unreadable(
            path,
            "the index is corrupt; the broker rebuilds it when it starts",
        ));
    }
    context.terminal.say(format!("{path} passed sanity check."))?;
    Ok(())
}

/// Shows what is known of producers.
pub(super) fn producers(context: &mut Context<'_>, path: &str) -> Result<(), Error> {
    let bytes = context.env.files().read(path).map_err(cannot_read(path))?;
    let entries = match log::producer_snapshot::decode(&bytes) {
        Ok(entries) => entries,
        Err(reason) => {
            context.terminal.complain(format!("{path}: {reason}"));
            return Ok(());
        }
    };
    for entry in entries {
        let mut line = format!(
            "producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} \
             lastTimestamp: {} ",
            entry.producer_id,
            entry.epoch,
            entry.coordinator_epoch,
            match entry.current_txn_first_offset {
                ..0 => "OptionalLong.empty".to_owned(),
                offset => format!("OptionalLong[{offset}]"),
            },
            entry.timestamp
        );
        if entry.last_offset >= 0 {
            line += &format!(
                "firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
                records::decrement_sequence(entry.last_sequence, entry.offset_delta),
                entry.last_sequence,
                entry.last_offset,
                entry.offset_delta,
                entry.timestamp
            );
        }
        context.terminal.say(line)?;
    }
    Ok(())
}

/// Shows aborted transactions.
pub(super) fn transactions(context: &mut Context<'_>, path: &str) -> Result<(), Error> {
    let bytes = context.env.files().read(path).map_err(cannot_read(path))?;
    let entries = log::txn_index::decode(&bytes)
        .map_err(|at| unreadable(path, format!("at {at}: not an entry of a transaction index")))?;
    for entry in entries {
        context.terminal.say(format!(
            "version: 0 producerId: {} firstOffset: {} lastOffset: {} lastStableOffset: {}",
            entry.producer_id, entry.first_offset, entry.last_offset, entry.last_stable_offset
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_behind_the_last_entry_are_none() {
        let mut bytes = Vec::new();
        for (offset, position) in [(0_u32, 0_u32), (7, 500), (0, 0), (0, 0)] {
            bytes.extend(offset.to_be_bytes());
            bytes.extend(position.to_be_bytes());
        }
        assert_eq!(offset_entries(&bytes, 100), [(100, 0), (107, 500)]);
    }
}
