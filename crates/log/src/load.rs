//! Opening the log of a replica directory (kafka-storage §4, rules 3 to 7).

use std::sync::Arc;

use replica::{EpochEntry, LeaderEpochs};
use wire::Uuid;

use crate::active::Active;
use crate::checkpoint::{LEADER_EPOCH_CHECKPOINT, decode_leader_epochs};
use crate::home::Home;
use crate::listing::{self, Listing};
use crate::log::{Log, Parts};
use crate::partition_metadata::PARTITION_METADATA_FILE;
use crate::recovery::Recovery;
use crate::repair::rebuild_indexes;
use crate::roll::jitter_ms;
use crate::scan::{LOOKUP_CHUNK, Scanner};
use crate::segment::Segment;
use crate::{Error, LogSettings, SegmentFile, TopicPartition, partition_metadata};

/// What is known of a log before its files are looked at.
pub(crate) struct Known {
    pub(crate) topic_partition: TopicPartition,
    pub(crate) settings: Arc<LogSettings>,
    /// From the checkpoints of the log directory, 0 if not there.
    pub(crate) recovery_point: i64,
    /// From the checkpoints of the log directory, 0 if not there.
    pub(crate) log_start_offset: i64,
    /// Up to where it was compacted, if it ever was.
    pub(crate) cleaned_up_to: Option<i64>,
    /// Whether the log directory was closed properly.
    pub(crate) clean: bool,
    pub(crate) now_ms: i64,
}

/// Loads the log in an existing replica directory.
pub(crate) fn load(home: Arc<Home>, known: Known) -> Result<Log, Error> {
    let listing = Listing::read(&home)?;
    let topic_id = if listing.has_metadata { read_topic_id(&home, &known)? } else { None };
    let mut segments = open_segments(&home, &listing, &known)?;
    let epochs = match listing.has_leader_epochs {
        true => read_leader_epochs(&home, &segments)?,
        false => LeaderEpochs::default(),
    };
    let mut recovery = Recovery::new(&home, &known, epochs, listing.snapshots);
    let mut end = match (segments.last().cloned(), known.clean) {
        (None, _) => None,
        (Some(last), true) => recovery.reopen(&mut segments, &last)?,
        (Some(_), false) => recovery.recover(&mut segments)?,
    };
    if let Some((_, end_offset)) = end
        && end_offset < known.log_start_offset
    {
        tracing::warn!(
            log = %home.path().display(),
            "removing all segments: the log ends at {end_offset}, before its start {}",
            known.log_start_offset
        );
        recovery.clear(&mut segments)?;
        end = None;
    }
    let (active, end_offset) = match end {
        Some(end) => end,
        None => {
            let base_offset = known.log_start_offset;
            let segment = Arc::new(Segment::new(home.clone(), base_offset));
            if base_offset > 0 {
                // Nothing but the name of a file tells where an empty log starts.
                segment.create_files()?;
            }
            segments.push(segment);
            (known.new_active(base_offset), base_offset)
        }
    };
    let first = segments.first().map_or(0, |segment| segment.base_offset);
    let log_start_offset = known.log_start_offset.max(first);
    let damaged = recovery.damaged;
    let whole = known.clean && !damaged;
    let recovery_point = if whole { end_offset } else { known.recovery_point.min(end_offset) };
    let state = recovery.finish(&segments, log_start_offset, end_offset)?;
    let mut log = Log::from_parts(Parts {
        home,
        topic_partition: known.topic_partition,
        topic_id,
        settings: known.settings,
        segments,
        active,
        log_start_offset,
        log_end_offset: end_offset,
        recovery_point,
        now_ms: known.now_ms,
    });
    log.checkpointed = known.recovery_point;
    log.cleaned_up_to = known.cleaned_up_to;
    log.epochs = state.epochs;
    log.epochs_changed = state.epochs_changed;
    log.producers = state.producers;
    log.snapshots = state.snapshots;
    log.pending_snapshots = state.pending_snapshots;
    log.rolled = state.rolled;
    // Whether what was written before a crash is on the disk is not known.
    log.metadata_changed = !known.clean && topic_id.is_some();
    log.directory_changed = !known.clean || damaged;
    Ok(log)
}

