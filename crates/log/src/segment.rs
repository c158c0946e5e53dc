//! One segment: a file of batches and its indexes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use env::{File, OpenOptions};

use crate::home::Home;
use crate::index::Index;
use crate::largest::Largest;
use crate::offset_index::OffsetEntry;
use crate::open_files::Handle;
use crate::scan::{LOOKUP_CHUNK, Scanner};
use crate::segment_io::SegmentIo;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile, SegmentFileStage};

/// How many of the newest batches can be found without the index.
const RECENT: usize = 8;
/// Marks a used slot of `recent`; positions stay below 2^31.
const USED: u32 = 1 << 31;
const UNKNOWN_TIMESTAMP: i64 = i64::MIN;

/// The end offset of a segment that was closed before this process started, which is not looked
/// up unless needed.
const UNKNOWN_END: u32 = u32::MAX;

/// A segment as readers see it. What changes while it is the active one is atomic: the writer
/// publishes with the end, last, so whoever reads the end first sees what belongs to it.
pub(crate) struct Segment {
    pub(crate) home: Arc<Home>,
    /// Offsets in this segment are at or above this.
    pub(crate) base_offset: i64,
    log: Handle,
    /// End offset (relative) and size in one word, so that the two always belong together.
    end: AtomicU64,
    pub(crate) offsets: Index<OffsetEntry>,
    pub(crate) times: Index<TimeEntry>,
    /// An index was seen to contradict the log; reads do without it until it is rebuilt.
    suspect: AtomicBool,
    /// Whether there is a transaction index.
    has_aborted: AtomicBool,
    /// How the files are named; [`SegmentFileStage::Deleted`] once they were taken out of use. Held
    /// while a file is opened or renamed, so that nobody makes one anew that was just renamed.
    stage: Mutex<SegmentFileStage>,
    /// The segment whose files these were before, if it may still be taken out of use.
    before: Option<Arc<Segment>>,
    largest_timestamp: AtomicI64,
    /// Offset (relative) and position of the newest batches, packed like [`OffsetEntry`] but with
    /// *base* offsets: who reads at the tail asks for one of these.
    recent: [AtomicU64; RECENT],
    recent_next: AtomicU32,
}

/// A batch found in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) position: u32,
    pub(crate) size: u32,
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
}

impl Segment {
    /// A new segment. Its files come with the first write.
    pub(crate) fn new(home: Arc<Home>, base_offset: i64) -> Self {
        let segment = Self::build(home, base_offset, Index::empty(), Index::empty());
        segment.publish(base_offset, 0);
        segment
    }

    /// A new segment that the cleaner writes, under names of its own.
    pub(crate) fn cleaned(home: Arc<Home>, base_offset: i64) -> Self {
        let segment = Self::new(home, base_offset);
        *segment.stage() = SegmentFileStage::Cleaned;
        segment
    }

    /// A segment with `size` bytes in its file, and all of its index files.
    pub(crate) fn loaded(home: Arc<Home>, base_offset: i64, size: u32) -> Self {
        let segment = Self::build(home, base_offset, Index::of_file(), Index::of_file());
        segment.end.store(pack_end(UNKNOWN_END, size), Ordering::Release);
        segment
    }

    /// A segment of whose index files so many entries count.
    pub(crate) fn with_entries(
        home: Arc<Home>,
        base_offset: i64,
        offsets: u32,
        times: u32,
    ) -> Self {
        let (offsets, times) = (Index::with_entries(offsets), Index::with_entries(times));
        Self::build(home, base_offset, offsets, times)
    }

    fn build(
        home: Arc<Home>,
        base_offset: i64,
        offsets: Index<OffsetEntry>,
        times: Index<TimeEntry>,
    ) -> Self {
        Self {
            home,
            base_offset,
            log: Handle::default(),
            end: AtomicU64::new(0),
            offsets,
            times,
            suspect: AtomicBool::new(false),
            has_aborted: AtomicBool::new(false),
            stage: Mutex::new(SegmentFileStage::Live),
            before: None,
            largest_timestamp: AtomicI64::new(UNKNOWN_TIMESTAMP),
            recent: Default::default(),
            recent_next: AtomicU32::new(0),
        }
    }

    pub(crate) fn handle(&self, file: SegmentFile) -> Option<&Handle> {
        match file {
            SegmentFile::Log => Some(&self.log),
            SegmentFile::OffsetIndex => Some(&self.offsets.handle),
            SegmentFile::TimeIndex => Some(&self.times.handle),
            SegmentFile::TxnIndex | SegmentFile::ProducerSnapshot => None,
        }
    }

