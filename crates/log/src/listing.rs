//! What is in a replica directory, after what a crash left behind was put in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::checkpoint::LEADER_EPOCH_CHECKPOINT;
use crate::home::Home;
use crate::partition_metadata::PARTITION_METADATA_FILE;
use crate::scan::{LOOKUP_CHUNK, Scanner};
use crate::segment::Segment;
use crate::{Error, SegmentFile, SegmentFileName, SegmentFileStage};

/// The files of a replica directory.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Files of each segment that has a log, by base offset.
    pub(crate) segments: BTreeMap<i64, BTreeSet<SegmentFile>>,
    /// Offsets of the producer snapshots, ascending.
    pub(crate) snapshots: Vec<i64>,
    /// Whether there is a `leader-epoch-checkpoint`.
    pub(crate) has_leader_epochs: bool,
    /// Whether there is a `partition.metadata`.
    pub(crate) has_metadata: bool,
}

impl Listing {
    /// Looks at a replica directory: removes what was to be removed, finishes or undoes what the
    /// cleaner was at (kafka-storage 3.6), removes indexes without a log.
    pub(crate) fn read(home: &std::sync::Arc<Home>) -> Result<Self, Error> {
        let mut listing = Self::default();
        let mut names = Vec::new();
        let path = home.path();
        for entry in home.checked(&path, home.dir.files().read_dir(&path))? {
            match entry.name.as_str() {
                LEADER_EPOCH_CHECKPOINT => listing.has_leader_epochs = true,
                PARTITION_METADATA_FILE => listing.has_metadata = true,
                name if name.ends_with(".tmp") && !entry.is_dir => remove(home, name)?,
                name => names.extend(SegmentFileName::parse(name)),
            }
        }
        for file in finish_cleaning(home, names)? {
            match file.file {
                SegmentFile::ProducerSnapshot => listing.snapshots.push(file.base_offset),
                kind => _ = listing.segments.entry(file.base_offset).or_default().insert(kind),
            }
        }
        listing.snapshots.sort_unstable();
        listing.remove_orphans(home)?;
        Ok(listing)
    }

    fn remove_orphans(&mut self, home: &Home) -> Result<(), Error> {
        let orphans = self.segments.extract_if(.., |_, files| !files.contains(&SegmentFile::Log));
        for (base_offset, files) in orphans {
            for file in files {
                let name = file.name(base_offset);
                tracing::warn!(
                    path = %home.path().join(&name).display(),
                    "found an orphaned index file, with no corresponding log file; it is removed"
                );
                remove(home, &name)?;
            }
        }
        Ok(())
    }
}

/// Brings the files of an interrupted cleaning to an end; what remains is live.
fn finish_cleaning(
    home: &std::sync::Arc<Home>,
    files: Vec<SegmentFileName>,
) -> Result<Vec<SegmentFileName>, Error> {
    use SegmentFileStage::{Cleaned, Deleted, Live, Swap};
    let in_stage = |stage| files.iter().filter(move |file| file.stage == stage);
    let name = |file: &SegmentFileName| {
        format!("{}{}", file.file.name(file.base_offset), file.stage.suffix())
    };
    for file in in_stage(Deleted).chain(in_stage(Cleaned)) {
        remove(home, &name(file))?;
    }
    // A swap at or above a file that was still being cleaned belongs to what was not finished.
    let unfinished = in_stage(Cleaned).map(|file| file.base_offset).min().unwrap_or(i64::MAX);
    let mut live: Vec<SegmentFileName> = in_stage(Live).copied().collect();
    let mut swaps = Vec::new();
    for file in in_stage(Swap) {
        if file.base_offset >= unfinished {
            remove(home, &name(file))?;
        } else {
            swaps.push(*file);
        }
    }
    if swaps.is_empty() {
        return Ok(live);
    }
    // The segments that the swaps replace, up to the end of the last of them, are obsolete.
    let logs = || swaps.iter().filter(|file| file.file == SegmentFile::Log);
    let start = logs().map(|file| file.base_offset).min().unwrap_or(i64::MAX);
    let mut end = i64::MIN;
    for log in logs() {
        end = end.max(end_of_swap(home, log.base_offset)?);
    }
    for file in live.extract_if(.., |file| (start..end).contains(&file.base_offset)) {
        if file.file == SegmentFile::ProducerSnapshot {
            continue;
        }
        tracing::info!(file = name(&file), "removing a segment file that was compacted");
        remove(home, &name(&file))?;
    }
    for file in swaps {
        let (from, to) = (name(&file), file.file.name(file.base_offset));
        tracing::info!(file = from, "finishing an interrupted swap");
        let path = home.path();
        let renamed = home.dir.files().rename(path.join(from), path.join(to));
        home.checked(&path, renamed)?;
        live.push(SegmentFileName { stage: Live, ..file });
    }
    Ok(live)
}

/// The offset after the last batch of a `.swap` log, as far as it holds together.
fn end_of_swap(home: &std::sync::Arc<Home>, base_offset: i64) -> Result<i64, Error> {
    let path = home.segment_file(SegmentFile::Log, base_offset);
    let mut swap = path.into_os_string();
    swap.push(SegmentFileStage::Swap.suffix());
    let opened = home.dir.files().open(&swap, env::OpenOptions::write());
    let file = home.checked(swap.as_ref(), opened)?;
    let size = home.checked(swap.as_ref(), file.len())?;
    let segment = std::sync::Arc::new(Segment::new(home.clone(), base_offset));
    if let Some(handle) = segment.handle(SegmentFile::Log) {
        handle.put(std::sync::Arc::new(file));
    }
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let mut scanner = Scanner::new(segment.log(), 0, size, LOOKUP_CHUNK);
    let mut end = base_offset;
    loop {
        match scanner.next_header() {
            Ok(Some((_, batch))) => end = batch.next_offset(),
            Ok(None) | Err(Error::Corrupt { .. }) => return Ok(end),
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn remove(home: &Home, name: &str) -> Result<(), Error> {
    let path = home.path().join(name);
    match home.dir.files().remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => home.checked(&path, removed),
    }
}