impl Known {
    pub(crate) fn new_active(&self, base_offset: i64) -> Active {
        let jitter_ms =
            jitter_ms(&self.topic_partition, base_offset, self.settings.segment_jitter_ms);
        Active::new(self.now_ms, jitter_ms)
    }
}

fn read_topic_id(home: &Home, known: &Known) -> Result<Option<Uuid>, Error> {
    let path = home.path().join(PARTITION_METADATA_FILE);
    let bytes = home.checked(&path, home.dir.files().read(&path))?;
    match partition_metadata::decode(&bytes) {
        // Before the first flush a power loss can leave anything.
        Err(malformed) if !known.clean && known.recovery_point == 0 => {
            tracing::warn!(path = %path.display(), "{malformed}; the topic id is not known");
            listing::remove(home, PARTITION_METADATA_FILE)?;
            Ok(None)
        }
        topic_id => topic_id.map_err(Error::malformed(path)),
    }
}

/// Opens the segments by their sizes, and rebuilds indexes that are not there. Of the segments
/// that recovery goes through, that one does it.
fn open_segments(
    home: &Arc<Home>,
    listing: &Listing,
    known: &Known,
) -> Result<Vec<Arc<Segment>>, Error> {
    let mut segments = Vec::with_capacity(listing.segments.len());
    let bases: Vec<i64> = listing.segments.keys().copied().collect();
    let recovered = match known.clean {
        true => i64::MAX,
        false => {
            bases.iter().copied().rfind(|base| *base <= known.recovery_point).unwrap_or(i64::MIN)
        }
    };
    for (&base_offset, files) in &listing.segments {
        let path = home.segment_file(SegmentFile::Log, base_offset);
        let size = home.checked(&path, home.dir.files().metadata(&path))?.len;
        let size = u32::try_from(size).ok().filter(|size| *size <= i32::MAX as u32);
        let Some(size) = size else {
            return Err(Error::corrupt(path, 0, "a segment of more than 2^31 bytes"));
        };
        if size == 0 {
            segments.push(Arc::new(Segment::new(home.clone(), base_offset)));
            continue;
        }
        let mut segment = Arc::new(Segment::loaded(home.clone(), base_offset, size));
        segment.set_has_aborted(files.contains(&SegmentFile::TxnIndex));
        let has_indexes =
            [SegmentFile::OffsetIndex, SegmentFile::TimeIndex].iter().all(|f| files.contains(f));
        if base_offset < recovered && !has_indexes {
            tracing::error!(
                path = %path.display(),
                "could not find the index files of a log file, rebuilding them"
            );
            segment = rebuild_indexes(&segment, &known.settings)?;
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// Reads the leader epochs; a file that is no good is replaced by what the batches say.
fn read_leader_epochs(home: &Home, segments: &[Arc<Segment>]) -> Result<LeaderEpochs, Error> {
    let path = home.path().join(LEADER_EPOCH_CHECKPOINT);
    let bytes = home.checked(&path, home.dir.files().read(&path))?;
    let malformed = match decode_leader_epochs(&bytes) {
        Ok(entries) => {
            let entry = |(epoch, start_offset)| EpochEntry { epoch, start_offset };
            return Ok(LeaderEpochs::from_entries(entries.into_iter().map(entry)));
        }
        Err(malformed) => malformed,
    };
    tracing::error!(path = %path.display(), "{malformed}; leader epochs are read from the log");
    let mut epochs = LeaderEpochs::default();
    for segment in segments {
        let mut scanner = Scanner::new(segment.log(), 0, segment.size(), LOOKUP_CHUNK);
        loop {
            match scanner.next_header() {
                Ok(Some((_, batch))) => {
                    let epoch = batch.partition_leader_epoch();
                    if epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
                        epochs.assign(epoch, batch.base_offset());
                    }
                }
                Ok(None) | Err(Error::Corrupt { .. }) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(epochs)
}