    pub(crate) fn io(self: &Arc<Self>, file: SegmentFile) -> SegmentIo<'_> {
        SegmentIo { segment: self, file }
    }

    pub(crate) fn log(self: &Arc<Self>) -> SegmentIo<'_> {
        self.io(SegmentFile::Log)
    }

    /// Bytes of whole batches in the file.
    pub(crate) fn size(&self) -> u32 {
        self.end().1
    }

    /// The offset after the last record, if known, and the bytes of whole batches up to it.
    pub(crate) fn end(&self) -> (Option<i64>, u32) {
        let end = OffsetEntry::unpack(self.end.load(Ordering::Acquire));
        let known = end.offset != UNKNOWN_END;
        (known.then(|| self.base_offset + i64::from(end.offset)), end.position)
    }

    /// Lets readers see the file up to here. For the one writer.
    pub(crate) fn publish(&self, next_offset: i64, size: u32) {
        self.end.store(pack_end(self.relative(next_offset), size), Ordering::Release);
    }

    /// Notes where a new batch starts. For the one writer, before [`publish`](Self::publish).
    pub(crate) fn note_recent(&self, base_offset: i64, position: u32) {
        let next = self.recent_next.load(Ordering::Relaxed);
        let entry = OffsetEntry { offset: self.relative(base_offset), position: position | USED };
        self.recent[next as usize % RECENT].store(entry.pack(), Ordering::Release);
        self.recent_next.store(next.wrapping_add(1), Ordering::Relaxed);
    }

    /// Where the batch with this very base offset starts, if it is one of the newest.
    pub(crate) fn recent(&self, base_offset: i64) -> Option<u32> {
        let offset = u32::try_from(base_offset.checked_sub(self.base_offset)?).ok()?;
        self.recent.iter().find_map(|slot| {
            let entry = OffsetEntry::unpack(slot.load(Ordering::Acquire));
            let found = entry.position & USED != 0 && entry.offset == offset;
            found.then_some(entry.position & !USED)
        })
    }

    /// An offset of this segment relative to its base; checked when the batch was let in.
    pub(crate) fn relative(&self, offset: i64) -> u32 {
        offset.saturating_sub(self.base_offset).clamp(0, i64::from(u32::MAX)) as u32
    }

    /// Whether the indexes of this segment can hold `offset` (kafka-storage 3.6).
    pub(crate) fn can_hold(&self, offset: i64) -> bool {
        let delta = offset.checked_sub(self.base_offset);
        delta.is_some_and(|delta| (0..=i64::from(i32::MAX)).contains(&delta))
    }

    /// The first batch among the first `end` bytes whose last offset is `offset` or above.
    pub(crate) fn locate(
        self: &Arc<Self>,
        offset: i64,
        end: u32,
    ) -> Result<Option<Located>, Error> {
        if !self.is_suspect() {
            match self.indexed(offset) {
                Ok(None) => {}
                Ok(start @ Some(entry)) => {
                    match self.locate_from(entry.position, start, offset, end) {
                        Err(Error::Corrupt { .. }) => self.distrust(),
                        found => return found,
                    }
                }
                Err(Error::Corrupt { .. }) => self.distrust(),
                Err(error) => return Err(error),
            }
        }
        self.locate_from(0, None, offset, end)
    }

    /// The last entry of the offset index at or below `offset`.
    pub(crate) fn indexed(self: &Arc<Self>, offset: i64) -> Result<Option<OffsetEntry>, Error> {
        if offset < self.base_offset {
            return Ok(None);
        }
        let target = self.relative(offset);
        let io = self.io(SegmentFile::OffsetIndex);
        self.offsets.search(io, |entry| entry.offset <= target).map(|(_, entry)| entry)
    }

    fn locate_from(
        self: &Arc<Self>,
        position: u32,
        entry: Option<OffsetEntry>,
        offset: i64,
        end: u32,
    ) -> Result<Option<Located>, Error> {
        if entry.is_some() && position >= self.size() {
            return Err(Error::corrupt(self.log().path(), position.into(), "indexed past the end"));
        }
        let mut scanner = Scanner::new(self.log(), position, end, LOOKUP_CHUNK);
        let mut first = entry;
        while let Some((position, header)) = scanner.next_header()? {
            let base_offset = header.base_offset();
            let last_offset = header.last_offset();
            // Kafka's entries may name the last offset of several batches appended together, so
            // the batch may end below it, but never start above it.
            if let Some(entry) = first.take()
                && !(self.base_offset..=self.base_offset + i64::from(entry.offset))
                    .contains(&base_offset)
            {
                return Err(Error::corrupt(
                    self.log().path(),
                    position.into(),
                    "the index points to another batch",
                ));
            }
            if last_offset >= offset {
                let size = header.size() as u32;
                return Ok(Some(Located { position, size, base_offset, last_offset }));
            }
        }
        Ok(None)
    }

    /// The batch at `position`.
    pub(crate) fn batch_at(
        self: &Arc<Self>,
        position: u32,
        end: u32,
    ) -> Result<Option<Located>, Error> {
        self.locate_from(position, None, i64::MIN, end)
    }

    /// An offset above those of the batches in a stretch of the file, as tight as the index
    /// tells; `None` when the stretch goes over the last entry.
    pub(crate) fn upper_bound_offset(
        self: &Arc<Self>,
        position: u32,
        len: u64,
    ) -> Result<Option<i64>, Error> {
        if self.is_suspect() {
            return Ok(None);
        }
        let end = u64::from(position) + len;
        let io = self.io(SegmentFile::OffsetIndex);
        let (below, _) = self.offsets.search(io, |entry| u64::from(entry.position) < end)?;
        let above = self.offsets.get(io, below)?;
        Ok(above.map(|entry| self.base_offset + i64::from(entry.offset)))
    }

    /// Whether an index is to be rebuilt.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    /// Reads without the indexes from now on.
    pub(crate) fn distrust(self: &Arc<Self>) {
        // Of a segment taken out of use, the indexes may belong to another by now.
        if !self.suspect.swap(true, Ordering::Relaxed) && !self.is_discarded() {
            let path = self.io(SegmentFile::OffsetIndex).path();
            tracing::error!(path = %path.display(), "an index contradicts its log and will be rebuilt");
        }
    }

    /// The largest timestamp in the segment, -1 when no record has one.
    pub(crate) fn largest_timestamp(self: &Arc<Self>) -> Result<i64, Error> {
        let known = self.largest_timestamp.load(Ordering::Relaxed);
        if known != UNKNOWN_TIMESTAMP {
            return Ok(known);
        }
        let largest = Largest::of_closed(self)?.timestamp;
        // The writer may know better by now.
        let set = self.largest_timestamp.compare_exchange(
            UNKNOWN_TIMESTAMP,
            largest,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        Ok(set.err().unwrap_or(largest))
    }

    pub(crate) fn set_largest_timestamp(&self, timestamp: i64) {
        self.largest_timestamp.store(timestamp, Ordering::Relaxed);
    }

    pub(crate) fn has_aborted(&self) -> bool {
        self.has_aborted.load(Ordering::Acquire)
    }

    pub(crate) fn set_has_aborted(&self, has_aborted: bool) {
        self.has_aborted.store(has_aborted, Ordering::Release);
    }

    /// Takes note that the files are going away. Readers that have one open may finish.
    pub(crate) fn discard(&self) {
        *self.stage() = SegmentFileStage::Deleted;
    }

    pub(crate) fn is_discarded(&self) -> bool {
        *self.stage() == SegmentFileStage::Deleted
            || self.before.as_ref().is_some_and(|before| before.is_discarded())
    }

    fn stage(&self) -> MutexGuard<'_, SegmentFileStage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where one of its files is now.
    pub(crate) fn path(&self, file: SegmentFile) -> PathBuf {
        self.path_in(file, *self.stage())
    }

    fn path_in(&self, file: SegmentFile, stage: SegmentFileStage) -> PathBuf {
        let mut path = self.home.segment_file(file, self.base_offset).into_os_string();
        path.push(stage.suffix());
        path.into()
    }

    /// Opens a file unless it was taken out of use.
    pub(crate) fn open(&self, file: SegmentFile, options: OpenOptions) -> io::Result<File> {
        let stage = self.stage();
        match (*stage, &self.before) {
            (SegmentFileStage::Deleted, _) => Err(io::ErrorKind::NotFound.into()),
            (_, Some(before)) => before.open(file, options),
            (stage, None) => self.home.dir.files().open(self.path_in(file, stage), options),
        }
    }

    /// Reads a whole small file, also of a segment taken out of use whose files are still there.
    pub(crate) fn read_file(&self, file: SegmentFile) -> io::Result<Vec<u8>> {
        let stage = self.stage();
        self.home.dir.files().read(self.path_in(file, *stage))
    }

    /// Gives the files the names of another stage, the log first: what is renamed of an
    /// interrupted swap can then be told from the log alone (kafka-storage 3.6).
    pub(crate) fn rename(&self, to: SegmentFileStage) -> Result<(), Error> {
        let mut stage = self.stage();
        for file in SegmentFile::OF_SEGMENT {
            let (from, to) = (self.path_in(file, *stage), self.path_in(file, to));
            match self.home.dir.files().rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => self.home.checked(&from, renamed)?,
            }
        }
        *stage = to;
        Ok(())
    }

    /// The same segment with new indexes.
    pub(crate) fn reindexed(self: &Arc<Self>) -> Self {
        let (home, base_offset) = (self.home.clone(), self.base_offset);
        let reindexed = Self::build(home, base_offset, Index::empty(), Index::empty());
        Self { before: Some(self.clone()), ..reindexed }
    }

    /// Makes the files of a segment as far as they are not there.
    pub(crate) fn create_files(self: &Arc<Self>) -> Result<(), Error> {
        [SegmentFile::Log, SegmentFile::OffsetIndex, SegmentFile::TimeIndex]
            .into_iter()
            .try_for_each(|file| self.io(file).create())
    }

    /// Closes the files. They open again on use.
    pub(crate) fn close_files(&self) {
        self.log.close();
        self.offsets.handle.close();
        self.times.handle.close();
    }
}

fn pack_end(offset: u32, size: u32) -> u64 {
    OffsetEntry { offset, position: size }.pack()
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("base_offset", &self.base_offset)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
